#include "agent/marathon/framework_id.h"

#include <nlohmann/json.hpp>

namespace chorale::agent {

tl::expected<std::string, Failure> parse_framework_id(std::string_view body) {
  const auto document = nlohmann::json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return tl::unexpected(Failure{"/v2/info is not a JSON object"});
  const auto id = document.find("frameworkId");
  if (id == document.end() || !id->is_string() || id->get_ref<const std::string&>().empty()) {
    return tl::unexpected(Failure{"/v2/info names no frameworkId"});
  }
  return id->get<std::string>();
}

}  // namespace chorale::agent
