// A short visit to the cluster's tree: connect, read, leave. Blocking, on a loop of its own; for the command line only.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "coordination/cluster_reader.h"
#include "coordination/connect_string.h"

namespace chorale::agent {

// An answer, or that there is none, is on the screen within 5 s.
inline constexpr std::chrono::milliseconds kClusterPatience{4'500};

// Why a verb cannot do its work, and what the process exits with.
struct CliError {
  int exit_code = 0;
  std::string message;
};

class ClusterSession {
 public:
  explicit ClusterSession(coordination::ConnectString where);
  ~ClusterSession();
  ClusterSession(const ClusterSession&) = delete;
  ClusterSession& operator=(const ClusterSession&) = delete;

  // Each waits for the connection first where there is none, and answers within `limit`. An expired session is
  // replaced.
  [[nodiscard]] tl::expected<void, CliError> connect(std::chrono::milliseconds limit);
  [[nodiscard]] tl::expected<coordination::ClusterSnapshot, CliError> read_cluster(std::chrono::milliseconds limit);
  [[nodiscard]] tl::expected<std::string, CliError> read_file(const coordination::Identity& identity,
                                                              const std::string& name, std::chrono::milliseconds limit);

  // One operation below the root; facts about the tree (no such node, ...) come back as an Error of the operation.
  [[nodiscard]] tl::expected<coordination::Outcome, CliError> execute(coordination::Operation operation,
                                                                      std::chrono::milliseconds limit);

  // Lets time pass. False: SIGINT or SIGTERM came (from the first pause on, they end nothing but the pause).
  [[nodiscard]] bool pause(std::chrono::milliseconds duration);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chorale::agent
