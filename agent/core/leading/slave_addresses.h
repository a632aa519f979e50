// Where the slaves are that Marathon calls by host name: what is served stays where it is. Pure.
//
// The address at which a task is served stays for the task's life, and new tasks on a slave that has such ones take the
// same. Only a slave without any is where this leader's resolver says: another resolver on the proxy that comes to lead
// (a stale hosts file) must not move what runs.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/core/leading/routes.h"

namespace chorale::agent {

class SlaveAddresses {
 public:
  // All three must outlive it. `served`: nullptr if nothing is.
  SlaveAddresses(const MarathonApps& apps, const ResolvedNames& names, const render::RoutingState* served);

  // Literal addresses, the preferred one first; empty: the name does not resolve (yet). For a task whose host is a
  // name.
  [[nodiscard]] std::vector<std::string> of(const MarathonTask& task) const;
  // Names of which this leader's resolver does not know the address that is served.
  [[nodiscard]] std::vector<NameDispute> disputes() const;

 private:
  void keep(const MarathonApp& app, const render::App& served);

  const ResolvedNames& names_;
  std::unordered_map<std::string_view, std::string_view> tasks_;          // served, on a slave known by name -> address
  std::map<std::string_view, std::set<std::string_view>> served_slaves_;  // name -> addresses of its served tasks
};

}  // namespace chorale::agent
