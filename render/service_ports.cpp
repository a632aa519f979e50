#include "render/service_ports.h"

#include <charconv>
#include <string>

namespace chorale::render {
namespace {

constexpr std::string_view kSpaceAndTab = " \t";
constexpr std::string_view kRangeName = "service_ports ";

// A tag of this name, with or without a sigil.
bool has_tag(std::string_view text, std::string_view left, std::string_view name) {
  for (std::size_t at = text.find(left); at != std::string_view::npos; at = text.find(left, at + 1)) {
    std::string_view tag = text.substr(at + left.size());
    tag.remove_prefix(std::min(tag.find_first_not_of(" \t{#^&"), tag.size()));
    if (tag.starts_with(name)) return true;
  }
  return false;
}

std::optional<ServicePortRange> range_in(std::string_view text) {
  ServicePortRange range;
  text.remove_prefix(std::min(text.find_first_not_of(kSpaceAndTab), text.size()));
  const char* const end = text.data() + text.size();
  const auto [dash, first_error] = std::from_chars(text.data(), end, range.first);
  if (first_error != std::errc() || dash == end || *dash != '-') return std::nullopt;
  const auto [rest, last_error] = std::from_chars(dash + 1, end, range.last);
  const bool is_range = last_error == std::errc() && range.first >= 1 && range.first <= range.last;
  return is_range && range.last <= 65'535 ? std::optional(range) : std::nullopt;
}

}  // namespace

std::optional<ServicePortRange> service_port_range(std::string_view template_text, std::string_view left_delimiter) {
  if (!has_tag(template_text, left_delimiter, "tcp_port") && !has_tag(template_text, left_delimiter, "udp_port")) {
    return std::nullopt;
  }
  for (std::size_t at = template_text.find(kRangeName); at != std::string_view::npos;
       at = template_text.find(kRangeName, at + 1)) {
    if (const auto range = range_in(template_text.substr(at + kRangeName.size()))) return range;
  }
  return ServicePortRange{};
}

bool speaks(const Port& port, Transport transport) {
  return port.protocol.find(transport == Transport::kTcp ? "tcp" : "udp") != std::string::npos;
}

ServicePorts::ServicePorts(const RoutingState& state, ServicePortRange range) : range_(range) {
  for (const App& app : state.apps) {
    for (const Port& port : app.ports) {
      for (const Transport transport : {Transport::kTcp, Transport::kUdp}) {
        if (speaks(port, transport)) claim(app, port, transport);
      }
    }
  }
}

const App* ServicePorts::claim(const App& app, const Port& port, Transport transport) {
  return owners_.emplace(std::pair(transport, port.service_port), std::pair(&app, &port)).first->second.first;
}

std::int32_t ServicePorts::port_of(const Port& port, Transport transport) const {
  if (!range_.holds(port.service_port) || port.servers.empty()) return 0;
  const auto owner = owners_.find({transport, port.service_port});
  return owner != owners_.end() && owner->second.second == &port ? port.service_port : 0;
}

}  // namespace chorale::render
