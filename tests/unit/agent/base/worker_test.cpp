#include "agent/base/worker.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <thread>

namespace chorale::agent {
namespace {

using boost::asio::io_context;
using boost::asio::thread_pool;

class WorkerTest : public ::testing::Test {
 protected:
  // Until all work has ended and all its results are taken or dropped.
  void settle() {
    pool_.join();
    loop_.run();
  }

  io_context loop_{1};
  thread_pool pool_{1};
  std::optional<Worker> worker_{std::in_place, loop_, pool_};
  int taken_ = 0;
};

TEST_F(WorkerTest, ResultIsTakenOnTheLoopsThread) {
  std::thread::id worked_on;
  std::thread::id taken_on;
  worker_->run([] { return std::this_thread::get_id(); },
               [&](std::thread::id id) {
                 worked_on = id;
                 taken_on = std::this_thread::get_id();
               });
  settle();
  EXPECT_EQ(taken_on, std::this_thread::get_id());
  EXPECT_NE(worked_on, std::this_thread::get_id());
  EXPECT_NE(worked_on, std::thread::id());
}

TEST_F(WorkerTest, ResultIsMovedNotCopied) {
  std::unique_ptr<int> got;
  worker_->run([given = std::make_unique<int>(7)]() mutable { return std::move(given); },
               [&](std::unique_ptr<int> result) { got = std::move(result); });
  settle();
  ASSERT_NE(got, nullptr);
  EXPECT_EQ(*got, 7);
}

TEST_F(WorkerTest, ResultThatComesAfterTheEndIsDropped) {
  std::promise<void> may_end;
  worker_->run(
      [end = may_end.get_future().share()] {
        end.wait();
        return 1;
      },
      [this](int) { ++taken_; });
  worker_.reset();
  may_end.set_value();
  settle();
  EXPECT_EQ(taken_, 0);
}

TEST_F(WorkerTest, ResultThatWaitsForTheLoopWhenTheEndComesIsDropped) {
  worker_->run([] { return 1; }, [this](int) { ++taken_; });
  pool_.join();  // the result is posted, and not taken
  worker_.reset();
  loop_.run();
  EXPECT_EQ(taken_, 0);
}

TEST_F(WorkerTest, WorkThatHasNotBegunNeverBegins) {
  std::promise<void> may_end;
  bool begun = false;
  worker_->run(
      [end = may_end.get_future().share()] {
        end.wait();
        return 1;
      },
      [this](int) { ++taken_; });
  worker_->run(
      [&begun] {
        begun = true;
        return 1;
      },
      [this](int) { ++taken_; });
  worker_->cancel();
  may_end.set_value();
  settle();
  EXPECT_FALSE(begun);
  EXPECT_EQ(taken_, 0);
}

TEST_F(WorkerTest, WaitingForTheEndStopsWhatRuns) {
  std::promise<void> begun;
  bool ended = false;
  worker_->run(
      [&](const StopFlag& stop) {
        begun.set_value();
        while (!stop) std::this_thread::yield();
        ended = true;
        return 1;
      },
      [this](int) { ++taken_; });
  begun.get_future().wait();
  worker_->cancel_and_wait();
  EXPECT_TRUE(ended);
  settle();
  EXPECT_EQ(taken_, 0);
}

TEST_F(WorkerTest, WaitingForTheEndWithoutWorkReturns) {
  worker_->cancel_and_wait();
  worker_->run([] { return 1; }, [this](int) { ++taken_; });
  settle();
  EXPECT_EQ(taken_, 0);
}

TEST_F(WorkerTest, TakerMayEndTheWorker) {
  worker_->run([] { return 1; },
               [this](int) {
                 worker_.reset();
                 ++taken_;
               });
  settle();
  EXPECT_EQ(taken_, 1);
}

TEST_F(WorkerTest, OneWorkersEndLeavesAnothersAlone) {
  Worker other(loop_, pool_);
  worker_->run([] { return 1; }, [this](int) { taken_ += 10; });
  other.run([] { return 1; }, [this](int) { ++taken_; });
  worker_.reset();
  settle();
  EXPECT_EQ(taken_, 1);
}

}  // namespace
}  // namespace chorale::agent
