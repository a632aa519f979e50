#include "render/invariants.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "render/allow_list.h"

namespace chorale::render {
namespace {

using Refusal = std::optional<Error>;

Error broken(std::string message) { return Error{kRoutesFile, 0, std::move(message)}; }

// The same refusal, with the name of the value in front.
Refusal of(std::string_view what, const Refusal& refusal) {
  if (!refusal) return std::nullopt;
  return broken(std::string(what) + " " + refusal->message);
}

Refusal refuse_texts(const std::string& what, const std::map<std::string, std::string>& texts) {
  for (const auto& [key, value] : texts) {
    // A key never stands in a config, but it stands in routes.json and in messages.
    if (const auto wrong = refuse_quoted(key)) return of("the name of one of its " + what, wrong);
    if (const auto wrong = refuse_quoted(value)) return of(what + "." + key, wrong);
  }
  return std::nullopt;
}

std::string address_of(const Server& server) {
  const bool is_ipv6 = server.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + server.host + "]:" : server.host + ":") + std::to_string(server.port);
}

Refusal refuse_server(const Server& server) {
  if (!is_ip_address(server.host)) return broken("a server's host is not an IPv4 or IPv6 address");
  if (server.port == 0) return broken("a server has port 0");
  if (server.address != address_of(server)) return broken("a server's address is not its host and port");
  if (server.weight < 1) return broken("a server's weight is below 1, which Nginx refuses");
  if (auto wrong = of("a server's task id", refuse_quoted(server.task_id))) return wrong;
  return of("a server's version", refuse_quoted(server.version));
}

Refusal refuse_port(const Port& port) {
  if (port.index < 0 || port.index > 65'535) return broken("a port's index is not within 0..65535");
  if (port.service_port < 0 || port.service_port > 65'535) return broken("a service port is not within 0..65535");
  if (port.lost_port < 0 || port.lost_port > 65'535) return broken("a lost service port is not within 0..65535");
  if (port.container_port < 0 || port.container_port > 65'535) return broken("a container port is not within 0..65535");
  if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "udp,tcp") {
    return broken("a port's protocol is none of tcp, udp and udp,tcp");
  }
  if (auto wrong = of("a port's name", refuse_quoted(port.name))) return wrong;
  if (auto wrong = refuse_texts("labels", port.labels)) return wrong;
  for (const std::string& host : port.hosts) {
    if (auto wrong = of("a port's host", refuse_host(host))) return wrong;
  }
  for (const Server& server : port.servers) {
    if (auto wrong = refuse_server(server)) return wrong;
  }
  if (!std::is_sorted(port.servers.begin(), port.servers.end(),
                      [](const Server& a, const Server& b) { return a.address < b.address; })) {
    return broken("its servers are not sorted by address");
  }
  return std::nullopt;
}

Refusal refuse_app(const App& app) {
  if (auto wrong = of("its name", refuse_upstream_name(app.name))) return wrong;
  if (auto wrong = of("its path", refuse_app_id(app.path))) return wrong;
  for (const std::string& host : app.hosts) {
    if (auto wrong = of("one of its hosts", refuse_host(host))) return wrong;
  }
  for (const Port& port : app.ports) {
    if (port.servers.empty() && port.index != app.main_port) return broken("a port beside its main one has no server");
    if (auto wrong = refuse_port(port)) return wrong;
  }
  const auto not_rising = [](const Port& a, const Port& b) { return a.index >= b.index; };
  if (std::adjacent_find(app.ports.begin(), app.ports.end(), not_rising) != app.ports.end()) {
    return broken("its ports are not sorted by index");
  }
  if (auto wrong = refuse_texts("labels", app.labels)) return wrong;
  if (auto wrong = refuse_texts("env", app.env)) return wrong;
  return of("its health path", refuse_quoted(app.health_path));
}

// Names and hosts that may belong to one app only. The views live as long as the state that is checked.
class Owners {
 public:
  // The app that has it already; nullptr if `app` is its owner from now on.
  const App* claim(std::string_view thing, const App& app) {
    const auto [owner, is_new] = owners_.emplace(thing, &app);
    return is_new ? nullptr : owner->second;
  }

 private:
  std::unordered_map<std::string_view, const App*> owners_;
};

std::optional<std::string> claim_hosts(Owners& owners, const App& app) {
  const auto claim_all = [&](const std::vector<std::string>& hosts) -> std::optional<std::string> {
    for (const std::string& host : hosts) {
      if (const App* other = owners.claim(host, app)) return "its host " + host + " belongs to " + other->id;
    }
    return std::nullopt;
  };
  if (auto taken = claim_all(app.hosts)) return taken;
  for (const Port& port : app.ports) {
    if (auto taken = claim_all(port.hosts)) return taken;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Error> find_broken_invariant(const RoutingState& state) {
  if (const auto wrong = refuse_quoted(state.realm)) return Error{kRoutesFile, 1, "the realm " + wrong->message};
  Owners names;
  Owners hosts;
  const App* previous = nullptr;
  int line = 1;
  for (const App& app : state.apps) {
    ++line;
    // The id is not quoted here: it may hold anything.
    if (const auto wrong = refuse_app_id(app.id)) return Error{kRoutesFile, line, "an app's id " + wrong->message};
    const auto broken = [&](const std::string& message) {
      return Error{kRoutesFile, line, "app " + app.id + ": " + message};
    };
    if (const auto wrong = refuse_app(app)) return broken(wrong->message);
    if (previous != nullptr && !(previous->id < app.id)) {
      return broken("apps are not sorted by id, or one stands twice");
    }
    previous = &app;
    if (const App* other = names.claim(app.name, app)) {
      return broken("its name " + app.name + " is that of " + other->id);
    }
    if (const auto taken = claim_hosts(hosts, app)) return broken(*taken);
  }
  return std::nullopt;
}

}  // namespace chorale::render
