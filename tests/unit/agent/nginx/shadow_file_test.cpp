// What an observer writes in place of Nginx's file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "agent/nginx/config_text.h"
#include "agent/nginx/local_nginx.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

using coordination::VoteResult;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<coordination::PublishedFile> revision_of(const std::string& text) {
  return {{"nginx.conf", std::make_shared<const std::string>(text), {}}};
}

class ShadowFileTest : public ::testing::Test {
 protected:
  ShadowFileTest() {
    options_.config_file = directory_.path() / "nginx.conf";
    options_.state_dir = directory_.path() / "state";
    options_.local_values = {{"id", "proxy-1"}};
    options_.illness_interval = Milliseconds(20);
    // Whoever runs it, for whatever, leaves a trace.
    options_.command = {"touch", directory_.path() / "run"};
    options_.pid_file = directory_.path() / "nginx.pid";
  }
  ~ShadowFileTest() override {
    EXPECT_FALSE(std::filesystem::exists(directory_.path() / "run"));
    EXPECT_FALSE(std::filesystem::exists(options_.config_file));
    local_.reset();
    pool_.join();
  }

  std::optional<coordination::Identity> begin() {
    local_ = make_shadow_file(
        loop_, pool_, options_,
        {[this](coordination::StageFinished answer) { staged_.push_back(std::move(answer)); },
         [this](coordination::RevisionApplied answer) { applied_.push_back(std::move(answer)); },
         [this](const NginxStatus& status) { told_ = status; }, [this](const LogLine& line) { log_.push_back(line); }});
    return local_->start();
  }
  [[nodiscard]] bool run_until(const std::function<bool()>& condition, Milliseconds limit = Milliseconds(10'000)) {
    return testing::wait_until(
        [&] {
          loop_.restart();
          loop_.run_for(Milliseconds(1));
          return condition();
        },
        limit);
  }
  void apply(std::int64_t revision, const std::string& text) {
    local_->apply({identity(revision), nullptr, revision_of(text)});
  }
  [[nodiscard]] std::string path() const { return shadow_file(options_.state_dir); }
  [[nodiscard]] std::string file() const {
    std::ifstream in(path());
    return {std::istreambuf_iterator<char>(in), {}};
  }

  boost::asio::io_context loop_;
  boost::asio::thread_pool pool_{1};
  testing::TempDir directory_{"shadow"};
  LocalNginxOptions options_;
  std::shared_ptr<LocalNginx> local_;
  std::vector<coordination::StageFinished> staged_;
  std::vector<coordination::RevisionApplied> applied_;
  std::vector<LogLine> log_;
  NginxStatus told_;
};

TEST_F(ShadowFileTest, WritesWhatWouldBeAppliedForRootAlone) {
  EXPECT_EQ(begin(), std::nullopt);
  EXPECT_TRUE(local_->status().shadow);
  EXPECT_FALSE(local_->status().running);
  EXPECT_EQ(local_->status().message, "apply = false: this agent touches no Nginx, it writes " + path());
  local_->stage({identity(1), nullptr, revision_of("for @{id}\n")});
  ASSERT_TRUE(run_until([this] { return !staged_.empty(); }));
  EXPECT_EQ(staged_[0].identity, identity(1));
  EXPECT_EQ(staged_[0].result, VoteResult::kAck);
  EXPECT_EQ(staged_[0].error, "");
  EXPECT_FALSE(std::filesystem::exists(path()));
  apply(1, "for @{id}\n");
  ASSERT_TRUE(run_until([this] { return !applied_.empty() && told_ == local_->status(); }));
  EXPECT_EQ(file(), identity_line(identity(1)) + "for proxy-1\n");
  EXPECT_EQ(applied_[0].identity, identity(1));
  EXPECT_FALSE(applied_[0].at.empty());
  EXPECT_EQ(told_.applied, identity(1));
  EXPECT_TRUE(told_.config_healthy);
  EXPECT_EQ(told_.reloads, 0u);
  struct stat found {};
  ASSERT_EQ(::stat(path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(ShadowFileTest, AnOlderRevisionIsWrittenToo) {
  begin();
  apply(2, "two\n");
  ASSERT_TRUE(run_until([this] { return applied_.size() == 1; }));
  apply(1, "one\n");
  ASSERT_TRUE(run_until([this] { return applied_.size() == 2; }));
  EXPECT_EQ(file(), identity_line(identity(1)) + "one\n");
}

TEST_F(ShadowFileTest, TheLastOneWantedStaysWhateverCameBetween) {
  begin();
  for (int revision = 1; revision <= 20; ++revision) apply(revision, std::to_string(revision) + "\n");
  ASSERT_TRUE(run_until([this] { return told_.applied == identity(20); }));
  EXPECT_EQ(file(), identity_line(identity(20)) + "20\n");
  EXPECT_LE(applied_.size(), 2u);
}

TEST_F(ShadowFileTest, AFileThatIsRightIsLeftAlone) {
  begin();
  apply(1, "one\n");
  ASSERT_TRUE(run_until([this] { return !applied_.empty(); }));
  const auto before = std::filesystem::last_write_time(path());
  struct stat first {};
  ASSERT_EQ(::stat(path().c_str(), &first), 0);
  local_.reset();
  EXPECT_EQ(begin(), std::nullopt) << "what an earlier life wrote is no floor";
  apply(1, "one\n");
  ASSERT_TRUE(run_until([this] { return applied_.size() == 2; }));
  struct stat second {};
  ASSERT_EQ(::stat(path().c_str(), &second), 0);
  EXPECT_EQ(first.st_ino, second.st_ino);
  EXPECT_EQ(std::filesystem::last_write_time(path()), before);
}

TEST_F(ShadowFileTest, NewLocalValuesAreFilledInAndToldOnce) {
  begin();
  local_->set_local_values({{"id", "early"}});
  apply(1, "for @{id}\n");
  ASSERT_TRUE(run_until([this] { return !applied_.empty(); }));
  EXPECT_EQ(file(), identity_line(identity(1)) + "for early\n");
  local_->set_local_values({{"id", "late"}});
  EXPECT_TRUE(run_until([this] { return file() == identity_line(identity(1)) + "for late\n"; }));
  apply(2, "for @{id}\n");
  ASSERT_TRUE(run_until([this] { return told_.applied == identity(2); }));
  EXPECT_EQ(applied_.size(), 2u);
}

TEST_F(ShadowFileTest, UnknownLocalValueIsUnableAndNamed) {
  begin();
  local_->stage({identity(1), nullptr, revision_of("for @{nobody}\n")});
  ASSERT_TRUE(run_until([this] { return !staged_.empty() && !told_.config_healthy; }));
  EXPECT_EQ(staged_[0].result, VoteResult::kUnable);
  EXPECT_THAT(staged_[0].error, HasSubstr("nobody"));
  EXPECT_THAT(told_.config_message, HasSubstr(path() + " is not up to date: "));
  EXPECT_THAT(told_.config_message, HasSubstr("nobody"));
}

TEST_F(ShadowFileTest, RevisionWithoutAnNginxConfIsRefused) {
  begin();
  local_->stage({identity(1), nullptr, {}});
  ASSERT_TRUE(run_until([this] { return !staged_.empty(); }));
  EXPECT_EQ(staged_[0].result, VoteResult::kNack);
  local_->apply({identity(1), nullptr, {}});
  apply(2, "two\n");
  ASSERT_TRUE(run_until([this] { return !applied_.empty(); }));
  EXPECT_EQ(applied_[0].identity, identity(2));
}

TEST_F(ShadowFileTest, AWriteThatFailsIsSaidOnceAndTriedAgain) {
  std::ofstream(options_.state_dir) << "a file where the directory should be\n";
  begin();
  apply(1, "one\n");
  ASSERT_TRUE(run_until([this] { return !told_.config_healthy; }));
  EXPECT_THAT(told_.config_message, HasSubstr("Not a directory"));
  ASSERT_FALSE(run_until([this] { return log_.size() > 1; }, Milliseconds(200))) << "the same reason, every 20 ms";
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_EQ(log_[0].level, LogLine::Level::kError);
  std::filesystem::remove(options_.state_dir);
  std::filesystem::create_directory(options_.state_dir);
  ASSERT_TRUE(run_until([this] { return told_.config_healthy && !applied_.empty(); }));
  EXPECT_EQ(told_.config_message, "OK");
  EXPECT_EQ(file(), identity_line(identity(1)) + "one\n");
}

TEST_F(ShadowFileTest, CommandsAreRefusedAndTrialsPass) {
  begin();
  std::vector<std::optional<Failure>> answers;
  for (const Command command : {Command::kReload, Command::kRepair}) {
    local_->command(command, [&](std::optional<Failure> failure) { answers.push_back(std::move(failure)); });
  }
  std::vector<TestResult> tried;
  local_->try_out(std::make_shared<const std::string>("bad"),
                  [&](const TestFinished& result) { tried.push_back(result.result); });
  local_->proposal_ended(std::nullopt);
  EXPECT_THAT(answers, IsEmpty()) << "never within the call";
  ASSERT_TRUE(run_until([&] { return answers.size() == 2 && tried.size() == 1; }));
  for (const auto& answer : answers) {
    EXPECT_EQ(answer.value_or(Failure{}).message, "apply = false: this agent touches no Nginx");
  }
  EXPECT_THAT(tried, ElementsAre(TestResult::kAccepted));
}

}  // namespace
}  // namespace chorale::agent
