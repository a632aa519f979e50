// Sockets in another host's network: while a scope lives, those that its thread makes belong to that network, and stay
// in it.
#pragma once

#include <string>

namespace chorale::marathon_simulator {

class NetworkScope {
 public:
  // A file that stands for a network namespace (/run/netns/NAME, /proc/PID/ns/net); empty: the network as it is.
  explicit NetworkScope(const std::string& file);
  ~NetworkScope();
  NetworkScope(const NetworkScope&) = delete;
  NetworkScope& operator=(const NetworkScope&) = delete;

  // Empty, or why the network could not be entered.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  int own_ = -1;  // the way back, while in another network
  std::string problem_;
};

}  // namespace chorale::marathon_simulator
