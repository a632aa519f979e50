#include "agent/core/outages.h"

#include <gtest/gtest.h>

#include <utility>

namespace chorale::agent {
namespace {

class OutagesTest : public testing::Test {
 protected:
  OutagesTest() {
    inputs_.now = TimePoint{} + std::chrono::hours(1);
    inputs_.view.connected = true;
    inputs_.view.registered = true;
    inputs_.view.leader = "proxy-2";
    inputs_.endpoints = {{"http://a", true, "OK"}, {"http://b", true, "OK"}};
    (void)look();
  }
  [[nodiscard]] std::string look(std::optional<bool> marathon = std::nullopt) {
    std::string log;
    for (const LogLine& line : outages_.look(inputs_, marathon)) {
      EXPECT_TRUE(line.news) << line.text;
      log += (line.level == LogLine::Level::kWarning ? "W " : "I ") + line.text + "\n";
    }
    return log;
  }
  [[nodiscard]] std::string after(Milliseconds time, std::optional<bool> marathon = std::nullopt) {
    inputs_.now += time;
    return look(marathon);
  }
  // A second for each.
  void expect_silence(int times, std::optional<bool> marathon = std::nullopt) {
    for (int i = 0; i < times; ++i) EXPECT_EQ(after(Milliseconds(1'000), marathon), "") << i;
  }

  HealthInputs inputs_;
  Outages outages_;
};

TEST_F(OutagesTest, ZooKeeperIsToldOnceWhenItIsLostAndOnceWhenItIsBack) {
  inputs_.view.connected = false;
  inputs_.view.zookeeper_message = "connection lost, reconnecting";
  EXPECT_EQ(look(), "W ZooKeeper: connection lost; Nginx goes on serving what it has\n");
  inputs_.view.zookeeper_message = "no server answers";
  expect_silence(11);
  inputs_.view.connected = true;
  EXPECT_EQ(after(Milliseconds(1'000)), "I ZooKeeper: connected again, after 12 s\n");
  expect_silence(11);
  inputs_.view.connected = false;
  EXPECT_EQ(look(), "W ZooKeeper: connection lost; Nginx goes on serving what it has\n");
}

// Who leads is not known then.
TEST_F(OutagesTest, TheLeaderIsNotMissedWhileZooKeeperIsAway) {
  inputs_.view.connected = false;
  inputs_.view.leaderless_since = inputs_.now;
  EXPECT_EQ(look(), "W ZooKeeper: connection lost; Nginx goes on serving what it has\n");
  inputs_.view.connected = true;
  inputs_.view.registered = false;
  EXPECT_EQ(look(), "I ZooKeeper: connected again, after 0.00 s\n");
  inputs_.view.registered = true;
  inputs_.view.leaderless_since.reset();
  EXPECT_EQ(look(), "");
}

TEST_F(OutagesTest, WithoutALeaderIsToldOnceAndWhoLeadsThen) {
  inputs_.view.leaderless_since = inputs_.now;
  EXPECT_EQ(look(), "");
  EXPECT_EQ(after(Milliseconds(999)), "");
  EXPECT_EQ(after(Milliseconds(1)),
            "W no leader: proxy-2 led last and is not registered; Nginx goes on serving what it has\n");
  expect_silence(3);
  inputs_.view.leaderless_since.reset();
  inputs_.view.leader = "proxy-1\n";
  EXPECT_EQ(after(Milliseconds(400)), "I led again, after 4.4 s\n");
  expect_silence(3);
}

// How long nobody led after a crash is not known: the session of who is gone is there until it expires.
TEST_F(OutagesTest, AHandoverIsNoOutage) {
  inputs_.view.leaderless_since = inputs_.now;
  EXPECT_EQ(look(), "");
  EXPECT_EQ(after(Milliseconds(990)), "");
  inputs_.view.leaderless_since.reset();
  inputs_.view.leader = "proxy-1\n";
  EXPECT_EQ(after(Milliseconds(5)), "I proxy-1\\x0a leads now, proxy-2 did before\n");
  expect_silence(3);
  inputs_.view.leaderless_since = inputs_.now;
  EXPECT_EQ(look(), "");
  inputs_.view.leaderless_since.reset();
  EXPECT_EQ(after(Milliseconds(5)), "") << "the same one came back";
  inputs_.view.leader = "proxy-3";
  inputs_.view.role = coordination::Role::kLeader;
  EXPECT_EQ(look(), "") << "it has said itself that it leads";
  inputs_.view.role = coordination::Role::kFollower;
  inputs_.view.leader = "proxy-1";
  EXPECT_EQ(look(), "I proxy-1 leads now, proxy-3 did before\n") << "each one counts from its own begin";
  inputs_.view.leader = "proxy-2";
  inputs_.view.leaderless_since = inputs_.now;
  EXPECT_EQ(look(), "") << "the state names it, and it is gone already";
}

TEST_F(OutagesTest, AnotherPolicyIsToldOnceWhenItIsSureAndOnceWhenItEnds) {
  inputs_.view.policy_difference = "realm is \"a\" here\nand \"b\" in the pool";
  EXPECT_EQ(look(), "");
  EXPECT_EQ(after(Milliseconds(4'999)), "") << "what the others have comes one by one";
  EXPECT_EQ(
      after(Milliseconds(1)),
      "W policy: this agent's is not the pool's: realm is \"a\" here\\x0aand \"b\" in the pool; what it serves is "
      "the pool's all the same\n");
  const auto difference = std::exchange(inputs_.view.policy_difference, std::nullopt);
  EXPECT_EQ(look(), "") << "neither is its end sure at once";
  inputs_.view.policy_difference = difference;
  expect_silence(7);
  inputs_.view.policy_difference.reset();
  inputs_.view.registered = false;
  expect_silence(7);
  inputs_.view.registered = true;
  expect_silence(2);
  inputs_.view.policy_difference = "it is known again";
  expect_silence(7);
  inputs_.view.policy_difference.reset();
  expect_silence(5);
  EXPECT_EQ(after(Milliseconds(1'000)), "I policy: this agent's is the pool's now, after 29 s\n");
  expect_silence(7);
}

TEST_F(OutagesTest, APolicyIsUnknownWithoutZooKeeperAndAlone) {
  inputs_.view.policy_difference = "realm";
  expect_silence(3);
  inputs_.view.registered = false;
  expect_silence(7);
  inputs_.view.registered = true;
  EXPECT_EQ(look(), "") << "it counts anew";
  inputs_.view.connected = false;
  EXPECT_EQ(after(Milliseconds(9'000)), "W ZooKeeper: connection lost; Nginx goes on serving what it has\n");
  outages_ = Outages();
  inputs_.view.connected = true;
  inputs_.standalone = true;
  expect_silence(9);
}

TEST_F(OutagesTest, MarathonIsToldOnceWithTheFirstEndpointAndItsReason) {
  EXPECT_EQ(look(true), "");
  inputs_.endpoints = {{"http://a", false, "refused\nI forged"}, {"http://b", false, "HTTP 503"}};
  EXPECT_EQ(look(false),
            "W Marathon: none of 2 endpoints answers, first http://a: refused\\x0aI forged; Nginx goes on serving what "
            "it has\n");
  expect_silence(20, false);
  expect_silence(13);  // a new leadership does not know yet
  inputs_.endpoints[1] = {"http://b", true, "OK"};
  EXPECT_EQ(after(Milliseconds(1'000), true), "I Marathon: answers again, after 34 s\n");
  EXPECT_EQ(look(true), "");
}

TEST_F(OutagesTest, MarathonIsAwaySinceItFellSilent) {
  EXPECT_EQ(look(true), "");
  (void)outages_.look(inputs_, false, inputs_.now - Milliseconds(3'000));
  expect_silence(2, false);
  EXPECT_EQ(look(true), "I Marathon: answers again, after 5.0 s\n");
}

// The first connection takes a moment.
TEST_F(OutagesTest, WhatIsNotThereAtTheStartIsToldAfterFiveSeconds) {
  outages_ = Outages();
  inputs_.view.connected = false;
  inputs_.view.zookeeper_message = "connecting";
  EXPECT_EQ(look(), "");
  EXPECT_EQ(after(Milliseconds(4'999)), "");
  EXPECT_EQ(after(Milliseconds(1)),
            "W ZooKeeper: not connected since the start, connecting; Nginx goes on serving what it has\n");
  expect_silence(4);
  inputs_.view.connected = true;
  inputs_.view.leader.clear();
  EXPECT_EQ(after(Milliseconds(3'000)), "I ZooKeeper: connected again, after 12 s\n");
  EXPECT_EQ(after(Milliseconds(5'000)), "W no leader; Nginx goes on serving what it has\n");
  EXPECT_EQ(look(false), "");
  EXPECT_EQ(after(Milliseconds(5'000), false), "W Marathon: no endpoint answers; Nginx goes on serving what it has\n");
}

TEST_F(OutagesTest, AStartThatFindsAllIsSilent) {
  outages_ = Outages();
  inputs_.view.connected = false;
  EXPECT_EQ(look(), "");
  inputs_.view.connected = true;
  inputs_.view.leader.clear();
  EXPECT_EQ(after(Milliseconds(4'000), false), "");
  inputs_.view.leader = "proxy-1";
  EXPECT_EQ(after(Milliseconds(4'000), true), "");
}

TEST_F(OutagesTest, AStandaloneAgentHasNoEnsembleAndAnObserverNoNginx) {
  inputs_.nginx.shadow = true;
  inputs_.view.connected = false;
  EXPECT_EQ(look(), "W ZooKeeper: connection lost; shadow.conf stays as it is\n");
  outages_ = Outages();
  inputs_.standalone = true;
  expect_silence(10);
}

TEST_F(OutagesTest, ThisHostsTemplateIsToldOnceWhenItBreaksAndOnceWhenItIsFine) {
  inputs_.template_file_trouble = Failure{"/etc/t:59: no\nsecond line"};
  EXPECT_EQ(look(), "W template: /etc/t:59: no\\x0asecond line; the last good one stays in use\n");
  inputs_.template_file_trouble = Failure{"/etc/t:60: no"};
  expect_silence(3);
  inputs_.template_file_trouble.reset();
  EXPECT_EQ(after(Milliseconds(1'000)), "I template: this host's file can be used again, after 4.0 s\n");
  expect_silence(3);
  inputs_.template_pushed = true;
  inputs_.template_file_trouble = Failure{"no"};
  EXPECT_EQ(look(), "W template: no; it is not used: a pushed one rules\n");
}

TEST(OutagesAtTheStartTest, ABrokenTemplateIsToldAtOnce) {
  HealthInputs inputs;
  inputs.standalone = true;
  inputs.template_file_trouble = Failure{"no"};
  Outages outages;
  const auto lines = outages.look(inputs, std::nullopt);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.front().level, LogLine::Level::kWarning);
  EXPECT_EQ(lines.front().text, "template: no; the last good one stays in use");
}

// What a leader says of its template is said where it is chosen.
TEST_F(OutagesTest, TheTemplateThatALeaderUsesIsNotToldTwice) {
  inputs_.view.role = coordination::Role::kLeader;
  inputs_.template_file_trouble = Failure{"no"};
  expect_silence(2);
  inputs_.view.role = coordination::Role::kFollower;
  expect_silence(2);
  inputs_.template_file_trouble.reset();
  EXPECT_EQ(look(), "I template: this host's file can be used again, after 3.0 s\n");
  inputs_.view.role = coordination::Role::kLeader;
  inputs_.template_file_trouble = Failure{"no"};
  EXPECT_EQ(look(), "");
  inputs_.template_file_trouble.reset();
  EXPECT_EQ(look(), "");
  inputs_.view.role = coordination::Role::kFollower;
  EXPECT_EQ(look(), "");
  inputs_.view.role = coordination::Role::kLeader;
  inputs_.template_pushed = true;
  inputs_.template_file_trouble = Failure{"no"};
  EXPECT_EQ(look(), "W template: no; it is not used: a pushed one rules\n");
}

}  // namespace
}  // namespace chorale::agent
