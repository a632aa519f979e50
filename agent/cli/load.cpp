#include "agent/cli/load.h"

#include <iostream>

#include "agent/base/text_file.h"
#include "agent/cli/cli.h"

namespace chorale::agent {

std::optional<Config> load_or_complain(const std::string& config_file) {
  auto loaded = load_config(config_file);
  if (!loaded) {
    std::cerr << loaded.error().message << "\n";
    return std::nullopt;
  }
  for (const ConfigWarning& warning : loaded->warnings) std::cerr << "warning: " << warning.text() << "\n";
  return std::move(loaded->config);
}

int complain(const CliError& error) {
  std::cerr << error.message << "\n";
  return error.exit_code;
}

tl::expected<std::string, CliError> slurp(const std::string& path) {
  return read_text_file(path).map_error([](Failure failure) {
    return CliError{kExitUsage, std::move(failure.message)};
  });
}

}  // namespace chorale::agent
