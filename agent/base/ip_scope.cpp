#include "agent/base/ip_scope.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace chorale::agent {
namespace {

using IPv4Bytes = std::array<std::uint8_t, sizeof(in_addr)>;
using IPv6Bytes = std::array<std::uint8_t, sizeof(in6_addr)>;

IpScope scope_of(const IPv4Bytes& bytes) {
  if (bytes[0] == 0) return IpScope::kUnspecified;  // Linux takes all of 0.0.0.0/8 for none
  if (bytes[0] == 127) return IpScope::kLoopback;
  if (bytes[0] == 169 && bytes[1] == 254) return IpScope::kLinkLocal;
  if (bytes[0] >= 224 && bytes[0] <= 239) return IpScope::kMulticast;
  if (bytes == IPv4Bytes{255, 255, 255, 255}) return IpScope::kBroadcast;
  return IpScope::kUsual;
}

IpScope scope_of(const IPv6Bytes& bytes) {
  constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin())) {
    return scope_of(IPv4Bytes{bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  if (std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; })) {
    if (bytes.back() == 0) return IpScope::kUnspecified;
    if (bytes.back() == 1) return IpScope::kLoopback;
  }
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) return IpScope::kLinkLocal;
  if (bytes[0] == 0xff) return IpScope::kMulticast;
  return IpScope::kUsual;
}

}  // namespace

IpScope ip_scope(const std::string& address) {
  IPv4Bytes v4{};
  if (inet_pton(AF_INET, address.c_str(), v4.data()) == 1) return scope_of(v4);
  IPv6Bytes v6{};
  if (inet_pton(AF_INET6, address.c_str(), v6.data()) == 1) return scope_of(v6);
  return IpScope::kUsual;
}

}  // namespace chorale::agent
