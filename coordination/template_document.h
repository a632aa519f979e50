// <root>/template: a template that an operator pushed. It rules over the template file of every leader. As a value and
// as JSON; the rules of documents.h hold: unknown keys are ignored, missing ones have the defaults below.
//
//   {"digest", "bytes", "chunks": [["<root>/chunks/<digest>", bytes], ...], "by", "at", "from_file",
//    "on": ["<id>", ...], "previous": [{"digest", "bytes", "chunks", "by", "at", "from_file"}, ...], "rolled_back_by"}
//
// Its text is cut into chunks like that of every published file; what this document names is not collected.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "coordination/documents.h"

namespace chorale::coordination {

struct TemplateVersion {
  FileEntry file;
  std::string by;
  std::string at;  // ISO 8601, for people
  // What the leader's file said before anything was pushed. As the ruling one it means that the file rules, whatever it
  // says now.
  bool from_file = false;
  bool operator==(const TemplateVersion&) const = default;
};

struct TemplateDocument {
  TemplateVersion current;
  std::vector<std::string> on;            // the canaries: agents that alone get `current`; empty: all get it
  std::vector<TemplateVersion> previous;  // newest first; with canaries its first is what all others get
  std::string rolled_back_by{};           // who put `current` there again; empty: `current.by` pushed it
  bool operator==(const TemplateDocument&) const = default;
};

inline constexpr std::size_t kPreviousTemplates = 10;
inline constexpr std::size_t kMaxTemplateBytes = std::size_t{1024} * 1024;

[[nodiscard]] std::string encode(const TemplateDocument& document);
[[nodiscard]] tl::expected<TemplateDocument, Error> decode_template(std::string_view text);

}  // namespace chorale::coordination
