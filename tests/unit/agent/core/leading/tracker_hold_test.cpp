// While an operator holds what is committed, Marathon is followed and nothing is offered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class TrackerHoldTest : public testing::Test {
 protected:
  void SetUp() override { scene_.settle(list_); }
  void kill(const std::string& task) {
    scene_.status("/web", task, "TASK_KILLED");
    scene_.pass(Milliseconds(20));
  }
  MarathonApps list_ = apps({app_of_size("/api", 2), app_of_size("/web", 5)});
  TrackerScene scene_;
};

TEST_F(TrackerHoldTest, WhatWouldBeOfferedIsReported) {
  scene_.send(HoldChanged{true});
  ASSERT_THAT(scene_.waiting, SizeIs(1));
  EXPECT_EQ(scene_.waiting[0], nullptr) << "nothing waits yet";
  scene_.pass(Milliseconds(1'000));
  kill("web-1");
  scene_.pass(Milliseconds(600));
  ASSERT_THAT(scene_.waiting, SizeIs(2));
  ASSERT_NE(scene_.waiting[1], nullptr);
  EXPECT_EQ(summary(*scene_.waiting[1]).find("10.0.0.1:31001", summary(*scene_.waiting[1]).find("/web")),
            std::string::npos);
  scene_.pass(Milliseconds(120'000));
  EXPECT_THAT(scene_.offers, IsEmpty());
}

TEST_F(TrackerHoldTest, ReportsKeepTheirDistance) {
  scene_.send(HoldChanged{true});
  for (int number = 1; number <= 4; ++number) {
    kill("web-" + std::to_string(number));
    scene_.pass(Milliseconds(50));
  }
  EXPECT_THAT(scene_.waiting, SizeIs(1));
  scene_.pass(Milliseconds(600));
  EXPECT_THAT(scene_.waiting, SizeIs(2));
}

TEST_F(TrackerHoldTest, AReleaseOffersTheStateAsItIsAtOnce) {
  scene_.send(HoldChanged{true});
  kill("web-1");
  scene_.pass(Milliseconds(600));
  scene_.forget();
  scene_.waiting.clear();
  scene_.send(HoldChanged{false});
  ASSERT_THAT(scene_.offers, SizeIs(1)) << "without a pause";
  EXPECT_EQ(scene_.offers[0].cause, "the hold was released");
  EXPECT_EQ(scene_.offered().find("10.0.0.1:31001", scene_.offered().find("/web")), std::string::npos);
  ASSERT_THAT(scene_.waiting, SizeIs(1));
  EXPECT_EQ(scene_.waiting[0], nullptr);
}

TEST_F(TrackerHoldTest, WhoReleasedItIsTheCauseOfWhatComesOfIt) {
  scene_.send(HoldChanged{true});
  kill("web-1");
  scene_.pass(Milliseconds(600));
  scene_.forget();
  scene_.send(HoldChanged{false, "al\n" + std::string(100, 'x')});
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_THAT(scene_.offers[0].cause.text, ::testing::StartsWith("the hold was released by al"));
  EXPECT_EQ(scene_.offers[0].cause.text.find('\n'), std::string::npos);
  EXPECT_LT(scene_.offers[0].cause.text.size(), 100U);
  EXPECT_THAT(scene_.offers[0].by, ::testing::StartsWith("al"));
  scene_.commit();
  kill("web-2");
  scene_.pass(Milliseconds(600));
  ASSERT_THAT(scene_.offers, SizeIs(2));
  EXPECT_EQ(scene_.offers[1].by, "") << "that is nobody's";
}

TEST_F(TrackerHoldTest, ToHoldTwiceOrToReleaseNothingChangesNothing) {
  scene_.send(HoldChanged{false});
  EXPECT_THAT(scene_.offers, IsEmpty());
  scene_.send(HoldChanged{true});
  scene_.send(HoldChanged{true});
  EXPECT_THAT(scene_.waiting, SizeIs(1));
}

TEST_F(TrackerHoldTest, AnOfferThatTheHoldHasClosedWaits) {
  kill("web-1");
  ASSERT_THAT(scene_.offers, SizeIs(1));
  scene_.send(HoldChanged{true});
  scene_.send(OfferDecided{scene_.offers[0].offer, Fate::kAbandoned, "held"});
  scene_.pass(Milliseconds(60'000));
  EXPECT_THAT(scene_.offers, SizeIs(1));
  ASSERT_FALSE(scene_.waiting.empty());
  EXPECT_NE(scene_.waiting.back(), nullptr);
  scene_.send(HoldChanged{false});
  EXPECT_THAT(scene_.offers, SizeIs(2));
}

TEST_F(TrackerHoldTest, ARefusedOfferIsNotOfferedUnderAHold) {
  kill("web-1");
  ASSERT_THAT(scene_.offers, SizeIs(1));
  scene_.send(OfferDecided{scene_.offers[0].offer, Fate::kRejected, "no"});
  scene_.send(HoldChanged{true});
  scene_.pass(Milliseconds(60'000));
  EXPECT_THAT(scene_.offers, SizeIs(1));
}

TEST(TrackerHeldFromTheStartTest, NothingIsOfferedNotEvenTheFirstState) {
  TrackerScene scene;
  const MarathonApps list = apps({app_of_size("/web", 2)});
  scene.send(HoldChanged{true});
  scene.send(TrackingBegun{state_of(apps({app_of_size("/web", 1)})), std::nullopt});
  scene.send(StreamAttached{"http://a"});
  scene.answer_list(list);
  scene.pass(Milliseconds(5'000));
  EXPECT_THAT(scene.offers, IsEmpty());
  ASSERT_FALSE(scene.waiting.empty());
  ASSERT_NE(scene.waiting.back(), nullptr);
  EXPECT_EQ(summary(*scene.waiting.back()), summary(state_of(list)));
  scene.send(HoldChanged{false});
  EXPECT_THAT(scene.offers, SizeIs(1));
}

}  // namespace
}  // namespace chorale::agent
