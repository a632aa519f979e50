// What a config's text listens on. Pure.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace chorale::agent {

struct BindAddress {
  boost::asio::ip::address address;
  std::uint16_t port = 0;
  bool operator==(const BindAddress&) const = default;
  bool operator<(const BindAddress& other) const {
    return port != other.port ? port < other.port : address < other.address;
  }
};
// The first parameter of a `listen` directive; nullopt: a unix socket, a name to be resolved, a range of ports.
[[nodiscard]] std::optional<BindAddress> parse_listen_address(std::string_view text);

struct Listen {
  BindAddress at;
  bool udp = false;
  int line = 0;  // 1-based, of the first directive that names it
};
// Of all servers in the text, each address once, in the order of the text.
[[nodiscard]] std::vector<Listen> listens_in(std::string_view text);

}  // namespace chorale::agent
