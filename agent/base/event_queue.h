// Feeds a pure machine one event at a time, in order, also when performing its effects brings the next event at once.
#pragma once

#include <deque>
#include <functional>
#include <utility>

namespace chorale::agent {

// Loop thread only. Bounded by its users: every event is the answer to an effect, a timer, or an input read by the
// loop.
template <class Event>
class EventQueue {
 public:
  explicit EventQueue(std::function<void(Event)> handle) : handle_(std::move(handle)) {}

  // Handles the event now, or after the one that is being handled.
  void post(Event event) {
    if (closed_) return;
    events_.push_back(std::move(event));
    if (draining_) return;
    draining_ = true;
    while (!events_.empty()) {
      Event next = std::move(events_.front());
      events_.pop_front();
      handle_(std::move(next));
    }
    draining_ = false;
  }

  // Drops what waits and everything to come.
  void close() {
    closed_ = true;
    events_.clear();
  }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  std::function<void(Event)> handle_;
  std::deque<Event> events_;
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace chorale::agent
