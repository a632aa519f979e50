#include "agent/marathon/printable.h"

#include <nlohmann/json.hpp>

namespace chorale::agent {

std::string printable(std::string_view text, std::size_t limit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '\\') {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0x0fU];
    }
  }
  if (text.size() > limit) {
    out += "...";
  }
  return out;
}

std::string error_message_of(std::string_view body) {
  // A tree is fine here: error bodies are cut at 64 KiB before they arrive. A deep one costs heap, not stack.
  const auto document = nlohmann::json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return {};
  }
  const auto message = document.find("message");
  return message != document.end() && message->is_string() ? printable(message->get_ref<const std::string&>())
                                                           : std::string{};
}

}  // namespace chorale::agent
