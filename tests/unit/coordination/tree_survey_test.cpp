// How large the tree is, asked for a few znodes at a time.
#include "coordination/tree_survey.h"

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// The survey alone, its answers one by one.
class TreeSurveyTest : public testing::Test {
 protected:
  TreeSurveyTest() {
    context_.link.connected = true;
    survey_.start();
  }
  // What is asked and was not answered yet, oldest first.
  std::vector<SendRequest>& open() {
    for (Effect& effect : context_.effects) {
      auto* store = std::get_if<StoreEffect>(&effect);
      if (auto* request = store == nullptr ? nullptr : std::get_if<SendRequest>(store)) open_.push_back(*request);
    }
    context_.effects.clear();
    return open_;
  }
  void answer(Outcome outcome) {
    const std::uint64_t number = open().front().request;
    open_.erase(open_.begin());
    context_.reply(StoreReplied{number, std::move(outcome)});
  }
  static Stat stat(std::int32_t bytes) {
    Stat stat;
    stat.version = Version{3};
    stat.data_length = bytes;
    return stat;
  }
  static std::vector<std::string> names(int count) {
    std::vector<std::string> result;
    for (int number = 0; number < count; ++number) result.push_back("n" + std::to_string(number));
    return result;
  }

  Context context_{CoordinatorOptions{}};
  TreeSurvey survey_{context_, 4};
  std::vector<SendRequest> open_;
};

TEST_F(TreeSurveyTest, AsksAFewThingsAtATimeTwoLevelsDeep) {
  answer(Checked{stat(10)});
  answer(Listed{names(3)});
  while (survey_.state() == TreeSurvey::State::kAsking) {
    ASSERT_THAT(open(), SizeIs(testing::AllOf(testing::Ge(1U), testing::Le(4U))));
    if (std::holds_alternative<ListChildren>(open().front().operation)) {
      answer(Listed{names(20)});
    } else {
      answer(Checked{stat(1)});
    }
  }
  EXPECT_EQ(survey_.state(), TreeSurvey::State::kDone);
  EXPECT_THAT(survey_.found(), SizeIs(1 + 3 + 60)) << "what is below is not asked for";
  EXPECT_EQ(survey_.found().at(Path("/chorale")).bytes, 10);
  EXPECT_EQ(survey_.found().at(Path("/chorale/n2/n19")).version, Version{3});
}

TEST_F(TreeSurveyTest, WhatIsGoneOrRefusedIsNotCounted) {
  answer(Checked{stat(10)});
  answer(Listed{names(2)});
  answer(Checked{std::nullopt});
  answer(tl::unexpected(Error{ErrorKind::kNoNode, "gone"}));
  answer(Checked{stat(5)});
  answer(tl::unexpected(Error{ErrorKind::kNoAuth, "refused"}));
  EXPECT_EQ(survey_.state(), TreeSurvey::State::kDone);
  EXPECT_THAT(survey_.found(), SizeIs(2));
}

TEST_F(TreeSurveyTest, ALostReplyEndsIt) {
  answer(Checked{stat(10)});
  answer(tl::unexpected(Error{ErrorKind::kConnectionLoss, "lost"}));
  EXPECT_EQ(survey_.state(), TreeSurvey::State::kFailed);
  EXPECT_THAT(open(), IsEmpty());
}

}  // namespace
}  // namespace chorale::coordination
