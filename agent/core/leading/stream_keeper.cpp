#include "agent/core/leading/stream_keeper.h"

#include <algorithm>

#include "agent/core/leading/backoff.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kHolds{10};

}  // namespace

void StreamKeeper::start(TimePoint now) {
  state_ = State::kWaiting;
  open_at_ = now;
}

bool StreamKeeper::attached(const std::string& endpoint, TimePoint now) {
  if (state_ != State::kOpening || endpoint != endpoint_) return false;
  state_ = State::kAttached;
  attached_at_ = now;
  trouble_.reset();
  return true;
}

bool StreamKeeper::failed(const std::string& endpoint, const std::string& why, std::size_t endpoints, double jitter,
                          TimePoint now) {
  if ((state_ != State::kOpening && state_ != State::kAttached) || endpoint != endpoint_) return false;
  if (state_ == State::kAttached && now - attached_at_ >= kHolds) {
    failed_.clear();
    rounds_failed_ = 0;
  }
  state_ = State::kWaiting;
  trouble_ = Failure{why};
  failed_.push_back(endpoint);
  open_at_ = now;
  if (failed_.size() >= endpoints) {
    ++rounds_failed_;
    failed_.clear();
    open_at_ = now + backoff(rounds_failed_, reconnect_min_, reconnect_max_, jitter);
  }
  return true;
}

void StreamKeeper::retry_now(TimePoint now) { open_at_ = std::min(open_at_, now); }

void StreamKeeper::move(TimePoint now) {
  if (state_ == State::kIdle) return;
  state_ = State::kWaiting;
  open_at_ = now;
  failed_.clear();
  rounds_failed_ = 0;
}

std::optional<std::string> StreamKeeper::take_due(const EndpointSet& endpoints, TimePoint now) {
  if (state_ != State::kWaiting || now < open_at_ || endpoints.empty()) return std::nullopt;
  state_ = State::kOpening;
  endpoint_ = endpoints.best(failed_);
  return endpoint_;
}

}  // namespace chorale::agent
