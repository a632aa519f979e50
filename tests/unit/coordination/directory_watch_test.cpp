// What others elect by in an ensemble, followed through the store.
#include "coordination/directory_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordination/memory_store.h"
#include "coordination/overloaded.h"
#include "tests/fakes/fake_ensemble.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

const Path kFirst("/service/first");
const Path kSecond("/service/second");

CoordinatorOptions options() {
  CoordinatorOptions options;
  options.id = "proxy-1";
  return options;
}

class DirectoryWatchTest : public testing::Test {
 protected:
  DirectoryWatchTest() {
    const auto post = [this](std::function<void()> job) { jobs_.push_back(std::move(job)); };
    writer_ = make_memory_store(ensemble_, post);
    writer_->open(Generation{1});
    store_ = make_memory_store(ensemble_, post);
    store_->on_session([this](const SessionEvent& event) { step(SessionChanged{event}); });
    store_->on_watch([this](const WatchEvent& event) {
      if (!deaf_) step(WatchFired{event});
    });
    run();
  }

  void start() {
    step(Started{});
    run();
  }

  void advance(milliseconds time) {
    for (const TimePoint end = now_ + time; now_ < end; now_ += milliseconds(50)) {
      step(Ticked{});
      run();
    }
  }

  void write(Operation operation) {
    std::optional<Outcome> outcome;
    writer_->execute(std::move(operation), [&](Outcome done) { outcome = std::move(done); });
    run();
    ASSERT_TRUE(outcome && *outcome) << (outcome ? outcome->error().message : "no answer");
  }

  void create_directories() {
    write(CreateNode{Path("/service"), ""});
    write(CreateNode{kFirst, ""});
    write(CreateNode{kSecond, ""});
  }

  [[nodiscard]] SessionId session() const { return ensemble_->sessions().back(); }
  [[nodiscard]] int asked() const { return asked_; }
  void deafen() { deaf_ = true; }

  std::shared_ptr<FakeEnsemble> ensemble_ = std::make_shared<FakeEnsemble>();
  std::unique_ptr<DirectoryWatch> watch_ =
      std::make_unique<DirectoryWatch>(options(), std::vector<Path>{kFirst, kSecond});
  std::function<std::optional<Error>(const Operation&)> refuse_;
  std::vector<std::string> log_;

 private:
  void step(const Event& event) {
    for (Effect& effect : watch_->step(now_, event)) {
      if (auto* line = std::get_if<AgentEffect>(&effect)) {
        log_.push_back(std::get<LogLine>(*line).text);
        continue;
      }
      std::visit(Overloaded{
                     [this](const OpenHandle& open) { store_->open(open.generation); },
                     [this](const CloseHandle&) { store_->close(); },
                     [this](SendRequest& request) { send(std::move(request)); },
                 },
                 std::get<StoreEffect>(effect));
    }
  }

  void send(SendRequest request) {
    ++asked_;
    if (refuse_) {
      if (auto error = refuse_(request.operation)) {
        jobs_.emplace_back([this, number = request.request, error = *error] {
          step(StoreReplied{number, tl::unexpected(error)});
        });
        return;
      }
    }
    store_->execute(std::move(request.operation), [this, number = request.request](Outcome outcome) {
      step(StoreReplied{number, std::move(outcome)});
    });
  }

  void run() {
    while (!jobs_.empty()) {
      const auto job = std::move(jobs_.front());
      jobs_.pop_front();
      job();
    }
  }

  TimePoint now_{seconds(100)};
  std::deque<std::function<void()>> jobs_;
  std::unique_ptr<Store> writer_;
  std::unique_ptr<Store> store_;
  bool deaf_ = false;
  int asked_ = 0;
};

TEST_F(DirectoryWatchTest, NothingIsKnownBeforeAllOfItWasRead) {
  create_directories();
  write(CreateNode{kFirst.child("a"), "one"});
  refuse_ = [](const Operation& operation) -> std::optional<Error> {
    if (path_of(operation) == kSecond) return Error{ErrorKind::kNoAuth, "list /service/second: no permission"};
    return std::nullopt;
  };
  start();
  advance(seconds(1));
  EXPECT_FALSE(watch_->found());
  EXPECT_EQ(watch_->message(), "list /service/second: no permission");
  EXPECT_THAT(log_, ElementsAre("list /service/second: no permission"));
  refuse_ = nullptr;
  advance(seconds(6));
  ASSERT_TRUE(watch_->found());
  EXPECT_THAT(watch_->found()->at(kFirst), ElementsAre(Pair("a", "one")));
  EXPECT_THAT(watch_->found()->at(kSecond), IsEmpty());
  EXPECT_EQ(watch_->message(), "OK");
}

TEST_F(DirectoryWatchTest, WatchesTellOfEveryChange) {
  create_directories();
  start();
  ASSERT_TRUE(watch_->found());
  write(CreateNode{kSecond.child("a"), "one"});
  EXPECT_THAT(watch_->found()->at(kSecond), ElementsAre(Pair("a", "one")));
  write(WriteNode{kSecond.child("a"), "two", Version{0}});
  EXPECT_THAT(watch_->found()->at(kSecond), ElementsAre(Pair("a", "two")));
  write(CreateNode{kSecond.child("b"), "three"});
  write(DeleteNode{kSecond.child("a"), Version{1}});
  EXPECT_THAT(watch_->found()->at(kSecond), ElementsAre(Pair("b", "three")));
  EXPECT_THAT(watch_->found()->at(kFirst), IsEmpty());
  const int before = asked();
  advance(seconds(9));
  EXPECT_EQ(asked(), before) << "quiet while nothing changes";
}

TEST_F(DirectoryWatchTest, DirectoryMayComeLater) {
  start();
  ASSERT_TRUE(watch_->found());
  EXPECT_THAT(watch_->found()->at(kFirst), IsEmpty());
  create_directories();
  write(CreateNode{kFirst.child("a"), "one"});
  EXPECT_THAT(watch_->found()->at(kFirst), ElementsAre(Pair("a", "one")));
  write(DeleteNode{kFirst.child("a"), Version{0}});
  write(DeleteNode{kFirst, Version{0}});
  EXPECT_THAT(watch_->found()->at(kFirst), IsEmpty());
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(DirectoryWatchTest, LostWatchIsMadeUpFor) {
  create_directories();
  write(CreateNode{kFirst.child("a"), "one"});
  start();
  deafen();
  write(WriteNode{kFirst.child("a"), "two", Version{0}});
  EXPECT_THAT(watch_->found()->at(kFirst), ElementsAre(Pair("a", "one")));
  advance(seconds(11));
  EXPECT_THAT(watch_->found()->at(kFirst), ElementsAre(Pair("a", "two")));
}

TEST_F(DirectoryWatchTest, WhatWasFoundStaysWhileZookeeperIsAway) {
  create_directories();
  write(CreateNode{kFirst.child("a"), "one"});
  start();
  const SessionId before = session();
  ensemble_->disconnect(before);
  advance(seconds(5));
  ASSERT_TRUE(watch_->found());
  EXPECT_THAT(watch_->found()->at(kFirst), ElementsAre(Pair("a", "one")));
  EXPECT_THAT(watch_->message(), HasSubstr("connection lost"));
  write(WriteNode{kFirst.child("a"), "two", Version{0}});
  ensemble_->reconnect(before);
  advance(seconds(1));
  EXPECT_THAT(watch_->found()->at(kFirst), ElementsAre(Pair("a", "two")));
}

TEST_F(DirectoryWatchTest, NewSessionReadsEverythingAgain) {
  create_directories();
  write(CreateNode{kFirst.child("a"), "one"});
  start();
  const SessionId before = session();
  ensemble_->expire(before);
  write(WriteNode{kFirst.child("a"), "two", Version{0}});
  advance(seconds(2));
  EXPECT_NE(session(), before);
  EXPECT_THAT(watch_->found()->at(kFirst), ElementsAre(Pair("a", "two")));
  write(CreateNode{kFirst.child("b"), "three"});
  EXPECT_THAT(watch_->found()->at(kFirst), ElementsAre(Pair("a", "two"), Pair("b", "three")));
}

// A list of before and texts of after are no election that ever was.
TEST_F(DirectoryWatchTest, ChildThatMayNotBeReadKeepsWhatWasFound) {
  create_directories();
  write(CreateNode{kFirst.child("a"), "one"});
  start();
  refuse_ = [](const Operation& operation) -> std::optional<Error> {
    if (path_of(operation) == kFirst.child("b")) return Error{ErrorKind::kNoAuth, "read b: no permission"};
    return std::nullopt;
  };
  write(CreateNode{kFirst.child("b"), "two"});
  advance(seconds(12));
  EXPECT_THAT(watch_->found()->at(kFirst), ElementsAre(Pair("a", "one")));
  EXPECT_EQ(std::count(log_.begin(), log_.end(), "read b: no permission"), 1);
  write(DeleteNode{kFirst.child("b"), Version{0}});
  EXPECT_EQ(watch_->message(), "OK");
}

}  // namespace
}  // namespace chorale::coordination
