// A source without heartbeats, HTTP callbacks, says nothing: Marathon is asked for lists, and it is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using testing::HasSubstr;

class TrackerSilenceTest : public testing::Test {
 protected:
  static TrackerOptions options() {
    TrackerOptions made = TrackerScene::options();
    made.silence_limit = Milliseconds(60'000);
    return made;
  }
  // Lists that are asked for in so long, each answered at once.
  int lists_in(Milliseconds time) {
    int lists = 0;
    for (const TimePoint end = scene_.now + time; scene_.now < end;) {
      scene_.pass(Milliseconds(100));
      while (!scene_.lists.empty()) {
        scene_.answer_list(list_);
        ++lists;
      }
    }
    return lists;
  }
  void hear() { scene_.event("subscribe_event", ""); }
  [[nodiscard]] std::string trouble() const {
    return scene_.tracker.trouble() ? scene_.tracker.trouble()->message : "";
  }

  MarathonApps list_{{"/web", app_of_size("/web", 2)}};
  TrackerScene scene_{options()};
};

TEST_F(TrackerSilenceTest, ASourceThatWasNeverHeardIsPolledAndNamed) {
  scene_.settle(list_);
  EXPECT_EQ(lists_in(Milliseconds(3'500)), 0);
  EXPECT_EQ(trouble(), "");
  lists_in(Milliseconds(1'000));
  EXPECT_THAT(trouble(), HasSubstr("no event from Marathon"));
  EXPECT_THAT(trouble(), HasSubstr("lists every 10 s instead"));
  EXPECT_THAT(scene_.log, HasSubstr("no event from Marathon"));
  const int lists = lists_in(Milliseconds(60'000));
  EXPECT_GE(lists, 5);
  EXPECT_LE(lists, 6);
  const std::string before = trouble();
  lists_in(Milliseconds(30'000));
  EXPECT_EQ(trouble(), before) << "a text that counts would be a new state every second";
}

TEST_F(TrackerSilenceTest, AnEventEndsTheSilence) {
  scene_.settle(list_);
  lists_in(Milliseconds(20'000));
  hear();
  EXPECT_EQ(trouble(), "");
  EXPECT_THAT(scene_.log, HasSubstr("Marathon's events arrive"));
  lists_in(Milliseconds(11'000));  // the one that was due already
  hear();
  EXPECT_EQ(lists_in(Milliseconds(45'000)), 0);
  EXPECT_EQ(trouble(), "");
  lists_in(Milliseconds(16'000));
  EXPECT_THAT(trouble(), HasSubstr("no event")) << "60 s after the last one";
}

TEST_F(TrackerSilenceTest, AnEventThatComesBeforeTheSubscriptionIsConfirmedCounts) {
  hear();
  scene_.settle(list_);
  lists_in(Milliseconds(50'000));
  EXPECT_EQ(trouble(), "");
}

TEST_F(TrackerSilenceTest, ALostSourceIsAnotherTroubleAndANewOneIsHeardAnew) {
  scene_.settle(list_);
  hear();
  scene_.send(StreamFailed{"http://a", {"refused"}});
  EXPECT_THAT(trouble(), HasSubstr("refused"));
  scene_.send(StreamAttached{"http://b"});
  lists_in(Milliseconds(5'000));
  EXPECT_EQ(trouble(), "");
  lists_in(Milliseconds(2'000));
  EXPECT_THAT(trouble(), HasSubstr("no event")) << "the new subscription was never heard";
}

TEST_F(TrackerSilenceTest, ItIsCalledASubscription) {
  scene_.send(TrackingBegun{state_of(list_), std::nullopt});
  scene_.send(StreamAttached{scene_.opened.back()});
  EXPECT_THAT(scene_.log, HasSubstr("subscribed to the events of http://a\n"));
  scene_.answer_list(list_);
  scene_.pass(Milliseconds(1'000));
  ASSERT_FALSE(scene_.offers.empty());
  EXPECT_EQ(scene_.offers[0].cause, "full sync: subscribed to events");
  scene_.send(StreamFailed{"http://a", {"HTTP 503"}});
  EXPECT_THAT(scene_.log, HasSubstr("event subscription lost: http://a: HTTP 503\n"));
  scene_.send(StreamFailed{"http://b", {"HTTP 405"}});
  EXPECT_THAT(scene_.log, testing::Not(HasSubstr("http://b"))) << "once";
  EXPECT_THAT(trouble(), HasSubstr("event subscription http://"));
  EXPECT_THAT(scene_.log + trouble(), testing::Not(HasSubstr("stream")));
}

TEST_F(TrackerSilenceTest, AShorterResyncIntervalStays) {
  TrackerOptions options = TrackerSilenceTest::options();
  options.resync_interval = Milliseconds(2'000);
  TrackerScene scene{options};
  scene.settle(list_);
  scene.pass(Milliseconds(7'000));
  ASSERT_TRUE(scene.tracker.trouble());
  EXPECT_THAT(scene.tracker.trouble()->message, HasSubstr("lists every 2 s instead"));
}

TEST(TrackerHeartbeatTest, AStreamThatHasHeartbeatsIsNeverSilent) {
  TrackerScene scene;
  MarathonApps list{{"/web", app_of_size("/web", 2)}};
  scene.settle(list);
  scene.pass(Milliseconds(55'000));
  EXPECT_EQ(scene.tracker.trouble(), std::nullopt);
  EXPECT_TRUE(scene.lists.empty());
}

}  // namespace
}  // namespace chorale::agent
