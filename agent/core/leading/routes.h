// From what Marathon says to what Nginx is to serve: Nixy's filters and host rule, allow-lists, duplicate hosts. Pure.
//
// One bad app never harms another: what fails a check is left out and named. Whoever is served keeps what it has: a
// host stays with the app that holds it. The result depends on the values alone, not on the order in which Marathon
// listed them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/base/routing_rules.h"
#include "agent/base/types.h"
#include "agent/core/leading/health_memory.h"
#include "agent/core/leading/marathon_apps.h"
#include "render/routing_state.h"
#include "render/service_ports.h"

namespace chorale::agent {

// Name -> literal addresses, lowest IPv4 first. What is absent or empty is not resolved (yet).
using ResolvedNames = std::map<std::string, std::vector<std::string>>;

struct RoutePolicy : RoutingRules {
  std::set<std::string> expose_env;     // names that templates may see
  Milliseconds health_memory{300'000};  // how long a routed task stays after its results vanished
  bool serve_loopback = false;          // tasks at 127.0.0.1 are served: the cluster runs on this very machine
  std::size_t longest_server_name = 0;  // bytes of a host that the template in use can take; 0: it prints none
  std::optional<render::ServicePortRange> service_ports = {};  // that it listens on; nullopt: on none
};

// What is not served and why; `explain`, status and the log show these.
struct Exclusion {
  enum class Kind {
    kReduced,  // the app is served, but not with all that it asks for; so with the next two
    kInvalidHost,
    kDuplicateHost,
    kUnresolved,  // the task is left out: its host name does not resolve
    kOther,       // the app or the task is left out
  };
  std::string app;
  std::string task;    // empty: the whole app
  std::string reason;  // goes on from the app where it is served ("is served without ..."), else from "is left out: "
  Kind kind = Kind::kOther;
  bool operator==(const Exclusion&) const = default;
};

// A slave whose running tasks are served at an address that this leader's resolver does not give for its name.
struct NameDispute {
  std::string name;
  std::string served;
  std::string resolved;
  bool operator==(const NameDispute&) const = default;
};

// The reason of an app, or the end of it, where its tasks are what is wrong: explain_tasks.h says more.
inline const std::string kNoRoutableTask = "no routable task";

// For people: "/a is served without its label x: ...", "/a a.1 is left out: TASK_STAGING". No text can forge a line.
[[nodiscard]] std::string text_of(const Exclusion& exclusion);

struct Routes {
  render::RoutingState state;
  std::vector<Exclusion> exclusions;  // sorted by app, task
  std::vector<NameDispute> disputes;  // sorted by name
};

// Label NIXY_REALM equals one of `realm` exactly; an empty one takes every app.
[[nodiscard]] bool belongs_to_realm(const MarathonApp& app, const std::set<std::string>& realm);

// The host names in `apps` that are not literal addresses: what the resolver has to know before build_routes.
[[nodiscard]] std::set<std::string> names_to_resolve(const MarathonApps& apps);
[[nodiscard]] std::set<std::string> names_to_resolve(const MarathonApp& app);

// `served`: what is served now, if anything is: the committed state, or what this agent applied last.
[[nodiscard]] Routes build_routes(const MarathonApps& apps, const ResolvedNames& names, const RoutePolicy& policy,
                                  HealthMemory& memory, TimePoint now, const render::RoutingState* served = nullptr);

}  // namespace chorale::agent
