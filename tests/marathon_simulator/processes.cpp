#include "tests/marathon_simulator/processes.h"

namespace chorale::marathon_simulator {
namespace {

constexpr std::uint16_t kFirstPort = 31000;  // Mesos' default range starts here
constexpr std::uint16_t kLastPort = 64999;
constexpr std::uint16_t kLowestPort = 10000;

}  // namespace

std::string container_address(const char* prefix, std::uint32_t number) {
  return prefix + std::to_string(number / 250 % 250) + "." + std::to_string(1 + number % 250);
}

bool CountedPorts::start(Task& task, const AppSpec& spec) {
  auto& next = next_.try_emplace(task.slave.name, kFirstPort).first->second;
  for (const auto& port : spec.ports) {
    if (!port.has_host_port) continue;
    task.ports.push_back(next);
    next = next >= kLastPort ? kLowestPort : static_cast<std::uint16_t>(next + 1);
  }
  switch (spec.network) {
    case NetworkMode::kHost:
      task.ip_address = task.slave.address;
      break;
    case NetworkMode::kBridge:
      task.ip_address = container_address("172.17.", next_container_++);
      break;
    case NetworkMode::kContainer:
      task.ip_address = container_address("9.0.", next_container_++);
      break;
  }
  return true;
}

void CountedPorts::stop(const Task&) {}

}  // namespace chorale::marathon_simulator
