// How long a reload may take, how far apart reloads are, and what is tried again early.
#include <gtest/gtest.h>

#include "tests/unit/agent/core/applying/applier_driver.h"

namespace chorale::agent {
namespace {

using Result = ReloadFinished::Result;

class ApplierPaceTest : public ::testing::Test {
 protected:
  ApplierPaceTest() { driver.begin_with(1, "one"); }

  Milliseconds given() const { return driver.get<Reload>() ? driver.get<Reload>()->timeout : Milliseconds(0); }
  void look(int old_workers, bool stopped = false, const std::string& body = "one", std::int64_t revision = 1) {
    driver.send(ApplierTicked{});
    Inspected seen{kMaster, content_for(revision, body), 2, old_workers};
    seen.stopped = stopped;
    driver.send(seen);
  }
  // This text is committed and tested, and its reload would come too soon: in 2 s.
  void wait_with(std::int64_t revision, const std::string& body) {
    driver.apply_until_reload(2, "two");
    prove();
    look(12, false, "two", 2);
    driver.send(ApplyRequested{config_for(revision)});
    driver.write(revision, body);
    driver.accept_test();
    EXPECT_FALSE(driver.has<InstallStage>());
  }
  void prove() {
    driver.proven();
    driver.send(ProvenKept{});
  }
  void fail(Result result, bool slow = false) {
    ReloadFinished finished{result, "why", std::nullopt};
    finished.slow = slow;
    driver.send(finished);
  }

  Driver driver;
};

TEST_F(ApplierPaceTest, ReloadIsGivenThreeTimesTheLastOne) {
  driver.apply_until_reload(2, "two");
  EXPECT_EQ(given(), Milliseconds(5'000));
  driver.wait(Milliseconds(4'000));
  prove();
  driver.apply_until_reload(3, "three");
  EXPECT_EQ(given(), Milliseconds(12'000));
}

TEST_F(ApplierPaceTest, ReloadThatWasTooSlowIsGivenTwiceAsMuch) {
  driver.apply_until_reload(2, "two");
  for (const int expected : {10'000, 20'000, 40'000, 60'000, 60'000}) {
    fail(Result::kUnproven, true);
    driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
    driver.proven();  // the old file again, in no time; it says nothing of the new one
    driver.apply_until_reload(2, "two");
    EXPECT_EQ(given(), Milliseconds(expected));
  }
}

TEST_F(ApplierPaceTest, OtherFailuresTakeNoLonger) {
  driver.apply_until_reload(2, "two");
  fail(Result::kUnproven, false);
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
  EXPECT_EQ(given(), Milliseconds(5'000));
}

TEST_F(ApplierPaceTest, SpacingGrowsWithTheGenerationsOfOldWorkers) {
  const auto spacing = [this](int old_workers) {
    look(old_workers);
    return driver.applier.status().reload_spacing.count();
  };
  EXPECT_EQ(spacing(0), 0);
  EXPECT_EQ(spacing(8), 0);
  EXPECT_EQ(spacing(9), 1'000) << "a fifth generation, of two workers each";
  EXPECT_EQ(spacing(12), 2'000);
  EXPECT_EQ(spacing(14), 4'000);
  EXPECT_EQ(spacing(18), 16'000);
  EXPECT_EQ(spacing(19), 20'000);
  EXPECT_EQ(spacing(1'000), 20'000) << "less than kDownAfterBehind";
}

TEST_F(ApplierPaceTest, OldWorkersAreCountedAfterEveryReload) {
  driver.apply_until_reload(2, "two");
  ReloadFinished finished{Result::kProven, {}, kMaster};
  finished.workers = 2;
  finished.old_workers = 12;
  driver.send(finished);
  EXPECT_EQ(driver.applier.status().reload_spacing, Milliseconds(2'000));
  EXPECT_EQ(driver.applier.status().old_workers, 12);
}

TEST_F(ApplierPaceTest, NextReloadWaitsAndTheNewestTextIsInstalled) {
  driver.apply_until_reload(2, "two");
  prove();
  look(12, false, "two", 2);
  EXPECT_EQ(driver.get<LogLine>()->text,
            "12 old workers of Nginx wait for their connections to end: reloads are at least 2 s apart");
  driver.send(ApplyRequested{config_for(3)});
  driver.write(3, "three");
  driver.accept_test();
  EXPECT_FALSE(driver.has<InstallStage>());
  EXPECT_FALSE(driver.applier.status().failing_since) << "it is only late";
  driver.wait(Milliseconds(1'999));
  look(12, false, "two", 2);
  EXPECT_FALSE(driver.has<InstallStage>());
  EXPECT_FALSE(driver.has<LogLine>()) << "said once";
  driver.send(ApplyRequested{config_for(4)});
  driver.write(4, "four");
  driver.accept_test();
  EXPECT_FALSE(driver.has<InstallStage>());
  driver.wait(Milliseconds(1));
  driver.send(ApplierTicked{});
  ASSERT_TRUE(driver.has<InstallStage>());
  EXPECT_EQ(driver.get<InstallStage>()->content, content_for(4, "four"));
}

// The pool waits for this answer; and the stage file holds one text at a time.
TEST_F(ApplierPaceTest, ProposalIsAnsweredWhileACommittedTextWaitsForItsReload) {
  wait_with(3, "three");
  driver.send(StageRequested{config_for(4)});
  ASSERT_TRUE(driver.has<WriteStage>());
  driver.write(4, "four");
  driver.accept_test();
  ASSERT_TRUE(driver.has<AnswerStage>());
  EXPECT_EQ(driver.get<AnswerStage>()->answer.identity, numbered(4));
  EXPECT_FALSE(driver.has<WriteStage>()) << "it would be tested over and over until the reload";
  driver.wait(Milliseconds(1'999));
  look(12, false, "two", 2);
  EXPECT_FALSE(driver.has<WriteStage>());
}

TEST_F(ApplierPaceTest, ProposalThatWasAnsweredMeanwhileIsInstalledWithoutAnotherTest) {
  wait_with(3, "three");
  driver.send(StageRequested{config_for(4)});
  driver.write(4, "four");
  driver.accept_test();
  driver.send(ApplyRequested{config_for(4)});
  EXPECT_FALSE(driver.has<InstallStage>());
  driver.wait(Milliseconds(2'000));
  driver.send(ApplierTicked{});
  ASSERT_TRUE(driver.has<InstallStage>());
  EXPECT_EQ(driver.get<InstallStage>()->content, content_for(4, "four"));
}

TEST_F(ApplierPaceTest, CommittedTextComesInItsTurnAlthoughAProposalTookItsStageFile) {
  wait_with(3, "three");
  driver.send(StageRequested{config_for(4)});
  driver.write(4, "four");
  driver.accept_test();
  driver.wait(Milliseconds(2'000));
  driver.send(ApplierTicked{});
  ASSERT_TRUE(driver.has<WriteStage>());
  driver.write(3, "three");
  driver.accept_test();
  ASSERT_TRUE(driver.has<InstallStage>());
  EXPECT_EQ(driver.get<InstallStage>()->content, content_for(3, "three"));
}

TEST_F(ApplierPaceTest, ValuesThatChangeMakeAWaitingTextBeWrittenAnew) {
  wait_with(3, "three");
  driver.send(LocalValuesChanged{});
  ASSERT_TRUE(driver.has<WriteStage>());
  driver.write(3, "two");
  EXPECT_TRUE(driver.has<InstallStage>()) << "with these values it is what is served";
}

TEST_F(ApplierPaceTest, WaitingTextThatIsRequestedAgainIsLookedAtAgain) {
  wait_with(3, "three");
  driver.send(StageRequested{config_for(4)});
  driver.write(4, "four");
  driver.accept_test();
  driver.send(ApplyRequested{config_for(3)});
  EXPECT_TRUE(driver.has<WriteStage>());
}

TEST_F(ApplierPaceTest, EqualTextNeedsNoReloadAndDoesNotWait) {
  driver.apply_until_reload(2, "two");
  prove();
  look(12, false, "two", 2);
  driver.send(ApplyRequested{config_for(3)});
  driver.write(3, "two");
  EXPECT_TRUE(driver.has<InstallStage>());
}

TEST_F(ApplierPaceTest, CommandDoesNotWait) {
  driver.apply_until_reload(2, "two");
  prove();
  look(12, false, "two", 2);
  driver.send(CommandGiven{Command::kReload});
  EXPECT_TRUE(driver.has<TestCurrent>());
}

TEST_F(ApplierPaceTest, MasterThatGoesOnIsTriedAtOnce) {
  driver.apply_until_reload(2, "two");
  look(0, true, "two", 2);
  fail(Result::kUnproven);
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
  fail(Result::kUnproven);  // the signal of the old file is not answered either
  driver.wait(Milliseconds(2'000));
  look(0, true);
  EXPECT_FALSE(driver.has<WriteStage>());
  driver.wait(Milliseconds(1'000));
  look(0, false);
  EXPECT_TRUE(driver.has<WriteStage>() || driver.has<Reload>());
  EXPECT_TRUE(driver.applier.status().failing_since);
  driver.write(2, "two");
  driver.accept_test();
  driver.installed();
  EXPECT_TRUE(driver.has<Reload>());
}

TEST_F(ApplierPaceTest, TestThatDoesNotEndIsNamed) {
  driver.send(StageRequested{config_for(2)});
  driver.wait(Milliseconds(60'000));
  driver.write(2, "two");
  ASSERT_TRUE(driver.has<TestStage>());
  driver.wait(Milliseconds(14'999));
  look(0);
  EXPECT_TRUE(driver.applier.status().config_healthy) << "slow";
  driver.wait(Milliseconds(1));
  look(0);
  EXPECT_FALSE(driver.applier.status().config_healthy);
  EXPECT_EQ(driver.applier.status().config_message, "nginx -t does not end");
  driver.accept_test();
  EXPECT_EQ(driver.applier.status().config_message, "OK");
}

TEST_F(ApplierPaceTest, TestsThatFollowEachOtherAreNotTakenForOne) {
  for (int revision = 2; revision < 8; ++revision) {
    driver.send(StageRequested{config_for(revision)});
    driver.write(revision, "two");
    driver.wait(Milliseconds(8'000));
    driver.refuse_test("refused");
    ASSERT_TRUE(driver.has<TestCurrent>()) << "a test follows at once";
    driver.wait(Milliseconds(8'000));
    look(0);
    EXPECT_EQ(driver.applier.status().config_message.find("does not end"), std::string::npos);
    driver.accept_test();
    driver.send(ProposalEnded{});
  }
}

TEST_F(ApplierPaceTest, ReloadByCommandThatDoesNotEndIsNamedBesideWhatWasWrong) {
  driver.apply_until_reload(2, "two");
  driver.wait(Milliseconds(19'999));  // 5 s are given to it
  look(0);
  EXPECT_TRUE(driver.applier.status().config_healthy);
  driver.wait(Milliseconds(1));
  look(0);
  EXPECT_EQ(driver.applier.status().config_message, "nginx -s reload does not end");
  fail(Result::kUnproven);
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
  driver.wait(Milliseconds(20'000));
  look(0);
  EXPECT_EQ(driver.applier.status().config_message, "nginx -s reload does not end; before: why");
  driver.proven();
  EXPECT_EQ(driver.applier.status().config_message, "why");
}

}  // namespace
}  // namespace chorale::agent
