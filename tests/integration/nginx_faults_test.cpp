// What goes wrong around an apply: the port, the master, the disk, the file.
#include <signal.h>
#include <sys/mount.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "tests/harness/child_process.h"
#include "tests/harness/loopback.h"
#include "tests/integration/nginx_apply_fixture.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;
using coordination::VoteResult;

std::string listening_on(std::uint16_t port) { return "  server { listen 127.0.0.1:" + std::to_string(port) + "; }\n"; }

TEST_F(NginxApplyTest, HeldPortIsReportedAndRolledBackAndAppliedOnceItIsFree) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  const std::uint16_t port = testing::pick_port();
  const std::string two = nginx_.config("two", "", listening_on(port));
  stage(2, two);
  EXPECT_EQ(vote().result, VoteResult::kAck);
  auto holder = hold_port(port);  // too late for the vote
  apply(2, two);
  ASSERT_TRUE(run_until([this] { return status().failing_since.has_value(); }));
  EXPECT_FALSE(status().config_healthy);
  EXPECT_NE(status().config_message.find("another process"), std::string::npos) << status().config_message;
  ASSERT_TRUE(run_until([this] { return file().compare(0, 14, "# chorale 1.1 ") == 0; })) << file();
  EXPECT_EQ(nginx_.answer(), "one");
  EXPECT_EQ(status().applied, identity(1, nginx_.config("one")));
  holder = testing::Socket();
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(nginx_.answer(), "two");
  EXPECT_TRUE(status().config_healthy) << status().config_message;
}

TEST_F(NginxApplyTest, FirstApplyThatFailsGivesTheForeignFileBack) {
  ASSERT_TRUE(nginx_.start());
  const std::string foreign = file();
  begin();
  const std::uint16_t port = testing::pick_port();
  const std::string one = nginx_.config("one", "", listening_on(port));
  stage(1, one);
  ASSERT_EQ(vote().result, VoteResult::kAck);
  const auto holder = hold_port(port);
  apply(1, one);
  ASSERT_TRUE(run_until([&] { return status().reload_failures > 0 && file() == foreign; })) << logged();
  EXPECT_EQ(nginx_.answer(), "foreign");
}

TEST_F(NginxApplyTest, ChangedSharedZoneIsExplained) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one", "", "  limit_req_zone $binary_remote_addr zone=z:1m rate=1r/s;\n"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  apply(2, nginx_.config("two", "", "  limit_req_zone $server_name zone=z:1m rate=1r/s;\n"));
  ASSERT_TRUE(run_until([this] { return status().reload_failures > 0; }));
  EXPECT_NE(status().config_message.find("only a restart of Nginx"), std::string::npos) << status().config_message;
  apply(3, nginx_.config("three"));
  ASSERT_TRUE(run_until_applied(3)) << logged();
  EXPECT_EQ(nginx_.answer(), "three");
}

TEST_F(NginxApplyTest, UncheckedNonsenseIsRefusedByTheMasterAndTakenBack) {
  ASSERT_TRUE(nginx_.start());
  options_.ignore_check = true;
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  apply(2, nginx_.config("two", "", "  no_such_directive on;\n"));
  ASSERT_TRUE(run_until([this] { return status().reload_failures > 0; }));
  EXPECT_NE(status().config_message.find("no_such_directive"), std::string::npos) << status().config_message;
  ASSERT_TRUE(run_until([this] { return file().compare(0, 14, "# chorale 1.1 ") == 0; }));
  EXPECT_EQ(nginx_.answer(), "one");
}

TEST_F(NginxApplyTest, ForeignProcessInThePidFileIsNotSignalled) {
  ASSERT_TRUE(nginx_.start());
  testing::ChildProcess bystander({"sleep", "1000"}, state_.path() / "sleep.log");
  options_.pid_file = state_.path() / "stale.pid";
  write_text(options_.pid_file, std::to_string(bystander.pid()) + "\n");
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until([this] { return file().compare(0, 14, "# chorale 1.1 ") == 0; })) << logged();
  run_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(bystander.running());
  EXPECT_FALSE(status().running);
  EXPECT_NE(status().message.find("is not an Nginx master but \"sleep\""), std::string::npos) << status().message;
  EXPECT_TRUE(applied_.empty());
  write_text(options_.pid_file, std::to_string(nginx_.master_pid()) + "\n");
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(nginx_.answer(), "one");
}

TEST_F(NginxApplyTest, NginxThatWasDownServesWhatWasInstalledMeanwhile) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  nginx_.kill();
  ASSERT_TRUE(run_until([this] { return !status().running; }));
  stage(2, nginx_.config("two"));
  EXPECT_EQ(vote().result, VoteResult::kAck);
  apply(2, nginx_.config("two"));
  ASSERT_TRUE(run_until([this] { return file().compare(0, 14, "# chorale 1.2 ") == 0; })) << logged();
  EXPECT_EQ(status().applied, identity(1, nginx_.config("one")));
  EXPECT_TRUE(status().failing_since);
  ASSERT_TRUE(nginx_.start());
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(nginx_.answer(), "two");
  EXPECT_FALSE(status().failing_since);
}

TEST_F(NginxApplyTest, StoppedMasterIsReportedAndFollowsWhenItGoesOn) {
  ASSERT_TRUE(nginx_.start());
  options_.proof_floor = Milliseconds(500);
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  nginx_.signal(SIGSTOP);
  apply(2, nginx_.config("two"));
  ASSERT_TRUE(run_until([this] { return status().reload_failures > 0; }));
  EXPECT_NE(status().config_message.find("is stopped (SIGSTOP)"), std::string::npos) << status().config_message;
  EXPECT_EQ(nginx_.answer(), "one");
  nginx_.signal(SIGCONT);
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(nginx_.answer(), "two");
}

TEST_F(NginxApplyTest, MasterThatGoesOnIsNotLeftWaitingForTheRetry) {
  ASSERT_TRUE(nginx_.start());
  options_.proof_floor = Milliseconds(500);
  options_.retry_interval = Milliseconds(60'000);
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  nginx_.signal(SIGSTOP);
  apply(2, nginx_.config("two"));
  ASSERT_TRUE(run_until([this] { return status().reload_failures > 0; }));
  run_for(std::chrono::milliseconds(200));
  nginx_.signal(SIGCONT);
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_FALSE(status().failing_since);
}

// `nginx -t`, a trial and `nginx -s reload` hang, each as long as it may: looking at Nginx goes on.
TEST_F(NginxApplyTest, HungChildrenDoNotStopTheLookAtNginx) {
  ASSERT_TRUE(nginx_.start());
  write_text(state_.path() / "hang", "#!/bin/sh\nexec sleep 1000\n");
  fs::permissions(state_.path() / "hang", fs::perms::owner_all);
  boost::asio::thread_pool pool{kNginxThreads};
  options_.command = {state_.path() / "hang"};
  local_ = make_reloaded_nginx(loop_, pool, options_, {});
  ASSERT_EQ(local_->start(), std::nullopt);
  stage(1, nginx_.config("one"));
  local_->try_out(std::make_shared<const std::string>("x"), [](const TestFinished&) {});
  run_for(std::chrono::milliseconds(200));
  ASSERT_TRUE(status().running);
  nginx_.stop();
  EXPECT_TRUE(run_until([this] { return !status().running; }));
  local_.reset();
  pool.join();
}

TEST_F(NginxApplyTest, EditedFileIsKeptAsideAndRepaired) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  const std::string ours = file();
  write_text(nginx_.config_file(), nginx_.config("edited"));
  nginx_.signal(SIGHUP);
  ASSERT_TRUE(run_until([this, &ours] { return file() == ours && nginx_.answer() == "one"; })) << logged();
  EXPECT_EQ(read_text(nginx_.config_file() + ".drift-1"), nginx_.config("edited"));
  ASSERT_TRUE(run_until([this] { return status().config_healthy; })) << status().config_message;
  fs::remove(nginx_.config_file());
  ASSERT_TRUE(run_until([this, &ours] { return file() == ours; })) << logged();
  EXPECT_FALSE(fs::exists(nginx_.config_file() + ".drift-2"));
}

TEST_F(NginxApplyTest, EditedFileIsOnlyReportedIfSoConfigured) {
  ASSERT_TRUE(nginx_.start());
  options_.repair_drift = false;
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  write_text(nginx_.config_file(), nginx_.config("edited"));
  ASSERT_TRUE(run_until([this] { return !status().config_healthy; }));
  run_for(std::chrono::milliseconds(200));
  EXPECT_EQ(file(), nginx_.config("edited"));
  apply(2, nginx_.config("two"));
  ASSERT_TRUE(run_until([this] { return status().failing_since.has_value(); }));
  run_for(std::chrono::milliseconds(500));
  EXPECT_EQ(file(), nginx_.config("edited"));
  EXPECT_EQ(nginx_.answer(), "one");
  std::optional<std::optional<Failure>> answered;
  local_->command(Command::kRepair, [&](std::optional<Failure> failure) { answered = std::move(failure); });
  ASSERT_TRUE(run_until_applied(2)) << logged();
  ASSERT_TRUE(answered.has_value());
  EXPECT_FALSE(answered->has_value());
  EXPECT_EQ(read_text(nginx_.config_file() + ".drift-1"), nginx_.config("edited"));
  EXPECT_EQ(nginx_.answer(), "two");
  EXPECT_TRUE(status().config_healthy) << status().config_message;
}

TEST_F(NginxApplyTest, MissingProgramIsThisProxysOwnIllness) {
  ASSERT_TRUE(nginx_.start());
  options_.command = {"/nonexistent/nginx"};
  begin();
  stage(1, nginx_.config("one"));
  const auto answer = vote();
  EXPECT_EQ(answer.result, VoteResult::kUnable);
  EXPECT_NE(answer.error.find("cannot run /nonexistent/nginx"), std::string::npos) << answer.error;
}

TEST_F(NginxApplyTest, ProxyWhoseOwnFileIsRefusedAsWellDoesNotBlameTheContent) {
  write_text(nginx_.config_file(), "broken on;\n");
  begin();
  stage(1, nginx_.config("one", "", "  no_such_directive on;\n"));
  const auto answer = vote();
  EXPECT_EQ(answer.result, VoteResult::kUnable);
  EXPECT_NE(answer.error.find("the current file fails as well"), std::string::npos) << answer.error;
}

TEST_F(NginxApplyTest, FullDiskLeavesTheOldFileAndIsRetried) {
  const std::string directory = nginx_.directory();
  if (mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=256k") != 0) GTEST_SKIP() << "may not mount";
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  const std::string ours = file();
  const std::string filler = directory + "/filler";
  write_text(filler, std::string(512 * 1024, 'x'));
  const std::string two = nginx_.config("two");
  stage(2, two);
  const auto answer = vote();
  EXPECT_EQ(answer.result, VoteResult::kUnable);
  EXPECT_NE(answer.error.find("No space left on device"), std::string::npos) << answer.error;
  apply(2, two);
  ASSERT_TRUE(run_until([this] { return status().failing_since.has_value(); }));
  EXPECT_EQ(file(), ours);
  EXPECT_EQ(nginx_.answer(), "one");
  fs::remove(filler);
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(nginx_.answer(), "two");
  nginx_.stop();
  umount2(directory.c_str(), MNT_DETACH);
}

TEST_F(NginxApplyTest, ReadOnlyDirectoriesAreReported) {
  const std::string directory = state_.path() / "etc";
  fs::create_directory(directory);
  if (mount("tmpfs", directory.c_str(), "tmpfs", MS_RDONLY, "size=64k") != 0) GTEST_SKIP() << "may not mount";
  options_.config_file = directory + "/nginx.conf";
  begin();
  stage(1, nginx_.config("one"));
  const auto answer = vote();
  EXPECT_EQ(answer.result, VoteResult::kUnable);
  EXPECT_NE(answer.error.find("Read-only file system"), std::string::npos) << answer.error;
  umount2(directory.c_str(), MNT_DETACH);
}

TEST_F(NginxApplyTest, ReadOnlyStateDirectoryStopsTheApplyBeforeTheRename) {
  ASSERT_TRUE(nginx_.start());
  fs::create_directory(options_.state_dir);
  if (mount("tmpfs", options_.state_dir.c_str(), "tmpfs", MS_RDONLY, "size=64k") != 0) GTEST_SKIP() << "may not mount";
  const std::string foreign = file();
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until([this] { return status().failing_since.has_value(); }));
  EXPECT_NE(status().config_message.find("Read-only file system"), std::string::npos) << status().config_message;
  EXPECT_EQ(file(), foreign);
  umount2(options_.state_dir.c_str(), MNT_DETACH);
  ASSERT_TRUE(run_until_applied(1)) << logged();
}

}  // namespace
}  // namespace chorale::agent
