// Applying, proving and rolling back, as the pure machine decides it.
#include "agent/core/applying/applier.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/core/applying/applier_driver.h"

namespace chorale::agent {
namespace {

using Result = ReloadFinished::Result;

TEST(ApplierTest, StagedContentIsInstalledWithoutASecondTest) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  driver.accept_test();
  driver.send(ApplyRequested{config_for(2)});
  ASSERT_TRUE(driver.has<InstallStage>());
  EXPECT_FALSE(driver.has<TestStage>());
  EXPECT_EQ(driver.get<InstallStage>()->content, content_for(2, "two"));
  EXPECT_EQ(driver.get<InstallStage>()->expected, content_for(1, "one"));
}

TEST(ApplierTest, AppliedIsSaidAfterTheProofAndNotBefore) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(ApplyRequested{config_for(2)});
  ASSERT_TRUE(driver.has<WriteStage>());
  driver.write(2, "two");
  ASSERT_TRUE(driver.has<TestStage>());
  driver.accept_test();
  ASSERT_TRUE(driver.has<InstallStage>());
  driver.installed();
  ASSERT_TRUE(driver.has<Reload>());
  EXPECT_FALSE(driver.has<AnswerApplied>());
  EXPECT_EQ(driver.applier.status().applied, numbered(1));
  driver.proven();
  ASSERT_TRUE(driver.has<AnswerApplied>());
  EXPECT_EQ(driver.get<AnswerApplied>()->identity, numbered(2));
  ASSERT_TRUE(driver.has<KeepProven>());
  EXPECT_EQ(driver.get<KeepProven>()->content, content_for(2, "two"));
}

// The request was taken for applied while its rename was still on the way, and then forgotten.
TEST(ApplierTest, EventsDuringAnInstallDoNotMakeItApplied) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(ApplyRequested{config_for(2)});
  driver.write(2, "two");
  driver.accept_test();
  ASSERT_TRUE(driver.has<InstallStage>());
  driver.inspect(kMaster, content_for(1, "one"));
  EXPECT_FALSE(driver.has<AnswerApplied>());
  driver.installed();
  EXPECT_TRUE(driver.has<Reload>());
}

TEST(ApplierTest, NewIdentityOverServedContentIsInstalledWithoutAReload) {
  Driver driver;
  driver.begin_with(1, "same");
  driver.send(ApplyRequested{config_for(2)});
  driver.write(2, "same");
  ASSERT_TRUE(driver.has<InstallStage>());
  driver.installed();
  EXPECT_FALSE(driver.has<Reload>());
  ASSERT_TRUE(driver.has<AnswerApplied>());
  EXPECT_EQ(driver.get<AnswerApplied>()->identity, numbered(2));
}

TEST(ApplierTest, ProofMayTakeThreeTimesTheTest) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(ApplyRequested{config_for(2)});
  driver.write(2, "two");
  driver.send(TestFinished{TestResult::kAccepted, {}, Milliseconds(4'000)});
  driver.installed();
  ASSERT_TRUE(driver.has<Reload>());
  EXPECT_EQ(driver.get<Reload>()->timeout, Milliseconds(12'000));
}

TEST(ApplierTest, WhatIsAppliedIsAnsweredWithoutWork) {
  Driver driver;
  driver.begin_holding(5, "five");
  driver.send(ApplyRequested{config_for(5)});
  EXPECT_FALSE(driver.has<WriteStage>());
  EXPECT_TRUE(driver.has<AnswerApplied>());
}

// What may follow what is the order guard's to judge; here the later request counts.
TEST(ApplierTest, LaterRequestTakesThePlaceOfAnUnprovenOne) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.inspect(std::nullopt, content_for(1, "one"));
  driver.send(ApplyRequested{config_for(3)});
  driver.write(3, "three");
  driver.accept_test();
  driver.installed();
  driver.send(ApplyRequested{config_for(4)});
  driver.write(4, "four");
  driver.accept_test();
  driver.installed();
  driver.inspect(kMaster, content_for(4, "four"));
  driver.proven();
  EXPECT_EQ(driver.get<AnswerApplied>()->identity, numbered(4));
}

TEST(ApplierTest, ForeignFileIsKeptAsTheLastProvenOne) {
  Driver driver;
  driver.begin_foreign();
  driver.send(ApplyRequested{config_for(1)});
  driver.write(1, "one");
  driver.accept_test();
  ASSERT_TRUE(driver.has<InstallStage>());
  EXPECT_TRUE(driver.get<InstallStage>()->keep_as_proven);
  driver.installed();
  driver.reload_failed(Result::kRefused, "bind");
  EXPECT_TRUE(driver.has<RestoreProven>());
}

TEST(ApplierTest, RefusedReloadIsRolledBackWithoutAnotherAndRetriedLater) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.apply_until_reload(2, "two");
  driver.reload_failed(Result::kRefused, "the port is held");
  ASSERT_TRUE(driver.has<RestoreProven>());
  EXPECT_EQ(driver.applier.status().config_message, "the port is held");
  EXPECT_EQ(driver.applier.status().failing_since, driver.now);
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
  EXPECT_FALSE(driver.has<Reload>());
  EXPECT_FALSE(driver.has<WriteStage>());
  const TimePoint failed_at = driver.now;
  driver.wait(Milliseconds(29'000));
  driver.inspect(kMaster, content_for(1, "one"));
  EXPECT_FALSE(driver.has<WriteStage>());
  driver.wait(Milliseconds(1'000));
  driver.inspect(kMaster, content_for(1, "one"));
  driver.write(2, "two");
  driver.accept_test();
  driver.installed();
  EXPECT_EQ(driver.applier.status().failing_since, failed_at);
  driver.proven();
  EXPECT_TRUE(driver.has<AnswerApplied>());
  EXPECT_FALSE(driver.applier.status().failing_since);
  EXPECT_TRUE(driver.applier.status().config_healthy);
  EXPECT_EQ(driver.applier.status().reload_failures, 1u);
}

TEST(ApplierTest, UnprovenReloadIsRolledBackAndNginxIsToldOnceMore) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.apply_until_reload(2, "two");
  driver.reload_failed(Result::kUnproven, "too slow");
  ASSERT_TRUE(driver.has<RestoreProven>());
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
  EXPECT_TRUE(driver.has<Reload>());
  driver.proven();
  EXPECT_FALSE(driver.has<AnswerApplied>());
  EXPECT_EQ(driver.applier.status().applied, numbered(1));
  EXPECT_TRUE(driver.applier.status().failing_since);
  EXPECT_EQ(driver.applier.status().config_message, "too slow");
}

TEST(ApplierTest, NewCommitIsTriedAtOnceAfterAFailure) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.apply_until_reload(2, "two");
  driver.reload_failed(Result::kRefused, "no");
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
  driver.send(ApplyRequested{config_for(3)});
  ASSERT_TRUE(driver.has<WriteStage>());
  EXPECT_EQ(driver.get<WriteStage>()->config.identity, numbered(3));
}

TEST(ApplierTest, FailedInstallIsRetriedFromTheStart) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(ApplyRequested{config_for(2)});
  driver.write(2, "two");
  driver.accept_test();
  driver.send(StageInstalled{Failure{"read-only"}, 0, false, {}});
  EXPECT_FALSE(driver.has<Reload>());
  EXPECT_EQ(driver.applier.status().config_message, "read-only");
  driver.wait(Milliseconds(4'999));
  driver.inspect(kMaster, content_for(1, "one"));
  EXPECT_FALSE(driver.has<WriteStage>());
  driver.wait(Milliseconds(1));
  driver.inspect(kMaster, content_for(1, "one"));
  EXPECT_TRUE(driver.has<WriteStage>());
}

TEST(ApplierTest, NackedContentThatIsCommittedIsAskedAboutAgainEveryInterval) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(StageRequested{config_for(2)});
  driver.write(2, "two");
  driver.refuse_test("nginx: [emerg] no");
  driver.accept_test();
  driver.send(ApplyRequested{config_for(2)});
  ASSERT_TRUE(driver.has<WriteStage>()) << "no verdict comes from memory";
  driver.write(2, "two");
  driver.refuse_test("nginx: [emerg] no");
  driver.accept_test();
  EXPECT_TRUE(driver.applier.status().failing_since);
  driver.wait(Milliseconds(29'999));
  driver.inspect(kMaster, content_for(1, "one"));
  EXPECT_FALSE(driver.has<WriteStage>());
  driver.wait(Milliseconds(1));
  driver.inspect(kMaster, content_for(1, "one"));
  EXPECT_TRUE(driver.has<WriteStage>());
  driver.write(2, "two");
  driver.refuse_test("nginx: [emerg] no");
  driver.accept_test();
  EXPECT_FALSE(driver.has<WriteStage>());
}

TEST(ApplierTest, StagingGoesOnWhileAReloadIsWatched) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.apply_until_reload(2, "two");
  driver.send(StageRequested{config_for(3)});
  driver.write(3, "three");
  driver.reload_failed(Result::kRefused, "no");
  EXPECT_FALSE(driver.has<RestoreProven>());  // the files are busy
  driver.accept_test();
  EXPECT_TRUE(driver.has<RestoreProven>());
  driver.send(ProvenRestored{content_for(1, "one"), 600'000, {}});
  EXPECT_TRUE(driver.has<AnswerStage>());
}

TEST(ApplierTest, LocalValuesThatChangeDuringAnInstallAreAppliedAfterIt) {
  Driver driver;
  driver.begin_with(1, "one");
  driver.send(ApplyRequested{config_for(2)});
  driver.write(2, "two");
  driver.accept_test();
  ASSERT_TRUE(driver.has<InstallStage>());
  driver.send(LocalValuesChanged{});
  driver.installed();
  EXPECT_TRUE(driver.has<WriteStage>());
  driver.write(2, "two, other values");
  driver.accept_test();
  ASSERT_TRUE(driver.has<InstallStage>());
  driver.installed();
  driver.proven();
  EXPECT_EQ(driver.get<AnswerApplied>()->identity, numbered(2));
}

}  // namespace
}  // namespace chorale::agent
