// Configuration files: the parts that touch the system, on a directory of their own.
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
#include "agent/nginx/record.h"
#include "coordination/digest.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;

const std::atomic<bool> kGoOn{false};

FileContent content(std::int64_t revision) { return {identity(revision), coordination::sha256_hex("x")}; }

std::string text_of(const std::string& path) {
  const auto file = read_file(path);
  return file && *file ? (*file)->text : "(none)";
}

class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest() { fs::create_directory(directory_.path() / "state"); }

  void install(std::int64_t revision, const std::string& text, std::optional<FileContent> expected, bool keep = false) {
    const PublishedConfig config{identity(revision), std::make_shared<const std::string>(text)};
    const StageWritten staged = file_.write_stage(config, {{"name", "filled"}, {"id", "x"}});
    ASSERT_TRUE(staged.content) << staged.content.error().message;
    const StageInstalled installed = file_.install({*staged.content, std::move(expected), keep, config});
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
  write_file(target_, "foreign\n");
  chmod(target_.c_str(), 0600);
  install(1, "one\n", content_of("foreign\n"));
  EXPECT_EQ(fs::status(target_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(ConfigFileTest, WhatHoldsLocalValuesIsNobodyElses) {
  const auto mode = [](const std::string& path) { return static_cast<int>(fs::status(path).permissions()); };
  write_file(target_, "foreign\n");
  chmod(target_.c_str(), 0664);
  install(1, "plain @{id}\n", content_of("foreign\n"));
  EXPECT_EQ(mode(target_), 0664);
  const PublishedConfig config{identity(2), std::make_shared<const std::string>("a @{name}\n")};
  ASSERT_TRUE(file_.write_stage(config, {{"name", "secret"}, {"id", "x"}}).content);
  EXPECT_EQ(mode(file_.stage()), 0640);
  ASSERT_TRUE(file_.write_trial("a @{name}\n", {{"name", "secret"}}));
  EXPECT_EQ(mode(file_.trial()), 0640);
  install(2, "a @{name}\n", target_content());
  EXPECT_EQ(mode(target_), 0640);
  EXPECT_EQ(mode(directory_.path() / "state" / "nginx.conf.published"), 0600);

  const FileContent ours = target_content();
  ASSERT_FALSE(file_.keep_proven({ours, {42, 1}}).failure);
  write_file(target_, identity_line(identity(2)) + "edited filled\n");
  chmod(target_.c_str(), 0644);
  ASSERT_TRUE(file_.restore({ours}).content);
  EXPECT_EQ(mode(target_), 0640);
  EXPECT_EQ(mode(target_ + ".drift-1"), 0640);

  chmod(target_.c_str(), 0644);
  EXPECT_FALSE(file_.write_stage(config, {{"name", "filled"}, {"id", "x"}}).unchanged) << "its mode is put right";
  chmod(target_.c_str(), 0640);
  EXPECT_TRUE(file_.write_stage(config, {{"name", "filled"}, {"id", "x"}}).unchanged);
}

TEST_F(ConfigFileTest, LinkStaysALink) {
  const fs::path real = directory_.path() / "real";
  fs::create_directory(real);
  write_file(real / "site.conf", "foreign\n");
  fs::create_symlink("real/site.conf", target_);
  install(1, "one\n", content_of("foreign\n"), true);
  EXPECT_TRUE(fs::is_symlink(target_));
  EXPECT_EQ(text_of(real / "site.conf"), identity_line(identity(1)) + "one\n");
  EXPECT_FALSE(fs::exists(file_.stage()));
  install(2, "two\n", target_content());
  ASSERT_TRUE(file_.restore({target_content()}).content);
  EXPECT_TRUE(fs::is_symlink(target_));
  EXPECT_EQ(text_of(real / "site.conf"), "foreign\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(real), fs::directory_iterator()), 1);
}

TEST_F(ConfigFileTest, StageThatIsNotWhatWasTestedIsNotInstalled) {
  const StageWritten staged = file_.write_stage({identity(3), std::make_shared<const std::string>("tested\n")}, {});
  write_file(file_.stage(), identity_line(identity(3)) + "swapped\n");
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
  write_file(target_, "foreign\n");
  install(1, "one\n", content_of("foreign\n"), true);
  EXPECT_EQ(text_of(target_ + ".before-chorale"), "foreign\n");
  write_file(target_, "another foreign\n");
  install(2, "two\n", std::nullopt);
  EXPECT_EQ(text_of(target_ + ".before-chorale"), "foreign\n");
  EXPECT_EQ(text_of(target_ + ".drift-1"), "another foreign\n");
  EXPECT_EQ(file_.restore({target_content()}).content, content_of("foreign\n"));
  EXPECT_EQ(text_of(target_), "foreign\n");
}

// Erased, put back by hand, installed again: the way back is wanted again.
TEST_F(ConfigFileTest, ForeignFileIsTheWayBackWhereNoneIsKept) {
  write_file(target_, "foreign\n");
  install(1, "one\n", std::nullopt);
  const FileContent ours = target_content();
  ASSERT_FALSE(file_.keep_proven({ours, {42, 1}}).failure);
  fs::rename(target_ + ".before-chorale", target_);
  ASSERT_TRUE(file_.restore({ours}).content);
  EXPECT_EQ(text_of(target_ + ".before-chorale"), "foreign\n");
  EXPECT_FALSE(fs::exists(target_ + ".drift-1"));
}

TEST_F(ConfigFileTest, DriftIsKeptOncePerEditAndTheOldestGo) {
  write_file(target_, "foreign\n");
  install(1, "one\n", std::nullopt);
  const FileContent ours = target_content();
  ASSERT_FALSE(file_.keep_proven({ours, {42, 1}}).failure);
  for (int edit = 1; edit <= 12; ++edit) {
    for (int again = 0; again < 2; ++again) {
      write_file(target_, "edit " + std::to_string(edit) + "\n");
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

TEST_F(ConfigFileTest, NextLifeFindsTheFilesThatNginxHasRead) {
  EXPECT_FALSE(file_.find().loaded);
  const FileStamps stamps{{"/tls/with blank.pem", "1-2"}, {"/tls/a.pem", "missing"}};
  ASSERT_TRUE(file_.keep_loaded(stamps));
  EXPECT_EQ(file_.find().loaded, stamps);
  EXPECT_FALSE(decode_stamps("1-2 /tls/a.pem\n"));
  EXPECT_FALSE(decode_stamps("1-2\nend\n"));
  EXPECT_EQ(decode_stamps("end\n"), FileStamps());
}

TEST_F(ConfigFileTest, NextLifeFindsTheTextWithoutTheLocalValues) {
  EXPECT_FALSE(file_.find().published);
  install(1, "one @{name}\n", std::nullopt);
  ASSERT_EQ(text_of(target_), identity_line(identity(1)) + "one filled\n");
  auto found = file_.find().published;
  ASSERT_TRUE(found);
  EXPECT_EQ(found->identity, identity(1));
  EXPECT_EQ(*found->text, "one @{name}\n");
  const std::string kept = directory_.path() / "state" / "nginx.conf.published";
  EXPECT_EQ(fs::status(kept).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(ConfigFileTest, TextTornByAPowerCutIsNotTaken) {
  install(1, "one @{name}\ntwo\n", std::nullopt);
  const std::string kept = directory_.path() / "state" / "nginx.conf.published";
  const std::string text = text_of(kept);
  for (const std::size_t bytes : {std::size_t{0}, text.find('\n') + 1, text.find("one"), text.size() - 4}) {
    write_file(kept, text.substr(0, bytes));
    EXPECT_FALSE(file_.find().published) << bytes;
  }
  write_file(kept, text.substr(0, text.size() - 1) + '\0');
  EXPECT_FALSE(file_.find().published);
  write_file(kept, text);
  EXPECT_TRUE(file_.find().published);
}

// Killed after the new text was kept and before the rename.
TEST_F(ConfigFileTest, TextOfAnInstallThatNeverHappenedIsNotTheTargets) {
  install(1, "one\n", std::nullopt);
  const std::string one = text_of(target_);
  install(2, "two\n", target_content());
  EXPECT_EQ(*file_.find().published->text, "two\n");
  write_file(target_, one);
  ASSERT_TRUE(file_.find().published);
  EXPECT_EQ(*file_.find().published->text, "one\n");
  write_file(target_, "foreign\n");
  fs::remove(directory_.path() / "state" / "installed.record");
  EXPECT_FALSE(file_.find().published);
}

// An install that failed after its text was kept, and the next one.
TEST_F(ConfigFileTest, TextOfTheTargetOutlivesInstallsThatFail) {
  install(1, "one\n", std::nullopt);
  const std::string one = text_of(target_);
  for (const std::int64_t revision : {2, 3}) {
    install(revision, "other " + std::to_string(revision) + "\n", target_content());
    write_file(target_, one);  // as if the rename had failed
  }
  ASSERT_TRUE(file_.find().published);
  EXPECT_EQ(*file_.find().published->text, "one\n");
}

TEST_F(ConfigFileTest, RecordOfARenameThatNeverHappenedNamesTheOldFile) {
  install(1, "one\n", std::nullopt);
  const std::string one = text_of(target_);
  install(2, "two\n", target_content());
  write_file(target_, one);  // as if it had died before the rename
  EXPECT_EQ(file_.find().installed, content_of(one));
}

TEST_F(ConfigFileTest, ChangedFileIsNotKeptAsProven) {
  install(1, "one\n", std::nullopt);
  const FileContent one = target_content();
  write_file(target_, "edited\n");
  EXPECT_TRUE(file_.keep_proven({one, {42, 1}}).failure);
  EXPECT_FALSE(file_.find().proven);
}

TEST_F(ConfigFileTest, RecordsOfAnotherBootTellNeitherTimesNorPids) {
  install(1, "one\n", std::nullopt);
  const FileContent one = target_content();
  ASSERT_FALSE(file_.keep_proven({one, {42, 1}}).failure);
  for (const char* name : {"installed.record", "proven.record"}) {
    const std::string path = directory_.path() / "state" / name;
    std::optional<Record> record = decode_record(text_of(path));
    ASSERT_TRUE(record) << path;
    record->boot = "another";
    write_file(path, encode_record(*record));
  }
  const FilesFound found = file_.find();
  EXPECT_EQ(found.installed, one);
  EXPECT_EQ(found.installed_at_ms, kInstalledBeforeBoot);
  EXPECT_EQ(found.proven, one);
  EXPECT_FALSE(found.proven_by);
}

TEST_F(ConfigFileTest, NothingIsFoundWhereNothingWasWritten) {
  const FilesFound found = file_.find();
  EXPECT_FALSE(found.file || found.installed || found.proven || found.proven_by);
  ASSERT_TRUE(file_.view());
  EXPECT_FALSE(*file_.view());
  write_file(target_, "pid /x;\n");
  ASSERT_TRUE(*file_.view());
  EXPECT_EQ((*file_.view())->content, content_of("pid /x;\n"));
  EXPECT_EQ((*file_.view())->directives.pid, "/x");
  EXPECT_EQ((*file_.view())->signature, signature_of(target_));
}

TEST_F(ConfigFileTest, CopyThatIsNotTheRecordedOneNamesNoMaster) {
  install(1, "one\n", std::nullopt);
  ASSERT_FALSE(file_.keep_proven({target_content(), {42, 1}}).failure);
  write_file(directory_.path() / "state" / "nginx.conf.proven", "another\n");
  EXPECT_EQ(file_.find().proven, content_of("another\n"));
  EXPECT_FALSE(file_.find().proven_by);
}

TEST_F(ConfigFileTest, TargetThatCannotBeReadFailsEveryJob) {
  install(1, "one\n", std::nullopt);
  const FileContent one = target_content();
  ASSERT_FALSE(file_.keep_proven({one, {42, 1}}).failure);
  const StageWritten staged = file_.write_stage({identity(2), std::make_shared<const std::string>("two\n")}, {});
  ASSERT_TRUE(staged.content);
  fs::remove(target_);
  fs::create_directory(target_);
  EXPECT_FALSE(file_.view());
  EXPECT_TRUE(file_.install({*staged.content, one, false}).failure);
  EXPECT_FALSE(file_.restore({one}).content);
  EXPECT_TRUE(file_.keep_proven({one, {42, 1}}).failure);
  EXPECT_FALSE(file_.write_stage({identity(2), std::make_shared<const std::string>("two\n")}, {}).content);
}

TEST_F(ConfigFileTest, UnknownLocalValueIsNotWritten) {
  const StageWritten staged = file_.write_stage({identity(1), std::make_shared<const std::string>("@{unset}")}, {});
  ASSERT_FALSE(staged.content);
  EXPECT_NE(staged.content.error().message.find("unset"), std::string::npos);
  EXPECT_FALSE(fs::exists(file_.stage()));
}

TEST_F(ConfigFileTest, RestoreNeedsACopyAndLeavesAnEqualFileAlone) {
  install(1, "one\n", std::nullopt);
  const FileContent one = target_content();
  EXPECT_FALSE(file_.restore({one}).content);  // no copy yet
  ASSERT_FALSE(file_.keep_proven({one, {42, 1}}).failure);
  const auto before = signature_of(target_);
  EXPECT_EQ(file_.restore({one}).content, one);
  EXPECT_EQ(signature_of(target_), before);
  install(2, "two\n", one);
  const ProvenRestored restored = file_.restore({target_content()});
  EXPECT_EQ(restored.content, one);
  EXPECT_GT(restored.installed_at_ms, 0);
  EXPECT_TRUE(restored.kept.empty());  // what was expected needs no keeping
  EXPECT_EQ(target_content(), one);
  EXPECT_EQ(file_.find().installed, one);
}

TEST_F(ConfigFileTest, OwnFileThatIsNotExpectedIsKeptAside) {
  install(1, "one\n", std::nullopt);
  const FileContent one = target_content();
  const std::string edited = text_of(target_) + "# by hand\n";
  write_file(target_, edited);
  install(2, "two\n", one);
  EXPECT_EQ(kept_, std::vector<std::string>{target_ + ".drift-1"});
  EXPECT_EQ(text_of(target_ + ".drift-1"), edited);
  EXPECT_FALSE(fs::exists(target_ + ".before-chorale"));
}

TEST_F(ConfigFileTest, OnlyTheExpectedTargetIsKeptAsProven) {
  install(1, "one\n", std::nullopt);
  const FileContent one = target_content();
  const auto install_over = [&](std::int64_t revision, const FileContent& expected) {
    const PublishedConfig config{identity(revision), std::make_shared<const std::string>("x\n")};
    const StageWritten staged = file_.write_stage(config, {});
    return file_.install({*staged.content, expected, true, config});
  };
  EXPECT_FALSE(install_over(2, content(9)).kept_as_proven);
  EXPECT_FALSE(file_.find().proven);
  const FileContent two = target_content();
  EXPECT_TRUE(install_over(3, two).kept_as_proven);
  EXPECT_EQ(file_.find().proven, two);
  EXPECT_FALSE(file_.find().proven_by);
}

TEST_F(ConfigFileTest, OtherFilesAreNoDrift) {
  write_file(target_ + ".drift-x", "");
  write_file(target_ + ".drift-0", "");
  write_file(target_ + ".drift-7b", "");
  write_file(target_ + ".drift-3", "earlier\n");
  write_file(target_, identity_line(identity(1)) + "edited\n");
  install(2, "two\n", std::nullopt);
  EXPECT_EQ(kept_, std::vector<std::string>{target_ + ".drift-4"});
}

TEST(ConfigAmongTest, OnlyNginxConfCounts) {
  const auto text = std::make_shared<const std::string>("x");
  EXPECT_FALSE(config_among(identity(1), {}));
  EXPECT_FALSE(config_among(identity(1), {{"routes.json", text, {}}, {"nginx.conf", nullptr, {}}}));
  const auto config = config_among(identity(1), {{"routes.json", nullptr, {}}, {"nginx.conf", text, {}}});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->identity, identity(1));
  EXPECT_EQ(config->text, text);
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
