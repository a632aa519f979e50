#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

void append_as_hex(std::string& text, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto code = static_cast<unsigned char>(c);
  text += "\\x";
  text += kDigits[code >> 4U];
  text += kDigits[code & 0xfU];
}

}  // namespace

std::string escape_for_log(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (is_control(c)) {
      append_as_hex(result, c);
    } else {
      result += c;
    }
  }
  return result;
}

std::string escaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (is_control(c) || !is_ascii(c)) {
      append_as_hex(result, c);
    } else {
      result += c;
    }
  }
  return result;
}

std::string one_line(std::string_view text, std::size_t longest) {
  std::string result;
  for (const char c : text) {
    if (result.size() >= longest) return result + "...";
    if (c == '\\') {
      append_as_hex(result, c);
    } else {
      result += escaped({&c, 1});
    }
  }
  return result;
}

}  // namespace chorale::agent
