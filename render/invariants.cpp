#include "render/invariants.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "render/allow_list.h"

namespace chorale::render {
namespace {

std::string refuse_text(std::string_view what, std::string_view value) {
  const std::string wrong = refuse_quoted(value);
  return wrong.empty() ? "" : std::string(what) + " " + wrong;
}

std::string refuse_texts(std::string_view what, const std::map<std::string, std::string>& texts) {
  for (const auto& [key, value] : texts) {
    // A key never stands in a config, but it stands in routes.json and in messages.
    if (!refuse_quoted(key).empty()) return "the name of one of its " + std::string(what) + " " + refuse_quoted(key);
    if (!refuse_quoted(value).empty()) return std::string(what) + "." + key + " " + refuse_quoted(value);
  }
  return "";
}

std::string address_of(const Server& server) {
  const bool is_ipv6 = server.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + server.host + "]:" : server.host + ":") + std::to_string(server.port);
}

std::string refuse_server(const Server& server) {
  if (const std::string wrong = refuse_ip_address(server.host); !wrong.empty()) return "a server's host " + wrong;
  if (server.port == 0) return "a server has port 0";
  if (server.address != address_of(server)) return "a server's address is not its host and port";
  if (server.weight < 1) return "a server's weight is below 1, which Nginx refuses";
  if (std::string wrong = refuse_text("a server's task id", server.task_id); !wrong.empty()) return wrong;
  return refuse_text("a server's version", server.version);
}

std::string refuse_port(const Port& port) {
  if (port.index < 0 || port.index > 65'535) return "a port's index is not within 0..65535";
  if (port.service_port < 0 || port.service_port > 65'535) return "a service port is not within 0..65535";
  if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "udp,tcp") {
    return "a port's protocol is none of tcp, udp and udp,tcp";
  }
  if (std::string wrong = refuse_text("a port's name", port.name); !wrong.empty()) return wrong;
  if (std::string wrong = refuse_texts("labels", port.labels); !wrong.empty()) return wrong;
  for (const Server& server : port.servers) {
    if (std::string wrong = refuse_server(server); !wrong.empty()) return wrong;
  }
  if (!std::is_sorted(port.servers.begin(), port.servers.end(),
                      [](const Server& a, const Server& b) { return a.address < b.address; })) {
    return "its servers are not sorted by address";
  }
  return "";
}

std::string refuse_app(const App& app) {
  if (std::string wrong = refuse_upstream_name(app.name); !wrong.empty()) return "its name " + wrong;
  if (std::string wrong = refuse_app_id(app.path); !wrong.empty()) return "its path " + wrong;
  for (const std::string& host : app.hosts) {
    if (std::string wrong = refuse_host(host); !wrong.empty()) return "one of its hosts " + wrong;
  }
  if (app.ports.empty()) return "it has no port";
  if (app.servers().empty()) return "its first port has no server";
  for (const Port& port : app.ports) {
    if (std::string wrong = refuse_port(port); !wrong.empty()) return wrong;
  }
  const auto not_rising = [](const Port& a, const Port& b) { return a.index >= b.index; };
  if (std::adjacent_find(app.ports.begin(), app.ports.end(), not_rising) != app.ports.end()) {
    return "its ports are not sorted by index";
  }
  if (std::string wrong = refuse_texts("labels", app.labels); !wrong.empty()) return wrong;
  if (std::string wrong = refuse_texts("env", app.env); !wrong.empty()) return wrong;
  return refuse_text("its health path", app.health_path);
}

// Names and hosts that may belong to one app only. The views live as long as the state that is checked.
class Owners {
 public:
  // "" if `app` is now its owner, else the id of the app that has it.
  std::string claim(std::string_view thing, const App& app) {
    const auto [owner, is_new] = owners_.emplace(thing, &app);
    return is_new ? "" : owner->second->id;
  }

 private:
  std::unordered_map<std::string_view, const App*> owners_;
};

}  // namespace

std::optional<BrokenInvariant> find_broken_invariant(const RoutingState& state) {
  if (const std::string wrong = refuse_text("the realm", state.realm); !wrong.empty()) return BrokenInvariant{0, wrong};
  Owners names;
  Owners hosts;
  for (std::size_t i = 0; i < state.apps.size(); ++i) {
    const App& app = state.apps[i];
    if (const std::string wrong = refuse_app_id(app.id); !wrong.empty()) {
      return BrokenInvariant{i, "an app's id " + wrong};  // not quoted here: it may hold anything
    }
    const auto broken = [&](const std::string& message) {
      return BrokenInvariant{i, "app " + app.id + ": " + message};
    };
    if (const std::string wrong = refuse_app(app); !wrong.empty()) return broken(wrong);
    if (i > 0 && !(state.apps[i - 1].id < app.id)) return broken("apps are not sorted by id, or one stands twice");
    if (const std::string other = names.claim(app.name, app); !other.empty()) {
      return broken("its name " + app.name + " is that of " + other);
    }
    for (const std::string& host : app.hosts) {
      const std::string other = hosts.claim(host, app);
      if (!other.empty()) return broken(std::string("its host ").append(host).append(" belongs to ").append(other));
    }
  }
  return std::nullopt;
}

}  // namespace chorale::render
