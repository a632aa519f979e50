// `chorale check`: everything that would go wrong, before it does.
#include <iostream>
#include <sstream>
#include <string>

#include "agent/cli/check_parts.h"
#include "agent/cli/check_report.h"
#include "agent/cli/cli.h"
#include "agent/cli/rendering.h"

namespace chorale::agent {

int run_check(const std::string& config_file) {
  CheckReport report(std::cout);
  const auto loaded = load_config(config_file);
  if (!loaded) {
    std::istringstream lines(loaded.error().message);
    for (std::string line; std::getline(lines, line);) report.fail("config", line, kExitUsage);
    return report.exit_code();
  }
  const Config& config = loaded->config;
  report.ok("config", config_file);
  for (const ConfigWarning& warning : loaded->warnings) {
    // A mistyped `zookeeper` makes a standalone agent that looks well.
    if (warning.kind == ConfigWarning::Kind::kMistypedKey) {
      report.fail("config", warning.text(), kExitUsage);
    } else {
      report.warn("config", warning.text());
    }
  }
  const NginxHere nginx = nginx_here(config);
  const NginxProgram program = check_nginx_program(report, config, nginx);
  check_template(report, config, nginx, program);
  check_files(report, config, nginx);
  check_listen(report, config);
  check_callback(report, config);
  check_zookeeper(report, config);
  Config with_urls = config;
  const bool found = find_marathon(report, with_urls);
  if (const auto authorization = check_access(report, config)) {
    if (found) check_marathon(report, with_urls, *authorization);
    check_policy(report, with_urls, *authorization);
  }
  return report.exit_code();
}

}  // namespace chorale::agent
