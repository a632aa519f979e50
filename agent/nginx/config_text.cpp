#include "agent/nginx/config_text.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "agent/base/one_line.h"
#include "coordination/digest.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kMark = "# chorale ";
constexpr std::size_t kMaxErrorBytes = 1024;

// Takes a decimal number and the separator behind it off the front.
std::optional<std::int64_t> take_number(std::string_view& text, char separator) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto used = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || value < 0 || used >= text.size() || *end != separator) return std::nullopt;
  text.remove_prefix(used + 1);
  return value;
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string identity_line(const coordination::Identity& identity) {
  return std::string(kMark) + std::to_string(identity.epoch.value) + "." + std::to_string(identity.revision.value) +
         " " + identity.digest + "\n";
}

std::optional<coordination::Identity> parse_identity_line(std::string_view text) {
  if (text.substr(0, kMark.size()) != kMark || text.find('\n') == std::string_view::npos) return std::nullopt;
  std::string_view line = first_line(text).substr(kMark.size());
  const auto epoch = take_number(line, '.');
  if (!epoch) return std::nullopt;
  const auto revision = take_number(line, ' ');
  if (!revision || !is_digest(line)) return std::nullopt;
  return coordination::Identity{{*epoch}, {*revision}, std::string(line)};
}

FileContent content_of(std::string_view text) {
  std::optional<coordination::Identity> identity = parse_identity_line(text);
  if (identity) text.remove_prefix(first_line(text).size() + 1);
  return {std::move(identity), coordination::sha256_hex(text)};
}

void MainDirectivesReader::read(const ConfigDirective& directive) {
  if (directive.is_main("pid")) found_.pid = directive.words[1];
  if (directive.is_main("error_log")) found_.error_logs.emplace_back(directive.words[1]);
}

MainDirectives main_directives(std::string_view text) {
  MainDirectivesReader reader;
  ConfigDirectives directives(text);
  while (const ConfigDirective* directive = directives.next()) reader.read(*directive);
  return reader.found();
}

int error_line(std::string_view error, std::string_view file) {
  const std::size_t colon = error.rfind(':');
  if (colon == std::string_view::npos || !error.substr(0, colon).ends_with(file)) return 0;
  int line = 0;
  const char* const end = error.data() + error.size();
  const auto [rest, failure] = std::from_chars(error.data() + colon + 1, end, line);
  return failure == std::errc() && rest == end && line > 0 ? line : 0;
}

std::string without_place(std::string_view error) {
  constexpr std::string_view kLabel = "[emerg] ";
  const std::size_t label = error.find(kLabel);
  if (label != std::string_view::npos) error.remove_prefix(label + kLabel.size());
  return std::string(error.substr(0, error.rfind(" in /")));
}

std::vector<std::string> nginx_warnings(std::string_view output) {
  constexpr std::string_view kWarning = "[warn] ";
  std::vector<std::string> warnings;
  for (std::size_t at = output.find(kWarning); at != std::string_view::npos; at = output.find(kWarning, at)) {
    at += kWarning.size();
    std::string_view text = first_line(output.substr(at));
    // "2026/11/26 11:20:16 [warn] 2398#2398: ..." or "nginx: [warn] ..."
    const std::size_t process = text.find_first_not_of("0123456789#");
    if (process != 0 && process != std::string_view::npos && text.substr(process).starts_with(": ")) {
      text.remove_prefix(process + 2);
    }
    std::string warning = one_line(without_place(text), kMaxErrorBytes);
    if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) warnings.push_back(std::move(warning));
  }
  return warnings;
}

std::string nginx_error(std::string_view output) {
  const std::size_t emerg = output.find("[emerg]");
  if (emerg != std::string_view::npos) {
    const std::size_t line = output.rfind('\n', emerg);
    output.remove_prefix(line == std::string_view::npos ? 0 : line + 1);
  }
  std::string text = escaped(first_line(output));
  if (text.size() <= kMaxErrorBytes) return text;
  constexpr std::string_view kGap = " ... ";
  constexpr std::size_t kEnd = 400;
  return text.substr(0, kMaxErrorBytes - kEnd - kGap.size()) + std::string(kGap) + text.substr(text.size() - kEnd);
}

}  // namespace chorale::agent
