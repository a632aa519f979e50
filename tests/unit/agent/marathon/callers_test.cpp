// Who may post events: addresses of Marathon's names, or networks.
#include "agent/marathon/callers.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace chorale::agent {
namespace {

boost::asio::ip::address address(const char* text) { return boost::asio::ip::make_address(text); }

class CallersTest : public ::testing::Test {
 protected:
  [[nodiscard]] bool run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{loop_.get_executor()};
};

TEST_F(CallersTest, AreMarathonsEndpoints) {
  Callers callers(loop_, {});
  int known = 0;
  callers.on_known = [&] { ++known; };
  EXPECT_TRUE(callers.known()) << "there is nothing to look up";
  callers.set_endpoints({"http://127.0.0.2:8080", "https://[::1]:8443/marathon", "http://127.0.0.2:9090"});
  EXPECT_FALSE(callers.known());
  EXPECT_FALSE(callers.allows(address("127.0.0.2"))) << "not looked up yet";
  ASSERT_TRUE(run_until([&] { return callers.known(); }));
  EXPECT_EQ(known, 1) << "once, when the last is known";
  EXPECT_TRUE(callers.allows(address("127.0.0.2")));
  EXPECT_TRUE(callers.allows(address("::ffff:127.0.0.2"))) << "as a socket for both kinds shows it";
  EXPECT_TRUE(callers.allows(address("::1")));
  EXPECT_FALSE(callers.allows(address("127.0.0.3")));
  EXPECT_FALSE(callers.allows(address("::ffff:127.0.0.3")));
}

TEST_F(CallersTest, AreThoseOfTheEndpointsOfToday) {
  Callers callers(loop_, {});
  callers.set_endpoints({"http://127.0.0.2:8080", "http://127.0.0.3:8080"});
  ASSERT_TRUE(run_until([&] { return callers.known(); }));
  callers.set_endpoints({"http://127.0.0.3:8080", "http://127.0.0.4:8080"});
  EXPECT_TRUE(callers.allows(address("127.0.0.3"))) << "what was known of it stays meanwhile";
  EXPECT_FALSE(callers.allows(address("127.0.0.2")));
  ASSERT_TRUE(run_until([&] { return callers.known(); }));
  EXPECT_TRUE(callers.allows(address("127.0.0.3")));
  EXPECT_TRUE(callers.allows(address("127.0.0.4")));
}

TEST_F(CallersTest, ANameThatDoesNotResolveKeepsNobodyWaiting) {
  Callers callers(loop_, {});
  callers.set_endpoints({"http://no.such.host.invalid:8080", "http://127.0.0.2:8080"});
  ASSERT_TRUE(run_until([&] { return callers.known(); }));
  EXPECT_TRUE(callers.allows(address("127.0.0.2")));
}

TEST_F(CallersTest, AnAnswerThatComesLateIsNotTakenForOneOfTheNextQuestion) {
  Callers callers(loop_, {});
  int known = 0;
  callers.on_known = [&] { ++known; };
  callers.set_endpoints({"http://127.0.0.2:8080"});
  callers.set_endpoints({"http://127.0.0.3:8080"});
  ASSERT_TRUE(run_until([&] { return callers.known(); }));
  loop_.poll();
  EXPECT_EQ(known, 1);
  EXPECT_TRUE(callers.allows(address("127.0.0.3")));
  EXPECT_FALSE(callers.allows(address("127.0.0.2")));
}

TEST_F(CallersTest, AStrangerDoesNotMakeItLookAgainAtOnce) {
  Callers callers(loop_, {});
  callers.set_endpoints({"http://127.0.0.2:8080"});
  ASSERT_TRUE(run_until([&] { return callers.known(); }));
  EXPECT_FALSE(callers.allows(address("127.0.0.9")));
  EXPECT_TRUE(callers.known()) << "it looked five seconds ago at most";
  callers.refresh();
  EXPECT_TRUE(callers.known()) << "nor does it look every time that it is asked to";
}

TEST_F(CallersTest, AreTheConfiguredNetworksInstead) {
  Callers callers(loop_, {"10.0.0.0/8", "192.0.2.7", "2001:db8::/32"});
  callers.set_endpoints({"http://127.0.0.2:8080"});
  EXPECT_TRUE(callers.known()) << "no name is looked up";
  for (const char* good : {"10.1.2.3", "::ffff:10.1.2.3", "192.0.2.7", "2001:db8::1"}) {
    EXPECT_TRUE(callers.allows(address(good))) << good;
  }
  for (const char* bad : {"11.0.0.1", "192.0.2.8", "2001:db9::1", "127.0.0.2"}) {
    EXPECT_FALSE(callers.allows(address(bad))) << bad;
  }
  EXPECT_TRUE(callers.known());
}

TEST_F(CallersTest, AreAnybodyIfSaidSo) {
  Callers callers(loop_, {"any"});
  EXPECT_TRUE(callers.allows(address("203.0.113.1")));
  EXPECT_TRUE(callers.allows(address("::1")));
}

TEST_F(CallersTest, ItsEndDropsWhatIsBeingLookedUp) {
  int known = 0;
  {
    Callers callers(loop_, {});
    callers.on_known = [&] { ++known; };
    callers.set_endpoints({"http://127.0.0.2:8080"});
  }
  loop_.poll();
  EXPECT_EQ(known, 0);
}

}  // namespace
}  // namespace chorale::agent
