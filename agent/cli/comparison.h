// What an Nginx file in service routes otherwise than the committed routes do. Pure.
//
// Upstreams are known by their servers, not by their names, since every template names them otherwise: a task's address
// belongs to one app.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "render/routing_state.h"

namespace chorale::agent {

// The servers of each upstream of a config's text, as it writes them: "10.0.0.1:31000", "slave-1:31000". Those that are
// marked `down` and those of a unix socket are left out. Includes are not followed.
[[nodiscard]] std::map<std::string, std::set<std::string>> upstreams_of(std::string_view config);

// Addresses by the host name that stands for them.
using HostAddresses = std::map<std::string, std::set<std::string>>;
// The host names among the upstreams' servers, which have to be looked up.
[[nodiscard]] std::set<std::string> host_names_in(const std::map<std::string, std::set<std::string>>& upstreams);

struct Comparison {
  struct Difference {
    std::string app;
    std::string upstream;                  // of the file, that serves it
    std::vector<std::string> only_routed;  // servers, as the routes have them
    std::vector<std::string> only_file;    // servers, as the file writes them
  };
  std::size_t alike = 0;                 // apps
  std::vector<Difference> different;     // by app
  std::vector<std::string> not_in_file;  // apps that no upstream of the file serves
  std::vector<std::string> of_no_app;    // upstreams of the file

  [[nodiscard]] bool equal() const { return different.empty() && not_in_file.empty() && of_no_app.empty(); }
};
[[nodiscard]] Comparison compare_routes(const render::RoutingState& routes,
                                        const std::map<std::string, std::set<std::string>>& upstreams,
                                        const HostAddresses& addresses);
[[nodiscard]] std::string comparison_text(const Comparison& comparison);

}  // namespace chorale::agent
