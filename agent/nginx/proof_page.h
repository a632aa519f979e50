// The page by which Nginx itself says what it serves: `@{proof}` in a template becomes a location that tells this host
// the worker's pid and the mark of the file that the worker has read.
//
// The mark is of the filled-in text, not of its revision: two revisions of equal text need no reload, and must not
// differ in their files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/types.h"
#include "agent/nginx/config_words.h"
#include "render/error.h"

namespace chorale::agent {

inline constexpr const char* kProofName = "proof";                 // of the local value
inline constexpr std::string_view kProofPath = "/.chorale/proof";  // no app has such an id

// Where and how to ask, as a config's text says.
struct ProofPage {
  std::string address;  // literal
  std::uint16_t port = 0;
  std::string host;  // the Host header that reaches the server which holds it
  std::string mark;
  bool operator==(const ProofPage&) const = default;
};
struct ProofAnswer {
  int pid = 0;  // as the worker calls itself: in its own pid namespace
  std::string mark;
};

// render::fill_in_local_values with @{proof}, whatever `values` says of that name. One line, so that line numbers stay.
[[nodiscard]] tl::expected<std::string, render::Error> fill_in(std::string_view text,
                                                               std::map<std::string, std::string> values);
// The page that a config's text holds, if plain HTTP on this host reaches one. Pure.
class ProofPageReader {
 public:
  void read(const ConfigDirective& directive);
  [[nodiscard]] const std::optional<ProofPage>& found() const { return found_; }

 private:
  // A block that is open, as far as it matters.
  struct Block {
    std::vector<std::string_view> directive;  // what opened it
    std::vector<std::vector<std::string_view>> listens;
    std::vector<std::string_view> names;
    std::string_view mark;
  };
  [[nodiscard]] static std::optional<ProofPage> page_of(const Block& server);
  void note(const std::vector<std::string_view>& words);

  std::vector<Block> open_;
  std::optional<ProofPage> found_;
};
[[nodiscard]] std::optional<ProofPage> find_proof_page(std::string_view text);

// A request on a new connection. Blocking, at most `longest`; worker pool only. The error: what came instead.
[[nodiscard]] tl::expected<ProofAnswer, Failure> ask(const ProofPage& page, Milliseconds longest);
// Pure. nullopt: this is not what the page says.
[[nodiscard]] std::optional<ProofAnswer> parse_proof_answer(std::string_view body);

}  // namespace chorale::agent
