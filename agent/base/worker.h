// The way to work off the loop: values in, values out. Every owner of work on the pool has a Worker as a member.
//
//   worker_.run([file = file_] { return read_text_file(file); },  // on the pool, with nothing of the owner's
//               [this](auto text) { take(std::move(text)); });    // on the loop, while the Worker lives
//
// Loop thread only. The end of the Worker is the end of its work: what has not begun never begins, what runs is told to
// stop by its flag, and no `then` is called afterwards. REQUIRES: the loop outlives the work, so that the pool is
// joined first. Unbounded by itself: an owner says how much it keeps under way.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "coordination/loop_thread.h"

namespace chorale::agent {

// True: the result is no longer wanted; long work ends early.
using StopFlag = std::atomic<bool>;

class Worker {
 public:
  Worker(boost::asio::io_context& loop, boost::asio::thread_pool& pool) : loop_(loop), pool_(pool) {}
  ~Worker() { cancel(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // `work` is called without arguments, or with the StopFlag; `then` with what it returned. `then` may end the Worker.
  template <class Work, class Then>
  void run(Work work, Then then) {
    thread_.check();
    boost::asio::post(pool_, [life = life_, &loop = loop_, work = std::move(work), then = std::move(then)]() mutable {
      const Inside inside(*life);
      if (life->cancelled) return;
      boost::asio::post(loop, [life, then = std::move(then), result = call(work, life->cancelled)]() mutable {
        if (!life->cancelled) then(std::move(result));
      });
    });
  }

  // Like the end of the Worker; later runs do nothing.
  void cancel() { life_->cancelled = true; }

  // Cancels, and blocks until no work runs any more, so that what it refers to may go: for work that heeds its flag.
  // Work that waits for a thread of the pool is not waited for.
  void cancel_and_wait() {
    cancel();
    for (int inside = life_->inside; inside != 0; inside = life_->inside) life_->inside.wait(inside);
  }

 private:
  struct Life {
    StopFlag cancelled{false};
    std::atomic<int> inside{0};  // how many are running
  };

  // Counted before the flag is looked at: what cancel_and_wait() does not see will see the flag.
  class Inside {
   public:
    explicit Inside(Life& life) : life_(life) { ++life_.inside; }
    ~Inside() {
      if (--life_.inside == 0) life_.inside.notify_all();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Life& life_;
  };

  template <class Work>
  static auto call(Work& work, const StopFlag& stop) {
    if constexpr (std::is_invocable_v<Work&, const StopFlag&>) {
      return work(stop);
    } else {
      return work();
    }
  }

  boost::asio::io_context& loop_;
  boost::asio::thread_pool& pool_;
  std::shared_ptr<Life> life_ = std::make_shared<Life>();
  coordination::LoopThread thread_;
};

}  // namespace chorale::agent
