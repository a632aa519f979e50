#include "agent/core/leading/offer_pacer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {
namespace {

using std::chrono::seconds;

class OfferPacerTest : public testing::Test {
 protected:
  // Something changed, and what is due goes at once.
  std::optional<Offer> offer(const render::RoutingState& state, const std::string& cause = "change") {
    pacer_.changed(cause, true, now_);
    now_ = std::max(now_, pacer_.next_deadline());
    return pacer_.consider(state, now_);
  }
  bool decide(const std::optional<Offer>& offer, Fate fate) {
    return offer && pacer_.decided(offer->number, fate, now_);
  }
  render::RoutingState another() { return state_of(apps({app_of_size("/web", ++size_)})); }
  Milliseconds pause() const { return std::chrono::duration_cast<Milliseconds>(pacer_.next_deadline() - now_); }

  const render::RoutingState one_ = state_of(apps({app_of_size("/web", 1)}));
  const render::RoutingState two_ = state_of(apps({app_of_size("/web", 2)}));
  int size_ = 2;
  TimePoint now_{};
  OfferPacer pacer_{Milliseconds(20), Milliseconds(200), Milliseconds(500),
                    [number = std::uint64_t{40}]() mutable { return ++number; }};
};

TEST_F(OfferPacerTest, OnlyTheOfferUnderWayIsDecided) {
  EXPECT_FALSE(pacer_.decided(41, Fate::kCommitted, now_)) << "none is under way";
  const auto first = offer(one_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->number, 41U);
  EXPECT_FALSE(pacer_.decided(40, Fate::kCommitted, now_)) << "of an earlier leadership";
  EXPECT_TRUE(decide(first, Fate::kCommitted));
  EXPECT_FALSE(decide(first, Fate::kCommitted)) << "once";
  EXPECT_EQ(*pacer_.committed(), one_);
  const auto second = offer(two_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->number, 42U);
}

// The coordinator has to hear that what it could not publish is not wanted any more.
TEST_F(OfferPacerTest, WhatIsCommittedIsOfferedOnceMoreAfterAnOfferThatWasNot) {
  EXPECT_TRUE(decide(offer(one_), Fate::kCommitted));
  EXPECT_FALSE(offer(one_));
  for (const Fate fate : {Fate::kRejected, Fate::kAbandoned}) {
    EXPECT_TRUE(decide(offer(another()), fate));
    const auto back = offer(one_);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back->state, one_);
    EXPECT_TRUE(decide(back, Fate::kCommitted));
    EXPECT_FALSE(offer(one_)) << "once";
  }
}

TEST_F(OfferPacerTest, ARejectedStateComesAgainWithItsCauseOrTheNewOne) {
  EXPECT_TRUE(decide(offer(one_, "first"), Fate::kRejected));
  EXPECT_EQ(pause(), seconds(30));
  now_ += seconds(30);
  const auto again = pacer_.consider(one_, now_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->cause, "first");
  EXPECT_TRUE(decide(again, Fate::kRejected));
  now_ += seconds(30);
  const auto third = offer(one_, "second");
  ASSERT_TRUE(third);
  EXPECT_EQ(third->cause, "second");
  EXPECT_TRUE(decide(third, Fate::kCommitted));
  EXPECT_EQ(pacer_.next_deadline(), TimePoint::max()) << "nothing of the rejection is left";
}

TEST_F(OfferPacerTest, AStateThatCameBackToWhatIsCommittedIsRejectedNoLonger) {
  pacer_.start_from(std::make_shared<const render::RoutingState>(one_));
  EXPECT_TRUE(decide(offer(one_), Fate::kCommitted));
  EXPECT_TRUE(decide(offer(two_), Fate::kRejected));
  EXPECT_FALSE(offer(two_)) << "it rests";
  EXPECT_TRUE(decide(offer(one_), Fate::kCommitted));
  EXPECT_EQ(pacer_.next_deadline(), TimePoint::max());
  EXPECT_TRUE(offer(two_));
}

TEST_F(OfferPacerTest, ACommittedStateThatANewTemplateGotRejectedIsNotOfferedAgain) {
  EXPECT_TRUE(decide(offer(one_), Fate::kCommitted));
  pacer_.force("template changed", now_);
  EXPECT_TRUE(decide(offer(one_), Fate::kRejected));
  now_ += seconds(30);
  EXPECT_FALSE(pacer_.consider(one_, now_));
  EXPECT_EQ(pacer_.next_deadline(), TimePoint::max());
}

TEST_F(OfferPacerTest, AnotherTemplateEndsTheRestOfARejectedState) {
  EXPECT_TRUE(decide(offer(one_), Fate::kRejected));
  now_ += seconds(1);
  pacer_.force("template changed", now_);
  EXPECT_EQ(pause(), Milliseconds(0));
  EXPECT_TRUE(pacer_.consider(one_, now_));
}

TEST_F(OfferPacerTest, OtherCausesAreCounted) {
  pacer_.changed("first", true, now_);
  pacer_.changed("second", true, now_);
  pacer_.changed("first", true, now_);
  EXPECT_EQ(pacer_.consider(one_, now_)->cause, "first, and 1 other cause");
  EXPECT_TRUE(decide(pacer_.under_way(), Fate::kCommitted));
  for (const char* cause : {"first", "second", "third"}) pacer_.changed(cause, true, now_);
  EXPECT_EQ(pacer_.consider(two_, now_)->cause, "first, and 2 other causes");
}

TEST_F(OfferPacerTest, ARejectedStateIsOfferedAtOnceWhenItIsAskedForAgain) {
  EXPECT_TRUE(decide(offer(one_, "first"), Fate::kRejected));
  pacer_.ask_again(now_);
  EXPECT_EQ(pause(), Milliseconds(0)) << "it keeps no distance to itself";
  const auto again = pacer_.consider(one_, now_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->cause, "first");
  EXPECT_TRUE(decide(again, Fate::kRejected));
  EXPECT_EQ(pause(), seconds(30)) << "once";
}

TEST_F(OfferPacerTest, WhereNothingWasRejectedNothingIsAskedForAgain) {
  EXPECT_TRUE(decide(offer(one_), Fate::kCommitted));
  pacer_.ask_again(now_);
  EXPECT_EQ(pacer_.next_deadline(), TimePoint::max());
  const auto second = offer(two_);
  ASSERT_TRUE(second);
  EXPECT_GE(second->number, 42U);
  EXPECT_TRUE(decide(second, Fate::kRejected));
  EXPECT_EQ(pause(), seconds(30));
}

// Nginx had refused it before its values were corrected, and the word was on its way.
TEST_F(OfferPacerTest, TheOfferUnderWayIsOfferedOnceMoreIfItIsRejectedAfterwards) {
  const auto first = offer(one_);
  now_ += seconds(1);
  pacer_.ask_again(now_);
  EXPECT_TRUE(decide(first, Fate::kRejected));
  EXPECT_EQ(pause(), Milliseconds(0));
  const auto again = pacer_.consider(one_, now_);
  ASSERT_TRUE(again);
  EXPECT_TRUE(decide(again, Fate::kRejected));
  EXPECT_EQ(pause(), seconds(30)) << "once";
}

TEST_F(OfferPacerTest, NothingKeepsItsDistanceToARefusedOffer) {
  EXPECT_TRUE(decide(offer(one_), Fate::kCommitted));
  const TimePoint committed_at = now_;
  EXPECT_TRUE(decide(offer(two_), Fate::kRejected));
  pacer_.instead_of_refused("quarantine", now_);
  EXPECT_EQ(pause(), Milliseconds(0));
  EXPECT_EQ(now_, committed_at + Milliseconds(500)) << "the refused one kept its own";
  const auto instead = pacer_.consider(one_, now_);
  ASSERT_TRUE(instead) << "though it is what was committed";
  EXPECT_TRUE(decide(instead, Fate::kCommitted));
  pacer_.instead_of_refused("quarantine", now_);
  EXPECT_EQ(pause(), Milliseconds(500)) << "none was refused";
}

TEST_F(OfferPacerTest, PausesAfterAbandonedOffersGrowAndEndWithADecision) {
  for (const Fate decision : {Fate::kCommitted, Fate::kRejected}) {
    EXPECT_TRUE(decide(offer(another()), Fate::kAbandoned));
    EXPECT_EQ(pause(), Milliseconds(500));
    EXPECT_TRUE(decide(offer(another()), Fate::kAbandoned));
    EXPECT_EQ(pause(), Milliseconds(1'000));
    EXPECT_TRUE(decide(offer(another()), decision));
    EXPECT_TRUE(decide(offer(another()), Fate::kAbandoned));
    EXPECT_EQ(pause(), Milliseconds(500)) << "the first pause again";
    EXPECT_TRUE(decide(offer(another()), Fate::kCommitted));
  }
}

TEST_F(OfferPacerTest, AReleaseEndsThePausesAfterAbandonedOffers) {
  EXPECT_TRUE(decide(offer(one_), Fate::kAbandoned));
  EXPECT_TRUE(decide(offer(one_), Fate::kAbandoned));
  (void)pacer_.keep_back(one_, now_);
  pacer_.end_hold("the hold was released", now_);
  EXPECT_TRUE(pacer_.is_due(now_));
  EXPECT_TRUE(decide(pacer_.consider(one_, now_), Fate::kAbandoned));
  EXPECT_EQ(pause(), Milliseconds(500)) << "the first pause again";
}

// What was pushed under a hold comes into force by its release: the history names both.
TEST_F(OfferPacerTest, AReleaseNamesTheTemplateThatCameUnderTheHold) {
  EXPECT_TRUE(decide(offer(one_), Fate::kCommitted));
  pacer_.force("template 0123456789ab pushed by jo", now_);
  EXPECT_EQ(pacer_.keep_back(one_, now_), nullptr);
  pacer_.changed("status_update_event /web", true, now_);
  (void)pacer_.keep_back(another(), now_);
  pacer_.end_hold("the hold was released by kim", now_);
  const auto released = pacer_.consider(one_, now_);
  ASSERT_TRUE(released);
  EXPECT_EQ(released->cause.text, "the hold was released by kim; template 0123456789ab pushed by jo");
  EXPECT_TRUE(decide(released, Fate::kCommitted));
  (void)pacer_.keep_back(another(), now_);
  pacer_.end_hold("the hold was released", now_);
  EXPECT_EQ(pacer_.consider(another(), now_)->cause.text, "the hold was released") << "that is in force";
}

TEST_F(OfferPacerTest, AnAbandonedOfferOfAnEqualStateIsMadeAgain) {
  EXPECT_TRUE(decide(offer(one_), Fate::kCommitted));
  EXPECT_FALSE(offer(one_));
  pacer_.force("template changed", now_);
  EXPECT_TRUE(decide(offer(one_), Fate::kAbandoned));
  const auto again = offer(one_);
  ASSERT_TRUE(again);
  EXPECT_TRUE(decide(again, Fate::kCommitted));
  EXPECT_FALSE(offer(one_)) << "once";
}

}  // namespace
}  // namespace chorale::agent
