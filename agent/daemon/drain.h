// Keeps what an operator ordered about this proxy's traffic, over restarts and crashes, in state_dir/drained. Loop
// thread only; I/O on the worker pool.
//
// An order is in force at once, and answered when the disk has it. A file that is there and cannot be read counts as
// drained: somebody took this proxy out, and only a person knows whether it may come back.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/worker.h"
#include "agent/core/drained.h"

namespace chorale::agent {

class Drain {
 public:
  // What was done, as a sentence; the error: it is in force now, but why it will not survive a restart.
  using Answer = std::function<void(tl::expected<std::string, Failure>)>;

  // `changed`: state() is another one.
  Drain(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const std::string& state_dir,
        std::function<void()> changed);
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  // Blocking; before the loop runs.
  void load();
  // Drained already: another name or reason is an order of its own, since now; the same one changes nothing.
  void drain(const DrainOrder& order, Answer answer);
  void undrain(const DrainOrder& order, Answer answer);

  [[nodiscard]] const std::optional<coordination::Drained>& state() const { return state_; }

 private:
  struct Waiting {
    Answer answer;
    std::string done;
    std::string but;  // what goes before the error
  };
  void keep_next();

  Worker worker_;
  std::string file_;
  std::function<void()> changed_;
  std::optional<coordination::Drained> state_;
  std::vector<Waiting> waiting_;
  bool keeping_ = false;  // one at a time: an older state must not overwrite a newer one
};

}  // namespace chorale::agent
