// When the cluster is read though nobody asks.
#include "agent/http/cluster_pace.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

namespace chorale::agent {
namespace {

coordination::ViewChanged view_at(std::int64_t revision) {
  coordination::ViewChanged view;
  view.committed.emplace();
  view.committed->identity.revision.value = revision;
  view.leader = "a";
  view.agents = {"a", "b"};
  return view;
}

class ClusterPaceTest : public ::testing::Test {
 protected:
  // The tick, counted from 1, at which it is read; 0: at none of so many.
  int read_at(int ticks, const coordination::ViewChanged& view) {
    for (int tick = 1; tick <= ticks; ++tick) {
      if (pace_.tick(view, true)) return tick;
    }
    return 0;
  }

  ClusterPace pace_;
};

TEST_F(ClusterPaceTest, UntilItWasReadOnceItIsTriedEachTime) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(pace_.tick(view_at(1), false));
}

TEST_F(ClusterPaceTest, WhereNothingChangesItIsReadRarely) {
  ASSERT_TRUE(pace_.tick(view_at(1), false));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(read_at(20, view_at(1)), 10);
}

TEST_F(ClusterPaceTest, AChangeIsReadSoonAndOnce) {
  const std::function<void(coordination::ViewChanged&)> changes[] = {
      [](auto& view) { view.committed->identity.revision.value = 2; },
      [](auto& view) { view.committed.reset(); },
      [](auto& view) { view.leader = "b"; },
      [](auto& view) { view.agents.pop_back(); },
      [](auto& view) { view.missing_members = {"b"}; },
  };
  for (const auto& change : changes) {
    pace_ = ClusterPace();
    ASSERT_TRUE(pace_.tick(view_at(1), false));
    coordination::ViewChanged view = view_at(1);
    change(view);
    EXPECT_EQ(read_at(20, view), 3);
    EXPECT_EQ(read_at(20, view), 10) << "that is no news any more";
    EXPECT_FALSE(pace_.tick(view_at(1), true)) << "it has to settle";
    EXPECT_FALSE(pace_.tick(view_at(1), true)) << "and not so soon after the last one";
    EXPECT_TRUE(pace_.tick(view_at(1), true));
  }
}

TEST_F(ClusterPaceTest, TheMoreAgentsTheRarer) {
  coordination::ViewChanged many = view_at(1);
  for (const auto& [agents, factor] : {std::pair(19U, 1), std::pair(20U, 2), std::pair(100U, 10)}) {
    many.agents.assign(agents, "a");
    pace_ = ClusterPace();
    ASSERT_TRUE(pace_.tick(many, false));
    EXPECT_EQ(read_at(200, many), 10 * factor) << agents;
    many.leader += "b";
    EXPECT_EQ(read_at(200, many), 3 * factor) << agents;
  }
}

TEST_F(ClusterPaceTest, WhatNeverSettlesIsReadRarely) {
  ASSERT_TRUE(pace_.tick(view_at(1), false));
  for (int revision = 2; revision <= 10; ++revision) EXPECT_FALSE(pace_.tick(view_at(revision), true)) << revision;
  EXPECT_TRUE(pace_.tick(view_at(11), true));
}

}  // namespace
}  // namespace chorale::agent
