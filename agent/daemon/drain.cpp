#include "agent/daemon/drain.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "agent/base/atomic_file.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"

namespace chorale::agent {
namespace {

std::string modified_at(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return utc_now();
  return format_utc(std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec));
}

}  // namespace

Drain::Drain(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const std::string& state_dir,
             std::function<void()> changed)
    : worker_(loop, workers), file_(state_dir + "/drained"), changed_(std::move(changed)) {}

void Drain::load() {
  const auto file = read_file(file_);
  if (file && !*file) return;
  auto drained = file ? decode_drained((*file)->text) : tl::unexpected(file.error());
  state_ = drained ? std::move(*drained)
                   : coordination::Drained{"",
                                           file_ + " is there and cannot be read: " + drained.error().message +
                                               "; `chorale undrain` removes it",
                                           modified_at(file_)};
  log_warning("starts " + drained_text(*state_));
}

void Drain::drain(const DrainOrder& order, Answer answer) {
  const bool same = state_ && state_->by == order.by && state_->reason == order.reason;
  const auto before =
      std::exchange(state_, coordination::Drained{order.by, order.reason, same ? state_->since : utc_now()});
  std::string text = drained_text(*state_);
  if (before && *before != *state_) text += "; before, it was " + drained_text(*before);
  write_log({LogLine::Level::kInfo,
             text + "; health answers 503, so that a balancer sends no traffic; Nginx goes on serving", true});
  waiting_.push_back({std::move(answer), text, "drained, but only until the agent restarts: "});
  changed_();
  keep_next();
}

void Drain::undrain(const DrainOrder& order, Answer answer) {
  const auto ended = std::exchange(state_, std::nullopt);
  std::string done = "it was not drained";
  if (ended) {
    const std::string how_long = was_drained_text(*ended, std::chrono::system_clock::now());
    const std::string why = ended->reason.empty() ? "" : " (" + ended->reason + ")";
    write_log(
        {LogLine::Level::kInfo, "no longer drained, by an order of " + order.by + "; it " + how_long + why, true});
    done = "no longer drained; it " + how_long;
  }
  waiting_.push_back({std::move(answer), done, "no longer drained, but drained again after the agent's next start: "});
  changed_();
  keep_next();
}

void Drain::keep_next() {
  if (keeping_ || waiting_.empty()) return;
  keeping_ = true;
  worker_.run([file = file_,
               state = state_] { return state ? replace_file(file, encode_drained(*state), {}) : remove_file(file); },
              [this, waiting = std::exchange(waiting_, {})](const Done& kept) {
                keeping_ = false;
                if (!kept) {
                  log_error("the order to drain, or not to, will not survive a restart: " + kept.error().message);
                }
                for (const Waiting& each : waiting) {
                  if (kept) {
                    each.answer(each.done);
                  } else {
                    each.answer(tl::unexpected(Failure{each.but + kept.error().message}));
                  }
                }
                keep_next();
              });
}

}  // namespace chorale::agent
