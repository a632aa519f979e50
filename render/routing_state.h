// The routing state: what Nginx is to serve, as plain values. It is what templates see and what routes.json holds.
//
// Invariants (made by agent/core/routes, checked by the codec): apps sorted by id, ids unique; names unique; a host
// belongs to one app, or to one port of it; ports sorted by index; servers sorted by address; every id, name, host and
// address has passed the allow-list of render/allow_list.h. No times, no counters: two equal states mean the same to
// Nginx.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace chorale::render {

inline constexpr const char* kRoutesFile = "routes.json";  // the published file that holds it

// What the last health result said. A server that was never judged and has no health check is kUnknown, and served.
enum class Health { kUnknown, kAlive };

struct Server {
  std::string address;  // "10.0.0.1:31000", "[2001:db8::1]:31000": resolved, ready for Nginx
  std::string host;     // "10.0.0.1": the address without its port (brackets removed)
  std::uint16_t port = 0;
  std::string task_id;
  std::string version;  // the app version that the task runs
  std::int32_t weight = 1;
  Health health = Health::kUnknown;
  bool operator==(const Server&) const = default;
};

struct Port {
  std::int32_t index = 0;
  std::string name;               // may be empty
  std::string protocol = "tcp";   // "tcp", "udp", "udp,tcp"
  std::int32_t service_port = 0;  // 0: none
  std::map<std::string, std::string> labels;
  std::vector<std::string> hosts;  // of this port alone, beside those of its app
  std::vector<Server> servers;
  std::int32_t container_port = 0;  // of its container's port mapping, for people; 0: none
  std::int32_t lost_port = 0;       // the service port that it asks for and another app has, for people; 0: none
  bool operator==(const Port&) const = default;
};

struct App {
  std::string id;    // "/shop/cart"
  std::string name;  // "cart.shop": unique, safe as an upstream name
  std::string path;  // "/shop/cart": safe as a location prefix, without a trailing slash
  std::vector<std::string> hosts;
  std::int32_t main_port = 0;  // index of the port whose servers are the app's
  std::vector<Port> ports;     // each has servers, except the main one of an app that is kept without
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> env;  // only names in `expose_env`
  std::string health_path;                 // of the first HTTP health check, or empty
  bool operator==(const App&) const = default;

  // The servers of the main port: what most templates mean. Empty where the app is kept without.
  [[nodiscard]] const std::vector<Server>& servers() const {
    static const std::vector<Server> none;
    for (const Port& port : ports) {
      if (port.index == main_port) return port.servers;
    }
    return none;
  }
};

struct RoutingState {
  std::string realm;
  std::vector<App> apps;
  bool operator==(const RoutingState&) const = default;
};

// What {{host}} is: the first host, else a stand-in of the app's own. It begins with '_', which no host does, and names
// are unique: no other app's host or stand-in is equal.
[[nodiscard]] inline std::string stand_in_host(const std::string& name) { return "_" + name; }
[[nodiscard]] inline std::string host_of(const App& app) {
  return app.hosts.empty() ? stand_in_host(app.name) : app.hosts.front();
}

[[nodiscard]] inline std::int64_t server_count(const RoutingState& state) {
  std::int64_t count = 0;
  for (const App& app : state.apps) count += static_cast<std::int64_t>(app.servers().size());
  return count;
}

}  // namespace chorale::render
