// Whether one of Marathon's endpoints answers, as health and status show it.
#pragma once

#include <string>

namespace chorale::agent {

struct EndpointHealth {
  std::string endpoint;
  bool healthy = false;
  std::string message;  // "OK" or why not
};

}  // namespace chorale::agent
