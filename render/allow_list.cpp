#include "render/allow_list.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "render/nginx_quote.h"

namespace chorale::render {
namespace {

constexpr std::size_t kMaxAppIdBytes = 1'000;
constexpr std::size_t kMaxHostBytes = 253;      // RFC 1035
constexpr std::size_t kMaxLabelBytes = 63;      // RFC 1035
constexpr std::size_t kMaxNameBytes = 200;      // Nginx takes more, but a person has to read it
constexpr std::size_t kMaxQuotedBytes = 4'000;  // Nginx's parser has one 4,096 byte buffer for a parameter

// In a segment of an app id: stands in the app's name as it is.
bool is_plain_in_name(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; }

// Messages end up in logs and in `explain`: a character that does not print is named by its code.
std::string show(char c) {
  const auto code = static_cast<unsigned char>(c);
  if (code > 0x20 && code < 0x7f) return std::string("'") + c + "'";
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "0x%02x", static_cast<unsigned>(code));
  return text.data();
}

Error error(std::string message) { return Error{"", 0, std::move(message)}; }

Error refused_character(std::string_view value, std::size_t at, const std::string& expected) {
  return error("has " + show(value[at]) + " at byte " + std::to_string(at + 1) + ", expected " + expected);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Error too_long(std::size_t bytes, std::size_t limit, const std::string& when = "") {
  return error("has " + std::to_string(bytes) + " bytes, more than " + std::to_string(limit) + when);
}

// The number of bytes of the well-formed UTF-8 character at the front, 0 if there is none. The table of well-formed
// sequences is Unicode's (table 3-7): neither overlong forms nor surrogates.
std::size_t utf8_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

std::optional<Error> refuse_host_label(std::string_view label) {
  if (label.empty()) return error("has an empty part between dots");
  if (label.size() > kMaxLabelBytes) return error("has a part of more than 63 bytes between dots");
  if (label.front() == '-' || label.back() == '-') return error("has a part that begins or ends with '-'");
  for (std::size_t i = 0; i < label.size(); ++i) {
    if (is_alphanumeric(label[i]) || label[i] == '-') continue;
    return error("has " + show(label[i]) + ", expected letters, digits, '-' and '.'");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Error> refuse_app_id(std::string_view id) {
  if (id.empty() || id.front() != '/') return error("does not begin with '/'");
  if (id.size() > kMaxAppIdBytes) return too_long(id.size(), kMaxAppIdBytes);
  for (const std::string_view segment : split(id.substr(1), '/')) {
    if (segment.empty()) return error("has an empty segment");
    // Browsers and Nginx resolve these before they look for a location.
    if (segment == "." || segment == "..") return error("has the segment '" + std::string(segment) + "'");
  }
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (is_alphanumeric(id[i]) || std::string_view("._~/-").find(id[i]) != std::string_view::npos) continue;
    return refused_character(id, i, "letters, digits and ._~-");
  }
  return std::nullopt;
}

std::optional<Error> refuse_host(std::string_view host) {
  if (host.empty()) return error("is empty");
  if (host.size() > kMaxHostBytes) return too_long(host.size(), kMaxHostBytes);
  if (host.starts_with("*.")) host.remove_prefix(2);
  for (const std::string_view label : split(host, '.')) {
    if (auto wrong = refuse_host_label(label)) return wrong;
  }
  return std::nullopt;
}

std::optional<std::vector<std::uint8_t>> parse_ip_address(std::string_view text) {
  constexpr std::size_t kIpv4Bytes = 4;
  const std::string copy(text);
  std::vector<std::uint8_t> parsed(sizeof(in6_addr));
  // An embedded NUL would end the text early for inet_pton.
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  if (inet_pton(AF_INET6, copy.c_str(), parsed.data()) == 1) return parsed;
  parsed.resize(kIpv4Bytes);
  if (inet_pton(AF_INET, copy.c_str(), parsed.data()) == 1) return parsed;
  return std::nullopt;
}

bool is_ip_address(std::string_view text) { return parse_ip_address(text).has_value(); }

std::optional<Error> refuse_upstream_name(std::string_view name) {
  if (name.empty()) return error("is empty");
  if (name.size() > kMaxNameBytes) return too_long(name.size(), kMaxNameBytes);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool is_upper_case = name[i] >= 'A' && name[i] <= 'Z';
    const bool may_stand = is_alphanumeric(name[i]) || std::string_view("_.-").find(name[i]) != std::string_view::npos;
    if (may_stand && !is_upper_case) continue;
    // Nginx compares upstream names without case: "Shop" and "shop" would refuse the whole file.
    return refused_character(name, i, "lower-case letters, digits and _.-");
  }
  return std::nullopt;
}

std::optional<Error> refuse_quoted(std::string_view value) {
  for (std::size_t i = 0; i < value.size();) {
    const auto code = static_cast<unsigned char>(value[i]);
    if (code < 0x20 || code == 0x7f) return refused_character(value, i, "no control characters");
    if (value[i] == '$') return refused_character(value, i, "no '$', which Nginx cannot escape");
    if (value.substr(i).starts_with("@{")) return error("has '@{', which stands for a value local to a proxy");
    const std::size_t bytes = utf8_character(value.substr(i));
    if (bytes == 0) return refused_character(value, i, "UTF-8");
    i += bytes;
  }
  const std::size_t quoted = quoted_bytes(value);
  if (quoted > kMaxQuotedBytes) return too_long(quoted, kMaxQuotedBytes, " when quoted");
  return std::nullopt;
}

std::string name_of_app_id(std::string_view id) {
  if (id.starts_with('/')) id.remove_prefix(1);
  std::vector<std::string_view> segments = split(id, '/');
  std::reverse(segments.begin(), segments.end());
  std::string name;
  for (const std::string_view segment : segments) {
    if (!name.empty()) name += '.';
    name += segment;
  }
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

std::string upstream_name(std::string_view id) {
  std::vector<std::string_view> segments = split(id.substr(1), '/');
  std::reverse(segments.begin(), segments.end());
  std::string name;
  for (const std::string_view segment : segments) {
    if (!name.empty()) name += '.';
    for (std::size_t i = 0; i < segment.size(); ++i) {
      const char c = segment[i];
      const char next = i + 1 < segment.size() ? segment[i + 1] : 'a';
      const bool dash_follows = !is_plain_in_name(next) || next == '-';
      if (c == '-' && dash_follows) {
        name += "--2";
      } else if (is_plain_in_name(c)) {
        name += c;
      } else {
        name += "--";
        name += c == '.' ? '0' : c == '~' ? '1' : static_cast<char>(c - 'A' + 'a');
      }
    }
  }
  return name;
}

}  // namespace chorale::render
