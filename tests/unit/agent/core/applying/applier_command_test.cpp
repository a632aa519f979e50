// What is not a new text: a command, a renewed certificate, an edit that is only reported.
#include <gtest/gtest.h>

#include "tests/unit/agent/core/applying/applier_driver.h"

namespace chorale::agent {
namespace {

const FileStamps kOld{{"/tls/a.pem", "1"}};
const FileStamps kRenewed{{"/tls/a.pem", "2"}};

class ApplierCommandTest : public ::testing::Test {
 protected:
  // Serves revision 1, and has read the old certificate.
  void begin() {
    driver.watched = kOld;
    const FileContent content = content_for(1, "one");
    driver.send(FilesFound{content, content, 500'000, content, kMaster, std::nullopt, kOld});
    look(2);
  }
  void look(int times = 1, const std::string& body = "one") {
    for (int i = 0; i < times; ++i) driver.inspect(kMaster, content_for(1, body));
  }
  void give(Command command) { driver.send(CommandGiven{command}); }
  void expect_answer(Command command, std::size_t count, const std::string& failure) {
    const auto answer = driver.get<AnswerCommands>();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->command, command);
    EXPECT_EQ(answer->count, count);
    EXPECT_EQ(answer->failure ? answer->failure->message : "", failure);
  }

  Driver driver;
};

TEST_F(ApplierCommandTest, RenewedFileIsTestedAndReloadedOnce) {
  begin();
  EXPECT_FALSE(driver.has<TestCurrent>());
  driver.watched = kRenewed;
  look();
  EXPECT_FALSE(driver.has<TestCurrent>()) << "it may still be written";
  look();
  ASSERT_TRUE(driver.has<TestCurrent>());
  EXPECT_EQ(driver.get<LogLine>()->text, "/tls/a.pem changed: Nginx is tested and reloaded");
  look();
  EXPECT_FALSE(driver.has<Reload>()) << "not tested yet";
  driver.accept_test();
  ASSERT_TRUE(driver.has<Reload>());
  look();
  EXPECT_FALSE(driver.has<TestCurrent>());
  driver.proven();
  ASSERT_TRUE(driver.has<KeepLoaded>());
  EXPECT_EQ(driver.get<KeepLoaded>()->loaded, kRenewed);
  look(3);
  EXPECT_FALSE(driver.has<TestCurrent>());
  EXPECT_FALSE(driver.has<Reload>());
}

TEST_F(ApplierCommandTest, FileRenewedWhileNoAgentRanIsReloaded) {
  driver.watched = kRenewed;
  const FileContent content = content_for(1, "one");
  driver.send(FilesFound{content, content, 500'000, content, kMaster, std::nullopt, kOld});
  look(2);
  EXPECT_TRUE(driver.has<TestCurrent>());
}

TEST_F(ApplierCommandTest, FirstLookIsTakenForLoaded) {
  driver.watched = kOld;
  driver.begin_with(1, "one");
  ASSERT_TRUE(driver.has<KeepLoaded>());
  look(3);
  EXPECT_FALSE(driver.has<TestCurrent>());
  EXPECT_FALSE(driver.has<KeepLoaded>());
}

TEST_F(ApplierCommandTest, KeyThatWasTakenAwayReloadsNothing) {
  begin();
  driver.watched.clear();
  look(3);
  EXPECT_FALSE(driver.has<TestCurrent>());
}

TEST_F(ApplierCommandTest, RenewedFileThatIsRefusedIsNamedAndTriedAgain) {
  begin();
  driver.watched = kRenewed;
  look(2);
  driver.refuse_test("nginx: [emerg] bad certificate");
  EXPECT_FALSE(driver.has<Reload>());
  const std::string trouble = "/tls/a.pem changed and is not loaded: nginx: [emerg] bad certificate";
  EXPECT_EQ(driver.applier.status().config_message, trouble);
  EXPECT_FALSE(driver.applier.status().failing_since) << "what is committed is served";
  driver.wait(Milliseconds(29'999));
  look();
  EXPECT_FALSE(driver.has<TestCurrent>());
  driver.wait(Milliseconds(1));
  look();
  EXPECT_TRUE(driver.has<TestCurrent>());
  driver.refuse_test("nginx: [emerg] bad certificate");
  EXPECT_FALSE(driver.has<LogLine>()) << "said once";
  driver.watched = {{"/tls/a.pem", "3"}};
  look(2);
  EXPECT_TRUE(driver.has<TestCurrent>()) << "another version is tried at once";
  driver.accept_test();
  driver.proven();
  EXPECT_EQ(driver.applier.status().config_message, "OK");
}

TEST_F(ApplierCommandTest, RefusedFileThatIsPutBackIsNoTrouble) {
  begin();
  driver.watched = kRenewed;
  look(2);
  driver.refuse_test("nginx: [emerg] bad certificate");
  driver.watched = kOld;
  look(2);
  EXPECT_FALSE(driver.has<TestCurrent>());
  EXPECT_EQ(driver.applier.status().config_message, "OK");
}

TEST_F(ApplierCommandTest, TestThatCannotRunIsRetriedSooner) {
  begin();
  driver.watched = kRenewed;
  look(2);
  driver.send(TestFinished{TestResult::kFailed, "cannot run nginx", Milliseconds(0)});
  driver.wait(Milliseconds(5'000));
  look();
  EXPECT_TRUE(driver.has<TestCurrent>());
}

TEST_F(ApplierCommandTest, ReloadForANewRevisionReadsTheFilesToo) {
  begin();
  driver.watched = kRenewed;
  look();
  driver.apply_until_reload(2, "two");
  driver.proven();
  EXPECT_EQ(driver.get<KeepLoaded>()->loaded, kRenewed);
  driver.inspect(kMaster, content_for(2, "two"));
  driver.inspect(kMaster, content_for(2, "two"));
  EXPECT_FALSE(driver.has<TestCurrent>());
}

TEST_F(ApplierCommandTest, FileThatChangesDuringTheReloadIsReloadedAgain) {
  begin();
  driver.watched = kRenewed;
  look(2);
  driver.accept_test();
  driver.watched = {{"/tls/a.pem", "3"}};
  look(2);
  driver.proven();
  EXPECT_EQ(driver.get<KeepLoaded>()->loaded, kRenewed);
  EXPECT_TRUE(driver.has<TestCurrent>());
}

TEST_F(ApplierCommandTest, ReloadByCommandIsAnsweredWhenItIsProven) {
  begin();
  give(Command::kReload);
  ASSERT_TRUE(driver.has<TestCurrent>());
  EXPECT_FALSE(driver.has<AnswerCommands>());
  driver.accept_test();
  ASSERT_TRUE(driver.has<Reload>());
  EXPECT_FALSE(driver.has<AnswerCommands>());
  driver.proven();
  expect_answer(Command::kReload, 1, "");
  look(2);
  EXPECT_FALSE(driver.has<TestCurrent>());
}

TEST_F(ApplierCommandTest, CommandDuringATestWaitsForTheNextOne) {
  begin();
  give(Command::kReload);
  give(Command::kReload);
  driver.refuse_test("nginx: [emerg] no");
  expect_answer(Command::kReload, 1, "nginx: [emerg] no");
  ASSERT_TRUE(driver.has<TestCurrent>()) << "what it was given for may be newer than the test";
  EXPECT_TRUE(driver.applier.status().config_healthy);
  driver.accept_test();
  give(Command::kReload);
  driver.proven();
  expect_answer(Command::kReload, 1, "");
  EXPECT_TRUE(driver.has<TestCurrent>());
}

TEST_F(ApplierCommandTest, CommandThatNginxRefusesLeavesWhatIsServed) {
  begin();
  give(Command::kReload);
  driver.accept_test();
  driver.reload_failed(ReloadFinished::Result::kRefused, "shared zone");
  expect_answer(Command::kReload, 1, "shared zone");
  EXPECT_FALSE(driver.has<RestoreProven>());
  look();
  EXPECT_EQ(driver.applier.status().config_message, "OK");
  EXPECT_EQ(driver.applier.status().applied, numbered(1));
}

TEST_F(ApplierCommandTest, CommandWithoutAMasterIsAnsweredAtOnce) {
  begin();
  driver.inspect(std::nullopt, content_for(1, "one"));
  give(Command::kReload);
  expect_answer(Command::kReload, 1, "Nginx is not running");
}

class ReportedDriftTest : public ApplierCommandTest {
 protected:
  ReportedDriftTest() { driver = Driver(options()); }
  static ApplierOptions options() {
    ApplierOptions options;
    options.repair_drift = false;
    return options;
  }
};

TEST_F(ReportedDriftTest, NothingIsAppliedOverAnEditBeforeRepair) {
  begin();
  look(1, "edited");
  const std::string held =
      "the configuration file was changed outside Chorale: nothing is applied over it until `chorale repair`";
  EXPECT_EQ(driver.applier.status().config_message, held);
  EXPECT_TRUE(driver.applier.status().drifted);
  driver.send(ApplyRequested{config_for(2)});
  EXPECT_FALSE(driver.has<WriteStage>());
  driver.wait(Milliseconds(60'000));
  look(2, "edited");
  EXPECT_FALSE(driver.has<InstallStage>());
  EXPECT_EQ(driver.applier.status().config_message, held);
  EXPECT_TRUE(driver.applier.status().failing_since);

  give(Command::kRepair);
  EXPECT_FALSE(driver.has<RestoreProven>()) << "looked at first";
  driver.send(Inspected{kMaster, content_for(1, "edited"), 1, 0});
  ASSERT_TRUE(driver.has<RestoreProven>());
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
  expect_answer(Command::kRepair, 1, "");
  driver.write(2, "two");
  driver.accept_test();
  EXPECT_TRUE(driver.has<InstallStage>());
}

TEST_F(ReportedDriftTest, RepairSeesAnEditOfThisMoment) {
  begin();
  driver.send(ApplierTicked{});  // a look is under way; its result is older than the command
  give(Command::kRepair);
  driver.send(Inspected{kMaster, content_for(1, "one"), 1, 0});
  EXPECT_FALSE(driver.has<AnswerCommands>());
  ASSERT_TRUE(driver.has<Inspect>());
  driver.send(Inspected{kMaster, content_for(1, "edited"), 1, 0});
  EXPECT_TRUE(driver.has<RestoreProven>());
}

TEST_F(ReportedDriftTest, NothingToRepairIsFine) {
  begin();
  give(Command::kRepair);
  driver.send(Inspected{kMaster, content_for(1, "one"), 1, 0});
  expect_answer(Command::kRepair, 1, "");
  EXPECT_FALSE(driver.has<RestoreProven>());
}

TEST_F(ReportedDriftTest, NothingOfChoralesToRepairIsSaid) {
  driver.begin_foreign();
  give(Command::kRepair);
  driver.send(Inspected{kMaster, foreign_content("theirs"), 1, 0});
  expect_answer(Command::kRepair, 1, "nothing was applied here yet: the file is not Chorale's");
}

// Each look would be as old as the one before: the next tick looks.
TEST_F(ReportedDriftTest, RepairDuringAReloadDoesNotSpin) {
  begin();
  give(Command::kReload);
  driver.accept_test();
  ASSERT_TRUE(driver.has<Reload>());
  give(Command::kRepair);
  driver.send(Inspected{kMaster, content_for(1, "one"), 1, 0});
  EXPECT_FALSE(driver.has<Inspect>());
  EXPECT_FALSE(driver.has<AnswerCommands>());
  driver.proven();
  driver.send(ApplierTicked{});
  driver.send(Inspected{kMaster, content_for(1, "one"), 1, 0});
  expect_answer(Command::kRepair, 1, "");
}

TEST_F(ReportedDriftTest, RepairThatFailsIsAnsweredAndHoldsOn) {
  begin();
  look(1, "edited");
  give(Command::kRepair);
  driver.send(Inspected{kMaster, content_for(1, "edited"), 1, 0});
  driver.send(ProvenRestored{tl::unexpected(Failure{"read-only"}), 0, {}});
  expect_answer(Command::kRepair, 1, "read-only");
  driver.send(ApplyRequested{config_for(2)});
  EXPECT_FALSE(driver.has<WriteStage>());
}

TEST_F(ReportedDriftTest, WithoutACopyRepairGivesTheEditUp) {
  driver.send(FilesFound{content_for(1, "edited"), content_for(1, "one"), 500'000, std::nullopt, std::nullopt});
  look(1, "edited");
  driver.send(ApplyRequested{config_for(2)});
  EXPECT_FALSE(driver.has<WriteStage>());
  give(Command::kRepair);
  driver.send(Inspected{kMaster, content_for(1, "edited"), 1, 0});
  EXPECT_TRUE(driver.has<WriteStage>());
  driver.write(2, "two");
  driver.accept_test();
  driver.installed();
  expect_answer(Command::kRepair, 1, "");
}

// Today's local values are compared with Chorale's own file, not with an edit.
TEST_F(ReportedDriftTest, EditFoundAtTheStartIsNoFailureAndValuesAreComparedAfterIt) {
  const FileContent ours = content_for(1, "one");
  driver.send(FilesFound{content_for(1, "edited"), ours, 500'000, ours, kMaster, config_for(1)});
  look(1, "edited");
  EXPECT_FALSE(driver.has<WriteStage>());
  EXPECT_FALSE(driver.applier.status().failing_since) << "nothing waits";
  look();
  EXPECT_TRUE(driver.has<WriteStage>());
}

TEST_F(ReportedDriftTest, EditThatIsTakenBackByHandIsFollowedByWhatWaited) {
  begin();
  look(1, "edited");
  driver.send(ApplyRequested{config_for(2)});
  look();
  EXPECT_TRUE(driver.has<WriteStage>());
}

TEST_F(ReportedDriftTest, ReloadByCommandIsRefusedWhileTheEditStands) {
  begin();
  look(1, "edited");
  give(Command::kReload);
  expect_answer(Command::kReload, 1, "the configuration file was changed outside Chorale");
}

}  // namespace
}  // namespace chorale::agent
