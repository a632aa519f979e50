#include "agent/cli/difference_text.h"

#include <algorithm>

#include "agent/cli/table.h"

namespace chorale::agent {
namespace {

std::string server_lines(const std::string& sign, const std::vector<std::string>& addresses) {
  std::string text;
  for (std::size_t i = 0; i < std::min(addresses.size(), kServersInText); ++i) {
    text += "    " + sign + " " + safe(addresses[i]) + "\n";
  }
  if (addresses.size() <= kServersInText) return text;
  return text + "    " + sign + " and " + std::to_string(addresses.size() - kServersInText) + " more\n";
}

// Of an app that only one state has.
std::string whole_app(const std::string& sign, const std::string& id, const render::RoutingState& state) {
  const auto app = std::lower_bound(state.apps.begin(), state.apps.end(), id,
                                    [](const render::App& one, const std::string& wanted) { return one.id < wanted; });
  std::vector<std::string> addresses;
  if (app != state.apps.end() && app->id == id) {
    for (const render::Server& server : app->servers()) addresses.push_back(server.address);
  }
  const std::string count =
      addresses.empty() ? "without a server"
                        : sign + std::to_string(addresses.size()) + (addresses.size() == 1 ? " server" : " servers");
  return sign + " " + safe(id) + " " + count + "\n" + server_lines(sign, addresses);
}

}  // namespace

std::string difference_text(const render::RoutesDifference& difference, const render::RoutingState& before,
                            const render::RoutingState& after) {
  std::string text;
  if (difference.realm) text += "~ realm\n";
  for (const std::string& app : difference.added) text += whole_app("+", app, after);
  for (const std::string& app : difference.removed) text += whole_app("-", app, before);
  for (const render::AppDifference& app : difference.changed) {
    text += "~ " + safe(app.id) + " " + change_text(app) + "\n";
    text += server_lines("+", app.servers_added) + server_lines("-", app.servers_removed);
  }
  return text + std::to_string(difference.added.size()) + (difference.added.size() == 1 ? " app" : " apps") +
         " added, " + std::to_string(difference.removed.size()) + " removed, " +
         std::to_string(difference.changed.size()) + " changed; servers +" + std::to_string(difference.servers_added) +
         " -" + std::to_string(difference.servers_removed) + "\n";
}

}  // namespace chorale::agent
