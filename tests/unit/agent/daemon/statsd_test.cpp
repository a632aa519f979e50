#include "agent/daemon/statsd.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>

#include "tests/harness/wait_until.h"

namespace chorale::agent {
namespace {

using boost::asio::ip::udp;
using boost::system::error_code;

// At boot the resolver comes later than the agent.
TEST(StatsdTest, NameThatIsNotKnownAtFirstIsAskedForAgain) {
  boost::asio::io_context loop;
  udp::socket server(loop, udp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  server.non_blocking(true);
  int asked = 0;
  const Statsd::Lookup lookup = [&](const std::string& host, const std::string& port, const Statsd::Found& found) {
    EXPECT_EQ(host, "metrics");
    EXPECT_EQ(port, "8125");
    if (++asked < 3) return found(boost::asio::error::host_not_found, {});
    found({}, server.local_endpoint());
  };
  Statsd statsd(loop, {"metrics:8125", "chorale", 100}, lookup, std::chrono::milliseconds(1));
  statsd.reload_failed();  // goes nowhere
  ASSERT_TRUE(testing::wait_until(
      [&] {
        loop.restart();
        loop.poll();
        return asked == 3;
      },
      std::chrono::seconds(5)));
  statsd.reload_failed();
  std::array<char, 100> packet{};
  error_code error;
  const std::size_t bytes = server.receive(boost::asio::buffer(packet), 0, error);
  EXPECT_EQ(std::string(packet.data(), bytes), "chorale.reload.failed:1|c") << error.message();
  loop.restart();
  loop.run();
  EXPECT_EQ(asked, 3) << "known is known";
}

}  // namespace
}  // namespace chorale::agent
