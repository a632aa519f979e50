// What a literal address may stand for, by the reserved ranges of IPv4 and IPv6. Pure.
#pragma once

#include <string>

namespace chorale::agent {

// An IPv4 address inside an IPv6 one (::ffff:127.0.0.1) is judged as such.
enum class IpScope {
  kUsual,        // a host's, and all that is not a literal address
  kUnspecified,  // 0.0.0.0/8 and ::
  kLoopback,     // 127/8 and ::1
  kLinkLocal,    // 169.254/16, where clouds have their metadata service, and fe80::/10
  kMulticast,    // 224/4 and ff00::/8
  kBroadcast,    // 255.255.255.255
};

[[nodiscard]] IpScope ip_scope(const std::string& address);

}  // namespace chorale::agent
