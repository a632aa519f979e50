// What is said of the event stream: once when it is lost, once when it is there again. Pure.
//
//   attached --lost--> lost, said --attached--> attached anew, said --held for 10 s--> attached
//                                                  '--lost before--> unsteady, said --held for 10 s--> attached, said
//
// During elections Marathon accepts streams and ends them at once, for as long as it lasts: while it is unsteady
// nothing more is said.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "agent/base/types.h"

namespace chorale::agent {

class StreamOutage {
 public:
  // `source`: "event stream"; `attached`: "event stream attached to".
  StreamOutage(std::string source, std::string attached) : source_(std::move(source)), attached_(std::move(attached)) {}

  // Each returns what there is to say.
  [[nodiscard]] std::optional<LogLine> lost(const std::string& endpoint, const std::string& why, bool was_attached,
                                            TimePoint now);
  [[nodiscard]] std::optional<LogLine> attached(const std::string& endpoint, TimePoint now);
  // At every step.
  [[nodiscard]] std::optional<LogLine> look(TimePoint now);

 private:
  void end();
  [[nodiscard]] std::string since_text(TimePoint now) const;

  std::string source_;
  std::string attached_;
  std::string endpoint_;                  // attached last
  std::optional<TimePoint> since_;        // of the outage; it ends when the stream has held
  std::optional<TimePoint> attached_at_;  // while it is, within an outage
  bool unsteady_ = false;
};

}  // namespace chorale::agent
