// The login endpoint of DC/OS, as far as a service account sees it, and the tokens that it has given away. Loop thread
// only.
//
// POST {"uid":"...","token":"<JWT by RS256>"} -> {"token":"<JWT with uid and exp>"}. Lacks: users, ACLs, a signature on
// what is given away (only this process reads it).
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "tests/marathon_simulator/http.h"

namespace chorale::marathon_simulator {

inline constexpr const char* kLoginPath = "/acs/api/v1/auth/login";

class Tokens {
 public:
  // `public_key`: PEM. `life`: of every token that is given away.
  Tokens(std::string uid, std::string public_key, std::chrono::milliseconds life);

  [[nodiscard]] Response log_in(const Request& request);
  // "token=<JWT>", of one that was given away, not revoked, and has not ended.
  [[nodiscard]] bool accepts(const std::string& authorization) const;
  void revoke_all() { ends_.clear(); }

 private:
  const std::string uid_;
  const std::string public_key_;
  const std::chrono::milliseconds life_;
  std::map<std::string, std::chrono::system_clock::time_point> ends_;  // by token
};

}  // namespace chorale::marathon_simulator
