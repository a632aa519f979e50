// Where planted secrets stand that should stand nowhere. For the end of every test that has planted some.
#pragma once

#include <string>
#include <vector>

#include "tests/harness/real_cluster.h"

namespace chorale::testing {

struct PlantedSecrets {
  // Passwords and tokens: in the operator's own files, which the test has made, and nowhere else.
  std::vector<std::string> credentials;
  // Values of [local], and the pieces that Nginx cuts them into: in files of Nginx and below state_dir that nobody but
  // owner and group may read as well, and in Nginx's own log.
  std::vector<std::string> local_values{};
};

// Looks at every znode, the agents' logs, all pages of the admin API, the command lines of all processes, the
// environment of the agents' children, and every file of the proxies with its mode. One line for each place; "" if
// there is none. REQUIRES: ZooKeeper and the agents answer, and may be read without credentials.
[[nodiscard]] std::string leaked_secrets(RealCluster& cluster, const PlantedSecrets& planted);

}  // namespace chorale::testing
