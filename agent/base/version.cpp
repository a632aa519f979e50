#include "agent/base/version.h"

namespace chorale::agent {

std::string version() { return CHORALE_VERSION; }

}  // namespace chorale::agent
