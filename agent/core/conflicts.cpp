#include "agent/core/conflicts.h"

#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "agent/core/leading/routes_hosts.h"
#include "agent/core/leading/routes_ports.h"
#include "render/merged_apps.h"
#include "render/service_ports.h"

namespace chorale::agent {
namespace {

using render::Transport;

// Every host that the app's labels or its id ask for. One that is too long for the template nobody has.
std::set<std::string> asked_hosts(const render::App& app) {
  MarathonApp said;
  said.id = app.id;
  said.labels = app.labels;
  if (!app.ports.empty()) said.ports.resize(static_cast<std::size_t>(app.ports.back().index) + 1);
  for (const render::Port& port : app.ports) said.ports[static_cast<std::size_t>(port.index)].name = port.name;
  const HostChoice choice = choose_hosts(said);
  std::set<std::string> hosts(choice.hosts.begin(), choice.hosts.end());
  for (const auto& [index, of_port] : choose_port_hosts(said, said.ports, 0).hosts) {
    hosts.insert(of_port.begin(), of_port.end());
  }
  return hosts;
}

class Finder {
 public:
  Finder(const render::RoutingState& state, const std::string& merge_label) : state_(state), label_(merge_label) {
    for (const render::App& app : state.apps) {
      for (const std::string& host : app.hosts) hosts_.emplace(host, &app);
      for (const render::Port& port : app.ports) {
        for (const std::string& host : port.hosts) hosts_.emplace(host, &app);
        for (const Transport transport : {Transport::kTcp, Transport::kUdp}) {
          if (render::speaks(port, transport)) ports_.emplace(std::pair(transport, port.service_port), &app);
        }
      }
    }
  }

  std::vector<Conflict> run() && {
    for (const render::App& app : state_.apps) {
      for (const std::string& host : asked_hosts(app)) {
        const auto owner = hosts_.find(host);
        if (owner != hosts_.end() && is_another(*owner->second, app)) {
          lose(by_host_, host, {host, 0, "", owner->second->id, {}}, app);
        }
      }
      for (const render::Port& port : app.ports) lose_port(app, port);
    }
    std::vector<Conflict> conflicts;
    for (auto& [host, conflict] : by_host_) conflicts.push_back(std::move(conflict));
    for (auto& [port, conflict] : by_port_) conflicts.push_back(std::move(conflict));
    return conflicts;
  }

 private:
  [[nodiscard]] bool is_another(const render::App& owner, const render::App& app) const {
    if (&owner == &app) return false;
    const auto path = label_.empty() ? std::nullopt : render::merged_path_of(app, label_);
    return !path || render::merged_path_of(owner, label_) != path;
  }

  void lose_port(const render::App& app, const render::Port& port) {
    if (port.lost_port == 0) return;
    for (const auto& [transport, protocol] : {std::pair(Transport::kTcp, "tcp"), std::pair(Transport::kUdp, "udp")}) {
      const auto owner = ports_.find({transport, port.lost_port});
      if (owner == ports_.end() || !render::speaks(port, transport) || owner->second == &app) continue;
      lose(by_port_, std::pair(port.lost_port, std::string_view(protocol)),
           {"", port.lost_port, protocol, owner->second->id, {}}, app);
    }
  }

  // Apps come sorted, and each is named once.
  template <typename Key, typename Conflicts>
  static void lose(Conflicts& conflicts, const Key& key, Conflict conflict, const render::App& app) {
    std::vector<std::string>& losers = conflicts.emplace(key, std::move(conflict)).first->second.losers;
    if (losers.empty() || losers.back() != app.id) losers.push_back(app.id);
  }

  const render::RoutingState& state_;
  const std::string& label_;
  std::unordered_map<std::string_view, const render::App*> hosts_;
  std::map<std::pair<Transport, std::int32_t>, const render::App*> ports_;
  std::map<std::string, Conflict> by_host_;
  std::map<std::pair<std::int32_t, std::string_view>, Conflict> by_port_;
};

}  // namespace

std::vector<Conflict> conflicts_of(const render::RoutingState& state, const std::string& merge_label) {
  return Finder(state, merge_label).run();
}

}  // namespace chorale::agent
