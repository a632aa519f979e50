// The three machines beside each other: what one does while another is at work.
#include <gtest/gtest.h>

#include "agent/core/applying/applier.h"
#include "tests/unit/agent/core/applying/applier_driver.h"

namespace chorale::agent {
namespace {

using coordination::VoteResult;
using Result = ReloadFinished::Result;

std::string logged(const Driver& driver) {
  std::string text;
  for (const ApplierEffect& effect : driver.effects) {
    if (const auto* line = std::get_if<LogLine>(&effect)) text += line->text + "\n";
  }
  return text;
}

TEST(ApplierStatesTest, TestOfOlderLocalValuesIsNoVerdict) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  ASSERT_TRUE(driver.has<TestStage>());
  driver.send(LocalValuesChanged{});
  EXPECT_TRUE(driver.effects.empty());  // the test still runs
  driver.refuse_test("nginx: [emerg] no");
  EXPECT_FALSE(driver.has<AnswerStage>());
  EXPECT_TRUE(driver.has<WriteStage>());
  EXPECT_TRUE(driver.applier.status().config_healthy);
  driver.write(2, "two, other values");
  driver.accept_test();
  EXPECT_EQ(driver.get<AnswerStage>()->answer.result, VoteResult::kAck);
  EXPECT_EQ(driver.applier.status().accepted_tests, 1u);
}

TEST(ApplierStatesTest, StageOfOlderLocalValuesIsWrittenAgain) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.send(LocalValuesChanged{});
  driver.write(2, "two");
  EXPECT_TRUE(driver.has<WriteStage>());
  driver.write(2, "two, other values");
  driver.accept_test();
  ASSERT_TRUE(driver.has<AnswerStage>());
  driver.send(LocalValuesChanged{});
  driver.send(ApplyRequested{config_for(2)});
  EXPECT_TRUE(driver.has<WriteStage>());
}

TEST(ApplierStatesTest, ChangedLocalValuesOfTheAppliedConfigAreAppliedAtOnce) {
  Driver driver;
  driver.begin_holding(1, "one");
  driver.send(LocalValuesChanged{});
  ASSERT_TRUE(driver.has<WriteStage>());
  EXPECT_EQ(driver.get<WriteStage>()->config.identity, numbered(1));
}

TEST(ApplierStatesTest, IllnessIsNotHeldAgainstTheCommittedContentButARefusalIs) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.send(StageWritten{tl::unexpected(Failure{"no space"})});
  EXPECT_EQ(driver.applier.status().config_message, "no space");
  driver.send(ApplyRequested{config_for(2)});
  EXPECT_TRUE(driver.has<WriteStage>());
  driver.write(2, "two");
  driver.accept_test();
  EXPECT_TRUE(driver.has<InstallStage>());
  EXPECT_EQ(driver.applier.status().config_message, "OK");
}

TEST(ApplierStatesTest, RefusalWithoutACurrentFileNamesThat) {
  Driver driver;
  driver.send(FilesFound{});
  driver.send(StageRequested{config_for(1)});
  driver.write(1, "one");
  driver.refuse_test("no");
  EXPECT_EQ(driver.get<AnswerStage>()->answer.error, "no (no current file to compare with)");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  driver.accept_test();
  EXPECT_EQ(driver.get<AnswerStage>()->answer.error, "");
}

// It was told as applied while the older file was on its way back.
TEST(ApplierStatesTest, RejectedFileIsNotAppliedWhileTheProvenOneComesBack) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.apply_until_reload(2, "two");
  driver.reload_failed(Result::kUnproven, "too slow");
  ASSERT_TRUE(driver.has<RestoreProven>());
  driver.inspect(MasterProcess{200, 900'000}, content_for(2, "two"));  // it started with the rejected file
  EXPECT_FALSE(driver.has<AnswerApplied>());
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
  EXPECT_TRUE(driver.has<Reload>());
  EXPECT_FALSE(driver.has<AnswerApplied>());
}

TEST(ApplierStatesTest, RejectedFileThatCannotBeTakenBackIsRetriedWithTheCommit) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.apply_until_reload(2, "two");
  driver.reload_failed(Result::kRefused, "no");
  driver.send(ProvenRestored{tl::unexpected(Failure{"no space"}), 0, {}});
  EXPECT_EQ(logged(driver), "cannot put the last proven configuration back: no space\n");
  EXPECT_FALSE(driver.has<RestoreProven>());
  driver.wait(Milliseconds(30'000));
  driver.inspect(kMaster, content_for(2, "two"));
  ASSERT_TRUE(driver.has<Reload>());
  driver.proven();
  EXPECT_EQ(driver.get<AnswerApplied>()->identity, numbered(2));
}

// Without a copy there is no way back: the same file is tried again, and a later proof is a proof.
TEST(ApplierStatesTest, UnprovenFileWithoutACopyStaysAndIsReloadedAfterTheInterval) {
  Driver driver;
  driver.send(FilesFound{});
  driver.inspect(kMaster, std::nullopt);
  driver.apply_until_reload(1, "one");
  driver.reload_failed(Result::kUnproven, "too slow");
  EXPECT_FALSE(driver.has<RestoreProven>());
  driver.wait(Milliseconds(29'999));
  driver.inspect(kMaster, content_for(1, "one"));
  EXPECT_FALSE(driver.has<Reload>());
  driver.wait(Milliseconds(1));
  driver.inspect(kMaster, content_for(1, "one"));
  ASSERT_TRUE(driver.has<Reload>());
  driver.proven();
  EXPECT_EQ(driver.get<AnswerApplied>()->identity, numbered(1));
}

TEST(ApplierStatesTest, DriftIsNotLookedForWhileAReloadOrAJobRuns) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.apply_until_reload(2, "two");
  driver.inspect(kMaster, content_for(2, "edited"));
  EXPECT_FALSE(driver.has<LogLine>());
  driver.proven();
  ASSERT_TRUE(driver.has<KeepProven>());
  driver.inspect(kMaster, content_for(2, "edited"));
  EXPECT_FALSE(driver.has<LogLine>());
  driver.send(ProvenKept{});
  driver.inspect(kMaster, content_for(2, "edited"));
  EXPECT_EQ(logged(driver), "the configuration file was changed outside Chorale\n");
}

TEST(ApplierStatesTest, DriftWithoutACopyIsRepairedFromTheCommittedConfig) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.apply_until_reload(2, "two");
  driver.proven();
  driver.send(ProvenKept{Failure{"no space"}});
  driver.inspect(kMaster, content_for(2, "edited"));
  EXPECT_FALSE(driver.has<RestoreProven>());
  ASSERT_TRUE(driver.has<WriteStage>());
  driver.write(2, "two");
  driver.accept_test();  // what was served is unknown since the edit
  ASSERT_TRUE(driver.has<InstallStage>());
  driver.installed();
  EXPECT_TRUE(driver.has<Reload>());
}

TEST(ApplierStatesTest, FileThatCannotBeReadIsReportedUntilItCan) {
  for (const FileContent& file : {content_for(1, "one"), foreign_content("foreign")}) {
    Driver driver;
    driver.send(FilesFound{file, file, 500'000, file, kMaster});
    driver.inspect(kMaster, file);
    Inspected seen;
    seen.master = kMaster;
    seen.file = tl::unexpected(Failure{"permission denied"});
    driver.send(seen);
    EXPECT_EQ(driver.applier.status().config_message, "permission denied");
    seen.file = file;
    driver.send(seen);
    EXPECT_EQ(driver.applier.status().config_message, "OK");
  }
}

TEST(ApplierStatesTest, FailedInstallLosesNothingThatWasKnown) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(ApplyRequested{config_for(2)});
  driver.write(2, "two");
  driver.accept_test();
  driver.send(StageInstalled{Failure{"read-only"}, 0, false, {"x.drift-1"}});
  EXPECT_EQ(logged(driver), "kept the file that was found as x.drift-1\nnot applied: read-only\n");
  EXPECT_EQ(driver.applier.status().failing_since, driver.now);
  driver.inspect(kMaster, content_for(1, "one"));
  EXPECT_FALSE(driver.has<RestoreProven>());
  EXPECT_EQ(driver.applier.status().applied, numbered(1));
}

TEST(ApplierStatesTest, StatusCountsWhatWasDone) {
  Driver driver;
  driver.begin_foreign();
  driver.apply_until_reload(1, "one");
  driver.wait(Milliseconds(70));
  driver.proven();
  Inspected seen;
  seen.master = kMaster;
  seen.file = content_for(1, "one");
  seen.workers = 4;
  seen.old_workers = 2;
  driver.send(seen);
  const NginxStatus status = driver.applier.status();
  EXPECT_TRUE(status.running);
  EXPECT_EQ(status.message, "OK");
  EXPECT_EQ(status.last_apply, Milliseconds(70));
  EXPECT_EQ(status.reloads, 1u);
  EXPECT_EQ(status.reload_failures, 0u);
  EXPECT_EQ(status.accepted_tests, 1u);
  EXPECT_EQ(status.workers, 4);
  EXPECT_EQ(status.old_workers, 2);
}

TEST(ApplierStatesTest, MasterThatComesAndGoesIsLoggedOnce) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.inspect(std::nullopt, content_for(1, "one"));
  EXPECT_EQ(logged(driver), "Nginx is not running: it is down\n");
  driver.inspect(std::nullopt, content_for(1, "one"));
  EXPECT_EQ(logged(driver), "");
  driver.inspect(MasterProcess{200, 900'000}, content_for(1, "one"));
  EXPECT_EQ(logged(driver), "Nginx runs again, process 200, after 0.00 s\n");
  driver.inspect(MasterProcess{200, 900'000}, content_for(1, "one"));
  EXPECT_EQ(logged(driver), "");
  driver.inspect(MasterProcess{201, 950'000}, content_for(1, "one"));
  EXPECT_EQ(logged(driver), "Nginx was restarted\n");
}

// A reload comes to know before the next look that the master is gone; whether for good that look says.
TEST(ApplierStatesTest, MasterThatAReloadMissesWasRestartedOrIsGone) {
  for (const bool restarted : {true, false}) {
    Driver driver;
    driver.begin_with(1, "one");
    driver.apply_until_reload(2, "two");
    driver.reload_failed(ReloadFinished::Result::kNoMaster, "it is away");
    EXPECT_EQ(logged(driver), "") << "not yet";
    EXPECT_EQ(driver.applier.status().message, "Nginx is not running: it is away");
    const auto master = restarted ? std::optional(MasterProcess{200, 900'000}) : std::nullopt;
    driver.inspect(master, content_for(2, "two"));
    EXPECT_EQ(logged(driver), restarted ? "Nginx was restarted\n" : "Nginx is not running: it is down\n");
    driver.inspect(master, content_for(2, "two"));
    EXPECT_EQ(logged(driver), "");
    EXPECT_EQ(driver.applier.status().running, restarted);
  }
}

TEST(ApplierStatesTest, MasterThatIsMissingAtTheStartIsLogged) {
  Driver driver;
  driver.send(FilesFound{});
  driver.inspect(std::nullopt, std::nullopt);
  EXPECT_EQ(logged(driver), "Nginx is not running: it is down\n");
  EXPECT_EQ(driver.applier.status().message, "Nginx is not running: it is down");
}

// Most reasons are whole sentences already.
TEST(ApplierStatesTest, ReasonsAreSaidOnce) {
  EXPECT_EQ(why_not_running("it is down"), "Nginx is not running: it is down");
  EXPECT_EQ(why_not_running("the pid file holds no pid: Nginx is not running"),
            "the pid file holds no pid: Nginx is not running");
}

// `nginx -s quit`, while old connections end: the master lives on for minutes, and a reload finds nobody to serve.
TEST(ApplierStatesTest, MasterWithoutAWorkerThatServesIsNotReloadedOverAndOver) {
  Driver driver;
  driver.begin_with(1, "one");
  const auto look = [&driver](bool idle) {
    driver.send(ApplierTicked{});
    Inspected seen{kMaster, content_for(2, "two"), idle ? 0 : 2, idle ? 2 : 0};
    seen.idle = idle;
    driver.send(seen);
  };
  driver.apply_until_reload(2, "two");
  driver.reload_failed(ReloadFinished::Result::kNoMaster, "the Nginx master has no workers yet");
  EXPECT_FALSE(driver.has<Inspect>()) << "at the next tick";
  look(true);
  ASSERT_TRUE(driver.has<Reload>()) << "it may be starting";
  driver.reload_failed(ReloadFinished::Result::kNoMaster, "the Nginx master has no workers yet");
  for (int i = 0; i < 5; ++i) {
    look(true);
    EXPECT_FALSE(driver.has<Reload>());
    EXPECT_FALSE(driver.applier.status().running);
    EXPECT_EQ(driver.applier.status().message, "Nginx is not running: no worker of its master, process 100, serves");
  }
  look(false);
  EXPECT_TRUE(driver.has<Reload>());
  EXPECT_TRUE(driver.applier.status().running);
}

// Others are told of a reload that takes its time, not of each one.
TEST(ApplierStatesTest, SlowReloadIsSaid) {
  Driver driver;
  EXPECT_EQ(nginx_word(driver.applier.status()), "down");
  driver.begin_holding(1, "one");
  EXPECT_EQ(nginx_word(driver.applier.status()), "up");
  driver.apply_until_reload(2, "two");
  EXPECT_EQ(nginx_word(driver.applier.status()), "up");
  driver.wait(Milliseconds(999));
  driver.send(ApplierTicked{});
  EXPECT_EQ(nginx_word(driver.applier.status()), "up");
  driver.wait(Milliseconds(1));
  driver.send(ApplierTicked{});
  EXPECT_EQ(nginx_word(driver.applier.status()), "reloading");
  driver.proven();
  EXPECT_EQ(nginx_word(driver.applier.status()), "up");
  NginxStatus observer = driver.applier.status();
  observer.shadow = true;
  EXPECT_EQ(nginx_word(observer), "");
}

}  // namespace
}  // namespace chorale::agent
