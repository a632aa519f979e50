#include "agent/base/event_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;

class EventQueueTest : public ::testing::Test {
 protected:
  std::vector<int> handled_;
  std::function<void(int)> during_;  // called while an event is handled
  EventQueue<int> queue_{[this](int event) {
    handled_.push_back(event);
    if (during_) during_(event);
    handled_.push_back(-event);
  }};
};

TEST_F(EventQueueTest, EventPostedWhileOneIsHandledComesAfterIt) {
  during_ = [this](int event) {
    if (event < 3) queue_.post(event + 1);
  };
  queue_.post(1);
  EXPECT_THAT(handled_, ElementsAre(1, -1, 2, -2, 3, -3));
}

TEST_F(EventQueueTest, HandlerThatThrowsDoesNotStopLaterEvents) {
  during_ = [this](int event) {
    if (event != 1) return;
    queue_.post(2);
    throw std::runtime_error("broken");
  };
  EXPECT_THROW(queue_.post(1), std::runtime_error);
  queue_.post(3);
  EXPECT_THAT(handled_, ElementsAre(1, 2, -2, 3, -3));
}

TEST_F(EventQueueTest, ClosedQueueDropsWhatWaitsAndWhatComes) {
  during_ = [this](int) {
    queue_.post(2);
    queue_.close();
  };
  queue_.post(1);
  queue_.post(3);
  EXPECT_THAT(handled_, ElementsAre(1, -1));
  EXPECT_TRUE(queue_.closed());
}

TEST_F(EventQueueTest, OtherThreadIsCaught) {
  EXPECT_DEATH(
      {
        queue_.post(1);
        std::thread([this] { queue_.post(2); }).join();
      },
      "loop_thread.h:.*: called on the loop's thread");
}

}  // namespace
}  // namespace chorale::agent
