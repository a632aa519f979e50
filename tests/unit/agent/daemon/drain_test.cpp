// What is drained stays so over restarts; on real files.
#include "agent/daemon/drain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "agent/base/clock.h"
#include "agent/base/text_file.h"
#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

using coordination::Drained;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class DrainTest : public ::testing::Test {
 protected:
  using Result = tl::expected<std::string, Failure>;

  DrainTest() { restart(); }
  ~DrainTest() override { workers_.join(); }

  void restart() {
    drain_ = std::make_unique<Drain>(loop_, workers_, directory_.path().string(), [this] { ++changes_; });
    drain_->load();
  }
  // Until every order is answered.
  void run(std::size_t orders) {
    loop_.restart();
    while (answers_.size() < orders) loop_.run_one();
  }
  Result order(bool drained, const DrainOrder& order) {
    answers_.clear();
    send(drained, order);
    run(1);
    return answers_.front();
  }
  void send(bool drained, const DrainOrder& order) {
    const auto answer = [this](Result result) { answers_.push_back(std::move(result)); };
    drained ? drain_->drain(order, answer) : drain_->undrain(order, answer);
  }
  [[nodiscard]] std::filesystem::path file() const { return directory_.path() / "drained"; }

  const chorale::testing::TempDir directory_{"drain"};
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{loop_.get_executor()};
  boost::asio::thread_pool workers_{1};
  std::unique_ptr<Drain> drain_;
  std::vector<Result> answers_;
  int changes_ = 0;
};

TEST_F(DrainTest, StaysOverARestartUntilItIsUndrained) {
  EXPECT_FALSE(drain_->state());
  const Result drained = order(true, {"jo", "a new kernel"});
  ASSERT_TRUE(drained) << drained.error().message;
  EXPECT_THAT(*drained, MatchesRegex("drained by jo since 20.*: a new kernel"));
  EXPECT_EQ(changes_, 1);
  const auto state = drain_->state();
  restart();
  EXPECT_EQ(drain_->state(), state);
  const Result ended = order(false, {"ann", ""});
  ASSERT_TRUE(ended);
  EXPECT_THAT(*ended, MatchesRegex("no longer drained; it was drained for [0-9]+ s by jo"));
  EXPECT_FALSE(drain_->state());
  EXPECT_FALSE(std::filesystem::exists(file()));
  restart();
  EXPECT_FALSE(drain_->state());
}

TEST_F(DrainTest, SecondOrderIsItsOwnAndTheSameAgainIsNone) {
  std::ofstream(file()) << encode_drained({"jo", "a new kernel", "2026-11-22T12:00:00.000Z"});
  restart();
  const std::string begin = utc_now();
  const Result replaced = order(true, {"ann", "a new disk"});
  ASSERT_TRUE(replaced);
  const Drained second = *drain_->state();
  EXPECT_EQ(second.by, "ann");
  EXPECT_GE(second.since, begin) << "jo's time is not hers";
  EXPECT_EQ(*replaced, "drained by ann since " + second.since +
                           ": a new disk; before, it was drained by jo since 2026-11-22T12:00:00.000Z: a new kernel");
  for (const DrainOrder& next : {DrainOrder{"ann", "a new fan"}, DrainOrder{"jo", "a new disk"}}) {
    std::ofstream(file()) << encode_drained({"ann", "a new disk", "2026-11-22T13:00:00.000Z"});
    restart();
    const Result same = order(true, {"ann", "a new disk"});
    EXPECT_EQ(*same, "drained by ann since 2026-11-22T13:00:00.000Z: a new disk") << "it replaces nothing";
    ASSERT_TRUE(order(true, next));
    EXPECT_GE(drain_->state()->since, begin) << next.by;
  }
}

TEST_F(DrainTest, WhatIsNotDrainedIsUndrainedAllTheSame) {
  std::ofstream(file()) << encode_drained({"jo", "put there by hand, after the start", "2026-11-22T12:00:00.000Z"});
  const Result ended = order(false, {"ann", ""});
  ASSERT_TRUE(ended);
  EXPECT_EQ(*ended, "it was not drained");
  EXPECT_FALSE(std::filesystem::exists(file())) << "it would count after the next start";
}

TEST_F(DrainTest, LastOfManyOrdersStays) {
  for (const bool drained : {true, false, true, false, true, false}) send(drained, {"jo", ""});
  run(6);
  EXPECT_FALSE(drain_->state());
  restart();
  EXPECT_FALSE(drain_->state());
  for (const bool drained : {true, false, true}) send(drained, {"ann", ""});
  run(9);
  restart();
  ASSERT_TRUE(drain_->state());
  EXPECT_EQ(drain_->state()->by, "ann");
  for (const Result& answer : answers_) EXPECT_TRUE(answer);
}

TEST_F(DrainTest, FileThatCannotBeReadKeepsTrafficAway) {
  std::ofstream(file()) << "{";
  restart();
  ASSERT_TRUE(drain_->state());
  EXPECT_EQ(drain_->state()->by, "");
  EXPECT_THAT(drain_->state()->since, StartsWith("20"));
  EXPECT_THAT(drain_->state()->reason, StartsWith(file().string() + " is there and cannot be read: "));
  EXPECT_THAT(drain_->state()->reason, HasSubstr("`chorale undrain` removes it"));
  ASSERT_TRUE(order(false, {"jo", ""}));
  restart();
  EXPECT_FALSE(drain_->state());
}

TEST_F(DrainTest, OrderThatCannotBeKeptIsInForceAndSaysSo) {
  std::filesystem::create_directories(file() / "in the way");
  const Result drained = order(true, {"jo", ""});
  ASSERT_FALSE(drained);
  EXPECT_THAT(drained.error().message, StartsWith("drained, but only until the agent restarts: cannot replace "));
  EXPECT_TRUE(drain_->state());
  const Result ended = order(false, {"jo", ""});
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message,
              StartsWith("no longer drained, but drained again after the agent's next start: cannot remove "));
  EXPECT_FALSE(drain_->state());
  restart();
  EXPECT_TRUE(drain_->state()) << "as it was said";
}

}  // namespace
}  // namespace chorale::agent
