#include "agent/marathon/error_message.h"

#include <nlohmann/json.hpp>

#include "agent/base/one_line.h"

namespace chorale::agent {

std::string error_message_of(std::string_view body) {
  // A tree is fine here: error bodies are cut at 64 KiB before they arrive. A deep one costs heap, not stack.
  const auto document = nlohmann::json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return {};
  }
  const auto message = document.find("message");
  return message != document.end() && message->is_string() ? one_line(message->get_ref<const std::string&>())
                                                           : std::string{};
}

}  // namespace chorale::agent
