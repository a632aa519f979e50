#include "agent/marathon/name_lookup.h"

#include <boost/asio/ip/tcp.hpp>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "agent/marathon/loop_gate.h"

namespace chorale::agent {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::tcp;

// Blocks.
Addresses ask_the_system(const std::string& name) {
  boost::asio::io_context unused;  // a resolver wants one; the blocking call does not run it
  tcp::resolver resolver(unused);
  boost::system::error_code error;
  const auto results = resolver.resolve(name, "", error);
  if (error) return tl::unexpected(error.message());
  std::set<address> sorted;
  for (const auto& result : results) {
    const address found = result.endpoint().address();
    if (!found.is_unspecified() && !(found.is_v6() && found.to_v6().is_link_local())) sorted.insert(found);
  }
  if (sorted.empty()) return tl::unexpected(std::string("no usable address"));
  return std::vector<address>(sorted.begin(), sorted.end());
}

}  // namespace

void look_up(const std::shared_ptr<LoopGate>& gate, const std::string& name, std::function<void(Addresses)> done) {
  boost::system::error_code no_literal;
  const address literal = boost::asio::ip::make_address(name, no_literal);
  if (!no_literal) {
    gate->post([literal, done = std::move(done)] { done(std::vector<address>{literal}); });
    return;
  }
  try {
    // Detached: nobody waits for a name that hangs, not even at the end of the process.
    std::thread([gate, name, done] {
      gate->post([done, found = ask_the_system(name)]() mutable { done(std::move(found)); });
    }).detach();
  } catch (const std::system_error& error) {
    gate->post([done = std::move(done), why = std::string(error.what())] { done(tl::unexpected(why)); });
  }
}

}  // namespace chorale::agent
