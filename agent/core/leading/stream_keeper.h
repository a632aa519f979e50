// Keeps one event stream open: where, and how soon again after it broke. Pure.
//
//   waiting --due--> opening --attached--> attached
//      ^                |                     |
//      +----- failed ---+--------- failed ----+
//
// A failure goes on to the next endpoint at once; when every endpoint failed since a stream last held, it waits, longer
// each time. A stream holds when it stayed attached for 10 s: during elections Marathon accepts streams and closes them
// at once (a node whose event actor is in standby), which must not turn into a storm of connections.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/leading/endpoint_set.h"

namespace chorale::agent {

class StreamKeeper {
 public:
  StreamKeeper(Milliseconds reconnect_min, Milliseconds reconnect_max)
      : reconnect_min_(reconnect_min), reconnect_max_(reconnect_max) {}

  void start(TimePoint now);
  // False: not the stream that we opened.
  bool attached(const std::string& endpoint, TimePoint now);
  bool failed(const std::string& endpoint, const std::string& why, std::size_t endpoints, double jitter, TimePoint now);

  // The back-off ends now: an endpoint is known to answer again.
  void retry_now(TimePoint now);

  // Another endpoint is the one to follow: the stream, or the attempt, is given up. Nothing before start().
  void move(TimePoint now);

  // Where to open now. It counts as opening from here on.
  [[nodiscard]] std::optional<std::string> take_due(const EndpointSet& endpoints, TimePoint now);

  [[nodiscard]] bool is_attached() const { return state_ == State::kAttached; }
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }  // of the stream or of the attempt
  [[nodiscard]] std::string attached_endpoint() const { return is_attached() ? endpoint_ : ""; }
  // Why the last stream or attempt failed; nullopt while attached.
  [[nodiscard]] const std::optional<Failure>& trouble() const { return trouble_; }
  [[nodiscard]] TimePoint next_deadline() const { return state_ == State::kWaiting ? open_at_ : TimePoint::max(); }

 private:
  enum class State { kIdle, kWaiting, kOpening, kAttached };

  Milliseconds reconnect_min_;
  Milliseconds reconnect_max_;
  State state_ = State::kIdle;
  std::string endpoint_;
  std::vector<std::string> failed_;  // endpoints, in this round
  int rounds_failed_ = 0;
  TimePoint open_at_{};
  TimePoint attached_at_{};
  std::optional<Failure> trouble_;
};

}  // namespace chorale::agent
