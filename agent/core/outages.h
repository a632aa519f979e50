// What the log says when ZooKeeper, the leader, Marathon or the template is away, or this agent's policy is another
// than the pool's: once when it begins, once when it ends, and then how long it lasted. Pure.
//
// What is not there yet at the start is an outage only after some seconds. (Nginx's outages: applying/served_state;
// those of the event stream: leading/stream_outage.)
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/health.h"

namespace chorale::agent {

class Outages {
 public:
  // `marathon_answers`: nullopt: nothing new is known of it. `silent_since`: since when it does not, where that is
  // known better than by the first call that says so. To be called when something changes, and once a second.
  [[nodiscard]] std::vector<LogLine> look(const HealthInputs& inputs, std::optional<bool> marathon_answers,
                                          std::optional<TimePoint> silent_since = std::nullopt);

 private:
  struct Outage {
    bool was_there = false;            // since the start
    std::optional<TimePoint> since{};  // it is away
    bool told = false;
  };
  void judge_template(const HealthInputs& inputs);
  void judge_leader(const HealthInputs& inputs, const std::string& stays);
  void judge_policy(const HealthInputs& inputs);
  // `grace`: what is shorter is not told.
  void judge(Outage& outage, TimePoint now, bool there, const std::string& lost, const std::string& back,
             Milliseconds grace = Milliseconds(0));

  Outage zookeeper_;
  Outage leader_;
  std::string led_by_;                               // last
  Outage policy_;                                    // `since`: as told
  std::optional<TimePoint> policy_changes_since_{};  // it is otherwise than told
  Outage marathon_;
  Outage template_{.was_there = true};  // its absence at the start is no matter of time
  std::vector<LogLine> lines_;
};

}  // namespace chorale::agent
