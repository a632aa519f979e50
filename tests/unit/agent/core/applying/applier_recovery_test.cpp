// A new life of the agent, another Nginx, and files that others have changed.
#include <gtest/gtest.h>

#include "agent/core/applying/applier.h"
#include "tests/unit/agent/core/applying/applier_driver.h"

namespace chorale::agent {
namespace {

using Result = ReloadFinished::Result;

TEST(ApplierRecoveryTest, ProvenFileOfTheSameMasterIsAppliedWithoutAnyEffectOnIt) {
  Driver driver;
  const FileContent content = content_for(4, "four");
  driver.send(FilesFound{content, content, 500'000, content, kMaster});
  EXPECT_FALSE(driver.has<AnswerApplied>());  // the master was not looked at yet
  driver.inspect(kMaster, content);
  EXPECT_TRUE(driver.has<AnswerApplied>());
  EXPECT_EQ(driver.effects.size(), 2u);  // that, and the inspection
  driver.send(ApplyRequested{config_for(4)});
  driver.write(4, "four", true);
  EXPECT_TRUE(driver.has<AnswerApplied>());
  EXPECT_FALSE(driver.has<Reload>());
  EXPECT_FALSE(driver.has<InstallStage>());
}

TEST(ApplierRecoveryTest, InstalledButUnprovenFileIsReloadedOnce) {
  Driver driver;
  driver.send(FilesFound{content_for(5, "five"), content_for(5, "five"), 500'000, content_for(4, "four"), kMaster});
  driver.inspect(kMaster, content_for(5, "five"));
  EXPECT_TRUE(driver.has<Reload>());
  EXPECT_FALSE(driver.has<AnswerApplied>());
  driver.proven();
  EXPECT_EQ(driver.get<AnswerApplied>()->identity, numbered(5));
}

TEST(ApplierRecoveryTest, UnprovenFileOfAnEarlierLifeIsRolledBackAsWell) {
  Driver driver;
  driver.send(FilesFound{content_for(5, "five"), content_for(5, "five"), 500'000, content_for(4, "four"), kMaster});
  driver.inspect(kMaster, content_for(5, "five"));
  driver.reload_failed(Result::kRefused, "no");
  EXPECT_TRUE(driver.has<RestoreProven>());
}

TEST(ApplierRecoveryTest, RestartedNginxIsKnownToHaveReadTheFileOnlyIfItIsMuchYounger) {
  const MasterProcess young{200, 500'000 + kStartMarginMs - 1};
  const MasterProcess younger{201, 500'000 + kStartMarginMs};
  Driver driver;
  driver.begin_with(1, "one");
  driver.inspect(young, content_for(1, "one"));
  EXPECT_TRUE(driver.has<Reload>());
  driver.proven(young);
  driver.send(ProvenKept{});
  driver.inspect(younger, content_for(1, "one"));
  EXPECT_FALSE(driver.has<Reload>());
  EXPECT_TRUE(driver.has<KeepProven>());
}

TEST(ApplierRecoveryTest, WithoutAMasterTheTestedFileWaitsForTheNextStart) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.inspect(std::nullopt, content_for(1, "one"));
  EXPECT_FALSE(driver.applier.status().running);
  EXPECT_EQ(driver.applier.status().message, "Nginx is not running: it is down");
  driver.apply_until_reload(2, "two");
  EXPECT_FALSE(driver.has<Reload>());
  EXPECT_TRUE(driver.applier.status().failing_since);
  EXPECT_TRUE(driver.applier.status().config_healthy);
  driver.inspect(MasterProcess{200, 900'000}, content_for(2, "two"));
  ASSERT_TRUE(driver.has<AnswerApplied>());
  EXPECT_EQ(driver.get<AnswerApplied>()->identity, numbered(2));
  EXPECT_FALSE(driver.applier.status().failing_since);
}

TEST(ApplierRecoveryTest, MasterThatIsLostDuringTheReloadIsWaitedFor) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.apply_until_reload(2, "two");
  driver.reload_failed(Result::kNoMaster, "gone");
  EXPECT_FALSE(driver.has<RestoreProven>());
  EXPECT_FALSE(driver.applier.status().running);
  driver.inspect(MasterProcess{200, 505'000}, content_for(2, "two"));
  EXPECT_TRUE(driver.has<Reload>());
}

TEST(ApplierRecoveryTest, EditedFileIsRestoredAndReloaded) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.inspect(kMaster, content_for(1, "edited"));
  ASSERT_TRUE(driver.has<RestoreProven>());
  EXPECT_EQ(driver.get<RestoreProven>()->expected, content_for(1, "one"));
  EXPECT_FALSE(driver.applier.status().config_healthy);
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {"x.drift-1"}});
  EXPECT_TRUE(driver.has<Reload>());
  EXPECT_TRUE(driver.applier.status().config_healthy);
}

// An older copy than expected came back over a drifted file, and was taken for the applied one.
TEST(ApplierRecoveryTest, OlderFileThatIsRestoredOverDriftIsReplacedByTheAppliedOne) {
  Driver driver;
  driver.begin_holding(2, "two");
  driver.inspect(kMaster, std::nullopt);
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
  ASSERT_TRUE(driver.has<WriteStage>());
  EXPECT_EQ(driver.get<WriteStage>()->config.identity, numbered(2));
  EXPECT_FALSE(driver.has<AnswerApplied>());
}

// The target had been edited before it could be copied; the machine believed in a copy that did not exist.
TEST(ApplierRecoveryTest, CopyThatWasNotMadeIsNotRestored) {
  Driver driver;
  driver.begin_foreign();
  driver.send(ApplyRequested{config_for(1)});
  driver.write(1, "one");
  driver.accept_test();
  ASSERT_TRUE(driver.get<InstallStage>()->keep_as_proven);
  driver.send(StageInstalled{std::nullopt, 500'000, false, {}});
  driver.reload_failed(Result::kRefused, "no");
  EXPECT_FALSE(driver.has<RestoreProven>());
}

TEST(ApplierRecoveryTest, MissingFileIsRestored) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.inspect(kMaster, std::nullopt);
  EXPECT_TRUE(driver.has<RestoreProven>());
}

TEST(ApplierRecoveryTest, FileThatWasEditedBetweenTwoLivesIsRestored) {
  Driver driver;
  const FileContent ours = content_for(1, "one");
  driver.send(FilesFound{foreign_content("edited"), ours, 500'000, ours, kMaster});
  driver.inspect(kMaster, foreign_content("edited"));
  EXPECT_TRUE(driver.has<RestoreProven>());
}

TEST(ApplierRecoveryTest, DriftIsOnlyReportedIfSoConfigured) {
  ApplierOptions options;
  options.repair_drift = false;
  Driver driver(options);
  driver.begin_with(1, "one");
  driver.inspect(kMaster, content_for(1, "edited"));
  EXPECT_FALSE(driver.has<RestoreProven>());
  EXPECT_TRUE(driver.has<LogLine>());
  EXPECT_FALSE(driver.applier.status().config_healthy);
  driver.inspect(kMaster, content_for(1, "edited"));
  EXPECT_FALSE(driver.has<LogLine>());
  driver.inspect(kMaster, content_for(1, "one"));
  EXPECT_TRUE(driver.applier.status().config_healthy);
}

TEST(ApplierRecoveryTest, FailedRepairWaitsForTheNextTry) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.inspect(kMaster, content_for(1, "edited"));
  driver.send(ProvenRestored{tl::unexpected(Failure{"no space"}), 0, {}});
  EXPECT_FALSE(driver.has<RestoreProven>());
  driver.inspect(kMaster, content_for(1, "edited"));
  EXPECT_FALSE(driver.has<RestoreProven>());
  driver.wait(Milliseconds(30'000));
  driver.inspect(kMaster, content_for(1, "edited"));
  EXPECT_TRUE(driver.has<RestoreProven>());
}

TEST(ApplierRecoveryTest, InspectionFromBeforeAnInstallSaysNothingOfDrift) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(ApplierTicked{});
  ASSERT_TRUE(driver.has<Inspect>());
  Inspected stale;
  stale.master = kMaster;
  stale.file = content_for(1, "one");
  driver.apply_until_reload(2, "two");
  driver.proven();
  driver.send(ProvenKept{});
  driver.send(stale);
  EXPECT_FALSE(driver.has<RestoreProven>());
  EXPECT_TRUE(driver.applier.status().config_healthy);
}

TEST(ApplierRecoveryTest, ForeignFileMayBeEditedByItsOwner) {
  Driver driver;
  driver.begin_foreign();
  driver.inspect(kMaster, foreign_content("edited"));
  EXPECT_EQ(driver.effects.size(), 1u);  // the inspection
  driver.send(ApplyRequested{config_for(1)});
  driver.write(1, "one");
  driver.accept_test();
  EXPECT_EQ(driver.get<InstallStage>()->expected, foreign_content("edited"));
}

TEST(ApplierRecoveryTest, CopyThatCannotBeKeptIsTriedAgainLater) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.apply_until_reload(2, "two");
  driver.proven();
  ASSERT_TRUE(driver.has<KeepProven>());
  driver.send(ProvenKept{Failure{"no space"}});
  EXPECT_FALSE(driver.has<KeepProven>());
  driver.wait(Milliseconds(30'000));
  driver.inspect(kMaster, content_for(2, "two"));
  EXPECT_TRUE(driver.has<KeepProven>());
  EXPECT_EQ(driver.applier.status().applied, numbered(2));
}

TEST(ApplierRecoveryTest, NoSecondInspectionIsAskedForWhileOneIsOnTheWay) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(ApplierTicked{});
  EXPECT_TRUE(driver.has<Inspect>());
  driver.send(ApplierTicked{});
  EXPECT_FALSE(driver.has<Inspect>());
}

}  // namespace
}  // namespace chorale::agent
