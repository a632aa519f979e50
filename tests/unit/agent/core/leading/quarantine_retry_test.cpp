// What Nginx lacked may be there one day: a quarantined app is asked about again, ever less often.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/leading/quarantine.h"

namespace chorale::agent {
namespace {

using render::RoutingState;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Result = TrialOutcome::Result;

RoutingState crowd(const std::vector<std::string>& bad) {
  RoutingState state;
  for (int i = 100; i < 160; ++i) {
    render::App app;
    app.id = app.path = "/app" + std::to_string(i);
    if (std::find(bad.begin(), bad.end(), app.id) != bad.end()) app.labels["mark"] = "bad";
    state.apps.push_back(std::move(app));
  }
  return state;
}

class QuarantineRetryTest : public ::testing::Test {
 protected:
  // What is offered of it, for that app.
  void refuse(const RoutingState& wanted, const std::string& app) {
    quarantine_.refused({std::make_shared<const RoutingState>(quarantine_.contain(wanted)),
                         good_,
                         "[emerg] bad",
                         app,
                         {"proxy-1"},
                         true,
                         "then"});
  }
  void quarantine(const std::string& app) {
    wanted_ = bad_.empty() ? crowd({app}) : crowd({bad_.front(), app});
    bad_.push_back(app);
    refuse(wanted_, app);
    const auto question = quarantine_.take_question();
    ASSERT_TRUE(question);
    quarantine_.answered(question->number, {Result::kAccepted, "", ""});
    ASSERT_THAT(quarantine_.entries(), SizeIs(bad_.size()));
    (void)quarantine_.contain(wanted_);
    (void)quarantine_.take_changed();
    (void)quarantine_.take_log();
  }
  // True: there is a question now.
  bool asks_at(TimePoint now) {
    if (!quarantine_.come_due(now)) return false;
    quarantine_.ask_again(wanted_);
    asked_ = quarantine_.take_question();
    return asked_.has_value();
  }
  void answer(Result result) { quarantine_.answered(asked_->number, {result, "[emerg] still", ""}); }
  [[nodiscard]] std::vector<std::string> bad_in_question() const {
    std::vector<std::string> bad;
    for (const render::App& app : asked_->state->apps) {
      if (!app.labels.empty()) bad.push_back(app.id);
    }
    return bad;
  }

  SharedState good_ = std::make_shared<const RoutingState>(crowd({}));
  std::vector<std::string> bad_;
  RoutingState wanted_;
  Quarantine quarantine_;
  std::optional<Quarantine::Question> asked_;
  const TimePoint start_ = TimePoint{} + std::chrono::hours(5);
};

TEST_F(QuarantineRetryTest, IsAskedAfterAMinuteAndThenEverLessOften) {
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_)) << "its time begins";
  EXPECT_EQ(quarantine_.next_retry(), start_ + minutes(1));
  EXPECT_FALSE(asks_at(start_ + minutes(1) - Milliseconds(1)));
  TimePoint now = start_ + minutes(1);
  for (const int wait : {2, 4, 8, 10, 10}) {
    ASSERT_TRUE(asks_at(now)) << wait;
    EXPECT_THAT(bad_in_question(), ElementsAre("/app110"));
    EXPECT_FALSE(quarantine_.searching()) << "others may be offered meanwhile";
    EXPECT_EQ(quarantine_.next_retry(), TimePoint::max());
    EXPECT_FALSE(asks_at(now + minutes(30))) << "one at a time";
    answer(Result::kRefused);
    EXPECT_FALSE(asks_at(now));
    now += minutes(wait);
    EXPECT_EQ(quarantine_.next_retry(), now);
    EXPECT_FALSE(asks_at(now - Milliseconds(1)));
  }
  EXPECT_THAT(quarantine_.entries(), SizeIs(1));
  EXPECT_FALSE(quarantine_.take_changed());
  EXPECT_THAT(quarantine_.take_log(), IsEmpty());
}

TEST_F(QuarantineRetryTest, IsReleasedWhenItIsAccepted) {
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_));
  ASSERT_TRUE(asks_at(start_ + minutes(1)));
  answer(Result::kAccepted);
  EXPECT_THAT(quarantine_.entries(), IsEmpty());
  EXPECT_TRUE(quarantine_.take_changed());
  const std::vector<LogLine> told = quarantine_.take_log();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].text, "app /app110 is out of quarantine: this proxy's Nginx accepts it now");
  EXPECT_TRUE(told[0].news);
  EXPECT_EQ(quarantine_.contain(wanted_), wanted_);
  EXPECT_EQ(quarantine_.next_retry(), TimePoint::max());
  answer(Result::kAccepted);
  EXPECT_FALSE(quarantine_.take_changed()) << "an answer is taken once";
}

TEST_F(QuarantineRetryTest, WhatCannotBeTestedWaitsNoLonger) {
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_));
  ASSERT_TRUE(asks_at(start_ + minutes(1)));
  answer(Result::kFailed);
  EXPECT_THAT(quarantine_.entries(), SizeIs(1));
  EXPECT_FALSE(asks_at(start_ + minutes(1)));
  EXPECT_EQ(quarantine_.next_retry(), start_ + minutes(2));
}

// Another proxy's Nginx refuses what this one accepts: the pool is asked by an offer each time.
TEST_F(QuarantineRetryTest, WaitsTwiceAsLongIfOthersRefuseItOnceMore) {
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_));
  ASSERT_TRUE(asks_at(start_ + minutes(1)));
  answer(Result::kAccepted);
  quarantine_.ask_again(wanted_);
  bad_.clear();
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_ + minutes(1)));
  EXPECT_EQ(quarantine_.next_retry(), start_ + minutes(3));

  ASSERT_TRUE(asks_at(start_ + minutes(3)));
  answer(Result::kAccepted);
  quarantine_.ask_again(crowd({}));
  bad_.clear();
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_ + minutes(3)));
  EXPECT_EQ(quarantine_.next_retry(), start_ + minutes(4)) << "it was another in between";
}

TEST_F(QuarantineRetryTest, EachIsAskedAboutWithTheOthersFrozen) {
  quarantine("/app110");
  quarantine("/app120");
  EXPECT_FALSE(asks_at(start_));
  ASSERT_TRUE(asks_at(start_ + minutes(1)));
  EXPECT_THAT(bad_in_question(), ElementsAre("/app110"));
  answer(Result::kRefused);
  ASSERT_TRUE(asks_at(start_ + minutes(1))) << "the other one is due as well";
  EXPECT_THAT(bad_in_question(), ElementsAre("/app120"));
  answer(Result::kAccepted);
  ASSERT_THAT(quarantine_.entries(), SizeIs(1));
  EXPECT_EQ(quarantine_.entries()[0].app, "/app110");
  EXPECT_FALSE(asks_at(start_ + minutes(1)));
}

TEST_F(QuarantineRetryTest, AllAreDueWhenAskedFor) {
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_));
  quarantine_.retry_now();
  EXPECT_TRUE(asks_at(start_));
}

TEST_F(QuarantineRetryTest, AppThatIsAwayIsNotAskedAbout) {
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_));
  RoutingState without = wanted_;
  std::erase_if(without.apps, [](const render::App& app) { return app.id == "/app110"; });
  (void)quarantine_.contain(without);
  EXPECT_EQ(quarantine_.next_retry(), TimePoint::max());
  EXPECT_FALSE(asks_at(start_ + minutes(1)));
}

TEST_F(QuarantineRetryTest, AppThatChangesMeanwhileNeedsNoAnswer) {
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_));
  ASSERT_TRUE(asks_at(start_ + minutes(1)));
  (void)quarantine_.contain(crowd({}));
  EXPECT_TRUE(quarantine_.take_changed());
  (void)quarantine_.take_log();
  answer(Result::kAccepted);
  EXPECT_FALSE(quarantine_.take_changed());
  EXPECT_THAT(quarantine_.take_log(), IsEmpty());
}

TEST_F(QuarantineRetryTest, SearchGoesFirstAndBothAnswersFindTheirQuestion) {
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_));
  ASSERT_TRUE(asks_at(start_ + minutes(1)));
  const Quarantine::Question retry = *asked_;
  const RoutingState second = crowd({"/app110", "/app120"});
  refuse(second, "/app120");
  const auto search = quarantine_.take_question();
  ASSERT_TRUE(search);
  quarantine_.answered(retry.number, {Result::kAccepted, "", ""});
  EXPECT_TRUE(quarantine_.searching());
  EXPECT_THAT(quarantine_.entries(), IsEmpty());
  quarantine_.answered(search->number, {Result::kAccepted, "", ""});
  EXPECT_FALSE(quarantine_.searching());
  ASSERT_THAT(quarantine_.entries(), SizeIs(1));
  EXPECT_EQ(quarantine_.entries()[0].app, "/app120");
}

TEST_F(QuarantineRetryTest, NothingIsAskedDuringASearch) {
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_));
  const RoutingState second = crowd({"/app110", "/app120"});
  refuse(second, "/app120");
  ASSERT_TRUE(asks_at(start_ + minutes(1)));
  EXPECT_THAT(bad_in_question(), IsEmpty()) << "that of the search";
  answer(Result::kAccepted);
  quarantine_.ask_again(second);
  asked_ = quarantine_.take_question();
  ASSERT_TRUE(asked_);
  EXPECT_THAT(bad_in_question(), ElementsAre("/app110"));
}

TEST_F(QuarantineRetryTest, AnotherTemplateEndsIt) {
  quarantine("/app110");
  EXPECT_FALSE(asks_at(start_));
  ASSERT_TRUE(asks_at(start_ + minutes(1)));
  quarantine_.release_all("the template has changed");
  (void)quarantine_.take_changed();
  answer(Result::kAccepted);
  EXPECT_FALSE(quarantine_.take_changed());
}

}  // namespace
}  // namespace chorale::agent
