#include "agent/daemon/loop_watchdog.h"

#include <cstdlib>
#include <utility>

#include "agent/base/log.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::milliseconds kBeat{100};

// Nothing of the process can be trusted any more: no log library, no destructors.
[[noreturn]] void end_hung_process() {
  write_last_words("chorale: the loop is hung; ending the process so that its session can end");
  std::abort();
}

}  // namespace

LoopWatchdog::LoopWatchdog(boost::asio::io_context& loop, std::chrono::milliseconds limit, DelayObserver on_delay)
    : timer_(loop), on_delay_(std::move(on_delay)), watcher_([this, limit] { watch(limit); }) {
  beat();
}

LoopWatchdog::~LoopWatchdog() {
  stopping_ = true;
  timer_.cancel();
  watcher_.join();
}

void LoopWatchdog::beat() {
  ++beats_;
  timer_.expires_after(kBeat);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const auto late = std::chrono::steady_clock::now() - timer_.expiry();
    on_delay_(std::chrono::duration_cast<std::chrono::milliseconds>(late));
    beat();
  });
}

void LoopWatchdog::watch(std::chrono::milliseconds limit) {
  const auto allowed = limit / kBeat;
  std::uint64_t seen = beats_;
  long silent = 0;
  while (!stopping_) {
    std::this_thread::sleep_for(kBeat);  // its own pace: see the header
    const std::uint64_t now = beats_;
    silent = now == seen ? silent + 1 : 0;
    seen = now;
    if (silent > allowed) end_hung_process();
  }
}

}  // namespace chorale::agent
