// What runs behind the tasks: the seam between the SimulatedMarathon and sockets. Loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tests/marathon_simulator/model.h"

namespace chorale::marathon_simulator {

class Processes {
 public:
  Processes() = default;
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;
  virtual ~Processes() = default;

  // Gives the task its host ports and its address; false when that is impossible (no port, no file descriptor).
  virtual bool start(Task& task, const AppSpec& spec) = 0;
  // Ends it at once: listeners and connections are closed.
  virtual void stop(const Task& task) = 0;
};

// Ports from a counter for each slave, nothing listens.
class CountedPorts : public Processes {
 public:
  bool start(Task& task, const AppSpec& spec) override;
  void stop(const Task& task) override;

 private:
  std::map<std::string, std::uint16_t> next_;
  std::uint32_t next_container_ = 1;
};

// The address of the nth container of a network with addresses of its own. `prefix` is "9.0." or "127.9.".
[[nodiscard]] std::string container_address(const char* prefix, std::uint32_t number);

}  // namespace chorale::marathon_simulator
