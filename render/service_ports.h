// Which service ports a template that listens by them may listen on, and whose they are. Pure.
//
// One address may be listened on once, and a port that another program has makes a reload fail that `nginx -t` passed.
// So an app's service port counts only within a range that the operator keeps free for it, and belongs to one app.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "render/routing_state.h"

namespace chorale::render {

struct ServicePortRange {
  std::int32_t first = 10'000;  // Marathon's --local_port_min and --local_port_max
  std::int32_t last = 20'000;
  bool operator==(const ServicePortRange&) const = default;
  [[nodiscard]] bool holds(std::int32_t port) const { return port >= first && port <= last; }
};

// nullopt: the template has no tag tcp_port or udp_port. Its text may name another range in a comment, as in
// "service_ports 3000-3999".
[[nodiscard]] std::optional<ServicePortRange> service_port_range(std::string_view template_text,
                                                                 std::string_view left_delimiter);

enum class Transport { kTcp, kUdp };
[[nodiscard]] bool speaks(const Port& port, Transport transport);

// Owners of service ports, by transport.
class ServicePorts {
 public:
  explicit ServicePorts(ServicePortRange range = {}) : range_(range) {}
  // All of a state, lowest app and port first.
  ServicePorts(const RoutingState& state, ServicePortRange range);

  // The app and port that have it; a new owner has them from now on. REQUIRES: app and port outlive this.
  const App* claim(const App& app, const Port& port, Transport transport);
  // The port that its servers may be reached at; 0: none. REQUIRES: `port` was claimed for.
  [[nodiscard]] std::int32_t port_of(const Port& port, Transport transport) const;

 private:
  ServicePortRange range_;
  std::map<std::pair<Transport, std::int32_t>, std::pair<const App*, const Port*>> owners_;
};

}  // namespace chorale::render
