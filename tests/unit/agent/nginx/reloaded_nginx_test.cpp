// The local Nginx as a whole, beside a master that is a shell: what its callers ask of it, and what they are told.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <vector>

#include "agent/nginx/config_text.h"
#include "agent/nginx/local_nginx.h"
#include "coordination/digest.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

using coordination::VoteResult;

std::vector<coordination::PublishedFile> config(const std::string& text) {
  return {{"nginx.conf", std::make_shared<const std::string>(text), {}}};
}

class ReloadedNginxTest : public ::testing::Test {
 protected:
  ReloadedNginxTest() {
    options_.config_file = directory_.path() / "nginx.conf";
    options_.pid_file = nginx_.pid_file();
    options_.state_dir = directory_.path() / "state";
    options_.local_values = {{"id", "proxy-1"}};
    options_.watch_interval = Milliseconds(20);
    // `sh -c SCRIPT -t -q -c FILE`: refuses what holds "bad".
    options_.command = {"sh", "-c", "grep -q bad \"$3\" && echo \"nginx: [emerg] bad in $3:2\" && exit 1; exit 0"};
  }
  ~ReloadedNginxTest() override {
    local_.reset();
    pool_.join();
  }

  std::optional<coordination::Identity> begin() {
    local_ = make_reloaded_nginx(
        loop_, pool_, options_,
        {[this](coordination::StageFinished answer) { staged_.push_back(std::move(answer)); },
         [this](coordination::RevisionApplied answer) { applied_.push_back(std::move(answer)); },
         [this](const NginxStatus& status) { told_ = status; }, [this](const LogLine& line) { log_.push_back(line); }});
    return local_->start();
  }
  [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
    return testing::wait_until(
        [&] {
          loop_.restart();
          loop_.run_for(Milliseconds(1));
          return condition();
        },
        Milliseconds(10'000));
  }
  [[nodiscard]] std::string file() const {
    std::ifstream in(options_.config_file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  boost::asio::io_context loop_;
  boost::asio::thread_pool pool_{1};
  testing::TempDir directory_{"reloaded"};
  FakeNginx nginx_;
  LocalNginxOptions options_;
  std::shared_ptr<LocalNginx> local_;
  std::vector<coordination::StageFinished> staged_;
  std::vector<coordination::RevisionApplied> applied_;
  std::vector<LogLine> log_;
  NginxStatus told_;
};

TEST_F(ReloadedNginxTest, StagesAppliesAndTellsItsStatus) {
  EXPECT_EQ(begin(), std::nullopt);
  EXPECT_TRUE(local_->status().running);
  local_->stage({identity(1), nullptr, config("for @{id}\n")});
  ASSERT_TRUE(run_until([this] { return !staged_.empty(); }));
  EXPECT_EQ(staged_[0].identity, identity(1));
  EXPECT_EQ(staged_[0].result, VoteResult::kAck);
  EXPECT_EQ(file(), "");
  local_->apply({identity(1), nullptr, config("for @{id}\n")});
  ASSERT_TRUE(run_until([this] { return !applied_.empty() && told_ == local_->status(); }));
  EXPECT_EQ(applied_[0].identity, identity(1));
  EXPECT_FALSE(applied_[0].at.empty());
  EXPECT_EQ(file(), identity_line(identity(1)) + "for proxy-1\n");
  EXPECT_EQ(told_.applied, identity(1));
  EXPECT_EQ(told_.reloads, 1u);
  EXPECT_TRUE(run_until([this] { return told_.workers == 2; })) << "the second may start after the first has proven it";
}

TEST_F(ReloadedNginxTest, RefusedContentIsNackedWithNginxsOwnWords) {
  begin();
  local_->apply({identity(1), nullptr, config("one\n")});
  ASSERT_TRUE(run_until([this] { return !applied_.empty(); }));
  local_->stage({identity(2), nullptr, config("bad\n")});
  ASSERT_TRUE(run_until([this] { return !staged_.empty(); }));
  EXPECT_EQ(staged_[0].result, VoteResult::kNack);
  EXPECT_EQ(staged_[0].error.substr(0, 20), "nginx: [emerg] bad i");
}

TEST_F(ReloadedNginxTest, TrialsGoBesideWhatIsStagedAndLeaveNothing) {
  begin();
  std::vector<TestFinished> tried;
  const auto keep = [&](TestFinished result) { tried.push_back(std::move(result)); };
  local_->try_out(std::make_shared<const std::string>("bad\n"), keep);
  local_->try_out(std::make_shared<const std::string>("for @{id}\n"), keep);
  local_->try_out(std::make_shared<const std::string>("for @{nobody}\n"), keep);
  local_->stage({identity(1), nullptr, config("one\n")});
  EXPECT_TRUE(tried.empty());
  ASSERT_TRUE(run_until([&] { return tried.size() == 3 && staged_.size() == 1; }));
  EXPECT_EQ(tried[0].result, TestResult::kRefused);
  EXPECT_EQ(tried[0].line, 2) << tried[0].error;
  EXPECT_EQ(tried[1].result, TestResult::kAccepted);
  EXPECT_EQ(tried[2].result, TestResult::kFailed);
  EXPECT_EQ(staged_[0].result, VoteResult::kAck);
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / ".nginx.conf.chorale-trial"));
}

TEST_F(ReloadedNginxTest, TrialSeesTheLocalValues) {
  options_.local_values = {{"id", "bad"}};
  begin();
  std::vector<TestFinished> tried;
  local_->try_out(std::make_shared<const std::string>("for @{id}\n"),
                  [&](TestFinished result) { tried.push_back(result); });
  ASSERT_TRUE(run_until([&] { return !tried.empty(); }));
  EXPECT_EQ(tried[0].result, TestResult::kRefused);
}

TEST_F(ReloadedNginxTest, UncheckedTrialIsAccepted) {
  options_.ignore_check = true;
  begin();
  std::vector<TestFinished> tried;
  local_->try_out(std::make_shared<const std::string>("bad\n"), [&](TestFinished result) { tried.push_back(result); });
  ASSERT_TRUE(run_until([&] { return !tried.empty(); }));
  EXPECT_EQ(tried[0].result, TestResult::kAccepted);
}

TEST_F(ReloadedNginxTest, RefusalOfAnEndedProposalIsForgotten) {
  begin();
  local_->apply({identity(1), nullptr, config("one\n")});
  ASSERT_TRUE(run_until([this] { return !applied_.empty(); }));
  local_->stage({identity(2), nullptr, config("bad\n")});
  ASSERT_TRUE(run_until([this] { return !staged_.empty(); }));
  EXPECT_FALSE(local_->status().config_healthy);
  local_->proposal_ended(std::nullopt);
  EXPECT_TRUE(local_->status().config_healthy);
}

TEST_F(ReloadedNginxTest, RevisionWithoutAConfigIsNackedAndNeverApplied) {
  begin();
  local_->stage({identity(1), nullptr, {}});
  local_->apply({identity(1), nullptr, {}});
  ASSERT_TRUE(run_until([this] { return !staged_.empty() && log_.size() == 2; }));
  EXPECT_EQ(staged_[0].result, VoteResult::kNack);
  EXPECT_EQ(staged_[0].error, "the revision holds no nginx.conf");
  EXPECT_EQ(file(), "");
}

TEST_F(ReloadedNginxTest, ChangedLocalValuesAreAppliedAndEqualOnesAreNot) {
  begin();
  local_->apply({identity(1), nullptr, config("for @{id}\n")});
  ASSERT_TRUE(run_until([this] { return applied_.size() == 1; }));
  local_->set_local_values({{"id", "proxy-1"}});
  local_->set_local_values({{"id", "proxy-2"}});
  ASSERT_TRUE(run_until([this] { return local_->status().reloads == 2; }));
  EXPECT_EQ(file(), identity_line(identity(1)) + "for proxy-2\n");
  EXPECT_EQ(applied_.back().identity, identity(1));
  EXPECT_EQ(applied_.back().at, applied_.front().at);  // the same revision, served since then
}

TEST_F(ReloadedNginxTest, NextLifeKnowsWhatIsServedAndWritesNothing) {
  begin();
  local_->apply({identity(1), nullptr, config("one\n")});
  ASSERT_TRUE(run_until([this] { return std::filesystem::exists(directory_.path() / "state" / "proven.record"); }));
  local_.reset();
  applied_.clear();
  EXPECT_EQ(begin(), identity(1));
  ASSERT_TRUE(run_until([this] { return !applied_.empty(); }));
  EXPECT_EQ(local_->status().reloads, 0u);
}

TEST_F(ReloadedNginxTest, NginxThatEndsIsReported) {
  begin();
  nginx_.end();
  ASSERT_TRUE(run_until([this] { return !told_.running && told_.message != "OK" && !log_.empty(); }));
  EXPECT_EQ(log_.back().text.substr(0, 20), "Nginx is not running");
}

// The owner may end it from within a callback.
TEST_F(ReloadedNginxTest, EndsWithinItsOwnCallback) {
  options_.local_values.clear();
  local_ = make_reloaded_nginx(loop_, pool_, options_, {[this](auto) { local_.reset(); }, {}, {}, {}});
  local_->start();
  local_->stage({identity(1), nullptr, {}});
  EXPECT_TRUE(run_until([this] { return !local_; }));
}

}  // namespace
}  // namespace chorale::agent
