#include "agent/core/leading/routes.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "agent/base/one_line.h"
#include "agent/core/leading/routes_hosts.h"
#include "agent/core/leading/routes_servers.h"
#include "render/allow_list.h"

namespace chorale::agent {
namespace {

constexpr const char* kRealmLabel = "NIXY_REALM";

// 8 hex digits (FNV-1a, 32 bits): tells names apart, protects nothing.
std::string short_hash(std::string_view text) {
  std::uint32_t hash = 2'166'136'261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (int shift = 28; shift >= 0; shift -= 4) hex += kDigits[(hash >> static_cast<unsigned>(shift)) & 0xfU];
  return hex;
}

// A path that may stand bare in a check or a location.
bool is_url_path(std::string_view path) {
  return path.starts_with('/') && path.size() <= 1'000 && std::all_of(path.begin(), path.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("/._~%?&=+:@,-").find(c) != std::string_view::npos;
         });
}

class Builder {
 public:
  Builder(const ResolvedNames& names, const RoutePolicy& policy, HealthMemory& memory, TimePoint now)
      : names_(names), policy_(policy), memory_(memory), now_(now) {
    routes_.state.realm = policy.realm;
  }

  // Apps come sorted by id: the first that asks for a host or a name gets it.
  void add(const MarathonApp& app) {
    if (!is_in_realm(app)) return;
    if (const auto wrong = render::refuse_app_id(app.id)) {
      return leave_out(app, "", "app left out: its id " + wrong->message);
    }
    PlacedPorts placed = place_tasks(app, names_, memory_, policy_, now_);
    for (TaskRefusal& refusal : placed.refusals) leave_out(app, refusal.task, std::move(refusal.reason));
    if (placed.ports.empty() || placed.ports.front().index != 0) return leave_out(app, "", "no routable task");
    HostChoice choice = choose_hosts(app);
    for (std::string& reason : choice.reasons) {
      leave_out(app, "", std::move(reason), Exclusion::Kind::kInvalidHost);
    }
    if (!choice.served) return;

    render::App routed;
    routed.id = app.id;
    routed.path = app.id;
    routed.name = unique_name(app.id);
    if (const auto wrong = render::refuse_upstream_name(routed.name)) {
      return leave_out(app, "", "app left out: its name " + wrong->message);
    }
    names_taken_.insert(routed.name);
    routed.hosts = claim_hosts(app, std::move(choice.hosts));
    routed.ports = std::move(placed.ports);
    for (render::Port& port : routed.ports) clean(app, port);
    routed.labels = app.labels;
    clean(app, "label", routed.labels);
    clean_retry(app, routed.labels);
    for (const std::string& name : policy_.expose_env) {
      if (const auto found = app.env.find(name); found != app.env.end()) routed.env.insert(*found);
    }
    clean(app, "env", routed.env);
    if (is_url_path(app.health_path)) {
      routed.health_path = app.health_path;
    } else if (!app.health_path.empty()) {
      leave_out(app, "", "health path left out: \"" + one_line(app.health_path) + "\" is no plain URL path");
    }
    routes_.state.apps.push_back(std::move(routed));
  }

  Routes finish() && {
    std::stable_sort(routes_.exclusions.begin(), routes_.exclusions.end(), [](const Exclusion& a, const Exclusion& b) {
      return std::tie(a.app, a.task) < std::tie(b.app, b.task);
    });
    return std::move(routes_);
  }

 private:
  bool is_in_realm(const MarathonApp& app) {
    if (belongs_to_realm(app, policy_.realm)) return true;
    const auto found = app.labels.find(kRealmLabel);
    leave_out(app, "",
              found == app.labels.end() ? "it has no realm, and only apps of one realm are served"
                                        : "of another realm: \"" + one_line(found->second) + "\"");
    return false;
  }

  // "/a/b.c" and "/b.c.../..." may meet in one name: the later id gets a suffix that only depends on itself.
  std::string unique_name(const std::string& id) const {
    std::string name = render::name_of_app_id(id);
    for (std::string salted = id; names_taken_.contains(name); salted += '/') {
      name = render::name_of_app_id(id) + "-" + short_hash(salted);
    }
    return name;
  }

  std::vector<std::string> claim_hosts(const MarathonApp& app, std::vector<std::string> wanted) {
    std::vector<std::string> hosts;
    for (std::string& host : wanted) {
      const auto [owner, is_new] = host_owners_.emplace(host, app.id);
      if (is_new) {
        hosts.push_back(std::move(host));
      } else {
        leave_out(app, "", "host " + host + " belongs to " + owner->second, Exclusion::Kind::kDuplicateHost);
      }
    }
    if (hosts.empty() && !wanted.empty()) leave_out(app, "", "served by path only, all its hosts belong to other apps");
    return hosts;
  }

  void clean(const MarathonApp& app, render::Port& port) {
    const std::string which = "port " + std::to_string(port.index) + ": ";
    clean(app, which + "label", port.labels);
    if (const auto wrong = render::refuse_upstream_name(port.name); wrong && !port.name.empty()) {
      leave_out(app, "", which + "name left out: it " + wrong->message);
      port.name.clear();
    }
    if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "udp,tcp") {
      leave_out(app, "", which + "protocol \"" + one_line(port.protocol) + "\" taken as tcp");
      port.protocol = "tcp";
    }
    if (port.service_port < 0 || port.service_port > 65'535) port.service_port = 0;
  }

  void clean(const MarathonApp& app, const std::string& what, std::map<std::string, std::string>& texts) {
    std::erase_if(texts, [&](const auto& text) {
      auto wrong = render::refuse_quoted(text.first);
      if (!wrong) wrong = render::refuse_quoted(text.second);
      if (!wrong) return false;
      leave_out(app, "", what + " " + one_line(text.first) + " left out: it " + wrong->message);
      return true;
    });
  }

  void clean_retry(const MarathonApp& app, std::map<std::string, std::string>& labels) {
    const auto found = labels.find(render::kRetryLabel);
    if (found == labels.end()) return;
    const auto wrong = render::refuse_retry(found->second);
    if (!wrong) return;
    leave_out(app, "", "label " + found->first + " left out: it " + wrong->message);
    labels.erase(found);
  }

  void leave_out(const MarathonApp& app, std::string task, std::string reason,
                 Exclusion::Kind kind = Exclusion::Kind::kOther) {
    routes_.exclusions.push_back({app.id, std::move(task), std::move(reason), kind});
  }

  const ResolvedNames& names_;
  const RoutePolicy& policy_;
  HealthMemory& memory_;
  const TimePoint now_;
  Routes routes_;
  std::unordered_set<std::string> names_taken_;
  std::unordered_map<std::string, std::string> host_owners_;
};

}  // namespace

bool belongs_to_realm(const MarathonApp& app, const std::string& realm) {
  if (realm.empty()) return true;
  const auto found = app.labels.find(kRealmLabel);
  return found != app.labels.end() && found->second == realm;
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
                    HealthMemory& memory, TimePoint now) {
  Builder builder(names, policy, memory, now);
  for (const auto& [id, app] : apps) builder.add(app);
  return std::move(builder).finish();
}

}  // namespace chorale::agent
