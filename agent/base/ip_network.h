// A range of IP addresses: "10.0.0.0/8", "2001:db8::/32", or a single address. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/types.h"

namespace chorale::agent {

class IpNetwork {
 public:
  // The error shows what was found, and what was expected.
  [[nodiscard]] static tl::expected<IpNetwork, Failure> parse(std::string_view text);

  // Of a literal address; an IPv4 one inside an IPv6 one (::ffff:10.0.0.1) is taken for itself.
  [[nodiscard]] bool contains(const std::string& address) const;

 private:
  using Bytes = std::array<unsigned char, 16>;  // of an IPv6 address, in which an IPv4 one has its place

  IpNetwork(const Bytes& first, unsigned prefix) : first_(first), prefix_(prefix) {}

  Bytes first_;
  unsigned prefix_;  // bits of those
};

}  // namespace chorale::agent
