// `chorale agent`: from the configuration file to a running daemon.
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.h"
#include "agent/cli/cli.h"
#include "agent/log.h"

namespace chorale::agent {

int run_agent(const std::string& config_file) {
  init_log("chorale");
  auto loaded = load_config(config_file);
  if (!loaded) {
    log_error("configuration refused:\n" + loaded.error());
    return kExitUsage;
  }
  for (const std::string& warning : loaded->warnings) log_warning(warning);
  const std::vector<std::string> missing = missing_for_agent(loaded->config);
  for (const std::string& what : missing) log_error(config_file + ": " + what);
  if (!missing.empty()) return kExitUsage;
  auto lock = InstanceLock::acquire(loaded->config.state_dir);
  if (!lock) {
    log_error(lock.error());
    return kExitUsage;
  }
  Agent agent(std::move(loaded->config), std::move(*lock));
  return agent.run();
}

}  // namespace chorale::agent
