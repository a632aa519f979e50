// What one routing state has otherwise than another: for the log, `chorale diff`, `chorale history`. Pure.
//
// Both are states of Chorale. What a file of Nginx routes otherwise is a comparison (agent/cli/comparison.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "render/routing_state.h"

namespace chorale::render {

// An app that is in both states. A server is one task at one address: Mesos gives a port again to another task, which
// is one server less and one more. Servers are those of the main port, as in server_count(), so that a task counts
// once.
struct AppDifference {
  std::string id;
  std::vector<std::string> servers_added;  // addresses, in the state's order
  std::vector<std::string> servers_removed;
  std::vector<std::string_view> aspects;  // what else differs, in one order: "name", "path", "hosts", "main port",
                                          // "ports" (all but the main one's servers), "weights", "health", "versions"
                                          // (of servers in both), "labels", "env", "health path"
  bool operator==(const AppDifference&) const = default;
};

struct RoutesDifference {
  bool realm = false;
  std::vector<std::string> added;  // ids, sorted
  std::vector<std::string> removed;
  std::vector<AppDifference> changed;  // by id
  std::int64_t servers_added = 0;      // of all apps, those added and removed too
  std::int64_t servers_removed = 0;

  [[nodiscard]] bool empty() const { return !realm && added.empty() && removed.empty() && changed.empty(); }
  bool operator==(const RoutesDifference&) const = default;
};

// Linear in the number of apps. REQUIRES: both states hold their invariants.
[[nodiscard]] RoutesDifference difference_of(const RoutingState& before, const RoutingState& after);

inline constexpr std::size_t kNamesInText = 10;  // of each list; the rest is counted

// One line: "/shop/cart +1 -1 server", "/a +2 servers, hosts", "added /b, /c and 12 more, removed /d". Empty if nothing
// differs.
[[nodiscard]] std::string difference_line(const RoutesDifference& difference);
// One changed app without its id: "+1 -1 server, hosts".
[[nodiscard]] std::string change_text(const AppDifference& app);
// "/a, /b and 12 more".
[[nodiscard]] std::string names_text(const std::vector<std::string>& names);

}  // namespace chorale::render
