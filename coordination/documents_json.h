// How documents become JSON and come back: shared by documents*.cpp and cluster_reader.cpp, private to this room.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "coordination/documents.h"
#include "coordination/errors.h"

namespace chorale::coordination {

using Json = nlohmann::ordered_json;

// Indented by two spaces; an array of plain values stays on one line, so that a manifest shows one chunk a line.
// Never throws: invalid UTF-8 becomes U+FFFD, control characters are escaped.
[[nodiscard]] std::string print(const Json& value);

[[nodiscard]] Json to_json(const StateDocument& document);
[[nodiscard]] Json to_json(const AgentDocument& document);
[[nodiscard]] Json to_json(const std::vector<QuarantineEntry>& entries);
[[nodiscard]] Json to_json(const TreeSize& size);
[[nodiscard]] Json to_json(const FileEntry& file);

// Reads the fields of one object. The first thing that is wrong is kept, with the field's full name; later reads do
// nothing. A key that is not asked for is ignored: a newer agent may have written it.
class ObjectReader {
 public:
  // `value` and `error` must outlive the reader.
  ObjectReader(const Json& value, std::string name, std::optional<Error>& error);

  void text(std::string_view key, std::string& into);
  // A missing key leaves `into` as it is: older versions and people did not write it. Another type is still an error.
  void optional_text(std::string_view key, std::string& into);
  void optional_number(std::string_view key, std::int64_t& into);
  void optional_boolean(std::string_view key, bool& into);
  void number(std::string_view key, std::int64_t& into, std::int64_t max = std::numeric_limits<std::int64_t>::max());
  void boolean(std::string_view key, bool& into);
  // kNewerFormat where it is above `newest`.
  void format(std::int64_t newest, std::int64_t& into);

  // The value of a key that must be there, of any type; nullptr after an error.
  [[nodiscard]] const Json* required(std::string_view key);
  [[nodiscard]] const Json* array(std::string_view key);
  [[nodiscard]] const Json* object(std::string_view key);
  // nullptr for null as well. The key must be there: "nothing" is said, never guessed.
  [[nodiscard]] const Json* object_or_null(std::string_view key);
  // As array(), and nullptr for a missing key.
  [[nodiscard]] const Json* optional_array(std::string_view key) { return has(key) ? array(key) : nullptr; }

  // One of a fixed list of words.
  template <typename Enum, typename Words>
  void word(std::string_view key, const Words& words, Enum& into) {
    std::string found;
    text(key, found);
    if (failed()) return;
    for (const auto candidate : words) {
      if (to_string(candidate) == found) {
        into = candidate;
        return;
      }
    }
    fail(key, "is an unknown word");
  }
  template <typename Enum, typename Words>
  void optional_word(std::string_view key, const Words& words, Enum& into) {
    if (has(key)) word(key, words, into);
  }

  void fail(std::string_view key, std::string_view why);
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] bool has(std::string_view key) const { return !failed() && value_.contains(key); }
  [[nodiscard]] std::string full_name(std::string_view key) const;
  [[nodiscard]] std::optional<Error>& error() { return error_; }

 private:
  const Json& value_;
  std::string name_;
  std::optional<Error>& error_;
};

// {"digest", "bytes", "chunks"}.
void read_file(ObjectReader& reader, FileEntry& into);
// A missing key leaves `into` as it is.
void read_texts(ObjectReader& reader, std::string_view key, std::vector<std::string>& into);

// Parses one document and hands its fields to `read`; what is wrong comes back as kMalformed.
template <typename Document, typename Read>
[[nodiscard]] tl::expected<Document, Error> decode_document(std::string_view text, std::string_view name, Read read) {
  const auto malformed = [&](std::string_view why) {
    return tl::unexpected(Error{ErrorKind::kMalformed, std::string(name) + " " + std::string(why)});
  };
  const auto value = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return malformed("is not JSON");
  if (!value.is_object()) return malformed("is not a JSON object");
  std::optional<Error> error;
  ObjectReader reader(value, std::string(name), error);
  Document document;
  read(reader, document);
  if (error) return tl::unexpected(std::move(*error));
  return document;
}

}  // namespace chorale::coordination
