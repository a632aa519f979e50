#include "agent/cli/load.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "agent/cli/cli.h"

namespace chorale::agent {

std::optional<Config> load_or_complain(const std::string& config_file) {
  auto loaded = load_config(config_file);
  if (!loaded) {
    std::cerr << loaded.error() << "\n";
    return std::nullopt;
  }
  for (const std::string& warning : loaded->warnings) std::cerr << "warning: " << warning << "\n";
  return std::move(loaded->config);
}

int complain(const CliError& error) {
  std::cerr << error.message << "\n";
  return error.exit_code;
}

tl::expected<std::string, CliError> slurp(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return tl::unexpected(CliError{kExitUsage, path + ": " + std::strerror(errno)});
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad()) return tl::unexpected(CliError{kExitUsage, path + ": cannot be read"});
  return text;
}

}  // namespace chorale::agent
