#include "render/local_values.h"

#include <algorithm>
#include <array>
#include <optional>

namespace chorale::render {
namespace {

constexpr std::string_view kOpening = "@{";
constexpr const char* kConfigFile = "nginx.conf";  // what the text becomes on the proxy that fills it in

bool may_begin_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool may_continue_name(char c) { return may_begin_name(c) || (c >= '0' && c <= '9'); }

// The name of the "@{name}" that `text` begins with; nothing if it is not one.
std::optional<std::string_view> name_at_front(std::string_view text) {
  text.remove_prefix(kOpening.size());
  if (text.empty() || !may_begin_name(text.front())) return std::nullopt;
  const auto end = std::find_if_not(text.begin(), text.end(), may_continue_name);
  if (end == text.end() || *end != '}') return std::nullopt;
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

std::size_t spelled_bytes(std::string_view name) { return kOpening.size() + name.size() + 1; }

Error error_at(std::string_view text, std::size_t offset, std::string message) {
  const auto lines_before = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
  return Error{kConfigFile, static_cast<int>(lines_before) + 1, std::move(message)};
}

}  // namespace

tl::expected<std::string, Error> fill_in_local_values(std::string_view text,
                                                      const std::map<std::string, std::string>& values) {
  std::string filled;
  filled.reserve(text.size());
  std::size_t copied = 0;
  for (std::size_t at = text.find(kOpening); at != std::string_view::npos; at = text.find(kOpening, copied)) {
    const std::optional<std::string_view> name = name_at_front(text.substr(at));
    // Left alone, a misspelt one would reach Nginx as text, and perhaps be accepted there.
    if (!name) return tl::unexpected(error_at(text, at, "'@{' is not followed by a name and '}'"));
    const auto value = values.find(std::string(*name));
    if (value == values.end()) {
      return tl::unexpected(error_at(
          text, at, "unknown local value @{" + std::string(*name) + "}: add it to [local] in this agent's config"));
    }
    filled += text.substr(copied, at - copied);
    filled += value->second;
    copied = at + spelled_bytes(*name);
  }
  filled += text.substr(copied);
  return filled;
}

int line_before_filling(std::string_view text, const std::map<std::string, std::string>& values, int filled_line) {
  int line = 1;
  int filled = 1;
  for (std::size_t at = 0; at < text.size() && filled < filled_line;) {
    if (text[at] == '\n') {
      ++line;
      ++filled;
    } else if (text.substr(at).starts_with(kOpening)) {
      const std::optional<std::string_view> name = name_at_front(text.substr(at));
      const auto value = name ? values.find(std::string(*name)) : values.end();
      if (value != values.end()) {
        filled += static_cast<int>(std::count(value->second.begin(), value->second.end(), '\n'));
        at += spelled_bytes(*name);
        continue;
      }
    }
    ++at;
  }
  return line;
}

bool is_built_in_value(std::string_view name) {
  constexpr std::array<std::string_view, 15> kNames{
      "xproxy",     "id",      "hostname", "http_port",      "https_port", "nginx_user", "nginx_pid", "nginx_error_log",
      "access_log", "real_ip", "ipv6",     "listen_options", "auth_dir",   "cert_dir",   "proof"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool uses_local_secrets(std::string_view text) {
  const std::vector<std::string> names = local_value_names(text);
  return !std::all_of(names.begin(), names.end(), is_built_in_value);
}

std::vector<std::string> local_value_names(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t at = text.find(kOpening); at != std::string_view::npos; at = text.find(kOpening, at + 1)) {
    const std::optional<std::string_view> name = name_at_front(text.substr(at));
    if (name && std::find(names.begin(), names.end(), *name) == names.end()) names.emplace_back(*name);
  }
  return names;
}

}  // namespace chorale::render
