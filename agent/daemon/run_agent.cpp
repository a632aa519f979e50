#include "agent/daemon/run_agent.h"

#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/exit_code.h"
#include "agent/base/log.h"
#include "agent/base/one_line.h"
#include "agent/daemon/agent.h"
#include "agent/daemon/notify.h"

namespace chorale::agent {
namespace {

// Why nothing starts, for the log and for `systemctl status`.
int refuse(const NotifyEnvironment& service_manager, const std::string& reasons, int exit_code) {
  std::istringstream lines(reasons);
  for (std::string line; std::getline(lines, line);) log_error(line);
  NotifySocket(service_manager.socket).send("STATUS=not started: " + escape_for_log(reasons));
  return exit_code;
}

}  // namespace

int test_config(const std::string& config_file) {
  const auto loaded = load_for_agent(config_file);
  if (!loaded) {
    std::cerr << loaded.error().message << "\n";
    return kExitUsage;
  }
  for (const ConfigWarning& warning : loaded->warnings) std::cerr << warning.text() << "\n";
  return kExitFine;
}

int run_agent(const std::string& config_file) {
  const NotifyEnvironment service_manager = take_notify_environment();  // before there is a thread or a child
  init_log("chorale");
  auto loaded = load_for_agent(config_file);
  if (!loaded) return refuse(service_manager, loaded.error().message, kExitUsage);
  if (loaded->config.log_json) write_json_from_now_on(loaded->config.id);
  for (const ConfigWarning& warning : loaded->warnings) log_warning(warning.text());
  auto lock = InstanceLock::acquire(loaded->config.state_dir);
  // Not the fault of the configuration: a full disk, or another agent that is about to end.
  if (!lock) return refuse(service_manager, lock.error().message, kExitNo);
  Agent agent(std::move(loaded->config), std::move(*lock), service_manager);
  return agent.run();
}

}  // namespace chorale::agent
