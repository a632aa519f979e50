// A refused offer, as the tracker lives through it: nothing is offered while it asks, then the rest moves on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Result = TrialOutcome::Result;

class TrackerQuarantineTest : public ::testing::Test {
 protected:
  TrackerQuarantineTest() { scene_.settle(list_); }

  void label_web(const std::string& value) {
    list_["/web"].labels["mark"] = value;
    sync();
  }
  void sync() {
    scene_.lists.clear();
    scene_.send(SyncRequested{});
    scene_.answer_list(list_);
    scene_.pass(Milliseconds(1'000));
  }
  void refuse(const std::string& app, bool here = true) {
    OfferDecided decided{scene_.offers.back().offer, Fate::kRejected, "proxy-1: [emerg] bad"};
    decided.nacked = {"proxy-1"};
    decided.nacked_here = here;
    decided.app = app;
    decided.at = "now";
    scene_.send(decided);
  }
  void answer(Result result) {
    ASSERT_FALSE(scene_.trials.empty());
    scene_.send(StateTried{scene_.trials.back().trial, {result, "[emerg] no", ""}});
    scene_.pass(Milliseconds(1'000));
  }
  [[nodiscard]] const render::App& offered_web() const { return scene_.offers.back().state->apps.back(); }

  MarathonApps list_ = apps({app_of_size("/api", 1), app_of_size("/web", 2)});
  TrackerScene scene_;
};

TEST_F(TrackerQuarantineTest, CulpritIsFrozenAndTheRestMovesOn) {
  label_web("bad");
  ASSERT_THAT(scene_.offers, SizeIs(1));
  refuse("/web");
  ASSERT_THAT(scene_.trials, SizeIs(1));
  list_["/api"] = app_of_size("/api", 3);
  sync();
  EXPECT_THAT(scene_.offers, SizeIs(1)) << "nothing is offered while Nginx is asked";
  EXPECT_EQ(scene_.tracker.refusal()->message, "proxy-1: [emerg] bad");
  answer(Result::kAccepted);
  ASSERT_THAT(scene_.offers, SizeIs(2));
  EXPECT_THAT(scene_.offered(), HasSubstr("/api 10.0.0.1:31001 10.0.0.2:31002 10.0.0.3:31003"));
  EXPECT_THAT(offered_web().labels, IsEmpty());
  ASSERT_THAT(scene_.offers.back().quarantined, SizeIs(1));
  EXPECT_EQ(scene_.offers.back().quarantined[0].app, "/web");
  EXPECT_EQ(scene_.offers.back().quarantined[0].since, "now");
  scene_.commit();
  EXPECT_FALSE(scene_.tracker.refusal());
  EXPECT_THAT(scene_.tracker.quarantined(), SizeIs(1));
  EXPECT_THAT(scene_.news, HasSubstr("app /web is quarantined"));
}

// A refused offer cost no reload: what is accepted in its place need not keep its distance. Tasks of a rolling update
// go.
TEST_F(TrackerQuarantineTest, WhatIsAcceptedGoesAtOnce) {
  list_["/web"].labels["mark"] = "bad";
  scene_.lists.clear();
  scene_.send(SyncRequested{});
  scene_.answer_list(list_);
  ASSERT_THAT(scene_.offers, SizeIs(1));
  refuse("/web");
  scene_.send(StateTried{scene_.trials.back().trial, {Result::kAccepted, "", ""}});
  EXPECT_THAT(scene_.offers, SizeIs(2));
  scene_.commit();
  list_["/api"] = app_of_size("/api", 3);
  scene_.lists.clear();
  scene_.send(SyncRequested{});
  scene_.answer_list(list_);
  EXPECT_THAT(scene_.offers, SizeIs(2)) << "what was served keeps its distance";
  scene_.pass(Milliseconds(500));
  EXPECT_THAT(scene_.offers, SizeIs(3));
}

// The state is the committed one: it is published again, so that everybody can read what is quarantined.
TEST_F(TrackerQuarantineTest, EqualStateIsOfferedWithItsQuarantineAndWithoutItAgain) {
  label_web("bad");
  refuse("/web");
  answer(Result::kAccepted);
  ASSERT_THAT(scene_.offers, SizeIs(2));
  EXPECT_EQ(*scene_.offers.back().state, state_of(apps({app_of_size("/api", 1), app_of_size("/web", 2)})));
  scene_.commit();
  list_["/web"].labels.clear();
  sync();
  ASSERT_THAT(scene_.offers, SizeIs(3));
  EXPECT_THAT(scene_.offers.back().quarantined, IsEmpty());
  scene_.commit();
  sync();
  EXPECT_THAT(scene_.offers, SizeIs(3));
}

TEST_F(TrackerQuarantineTest, WithoutACulpritTheLastStateStays) {
  label_web("bad");
  refuse("");
  answer(Result::kRefused);
  EXPECT_THAT(scene_.offers, SizeIs(1));
  EXPECT_THAT(scene_.tracker.quarantined(), IsEmpty());
  EXPECT_TRUE(scene_.tracker.refusal());
  EXPECT_THAT(scene_.log, HasSubstr("no app is quarantined"));
  EXPECT_EQ(scene_.news, "") << "it is said again each time that it is asked again";
  scene_.pass(Milliseconds(30'000));
  EXPECT_THAT(scene_.offers, SizeIs(2)) << "asked again in 30 s";
}

TEST_F(TrackerQuarantineTest, TakenBackChangeEndsTheTrouble) {
  label_web("bad");
  refuse("");
  answer(Result::kRefused);
  ASSERT_TRUE(scene_.tracker.refusal());
  list_["/web"].labels.clear();
  sync();
  scene_.commit();
  EXPECT_FALSE(scene_.tracker.refusal());
}

TEST_F(TrackerQuarantineTest, NackOfAMinorityNamesTheCulpritAfterTheCommit) {
  label_web("new");
  OfferDecided decided{scene_.offers.back().offer, Fate::kCommitted, "proxy-3: [emerg] bad"};
  decided.nacked = {"proxy-3"};
  decided.app = "/web";
  scene_.send(decided);
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.offers, SizeIs(2));
  EXPECT_THAT(offered_web().labels, IsEmpty()) << "as committed before";
  EXPECT_THAT(scene_.trials, IsEmpty());
}

// It was slow, so that the others did not wait for it.
TEST_F(TrackerQuarantineTest, NackAfterTheCommitNamesTheCulpritToo) {
  label_web("new");
  scene_.commit();
  const std::uint64_t committed = scene_.offers.back().offer;
  const std::size_t offers = scene_.offers.size();
  scene_.send(CommitDoubted{committed - 1, "proxy-3", "proxy-3: [emerg] bad", "/web", "now"});
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, SizeIs(offers)) << "of an offer that is not what is committed";
  scene_.send(CommitDoubted{committed, "proxy-3", "proxy-3: [emerg] bad", "", "now"});
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, SizeIs(offers)) << "it names no app";
  scene_.send(CommitDoubted{committed, "proxy-3", "proxy-3: [emerg] bad", "/web", "now"});
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.offers, SizeIs(offers + 1));
  EXPECT_THAT(offered_web().labels, IsEmpty()) << "as committed before";
  ASSERT_THAT(scene_.tracker.quarantined(), SizeIs(1));
  EXPECT_EQ(scene_.tracker.quarantined().front().since, "now");
}

TEST_F(TrackerQuarantineTest, AnotherTemplateOffersTheAppAsItIs) {
  label_web("bad");
  refuse("/web");
  answer(Result::kAccepted);
  scene_.commit();
  scene_.send(TemplateChanged{});
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(offered_web().labels.at("mark"), "bad");
  EXPECT_THAT(scene_.offers.back().quarantined, IsEmpty());
}

TEST_F(TrackerQuarantineTest, TemplateThatChangesDuringTheSearchEndsIt) {
  label_web("bad");
  refuse("/web");
  scene_.send(TemplateChanged{});
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.offers, SizeIs(2));
  EXPECT_EQ(offered_web().labels.at("mark"), "bad");
}

// A port that was held is free again.
TEST_F(TrackerQuarantineTest, AppIsTriedAgainAndOfferedAsItIs) {
  label_web("bad");
  refuse("/web");
  answer(Result::kAccepted);
  scene_.commit();
  const std::size_t trials = scene_.trials.size();
  scene_.pass(Milliseconds(58'000));
  EXPECT_THAT(scene_.trials, SizeIs(trials));
  const std::size_t offers = scene_.offers.size();
  scene_.pass(Milliseconds(3'000));
  ASSERT_THAT(scene_.trials, SizeIs(trials + 1));
  EXPECT_EQ(scene_.trials.back().state->apps.back().labels.at("mark"), "bad");
  answer(Result::kRefused);
  EXPECT_THAT(scene_.offers, SizeIs(offers));
  scene_.pass(Milliseconds(121'000));
  ASSERT_THAT(scene_.trials, SizeIs(trials + 2));
  answer(Result::kAccepted);
  ASSERT_THAT(scene_.offers, SizeIs(offers + 1));
  EXPECT_EQ(offered_web().labels.at("mark"), "bad");
  EXPECT_THAT(scene_.offers.back().quarantined, IsEmpty());
  EXPECT_THAT(scene_.news, HasSubstr("app /web is out of quarantine: this proxy's Nginx accepts it now"));
}

TEST_F(TrackerQuarantineTest, SyncTriesAgainAtOnce) {
  label_web("bad");
  refuse("/web");
  answer(Result::kAccepted);
  scene_.commit();
  const std::size_t trials = scene_.trials.size();
  sync();
  EXPECT_THAT(scene_.trials, SizeIs(trials + 1));
}

TEST_F(TrackerQuarantineTest, NothingIsTriedWhileAnOperatorHolds) {
  label_web("bad");
  refuse("/web");
  answer(Result::kAccepted);
  scene_.commit();
  scene_.send(HoldChanged{true});
  const std::size_t trials = scene_.trials.size();
  scene_.pass(Milliseconds(300'000));
  EXPECT_THAT(scene_.trials, SizeIs(trials));
  scene_.send(HoldChanged{false});
  scene_.pass(Milliseconds(2'000));
  EXPECT_THAT(scene_.trials, SizeIs(trials + 1));
}

TEST(TrackerQuarantineStartTest, PredecessorsQuarantineStays) {
  MarathonApps list = apps({app_of_size("/api", 1), app_of_size("/web", 2)});
  const render::RoutingState committed = state_of(list);
  list["/web"].labels["mark"] = "bad";
  TrackerScene scene;
  TrackingBegun begun{committed, std::nullopt};
  begun.quarantined = {{"/web", "[emerg] bad", definition_digest(state_of(list).apps.back()), "then"}};
  scene.send(begun);
  scene.send(StreamAttached{scene.opened.back()});
  scene.answer_list(list);
  scene.pass(Milliseconds(1'000));
  ASSERT_THAT(scene.offers, SizeIs(1));
  EXPECT_EQ(*scene.offers[0].state, committed);
  EXPECT_EQ(scene.offers[0].quarantined, begun.quarantined);
}

}  // namespace
}  // namespace chorale::agent
