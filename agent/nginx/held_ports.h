// Whether another program holds an address that a draft wants to listen on.
//
// `nginx -t` binds nothing, so it accepts such a draft; the reload then fails with all that was changed besides, for as
// long as that program runs. Seen beforehand, it is the refusal of one line, and so the trouble of one app.
// Linux, by /proc. Blocking; worker pool only.
#pragma once

#include <atomic>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "agent/nginx/listens.h"
#include "agent/nginx/locations.h"

namespace chorale::agent {

// One line of /proc/net/tcp, tcp6, udp or udp6 that a new socket may collide with: one that listens, or any of UDP.
struct OpenSocket {
  BindAddress at;
  bool udp = false;
  std::uint64_t inode = 0;
};
// Of such a file; lines that cannot be read are skipped. Of TCP, what listens comes first (Linux' own
// Documentation/networking/proc_net_tcp): nothing is read after the first connection, since a busy proxy has a hundred
// thousand of them, and the kernel takes seconds to list those.
[[nodiscard]] std::vector<OpenSocket> read_open_sockets(std::istream& lines, bool udp);
// Pure. May both not be open at once? An IPv6 socket on all addresses may have taken those of IPv4 as well.
[[nodiscard]] bool may_collide(const Listen& wanted, const OpenSocket& open);

struct HeldPort {
  Listen wanted;
  std::string holder;  // "process 812 (redis-server)", or "another program"
};
// The first of these that the running Nginx has not and cannot have. nullopt: there is none, or it cannot be known (no
// master, one whose sockets may not be seen). What is gone within half a second is not held.
[[nodiscard]] std::optional<HeldPort> find_held_port(const std::vector<Listen>& wanted, const NginxLocations& locations,
                                                     const std::string& program, const std::atomic<bool>& stop);

}  // namespace chorale::agent
