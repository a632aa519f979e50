// `chorale agent`: from the configuration file to a running daemon.
#pragma once

#include <string>

namespace chorale::agent {

// Runs until a signal or a refusal stops it; returns the exit code.
int run_agent(const std::string& config_file);
// Whether a start would accept the configuration, by the same code; says why not on stderr. Starts nothing.
int test_config(const std::string& config_file);

}  // namespace chorale::agent
