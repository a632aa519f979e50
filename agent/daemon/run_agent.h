// `chorale agent`: from the configuration file to a running daemon.
#pragma once

#include <string>

namespace chorale::agent {

// Runs until a signal or a refusal stops it; returns the exit code.
int run_agent(const std::string& config_file);

}  // namespace chorale::agent
