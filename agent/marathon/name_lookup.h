// One host name to addresses, on a thread of its own: the system's resolver blocks, and one name that hangs must hold
// up no other. Loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace chorale::agent {

class LoopGate;

// IPv4 first, then by number, without unspecified and link-local IPv6 ones; at least one. The error says why not.
using Addresses = tl::expected<std::vector<boost::asio::ip::address>, std::string>;

// `done` is called once on the loop, never within this call, unless the gate is closed before. A literal address takes
// no thread. There is no time limit: getaddrinfo(3) has its own, of 10 s and more.
void look_up(const std::shared_ptr<LoopGate>& gate, const std::string& name, std::function<void(Addresses)> done);

}  // namespace chorale::agent
