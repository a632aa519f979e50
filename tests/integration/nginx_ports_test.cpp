// Ports that another program holds: `nginx -t` knows nothing of them, and a reload fails for as long as it runs.
#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/harness/loopback.h"
#include "tests/integration/nginx_apply_fixture.h"

namespace chorale::agent {
namespace {

using coordination::VoteResult;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::Socket;

class NginxPortsTest : public NginxApplyTest {
 protected:
  void SetUp() override { ASSERT_TRUE(nginx_.start()); }

  // With servers that listen there.
  [[nodiscard]] std::string text(const std::vector<std::string>& listens) const {
    std::string servers;
    for (const std::string& listen : listens) servers += "  server {\n    listen " + listen + ";\n  }\n";
    return nginx_.config("ours", "", servers);
  }
  [[nodiscard]] std::string line_of(const std::string& text, const std::string& part) const {
    // Behind the identity line.
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(text.find(part));
    return std::to_string(std::count(text.begin(), end, '\n') + 2);
  }
  VoteResult vote_on(const std::vector<std::string>& listens) {
    stage(++revision_, text(listens));
    return vote().result;
  }

  const std::uint16_t port_ = testing::pick_port();
  const std::string number_ = std::to_string(port_);
  std::int64_t revision_ = 0;
};

TEST_F(NginxPortsTest, PortOfAnotherProgramIsARefusalOfItsLine) {
  begin();
  Socket other = hold_port(port_, "0.0.0.0");
  const std::string bad = text({std::to_string(testing::pick_port()), number_});
  stage(1, bad);
  EXPECT_EQ(vote().result, VoteResult::kNack);
  EXPECT_THAT(vote().error, HasSubstr("cannot listen on 0.0.0.0:" + number_ + ": process " +
                                      std::to_string(::getpid()) + " (nginx_apply_tes) has that port in /"));
  EXPECT_THAT(vote().error, EndsWith(":" + line_of(bad, "listen " + number_)));

  std::optional<TestFinished> tried;
  local_->try_out(std::make_shared<const std::string>(bad), [&](const TestFinished& result) { tried = result; });
  ASSERT_TRUE(run_until([&] { return tried.has_value(); }));
  EXPECT_EQ(tried->result, TestResult::kRefused);
  EXPECT_EQ(std::to_string(tried->line + 1), line_of(bad, "listen " + number_));

  other = Socket();
  EXPECT_EQ(vote_on({number_}), VoteResult::kAck);
}

TEST_F(NginxPortsTest, WhatNginxHasItselfIsItsOwn) {
  begin();
  const std::string udp = std::to_string(testing::pick_port());
  apply(1, text({number_, "[::]:" + number_}));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(vote_on({number_, "[::]:" + number_, udp}), VoteResult::kAck);
  // Closed and opened again while an old worker still has a connection.
  const Socket client = testing::connect_to(port_, std::chrono::seconds(2));
  ASSERT_TRUE(client);
  apply(100, text({}));
  ASSERT_TRUE(run_until_applied(100)) << logged();
  EXPECT_EQ(vote_on({number_}), VoteResult::kAck) << vote().error;
}

// Another program has the same port for IPv6 alone: that may collide, and Nginx's own socket is why it cannot be tried.
TEST_F(NginxPortsTest, WhatNginxHasIsNotAskedAbout) {
  begin();
  apply(1, text({number_}));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  const Socket other = hold_port(port_, "::");
  stage(2, text({number_, std::to_string(testing::pick_port())}));
  EXPECT_EQ(vote().result, VoteResult::kAck) << vote().error;
}

TEST_F(NginxPortsTest, AddressesAreTakenAsTheSystemTakesThem) {
  begin();
  {
    const Socket other = hold_port(port_, "127.0.0.9");
    EXPECT_EQ(vote_on({"127.0.0.1:" + number_}), VoteResult::kAck);
    EXPECT_EQ(vote_on({"127.0.0.9:" + number_}), VoteResult::kNack);
    EXPECT_EQ(vote_on({number_}), VoteResult::kNack);
    EXPECT_EQ(vote_on({"[::]:" + number_}), VoteResult::kAck);
  }
  {
    const Socket other = hold_port(port_, "::", false, true);
    EXPECT_EQ(vote_on({number_}), VoteResult::kNack) << "it has the addresses of IPv4 as well";
    EXPECT_EQ(vote_on({"[::]:" + number_}), VoteResult::kNack);
    EXPECT_THAT(vote().error, HasSubstr("cannot listen on [::]:" + number_));
  }
  {
    const Socket other = hold_port(port_, "::");
    EXPECT_EQ(vote_on({number_}), VoteResult::kAck);
  }
  {
    const Socket other = hold_port(port_, "0.0.0.0", true);
    EXPECT_EQ(vote_on({number_}), VoteResult::kAck) << "of UDP";
  }
}

TEST_F(NginxPortsTest, PortThatIsFreedAtOnceIsNotHeld) {
  begin();
  Socket other = hold_port(port_, "0.0.0.0");
  stage(1, text({number_}));
  run_for(std::chrono::milliseconds(100));
  other = Socket();
  EXPECT_EQ(vote().result, VoteResult::kAck) << vote().error;
}

// The current file has the port in it, too: it is not held against it, and the master goes on.
TEST_F(NginxPortsTest, ReloadGoesOnWhereNothingIsRunningToAsk) {
  nginx_.stop();
  begin();
  const Socket other = hold_port(port_, "0.0.0.0");
  EXPECT_EQ(vote_on({number_}), VoteResult::kAck) << "no master: nothing is known";
}

}  // namespace
}  // namespace chorale::agent
