// The verbs of the command line beside `agent`. Each returns the exit code: 0 fine, 1 the answer is no, 2 wrong usage
// or config, 3 ZooKeeper or the agent could not be reached. Results go to stdout, everything else to stderr.
#pragma once

#include <string>

#include "agent/config.h"

namespace chorale::agent {

inline constexpr int kExitFine = 0;
inline constexpr int kExitNo = 1;  // of the agent: it cannot start now, but may a moment later
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 3;

struct StatusFlags {
  bool json = false;
  bool watch = false;  // redraw on change until interrupted
};

int run_check(const std::string& config_file);
// `apps_file`: a /v2/apps body; empty: an empty state.
int run_render(const std::string& config_file, const std::string& apps_file);
int run_status(const std::string& config_file, const StatusFlags& flags);
int run_routes(const std::string& config_file, const std::string& app);
int run_version();

// Implemented in agent/agent_main.cpp: the daemon.
int run_agent(const std::string& config_file);

}  // namespace chorale::agent
