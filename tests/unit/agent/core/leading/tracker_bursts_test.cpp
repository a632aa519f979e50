// Bursts of events that Marathon's own buffer may have cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class TrackerBurstsTest : public testing::Test {
 protected:
  TrackerBurstsTest() {
    list_.emplace("/app-1", app_of_size("/app-1", 2));
    scene_.settle(list_);
  }
  // Of no other consequence.
  void events(int count, Milliseconds apart) {
    for (int i = 0; i < count; ++i) {
      scene_.event("framework_message_event", "");
      scene_.pass(apart);
    }
  }
  MarathonApps list_;
  TrackerScene scene_;
};

TEST_F(TrackerBurstsTest, AreFollowedByOneListOnceTheyAreOver) {
  events(50, Milliseconds(2));
  EXPECT_THAT(scene_.lists, IsEmpty());
  events(50, Milliseconds(2));
  scene_.pass(Milliseconds(997));
  EXPECT_THAT(scene_.lists, IsEmpty());
  scene_.pass(Milliseconds(1));
  ASSERT_THAT(scene_.lists, SizeIs(1));
  scene_.answer_list(list_);
  scene_.pass(Milliseconds(30'000));
  EXPECT_THAT(scene_.lists, IsEmpty()) << "one";
  EXPECT_THAT(scene_.offers, IsEmpty());
}

TEST_F(TrackerBurstsTest, FewerThanMarathonKeepsOrSlowerOnesAreComplete) {
  events(49, Milliseconds(0));
  scene_.pass(Milliseconds(5'000));
  events(100, Milliseconds(6));  // 49 times 6 ms is above 250 ms
  scene_.pass(Milliseconds(5'000));
  EXPECT_THAT(scene_.lists, IsEmpty());
}

TEST_F(TrackerBurstsTest, AnEndlessStormCostsOneListInTenSeconds) {
  int lists = 0;
  for (int second = 0; second < 40; ++second) {
    for (int i = 0; i < 250; ++i) {
      events(1, Milliseconds(4));
      if (scene_.lists.empty()) continue;
      ++lists;
      scene_.answer_list(list_);
    }
  }
  EXPECT_GE(lists, 3);
  EXPECT_LE(lists, 5);
}

}  // namespace
}  // namespace chorale::agent
