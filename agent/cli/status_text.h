// The cluster as `chorale status` prints it: what is wrong on top, lines of at most 80 columns. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "coordination/cluster_reader.h"

namespace chorale::agent {

// `time`: now, in seconds since 1970, for ages.
[[nodiscard]] std::string status_text(const coordination::ClusterSnapshot& snapshot, std::int64_t time);

// What there is where the cluster cannot be read: the local agent's word on itself, and on the cluster as it heard of
// it last.
struct LocalStatus {
  std::string why;  // the cluster cannot be read
  std::string id;   // empty: the local agent does not answer either
  std::string role;
  std::string condition;
  std::string message;
  std::string leader;
  std::string digest;        // of what it applied
  std::string as_of;         // when it heard of the cluster last; empty: it hears of it
  std::int64_t applied = 0;  // revisions; 0: none
  std::int64_t committed = 0;
  std::int64_t agents = 0;
};
[[nodiscard]] std::string local_status_text(const LocalStatus& local, std::int64_t time);

}  // namespace chorale::agent
