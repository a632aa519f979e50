#include <gtest/gtest.h>

#include "agent/core/leading/routes.h"
#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {
namespace {

using std::chrono::minutes;

class HealthMemoryTest : public testing::Test {
 protected:
  std::string served(const MarathonApps& list, TimePoint now) {
    return summary(build_routes(list, {}, RoutePolicy{}, memory_, now).state);
  }
  static MarathonApps checked(std::vector<bool> results) {
    MarathonApp web = app("/web", {judged(task("a", "10.0.0.1", {31001}), std::move(results))});
    web.health_checks = 1;
    return apps({web});
  }

  HealthMemory memory_;
  const TimePoint start_{};
};

constexpr const char* kServed = "/web 10.0.0.1:31001";

TEST_F(HealthMemoryTest, ATaskWhoseResultsVanishStaysForAsLongAsItIsRemembered) {
  EXPECT_EQ(served(checked({true}), start_), kServed);
  EXPECT_EQ(served(checked({}), start_ + minutes(1)), kServed);
  EXPECT_EQ(memory_.first_expiry(minutes(5), start_), start_ + minutes(6));
  EXPECT_EQ(memory_.first_expiry(minutes(5), start_ + minutes(6)), TimePoint::max()) << "a past one counts no more";
  EXPECT_EQ(served(checked({}), start_ + minutes(6) - Milliseconds(1)), kServed);
  EXPECT_EQ(served(checked({}), start_ + minutes(6)), "");
  EXPECT_EQ(served(checked({}), start_ + minutes(7)), "");
}

TEST_F(HealthMemoryTest, AResultEndsTheMemory) {
  EXPECT_EQ(served(checked({true}), start_), kServed);
  EXPECT_EQ(served(checked({}), start_ + minutes(1)), kServed);
  EXPECT_EQ(served(checked({false}), start_ + minutes(2)), "");
  EXPECT_EQ(served(checked({}), start_ + minutes(3)), "");
}

TEST_F(HealthMemoryTest, ANewLossIsCountedFromItsOwnStart) {
  EXPECT_EQ(served(checked({true}), start_), kServed);
  EXPECT_EQ(served(checked({}), start_ + minutes(1)), kServed);
  EXPECT_EQ(served(checked({true}), start_ + minutes(4)), kServed);
  EXPECT_EQ(served(checked({}), start_ + minutes(8)), kServed);
  EXPECT_EQ(served(checked({}), start_ + minutes(12)), kServed);
}

TEST_F(HealthMemoryTest, ANewTaskIsNotRemembered) { EXPECT_EQ(served(checked({}), start_), ""); }

TEST_F(HealthMemoryTest, WhatTheCommittedStateServesIsRemembered) {
  memory_.remember_routed(state_of(apps({app("/web", {task("a", "10.0.0.1", {31001})})})));
  EXPECT_EQ(served(checked({}), start_), kServed);
}

TEST_F(HealthMemoryTest, ChecksThatANewVersionAddsDoNotTakeOldTasksAway) {
  EXPECT_EQ(served(apps({app("/web", {task("a", "10.0.0.1", {31001})})}), start_), kServed);
  EXPECT_EQ(served(checked({}), start_ + minutes(1)), kServed);
}

TEST_F(HealthMemoryTest, AbsentTasksAreForgotten) {
  EXPECT_EQ(served(checked({true}), start_), kServed);
  memory_.forget_absent({});
  EXPECT_EQ(served(checked({}), start_), "");
}

TEST_F(HealthMemoryTest, VanishedResultsChangeNothingInTheState) {
  const auto before = build_routes(checked({true}), {}, RoutePolicy{}, memory_, start_).state;
  const auto after = build_routes(checked({}), {}, RoutePolicy{}, memory_, start_).state;
  EXPECT_EQ(before, after);
}

TEST_F(HealthMemoryTest, OnlyALastWordOfAliveWithinTheTimeIsRemembered) {
  EXPECT_FALSE(memory_.remembers_alive("a"));
  memory_.judged("a", true);
  EXPECT_TRUE(memory_.remembers_alive("a"));
  EXPECT_TRUE(memory_.still_alive("a", start_, minutes(5)));
  EXPECT_FALSE(memory_.still_alive("a", start_ + minutes(5), minutes(5)));
  EXPECT_FALSE(memory_.remembers_alive("a")) << "it ran out";
  memory_.judged("a", false);
  EXPECT_FALSE(memory_.remembers_alive("a"));
}

}  // namespace
}  // namespace chorale::agent
