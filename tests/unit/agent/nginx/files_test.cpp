// Records, whole files, logs and children: the parts of the room that touch the system, on a directory of their own.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "agent/base/atomic_file.h"
#include "agent/base/process.h"
#include "agent/nginx/config_file.h"
#include "agent/nginx/config_test.h"
#include "agent/nginx/error_log.h"
#include "agent/nginx/record.h"
#include "coordination/digest.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;

const std::atomic<bool> kGoOn{false};

coordination::Identity identity(std::int64_t revision) { return {{1}, {revision}, std::string(64, 'b')}; }
FileContent content(std::int64_t revision) { return {identity(revision), coordination::sha256_hex("x")}; }

void write_text(const std::string& path, const std::string& text, std::ios::openmode mode = std::ios::trunc) {
  std::ofstream(path, std::ios::binary | std::ios::out | mode) << text;
}
std::string text_of(const std::string& path) {
  const auto file = read_file(path);
  return file && *file ? (*file)->text : "(none)";
}

TEST(RecordTest, IsReadBackAsWritten) {
  const Record full{content(2), content(1), "boot-id", 123'456, MasterProcess{42, 789}};
  EXPECT_EQ(decode_record(encode_record(full)), full);
  const Record bare{{std::nullopt, coordination::sha256_hex("y")}, std::nullopt, "", 0, std::nullopt};
  EXPECT_EQ(decode_record(encode_record(bare)), bare);
}

TEST(RecordTest, AnythingTornIsNoRecord) {
  const std::string text = encode_record({content(2), content(1), "boot-id", 123'456, MasterProcess{42, 789}});
  for (std::size_t size = 0; size + 4 < text.size(); ++size) EXPECT_FALSE(decode_record(text.substr(0, size))) << size;
  EXPECT_FALSE(decode_record("end\n"));
  EXPECT_FALSE(decode_record("unknown 1\n" + text));
}

TEST(AtomicFileTest, ReplacesWithModeAndLeavesNoDraft) {
  const testing::TempDir directory("atomic");
  const std::string path = directory.path() / "file";
  ASSERT_TRUE(replace_file(path, "one", {0640}));
  ASSERT_TRUE(replace_file(path, "two", {0600}));
  EXPECT_EQ(text_of(path), "two");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1);
}

TEST(AtomicFileTest, ErrorsNameTheFileAndTheReason) {
  const Done done = replace_file("/nonexistent/file", "x", {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "cannot create /nonexistent/.file.chorale-tmp: No such file or directory");
  const auto directory = read_file("/tmp");
  EXPECT_FALSE(directory);
}

TEST(AtomicFileTest, DraftDoesNotFollowALinkThatWaitsForIt) {
  const testing::TempDir directory("link");
  const std::string victim = directory.path() / "victim";
  write_text(victim, "precious");
  fs::create_symlink(victim, directory.path() / "draft");
  ASSERT_TRUE(write_draft(directory.path() / "draft", "x", {}));
  EXPECT_EQ(text_of(victim), "precious");
}

class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest() { fs::create_directory(directory_.path() / "state"); }

  void install(std::int64_t revision, const std::string& text, std::optional<FileContent> expected, bool keep = false) {
    const StageWritten staged =
        file_.write_stage({identity(revision), std::make_shared<const std::string>(text)}, {{"name", "filled"}});
    ASSERT_TRUE(staged.content) << staged.content.error().message;
    const StageInstalled installed = file_.install({*staged.content, std::move(expected), keep});
    ASSERT_FALSE(installed.failure) << installed.failure->message;
    kept_ = installed.kept;
  }
  [[nodiscard]] FileContent target_content() const { return content_of(text_of(target_)); }

  testing::TempDir directory_{"config"};
  std::string target_ = directory_.path() / "nginx.conf";
  ConfigFile file_{target_, directory_.path() / "state"};
  std::vector<std::string> kept_;
};

TEST_F(ConfigFileTest, StageIsHiddenAndCarriesTheIdentityAndLocalValues) {
  const StageWritten staged =
      file_.write_stage({identity(3), std::make_shared<const std::string>("a @{name}\n")}, {{"name", "filled"}});
  ASSERT_TRUE(staged.content);
  EXPECT_EQ(file_.stage(), directory_.path() / ".nginx.conf.chorale-stage");
  EXPECT_EQ(text_of(file_.stage()), identity_line(identity(3)) + "a filled\n");
  EXPECT_FALSE(fs::exists(target_));
  file_.remove_leftovers();
  EXPECT_FALSE(fs::exists(file_.stage()));
}

TEST_F(ConfigFileTest, ModeOfTheTargetIsKept) {
  write_text(target_, "foreign\n");
  chmod(target_.c_str(), 0600);
  install(1, "one\n", content_of("foreign\n"));
  EXPECT_EQ(fs::status(target_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(ConfigFileTest, StageThatIsNotWhatWasTestedIsNotInstalled) {
  const StageWritten staged = file_.write_stage({identity(3), std::make_shared<const std::string>("tested\n")}, {});
  write_text(file_.stage(), identity_line(identity(3)) + "swapped\n");
  EXPECT_TRUE(file_.install({*staged.content, std::nullopt, false}).failure);
  EXPECT_FALSE(fs::exists(target_));
}

TEST_F(ConfigFileTest, UnchangedTargetIsNotWrittenAgain) {
  install(1, "one\n", std::nullopt);
  EXPECT_TRUE(file_.write_stage({identity(1), std::make_shared<const std::string>("one\n")}, {}).unchanged);
  EXPECT_FALSE(fs::exists(file_.stage()));
  EXPECT_FALSE(file_.write_stage({identity(2), std::make_shared<const std::string>("one\n")}, {}).unchanged);
}

TEST_F(ConfigFileTest, ForeignFileIsKeptOnceAndNeverOverwritten) {
  write_text(target_, "foreign\n");
  install(1, "one\n", content_of("foreign\n"), true);
  EXPECT_EQ(text_of(target_ + ".before-chorale"), "foreign\n");
  write_text(target_, "another foreign\n");
  install(2, "two\n", std::nullopt);
  EXPECT_EQ(text_of(target_ + ".before-chorale"), "foreign\n");
  EXPECT_EQ(text_of(target_ + ".drift-1"), "another foreign\n");
  EXPECT_EQ(file_.restore({target_content()}).content, content_of("foreign\n"));
  EXPECT_EQ(text_of(target_), "foreign\n");
}

// Erased, put back by hand, installed again: the way back is wanted again.
TEST_F(ConfigFileTest, ForeignFileIsTheWayBackWhereNoneIsKept) {
  write_text(target_, "foreign\n");
  install(1, "one\n", std::nullopt);
  const FileContent ours = target_content();
  ASSERT_FALSE(file_.keep_proven({ours, {42, 1}}).failure);
  fs::rename(target_ + ".before-chorale", target_);
  ASSERT_TRUE(file_.restore({ours}).content);
  EXPECT_EQ(text_of(target_ + ".before-chorale"), "foreign\n");
  EXPECT_FALSE(fs::exists(target_ + ".drift-1"));
}

TEST_F(ConfigFileTest, DriftIsKeptOncePerEditAndTheOldestGo) {
  write_text(target_, "foreign\n");
  install(1, "one\n", std::nullopt);
  const FileContent ours = target_content();
  ASSERT_FALSE(file_.keep_proven({ours, {42, 1}}).failure);
  for (int edit = 1; edit <= 12; ++edit) {
    for (int again = 0; again < 2; ++again) {
      write_text(target_, "edit " + std::to_string(edit) + "\n");
      ASSERT_TRUE(file_.restore({ours}).content);
    }
  }
  EXPECT_EQ(target_content(), ours);
  EXPECT_EQ(text_of(target_ + ".drift-12"), "edit 12\n");
  EXPECT_FALSE(fs::exists(target_ + ".drift-13"));
  EXPECT_TRUE(fs::exists(target_ + ".drift-3"));
  EXPECT_FALSE(fs::exists(target_ + ".drift-2"));
}

TEST_F(ConfigFileTest, NextLifeFindsWhatWasInstalledAndWhoServedIt) {
  install(1, "one\n", std::nullopt);
  const FileContent one = target_content();
  ASSERT_FALSE(file_.keep_proven({one, {42, 1}}).failure);
  install(2, "two\n", one);
  const FilesFound found = file_.find();
  EXPECT_EQ(found.file, target_content());
  EXPECT_EQ(found.installed, target_content());
  EXPECT_GT(found.installed_at_ms, 0);
  EXPECT_EQ(found.proven, one);
  EXPECT_EQ(found.proven_by, (MasterProcess{42, 1}));
}

TEST_F(ConfigFileTest, RecordOfARenameThatNeverHappenedNamesTheOldFile) {
  install(1, "one\n", std::nullopt);
  const std::string one = text_of(target_);
  install(2, "two\n", target_content());
  write_text(target_, one);  // as if it had died before the rename
  EXPECT_EQ(file_.find().installed, content_of(one));
}

TEST_F(ConfigFileTest, ChangedFileIsNotKeptAsProven) {
  install(1, "one\n", std::nullopt);
  const FileContent one = target_content();
  write_text(target_, "edited\n");
  EXPECT_TRUE(file_.keep_proven({one, {42, 1}}).failure);
  EXPECT_FALSE(file_.find().proven);
}

TEST(ErrorLogTailTest, ReadsOnAcrossRotationAndTruncation) {
  const testing::TempDir directory("log");
  const std::string path = directory.path() / "error.log";
  write_text(path, "old\n");
  ErrorLogTail tail({path, directory.path() / "missing.log"});
  EXPECT_EQ(tail.text(), "");
  write_text(path, "a\n", std::ios::app);
  EXPECT_EQ(tail.text(), "a\n");
  write_text(path, "b\n", std::ios::app);
  fs::rename(path, path + ".1");
  write_text(path, "c\n");
  EXPECT_EQ(tail.text(), "a\nb\nc\n");
  write_text(path, "");
  EXPECT_EQ(tail.text(), "a\nb\nc\n");
  write_text(path, "d\n", std::ios::app);
  EXPECT_EQ(tail.text(), "a\nb\nc\nd\n");
}

TEST(ProcessTest, OutputAndExitCodeArrive) {
  const auto ran = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"}, kMaxProcessTime, kGoOn);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, 3);
  EXPECT_EQ(ran->output, "out\nerr\n");
}

TEST(ProcessTest, ThereIsNoEndlessOutput) {
  const auto ran = run_process({"sh", "-c", "head -c 300000 /dev/zero"}, kMaxProcessTime, kGoOn);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output.size(), 64u * 1024);
}

TEST(ProcessTest, DeadlineEndsTheWholeGroup) {
  const testing::TempDir directory("group");
  const std::string pid_file = directory.path() / "pid";
  const auto ran = run_process({"sh", "-c", "sleep 1000 & echo $! > " + pid_file + "; wait"}, Milliseconds(300), kGoOn);
  ASSERT_FALSE(ran);
  EXPECT_NE(ran.error().message.find("did not end within 300 ms"), std::string::npos) << ran.error().message;
  const int grandchild = std::stoi(text_of(pid_file));
  // SIGKILL was sent; when the kernel gets round to it is its own affair.
  const auto ended = [&] {
    std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
    std::string pid, name, state;
    return !(stat >> pid >> name >> state) || state == "Z" || state == "X";
  };
  EXPECT_TRUE(testing::wait_until(ended, Milliseconds(10'000)));
}

TEST(ProcessTest, GrandchildThatKeepsThePipeDoesNotKeepUs) {
  const auto ran = run_process({"sh", "-c", "sleep 5 & echo done"}, Milliseconds(10'000), kGoOn);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output, "done\n");
  EXPECT_LT(ran->took, Milliseconds(4'000));
}

TEST(ProcessTest, StopEndsTheChild) {
  std::atomic<bool> stop{false};
  std::thread stopper([&stop] { stop = true; });
  const auto ran = run_process({"sleep", "1000"}, kMaxProcessTime, stop);
  stopper.join();
  EXPECT_FALSE(ran);
}

TEST(ProcessTest, NoDescriptorIsInherited) {
  const int leaked = dup(STDERR_FILENO);  // without O_CLOEXEC, as a library would
  const auto ran =
      run_process({"sh", "-c", "[ ! -e /proc/$$/fd/" + std::to_string(leaked) + " ]"}, kMaxProcessTime, kGoOn);
  close(leaked);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, 0);
}

TEST(ConfigTestTest, OnlyNginxsOwnEmergIsARefusal) {
  const auto test = [](const std::string& script) { return test_config({"sh", "-c", script}, "file", kGoOn); };
  EXPECT_EQ(test("exit 0").result, TestResult::kAccepted);
  EXPECT_EQ(test("echo 'nginx: [emerg] no in f:1'; exit 1").result, TestResult::kRefused);
  EXPECT_EQ(test("echo 'cannot reach docker'; exit 1").result, TestResult::kFailed);
  EXPECT_EQ(test("kill -9 $$").result, TestResult::kFailed);
  EXPECT_EQ(test_config({}, "file", kGoOn).result, TestResult::kFailed);
}

}  // namespace
}  // namespace chorale::agent
