#include "agent/base/one_line.h"

namespace chorale::agent {

std::string one_line(std::string_view text, std::size_t longest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    if (result.size() >= longest) return result + "...";
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x20 && code < 0x7f && c != '\\') {
      result += c;
    } else {
      result += "\\x";
      result += kDigits[code >> 4U];
      result += kDigits[code & 0xfU];
    }
  }
  return result;
}

}  // namespace chorale::agent
