#include "agent/core/leading/stream_outage.h"

#include <utility>

#include "agent/base/duration_text.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kSteadyAfter{10};

}  // namespace

std::optional<LogLine> StreamOutage::lost(const std::string& endpoint, const std::string& why, bool was_attached,
                                          TimePoint now) {
  const std::string what = endpoint + ": " + why;
  if (attached_at_ && now - *attached_at_ >= kSteadyAfter) end();  // it had held: this is another outage
  if (std::exchange(attached_at_, std::nullopt)) {
    if (std::exchange(unsteady_, true)) return std::nullopt;
    return LogLine{LogLine::Level::kWarning, source_ + " is unsteady, " + what + "; said when it holds"};
  }
  if (since_) return std::nullopt;
  since_ = now;
  return LogLine{LogLine::Level::kWarning, source_ + (was_attached ? " lost: " : " refused: ") + what};
}

std::optional<LogLine> StreamOutage::attached(const std::string& endpoint, TimePoint now) {
  endpoint_ = endpoint;
  if (!since_) return LogLine{LogLine::Level::kInfo, attached_ + " " + endpoint};
  attached_at_ = now;
  if (unsteady_) return std::nullopt;
  return LogLine{LogLine::Level::kInfo, attached_ + " " + endpoint + ", after " + since_text(now) + " without it"};
}

std::optional<LogLine> StreamOutage::look(TimePoint now) {
  if (!attached_at_ || now - *attached_at_ < kSteadyAfter) return std::nullopt;
  std::optional<LogLine> line;
  if (unsteady_) {
    line = LogLine{LogLine::Level::kInfo, attached_ + " " + endpoint_ + " and holds, " + since_text(*attached_at_) +
                                              " after it was lost first"};
  }
  end();
  return line;
}

void StreamOutage::end() {
  unsteady_ = false;
  attached_at_.reset();
  since_.reset();
}

std::string StreamOutage::since_text(TimePoint now) const {
  return duration_text(std::chrono::duration_cast<Milliseconds>(now - *since_));
}

}  // namespace chorale::agent
