#include "tests/marathon_simulator/network_scope.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace chorale::marathon_simulator {

NetworkScope::NetworkScope(const std::string& file) {
  if (file.empty()) return;
  own_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  const int other = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (own_ < 0 || other < 0 || ::setns(other, CLONE_NEWNET) != 0) {
    problem_ = "network " + file + ": " + std::strerror(errno);
    if (own_ >= 0) ::close(own_);
    own_ = -1;
  }
  if (other >= 0) ::close(other);
}

NetworkScope::~NetworkScope() {
  if (own_ < 0) return;
  if (::setns(own_, CLONE_NEWNET) != 0) {
    std::cerr << "cannot return to the own network: " << std::strerror(errno) << "\n";
    std::abort();  // all later sockets would be in the wrong place
  }
  ::close(own_);
}

}  // namespace chorale::marathon_simulator
