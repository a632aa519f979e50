// `chorale reload`, `repair`, `drain` and `undrain`: what steers this proxy, asked of its agent over the unix socket.
#include <iostream>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/load.h"
#include "agent/cli/local_agent.h"
#include "agent/cli/operator_name.h"
#include "agent/core/drained.h"

namespace chorale::agent {
namespace {

// `done`: what is said then; empty: what the agent says.
int steer(const std::string& config_file, const std::string& page, const std::string& body, const std::string& done) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  const auto told = tell_local_agent(*config, page, body);
  if (!told) return complain(told.error());
  std::cout << (done.empty() ? *told : done) << "\n";
  return kExitFine;
}

}  // namespace

int run_reload(const std::string& config_file) {
  return steer(config_file, "/v1/nginx/reload", "", "reloaded: new workers serve the file that is in place");
}

int run_repair(const std::string& config_file) {
  return steer(config_file, "/v1/nginx/repair", "", "Chorale's own file is in place");
}

int run_drain(const std::string& config_file, const std::string& reason) {
  return steer(config_file, "/v1/drain", encode_drain_order({operator_name(), reason}), "");
}

int run_undrain(const std::string& config_file) {
  return steer(config_file, "/v1/undrain", encode_drain_order({operator_name(), ""}), "");
}

}  // namespace chorale::agent
