#include "render/server_names.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace chorale::render {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kDefaultBucket = 64;  // a cache line of every x86_64 and ARM server
constexpr std::size_t kWord = 8;            // sizeof(void*)

// What stands between the directive's name and its ';', from `at` on; moves `at` behind it.
std::optional<std::string_view> next_parameters(std::string_view text, std::string_view directive, std::size_t& at) {
  while ((at = text.find(directive, at)) != std::string_view::npos) {
    const std::size_t begin = at + directive.size();
    const std::size_t line = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    const std::string_view before = text.substr(line + 1, at - line - 1);  // npos + 1 is 0
    const bool is_word = at == 0 || kBlanks.find(text[at - 1]) != std::string_view::npos || text[at - 1] == ';' ||
                         text[at - 1] == '{' || text[at - 1] == '}';
    at = begin;
    const std::size_t first = before.find_first_not_of(kBlanks);
    const bool is_comment = first != std::string_view::npos && before[first] == '#';  // a tag begins with its delimiter
    if (!is_word || is_comment) continue;
    if (begin >= text.size() || kBlanks.find(text[begin]) == std::string_view::npos) continue;
    return text.substr(begin, text.find(';', begin) - begin);
  }
  return std::nullopt;
}

}  // namespace

std::size_t longest_server_name(std::string_view template_text, std::string_view left_delimiter) {
  bool prints_hosts = false;
  std::size_t at = 0;
  while (const auto parameters = next_parameters(template_text, "server_name", at)) {
    prints_hosts = prints_hosts || parameters->find(left_delimiter) != std::string_view::npos;
  }
  if (!prints_hosts) return 0;
  std::size_t bucket = kDefaultBucket;
  at = 0;
  while (auto parameters = next_parameters(template_text, "server_names_hash_bucket_size", at)) {
    parameters->remove_prefix(std::min(parameters->find_first_not_of(kBlanks), parameters->size()));
    std::size_t set = 0;
    const auto [end, error] = std::from_chars(parameters->data(), parameters->data() + parameters->size(), set);
    if (error == std::errc{} && set >= 4 * kWord) bucket = set;
  }
  return (bucket - 2 * kWord) / kWord * kWord - 2;
}

}  // namespace chorale::render
