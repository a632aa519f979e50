// Who this agent is, across restarts: state_dir/instance holds a random id and is locked while the agent runs.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "agent/base/types.h"

namespace chorale::agent {

// 128 random bits as 32 lower-case hex digits, never the same twice. Thread-safe.
[[nodiscard]] std::string random_id();

// Holds the lock for its life: two agents can never share a state_dir, so the process that registered in ZooKeeper
// under this instance before us is dead.
class InstanceLock {
 public:
  // Creates state_dir and the file where missing. The error names the path and what to do.
  [[nodiscard]] static tl::expected<InstanceLock, Failure> acquire(const std::string& state_dir);
  InstanceLock(InstanceLock&& other) noexcept;
  InstanceLock& operator=(InstanceLock&& other) noexcept;
  ~InstanceLock();

  [[nodiscard]] const std::string& instance() const { return instance_; }

 private:
  InstanceLock(int descriptor, std::string instance);
  int descriptor_ = -1;
  std::string instance_;
};

}  // namespace chorale::agent
