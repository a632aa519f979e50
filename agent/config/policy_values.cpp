#include "agent/config/policy_values.h"

#include "agent/config/config_values.h"
#include "agent/config/routing_keys.h"

namespace chorale::agent {
namespace {

// As people write it: 0.5, not 0.500000.
std::string plain(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string unquoted(std::string text) {
  std::erase(text, '"');
  return text;
}

}  // namespace

coordination::PolicyValues policy_values(const Config& config, const std::optional<std::string>& framework_id) {
  std::string names;
  for (const std::string& name : config.expose_env) names += (names.empty() ? "" : " ") + name;
  coordination::PolicyValues values{{"realm", realm_text(config.routing.realm)},
                                    {"expose_env", names},
                                    {"delimiters", config.left_delimiter + " " + config.right_delimiter},
                                    {"health_memory", to_text(config.health_memory)},
                                    {"shrink_limit", plain(config.shrink_limit)}};
  for (const Key& key : routing_keys()) values.emplace(key.name, unquoted(written(key.type, config)));
  if (framework_id) values.emplace("marathon", *framework_id);
  return values;
}

}  // namespace chorale::agent
