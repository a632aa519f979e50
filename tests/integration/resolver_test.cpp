// The resolver against this machine's /etc/hosts and names that exist nowhere.
#include "agent/marathon/resolver.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>

namespace chorale::agent {
namespace {

class ResolverTest : public ::testing::Test {
 protected:
  // All the answers, each name's by itself.
  NamesResolved resolve(const std::set<std::string>& names) {
    NamesResolved all;
    Resolver resolver(loop_, [&](NamesResolved one) {
      EXPECT_EQ(one.names.size() + one.failed.size(), 1U) << "one by one";
      for (const auto& [name, addresses] : one.names)
        EXPECT_FALSE(all.names.count(name) + all.failed.count(name)) << name;
      all.names.merge(one.names);
      all.failed.merge(one.failed);
    });
    resolver.perform(ResolveNames{names});
    EXPECT_TRUE(all.names.empty() && all.failed.empty()) << "never within perform()";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (all.names.size() + all.failed.size() < names.size() && std::chrono::steady_clock::now() < deadline) {
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return all;
  }

  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{loop_.get_executor()};
};

TEST_F(ResolverTest, FindsLocalhostIPv4First) {
  const NamesResolved resolved = resolve({"localhost"});
  ASSERT_EQ(resolved.names.count("localhost"), 1U);
  EXPECT_EQ(resolved.names.at("localhost").front(), "127.0.0.1");
  EXPECT_TRUE(resolved.failed.empty());
}

TEST_F(ResolverTest, LiteralsAreTheirOwnAddress) {
  const NamesResolved resolved = resolve({"10.1.2.3", "::1"});
  EXPECT_EQ(resolved.names.at("10.1.2.3"), std::vector<std::string>{"10.1.2.3"});
  EXPECT_EQ(resolved.names.at("::1"), std::vector<std::string>{"::1"});
}

// ".invalid" is reserved for exactly this.
TEST_F(ResolverTest, SaysWhatFailedAndKeepsTheRest) {
  const NamesResolved resolved = resolve({"localhost", "nowhere.invalid", "a b", std::string(300, 'x')});
  EXPECT_EQ(resolved.names.size(), 1U);
  EXPECT_EQ(resolved.failed.size(), 3U);
  EXPECT_FALSE(resolved.failed.at("nowhere.invalid").empty());
}

TEST_F(ResolverTest, ManyNamesAreAnsweredThoughFewAreAskedAtATime) {
  std::set<std::string> names;
  for (int i = 0; i < 200; ++i) names.insert("nowhere-" + std::to_string(i) + ".invalid");
  names.insert("localhost");
  const NamesResolved resolved = resolve(names);
  EXPECT_EQ(resolved.names.size(), 1U);
  EXPECT_EQ(resolved.failed.size(), 200U);
}

TEST_F(ResolverTest, ANameMayBeAskedAgain) {
  for (int round = 0; round < 3; ++round) EXPECT_EQ(resolve({"localhost"}).names.size(), 1U);
}

TEST_F(ResolverTest, IsSilentAfterDestruction) {
  for (int round = 0; round < 20; ++round) {
    bool answered = false;
    {
      Resolver resolver(loop_, [&](const NamesResolved&) { answered = true; });
      resolver.perform(ResolveNames{{"localhost", "127.0.0.1", "::1"}});
    }
    loop_.run_for(std::chrono::milliseconds(2));
    EXPECT_FALSE(answered);
  }
}

}  // namespace
}  // namespace chorale::agent
