// Staging and voting, as the pure machine decides it.
#include <gtest/gtest.h>

#include "agent/core/applying/applier.h"
#include "tests/unit/agent/core/applying/applier_driver.h"

namespace chorale::agent {
namespace {

using coordination::VoteResult;

VoteResult vote_of(const Driver& driver) {
  const auto answer = driver.get<AnswerStage>();
  EXPECT_TRUE(answer);
  return answer ? answer->answer.result : VoteResult::kUnable;
}

TEST(ApplierStageTest, StagedContentIsWrittenTestedAndAcked) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  ASSERT_TRUE(driver.has<WriteStage>());
  driver.write(2, "two");
  ASSERT_TRUE(driver.has<TestStage>());
  EXPECT_FALSE(driver.has<AnswerStage>());
  driver.accept_test();
  EXPECT_EQ(vote_of(driver), VoteResult::kAck);
  EXPECT_EQ(driver.get<AnswerStage>()->answer.identity, numbered(2));
  EXPECT_FALSE(driver.has<InstallStage>());
}

TEST(ApplierStageTest, RefusalOfAWithdrawnProposalIsNoTrouble) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  driver.refuse_test("nginx: [emerg] no");
  driver.send(ProposalEnded{numbered(1)});  // the others were quicker
  driver.accept_test();
  EXPECT_EQ(vote_of(driver), VoteResult::kNack);
  EXPECT_TRUE(driver.applier.status().config_healthy);
  EXPECT_EQ(driver.applier.status().config_message, "OK");
  driver.send(StageRequested{config_for(3)});
  EXPECT_FALSE(driver.applier.status().config_healthy) << "something is proposed again";
  driver.write(3, "three");
  driver.accept_test();
  EXPECT_TRUE(driver.applier.status().config_healthy);
}

// The others' Nginx accept it: that this one does not is its trouble for as long as it stands.
TEST(ApplierStageTest, RefusalOfWhatIsCommittedStaysItsTrouble) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  driver.refuse_test("nginx: [emerg] no");
  driver.accept_test();
  driver.send(ProposalEnded{numbered(2)});
  EXPECT_EQ(driver.applier.status().config_message, "nginx: [emerg] no");
  driver.send(StageRequested{config_for(2)});
  EXPECT_EQ(driver.applier.status().config_message, "nginx: [emerg] no") << "until Nginx has answered again";
  driver.send(ProposalEnded{numbered(3)});
  EXPECT_EQ(driver.applier.status().config_message, "OK") << "something else stands";
}

TEST(ApplierStageTest, IllnessOfThisProxyOutlastsTheProposal) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.send(StageWritten{tl::unexpected(Failure{"no space"})});
  driver.send(ProposalEnded{numbered(1)});
  EXPECT_EQ(driver.applier.status().config_message, "no space");
}

TEST(ApplierStageTest, RefusedCommitIsTroubleWithoutAProposalToo) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(ApplyRequested{config_for(2)});
  driver.send(ProposalEnded{numbered(1)});
  driver.write(2, "two");
  driver.refuse_test("nginx: [emerg] no");
  driver.accept_test();
  EXPECT_EQ(driver.applier.status().config_message, "nginx: [emerg] no");
}

TEST(ApplierStageTest, WarningsAreThoseOfTheLastAcceptedFile) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  driver.send(TestFinished{TestResult::kAccepted, {}, Milliseconds(20), 0, {"conflicting server name"}});
  EXPECT_EQ(driver.applier.status().warnings, std::vector<std::string>{"conflicting server name"});
  driver.send(StageRequested{config_for(3)});
  driver.write(3, "three");
  driver.refuse_test("nginx: [emerg] no");
  driver.accept_test();
  EXPECT_EQ(driver.applier.status().warnings.size(), 1U) << "what is served still has it";
  driver.send(StageRequested{config_for(4)});
  driver.write(4, "four");
  driver.accept_test();
  EXPECT_TRUE(driver.applier.status().warnings.empty());
}

TEST(ApplierStageTest, RefusedContentIsNackedIfTheCurrentFileIsAccepted) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  driver.refuse_test("nginx: [emerg] no");
  ASSERT_TRUE(driver.has<TestCurrent>());
  EXPECT_FALSE(driver.has<AnswerStage>());
  driver.accept_test();
  EXPECT_EQ(vote_of(driver), VoteResult::kNack);
  EXPECT_EQ(driver.get<AnswerStage>()->answer.error, "nginx: [emerg] no");
  EXPECT_FALSE(driver.applier.status().config_healthy);
}

TEST(ApplierStageTest, RefusedContentIsNotBlamedIfTheCurrentFileIsRefusedToo) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  driver.refuse_test("nginx: [emerg] no");
  driver.refuse_test("nginx: [emerg] never");
  EXPECT_EQ(vote_of(driver), VoteResult::kUnable);
}

TEST(ApplierStageTest, RefusedContentIsNotBlamedIfThereIsNothingToCompareWith) {
  Driver driver;
  driver.send(FilesFound{});
  driver.inspect(std::nullopt, std::nullopt);
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  driver.refuse_test("nginx: [emerg] no");
  EXPECT_FALSE(driver.has<TestCurrent>());
  EXPECT_EQ(vote_of(driver), VoteResult::kUnable);
}

TEST(ApplierStageTest, WhatCannotBeWrittenOrAskedIsUnable) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.send(StageWritten{tl::unexpected(Failure{"no space"})});
  EXPECT_EQ(vote_of(driver), VoteResult::kUnable);
  driver.send(StageRequested{config_for(3)});
  driver.write(3, "three");
  driver.send(TestFinished{TestResult::kFailed, "no nginx", Milliseconds(0)});
  EXPECT_EQ(vote_of(driver), VoteResult::kUnable);
}

TEST(ApplierStageTest, NewerStageReplacesOneThatHasNotBegun) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.send(StageRequested{config_for(3)});
  driver.send(StageRequested{config_for(4)});
  driver.write(2, "two");
  ASSERT_TRUE(driver.has<WriteStage>());
  EXPECT_EQ(driver.get<WriteStage>()->config.identity, numbered(4));
}

TEST(ApplierStageTest, ContentThatIsServedAlreadyNeedsNoTest) {
  Driver driver;
  driver.begin_with(1, "same");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "same");
  EXPECT_FALSE(driver.has<TestStage>());
  EXPECT_EQ(vote_of(driver), VoteResult::kAck);
}

TEST(ApplierStageTest, IgnoredCheckAcksUntested) {
  ApplierOptions options;
  options.ignore_check = true;
  Driver driver(options);
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  EXPECT_EQ(vote_of(driver), VoteResult::kAck);
}

}  // namespace
}  // namespace chorale::agent
