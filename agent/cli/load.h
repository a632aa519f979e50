// What every verb begins with: the config, its warnings on stderr. And how it ends: an error on stderr, an exit code.
#pragma once

#include <optional>
#include <string>

#include "agent/cli/cluster_session.h"
#include "agent/config/config.h"

namespace chorale::agent {

// nullopt: the errors stand on stderr; exit with kExitUsage.
[[nodiscard]] std::optional<Config> load_or_complain(const std::string& config_file);
[[nodiscard]] int complain(const CliError& error);
// A whole file; the error names it.
[[nodiscard]] tl::expected<std::string, CliError> slurp(const std::string& path);

}  // namespace chorale::agent
