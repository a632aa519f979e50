#include "agent/core/leading/slave_addresses.h"

#include <algorithm>

#include "agent/core/leading/routes_servers.h"
#include "agent/core/leading/served_apps.h"
#include "render/allow_list.h"

namespace chorale::agent {
namespace {

bool is_name(const std::string& host) { return is_host_name(host) && !render::is_ip_address(host); }

// In a container network a port may be served at the container's own address, which says nothing of the slave.
bool may_be_the_containers(const MarathonApp& app, const MarathonTask& task, const std::string& address) {
  return app.network == NetworkMode::kContainer &&
         (task.ip_addresses.empty() ||
          std::find(task.ip_addresses.begin(), task.ip_addresses.end(), address) != task.ip_addresses.end());
}

}  // namespace

SlaveAddresses::SlaveAddresses(const MarathonApps& apps, const ResolvedNames& names, const render::RoutingState* served)
    : names_(names) {
  ServedApps served_apps(served);
  for (const auto& [id, app] : apps) {
    if (const render::App* one = served_apps.find(id)) keep(app, *one);
  }
}

void SlaveAddresses::keep(const MarathonApp& app, const render::App& served) {
  std::unordered_map<std::string_view, const MarathonTask*> on_named_slaves;
  for (const MarathonTask& task : app.tasks) {
    if (is_name(task.host)) on_named_slaves.emplace(task.id, &task);
  }
  if (on_named_slaves.empty()) return;
  for (const render::Port& port : served.ports) {
    for (const render::Server& server : port.servers) {
      const auto found = on_named_slaves.find(server.task_id);
      if (found == on_named_slaves.end() || may_be_the_containers(app, *found->second, server.host)) continue;
      tasks_.emplace(found->first, server.host);
      served_slaves_[found->second->host].insert(server.host);
    }
  }
}

std::vector<std::string> SlaveAddresses::of(const MarathonTask& task) const {
  std::vector<std::string> addresses;
  if (const auto own = tasks_.find(task.id); own != tasks_.end()) addresses.emplace_back(own->second);
  const auto resolved = names_.find(task.host);
  if (const auto slave = served_slaves_.find(task.host); slave != served_slaves_.end()) {
    addresses.insert(addresses.end(), slave->second.begin(), slave->second.end());
    if (resolved != names_.end()) {
      // Of several, those that the resolver knows: the slave has moved, and its older tasks are dying out.
      const auto first = addresses.begin() + (tasks_.contains(task.id) ? 1 : 0);
      std::stable_partition(first, addresses.end(), [&](const std::string& address) {
        return std::find(resolved->second.begin(), resolved->second.end(), address) != resolved->second.end();
      });
    }
  }
  if (resolved != names_.end()) addresses.insert(addresses.end(), resolved->second.begin(), resolved->second.end());
  return addresses;
}

std::vector<NameDispute> SlaveAddresses::disputes() const {
  std::vector<NameDispute> disputes;
  for (const auto& [name, addresses] : served_slaves_) {
    const auto resolved = names_.find(std::string(name));
    if (resolved == names_.end() || resolved->second.empty()) continue;
    for (const std::string_view address : addresses) {
      if (std::find(resolved->second.begin(), resolved->second.end(), address) != resolved->second.end()) continue;
      disputes.push_back({std::string(name), std::string(address), resolved->second.front()});
      break;
    }
  }
  return disputes;
}

}  // namespace chorale::agent
