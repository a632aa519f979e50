#include "agent/core/leading/routes.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "agent/base/one_line.h"
#include "agent/core/leading/routes_hosts.h"
#include "agent/core/leading/routes_merge.h"
#include "agent/core/leading/routes_ports.h"
#include "agent/core/leading/routes_servers.h"
#include "agent/core/leading/served_apps.h"
#include "agent/core/leading/slave_addresses.h"
#include "render/allow_list.h"
#include "render/app_labels.h"

namespace chorale::agent {
namespace {

constexpr const char* kRealmLabel = "NIXY_REALM";
constexpr const char* kDcosLabels = "DCOS_";

// A path that may stand bare in a check or a location.
bool is_url_path(std::string_view path) {
  return path.starts_with('/') && path.size() <= 1'000 && std::all_of(path.begin(), path.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("/._~%?&=+:@,-").find(c) != std::string_view::npos;
         });
}

class Builder {
 public:
  Builder(const SlaveAddresses& slaves, const RoutePolicy& policy, HealthMemory& memory, TimePoint now,
          const render::RoutingState* served)
      : slaves_(slaves), policy_(policy), memory_(memory), now_(now), served_(served) {
    routes_.state.realm = realm_text(policy.realm);
  }

  // REQUIRES: apps come sorted by id.
  void add(const MarathonApp& app) {
    if (app.unreadable && app.tasks.empty()) return leave_out(app, "", "it cannot be read: " + *app.unreadable);
    if (app.unreadable) reduce(app.id, "as it was read last: it cannot be read now: " + *app.unreadable);
    if (!is_in_realm(app)) return;
    if (const auto wrong = render::refuse_app_id(app.id)) {
      return leave_out(app, "", "its id " + wrong->message);
    }
    const std::vector<MarathonPort> ports = declared_ports(app);
    const auto main_port = choose_main_port(app, ports, policy_);
    if (!main_port) return leave_out(app, "", main_port.error().message);
    PlacedPorts placed = place_tasks(app, ports, *main_port, slaves_, memory_, policy_, now_);
    for (TaskRefusal& refusal : placed.refusals) {
      leave_out(app, refusal.task, std::move(refusal.reason), refusal.kind);
    }
    const auto is_main = [&](const render::Port& port) { return static_cast<std::size_t>(port.index) == *main_port; };
    if (std::none_of(placed.ports.begin(), placed.ports.end(), is_main)) {
      const std::string why = kNoRoutableTask + (placed.main_unreachable.empty() ? "" : ": " + placed.main_unreachable);
      if (!policy_.keep_empty) return leave_out(app, "", why);
      reduce(app.id, "without a server: " + why);
      if (!ports.empty()) keep_main_port(placed);
    }
    HostChoice choice = choose_hosts(app, policy_.longest_server_name);
    for (const std::string& reason : choice.reasons) {
      routes_.exclusions.push_back({app.id, "", (choice.served ? "is served without " : "is left out: ") + reason,
                                    Exclusion::Kind::kInvalidHost});
    }
    if (!choice.served) return;

    render::App routed;
    routed.id = app.id;
    routed.path = app.id;
    routed.name = render::upstream_name(app.id);
    if (const auto wrong = render::refuse_upstream_name(routed.name)) {
      return leave_out(app, "", "its name " + wrong->message);
    }
    routed.hosts = std::move(choice.hosts);
    routed.main_port = static_cast<std::int32_t>(*main_port);
    routed.ports = std::move(placed.ports);
    PortHosts of_ports = choose_port_hosts(app, ports, policy_.longest_server_name);
    for (std::string& reason : of_ports.reasons) {
      reduce(app.id, "without " + std::move(reason), Exclusion::Kind::kInvalidHost);
    }
    for (render::Port& port : routed.ports) {
      clean(app, port);
      port.hosts = std::move(of_ports.hosts[port.index]);
    }
    routed.labels = app.labels;
    clean_known(app, routed.labels);
    clean(app, "label", "", routed.labels);
    for (const std::string& name : policy_.expose_env) {
      if (const auto found = app.env.find(name); found != app.env.end()) routed.env.insert(*found);
    }
    clean(app, "env", "", routed.env);
    if (is_url_path(app.health_path)) {
      routed.health_path = app.health_path;
    } else if (!app.health_path.empty()) {
      reduce(app.id, "without its health path: \"" + one_line(app.health_path) + "\" is no plain URL path");
    }
    routes_.state.apps.push_back(std::move(routed));
    holds_.push_back(served_.find(app.id));
  }

  Routes finish() && {
    if (!policy_.merge_label.empty()) merge();
    if (policy_.service_ports) share_service_ports(*policy_.service_ports);
    share_hosts();
    report_dcos_labels();
    std::stable_sort(routes_.exclusions.begin(), routes_.exclusions.end(), [](const Exclusion& a, const Exclusion& b) {
      return std::tie(a.app, a.task) < std::tie(b.app, b.task);
    });
    return std::move(routes_);
  }

 private:
  bool is_in_realm(const MarathonApp& app) {
    if (belongs_to_realm(app, policy_.realm)) return true;
    const auto found = app.labels.find(kRealmLabel);
    const std::string no_realm = "it has no realm, and only apps of " +
                                 std::string(policy_.realm.size() == 1 ? "one realm" : "some realms") + " are served";
    leave_out(app, "", found == app.labels.end() ? no_realm : "of another realm: \"" + one_line(found->second) + "\"");
    return false;
  }

  static void keep_main_port(PlacedPorts& placed) {
    const auto after = std::find_if(placed.ports.begin(), placed.ports.end(),
                                    [&](const render::Port& port) { return port.index > placed.main_port.index; });
    placed.ports.insert(after, std::move(placed.main_port));
  }

  void merge() {
    SettledMerges settled = settle_merges(routes_.state, holds_, policy_.merge_label, policy_.longest_server_name);
    merged_paths_ = std::move(settled.paths);
    std::move(settled.exclusions.begin(), settled.exclusions.end(), std::back_inserter(routes_.exclusions));
    for (const std::string& id : settled.left_out) {
      std::vector<render::App>& apps = routes_.state.apps;
      const auto app = std::find_if(apps.begin(), apps.end(), [&](const render::App& one) { return one.id == id; });
      holds_.erase(holds_.begin() + (app - apps.begin()));
      apps.erase(app);
    }
  }

  // What both are shown as has the host, whichever of them it is written with.
  bool are_shown_as_one(const std::string& app, const std::string& other) const {
    const auto path = merged_paths_.find(app);
    const auto other_path = merged_paths_.find(other);
    return path != merged_paths_.end() && other_path != merged_paths_.end() && path->second == other_path->second;
  }

  static std::set<std::string> hosts_of(const render::App& app) {
    std::set<std::string> hosts(app.hosts.begin(), app.hosts.end());
    for (const render::Port& port : app.ports) hosts.insert(port.hosts.begin(), port.hosts.end());
    return hosts;
  }

  // Whoever holds a host keeps it; the rest goes to the lowest id that asks. Within an app it stands once: for the app
  // before its ports, and for the lower port.
  void share_hosts() {
    std::vector<render::App>& apps = routes_.state.apps;
    for (std::size_t i = 0; i < apps.size(); ++i) {
      if (holds_[i] == nullptr) continue;
      const std::set<std::string> held = hosts_of(*holds_[i]);
      for (const std::string& host : hosts_of(apps[i])) {
        if (held.contains(host)) host_owners_.emplace(host, apps[i].id);
      }
    }
    for (render::App& app : apps) {
      const bool wants_some = !app.hosts.empty();
      std::set<std::string> used;
      const auto is_taken = [&](const std::string& host) {
        const std::string& owner = host_owners_.emplace(host, app.id).first->second;
        if (owner == app.id && used.insert(host).second) return false;
        if (owner != app.id && are_shown_as_one(owner, app.id)) return true;
        reduce(app.id,
               "without host " + host +
                   (owner == app.id ? " of one of its ports: it has it already" : ": it belongs to " + owner),
               Exclusion::Kind::kDuplicateHost);
        return true;
      };
      std::erase_if(app.hosts, is_taken);
      for (render::Port& port : app.ports) std::erase_if(port.hosts, is_taken);
      if (wants_some && app.hosts.empty() && !merged_paths_.contains(app.id)) {
        reduce(app.id, "by path only: all its hosts belong to other apps");
      }
    }
    if (policy_.longest_server_name > 0) leave_out_unnameable();
  }

  // Where the template listens on service ports: as with hosts, whoever is served at one keeps it.
  void share_service_ports(const render::ServicePortRange& range) {
    render::ServicePorts owners(range);
    for (const bool held : {true, false}) {
      for (std::size_t i = 0; i < routes_.state.apps.size(); ++i) {
        render::App& app = routes_.state.apps[i];
        for (render::Port& port : app.ports) {
          const bool has_it = holds_[i] != nullptr && holds(*holds_[i], port);
          if (port.service_port != 0 && has_it == held) share_service_port(app, port, owners, range);
        }
      }
    }
  }

  static bool holds(const render::App& served, const render::Port& port) {
    return std::any_of(served.ports.begin(), served.ports.end(), [&](const render::Port& one) {
      return one.service_port == port.service_port && one.protocol == port.protocol;
    });
  }

  void share_service_port(render::App& app, render::Port& port, render::ServicePorts& owners,
                          const render::ServicePortRange& range) {
    const std::string what = "without service port " + std::to_string(port.service_port) + ": ";
    if (!range.holds(port.service_port)) {
      reduce(app.id, what + "the template listens on " + std::to_string(range.first) + " to " +
                         std::to_string(range.last) + " alone");
      port.service_port = 0;
      return;
    }
    for (const render::Transport transport : {render::Transport::kTcp, render::Transport::kUdp}) {
      if (!render::speaks(port, transport)) continue;
      const render::App* owner = owners.claim(app, port, transport);
      if (owner->id == app.id) continue;
      reduce(app.id, what + "it belongs to " + owner->id);
      port.lost_port = std::exchange(port.service_port, 0);
      return;
    }
  }

  // An app without a host stands in `server_name` with its stand-in (render::host_of).
  void leave_out_unnameable() {
    std::erase_if(routes_.state.apps, [&](const render::App& app) {
      const std::size_t bytes = render::host_of(app).size();
      if (bytes <= policy_.longest_server_name) return false;
      leave_out(app.id, "", "it has no host, and its own name " + too_long(bytes, policy_.longest_server_name));
      return true;
    });
  }

  void clean(const MarathonApp& app, render::Port& port) {
    const std::string which = " of port " + std::to_string(port.index);
    clean(app, "label", which, port.labels);
    if (const auto wrong = render::refuse_upstream_name(port.name); wrong && !port.name.empty()) {
      reduce(app.id, "without the name" + which + ": it " + wrong->message);
      port.name.clear();
    }
    if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "udp,tcp") {
      reduce(app.id, "without the protocol" + which + ": \"" + one_line(port.protocol) + "\" is taken as tcp");
      port.protocol = "tcp";
    }
    if (port.service_port < 0 || port.service_port > 65'535) port.service_port = 0;
    if (port.container_port < 0 || port.container_port > 65'535) port.container_port = 0;
  }

  void clean(const MarathonApp& app, const std::string& what, const std::string& where,
             std::map<std::string, std::string>& texts) {
    std::erase_if(texts, [&](const auto& text) {
      auto wrong = render::refuse_quoted(text.first);
      if (!wrong) wrong = render::refuse_quoted(text.second);
      if (!wrong) return false;
      std::string reason = "without its " + what + " " + one_line(text.first) + where + ": it " + wrong->message;
      if (text.first.starts_with(kDcosLabels)) {
        if (dcos_apps_++ == 0) dcos_label_ = Exclusion{app.id, "", std::move(reason), Exclusion::Kind::kReduced};
      } else {
        reduce(app.id, std::move(reason));
      }
      return true;
    });
  }

  // What templates print bare. A label that keeps clients out must not go and leave the door open: nobody is let in.
  void clean_known(const MarathonApp& app, std::map<std::string, std::string>& labels) {
    bool shut = false;
    std::erase_if(labels, [&](const auto& label) {
      const auto wrong = render::refuse_app_label(label.first, label.second);
      if (!wrong) return false;
      const bool restricts = render::restricts_access(label.first);
      shut = shut || restricts;
      reduce(app.id, (restricts ? "to nobody, since its label " : "without its label ") + one_line(label.first) +
                         (restricts ? " " : ": it ") + wrong->message);
      return true;
    });
    if (shut) labels[render::kAllowLabel] = render::kAllowNobody;
  }

  // Labels that DC/OS itself writes hold what no config can: said of one app, for all.
  void report_dcos_labels() {
    if (dcos_apps_ == 0) return;
    if (dcos_apps_ > 1) dcos_label_.reason += "; so are other apps with labels of DC/OS";
    reduce(dcos_label_.app, std::move(dcos_label_.reason));
  }

  // The app is served, but not as it asks to be.
  void reduce(const std::string& app, std::string how, Exclusion::Kind kind = Exclusion::Kind::kReduced) {
    routes_.exclusions.push_back({app, "", "is served " + std::move(how), kind});
  }
  void leave_out(const MarathonApp& app, std::string task, std::string reason,
                 Exclusion::Kind kind = Exclusion::Kind::kOther) {
    leave_out(app.id, std::move(task), std::move(reason), kind);
  }
  void leave_out(const std::string& app, std::string task, std::string reason,
                 Exclusion::Kind kind = Exclusion::Kind::kOther) {
    routes_.exclusions.push_back({app, std::move(task), std::move(reason), kind});
  }

  const SlaveAddresses& slaves_;
  const RoutePolicy& policy_;
  HealthMemory& memory_;
  const TimePoint now_;
  Routes routes_;
  ServedApps served_;
  int dcos_apps_ = 0;  // times that a label of DC/OS was left out
  Exclusion dcos_label_;
  std::vector<const render::App*> holds_;  // beside state.apps: the app as it is served now, or nullptr
  std::unordered_map<std::string, std::string> host_owners_;
  std::map<std::string, std::string> merged_paths_;  // app id -> what it is shown as
};

}  // namespace

std::string text_of(const Exclusion& exclusion) {
  std::string text = one_line(exclusion.app) + (exclusion.task.empty() ? " " : " " + one_line(exclusion.task) + " ");
  switch (exclusion.kind) {
    case Exclusion::Kind::kReduced:
    case Exclusion::Kind::kInvalidHost:
    case Exclusion::Kind::kDuplicateHost:
      break;
    case Exclusion::Kind::kUnresolved:
    case Exclusion::Kind::kOther:
      text += "is left out: ";
      break;
  }
  return text + exclusion.reason;
}

bool belongs_to_realm(const MarathonApp& app, const std::set<std::string>& realm) {
  if (realm.empty()) return true;
  const auto found = app.labels.find(kRealmLabel);
  return found != app.labels.end() && realm.contains(found->second);
}

std::set<std::string> names_to_resolve(const MarathonApp& app) {
  std::set<std::string> names;
  for (const MarathonTask& task : app.tasks) {
    if (is_host_name(task.host) && !render::is_ip_address(task.host)) names.insert(task.host);
  }
  return names;
}

std::set<std::string> names_to_resolve(const MarathonApps& apps) {
  std::set<std::string> names;
  for (const auto& [id, app] : apps) names.merge(names_to_resolve(app));
  return names;
}

Routes build_routes(const MarathonApps& apps, const ResolvedNames& names, const RoutePolicy& policy,
                    HealthMemory& memory, TimePoint now, const render::RoutingState* served) {
  const SlaveAddresses slaves(apps, names, served);
  Builder builder(slaves, policy, memory, now, served);
  for (const auto& [id, app] : apps) builder.add(app);
  Routes routes = std::move(builder).finish();
  routes.disputes = slaves.disputes();
  return routes;
}

}  // namespace chorale::agent
