// `chorale version`.
#include "agent/base/version.h"

#include <iostream>

#include "agent/cli/cli.h"

namespace chorale::agent {

int run_version() {
  std::cout << "chorale " << version() << "\n";
  return kExitFine;
}

}  // namespace chorale::agent
