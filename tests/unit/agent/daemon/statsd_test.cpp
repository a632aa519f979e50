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

// How many of `count` messages arrive at that rate, and the last of them.
std::pair<int, std::string> sent_at(int rate, int count) {
  boost::asio::io_context loop;
  udp::socket server(loop, udp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  server.non_blocking(true);
  const Statsd::Lookup lookup = [&](const std::string&, const std::string&, const Statsd::Found& found) {
    found({}, server.local_endpoint());
  };
  Statsd statsd(loop, {"metrics:8125", "nixy.proxy-1", rate}, lookup);
  std::pair<int, std::string> result{0, ""};
  std::array<char, 100> packet{};
  for (int i = 0; i < count; ++i) {
    statsd.reload_failed();
    error_code error;
    const std::size_t bytes = server.receive(boost::asio::buffer(packet), 0, error);
    if (error) continue;
    ++result.first;
    result.second.assign(packet.data(), bytes);
  }
  return result;
}

TEST(StatsdTest, AsManyAreSentAsTheRateSaysAndEachSaysIt) {
  EXPECT_EQ(sent_at(100, 50), (std::pair<int, std::string>(50, "nixy.proxy-1.reload.failed:1|c")));
  const auto [half, of_half] = sent_at(50, 1'000);
  EXPECT_NEAR(half, 500, 120);  // more than seven standard deviations
  EXPECT_EQ(of_half, "nixy.proxy-1.reload.failed:1|c|@0.50");
  const auto [few, of_few] = sent_at(5, 2'000);
  EXPECT_NEAR(few, 100, 75);
  EXPECT_EQ(of_few, "nixy.proxy-1.reload.failed:1|c|@0.05");
}

TEST(StatsdTest, ReloadIsCountedAndTimed) {
  boost::asio::io_context loop;
  udp::socket server(loop, udp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  server.non_blocking(true);
  const Statsd::Lookup lookup = [&](const std::string&, const std::string&, const Statsd::Found& found) {
    found({}, server.local_endpoint());
  };
  Statsd statsd(loop, {"metrics:8125", "nixy.proxy-1", 100}, lookup);
  statsd.reloaded(std::chrono::milliseconds(123));
  for (const char* expected : {"nixy.proxy-1.reload.success:1|c", "nixy.proxy-1.reload.time:123|ms"}) {
    std::array<char, 100> packet{};
    error_code error;
    const std::size_t bytes = server.receive(boost::asio::buffer(packet), 0, error);
    EXPECT_EQ(std::string(packet.data(), bytes), expected);
  }
}

}  // namespace
}  // namespace chorale::agent
