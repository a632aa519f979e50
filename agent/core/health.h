// ok | degraded | down, and /v1/health: a superset of Nixy's JSON, so that check_nixy works unchanged. Pure.
//
// down = send no traffic to this proxy. What all proxies share (ZooKeeper, Marathon or the content fails) is degraded:
// the proxies still serve, and a balancer must not lose them all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/applying/nginx_status.h"
#include "agent/core/leading/endpoint_health.h"
#include "coordination/coordinator.h"

namespace chorale::agent {

// Everything that health is made of, gathered by the loop.
struct HealthInputs {
  TimePoint now{};
  std::string id;
  coordination::ViewChanged view;  // ZooKeeper and the cluster
  bool standalone = false;         // there is no cluster: it leads itself
  NginxStatus nginx;
  std::optional<TimePoint> behind_since;   // Behind::since()
  std::optional<std::string> replaced_by;  // CutOff::replaced_by()
  // Template and Marathon, known by the leader only; followers take them from their own last look.
  std::optional<Failure> template_trouble;         // of what is used, or would be by this agent if it led
  std::optional<Failure> template_file_trouble{};  // of this host's file, used or not
  bool template_pushed = false;                    // then no agent's file is used
  std::vector<EndpointHealth> endpoints;
  std::optional<Failure> marathon_trouble;             // the credentials', or the leader's MarathonTracker::trouble()
  std::optional<Failure> name_trouble;                 // the leader's MarathonTracker::name_trouble()
  std::optional<Failure> refusal;                      // the leader's MarathonTracker::refusal()
  std::optional<coordination::WaitingChange> waiting;  // what a hold keeps back, known by the leader only
  std::vector<coordination::QuarantineEntry> quarantined;  // known by the leader only; the view says how many
  std::vector<std::string> warnings;  // e.g. "neither ZooKeeper credentials nor publish_key_file are set"
  std::optional<coordination::Drained> drained;
  Milliseconds session_timeout{10'000};
  std::string leaderless_since;  // of view.leaderless_since, on the wall clock
  std::string heard_at;          // where the view is not connected: when it was last, on the wall clock; or empty
};

struct HealthVerdict {
  coordination::Condition condition = coordination::Condition::kDegraded;
  std::string message;  // the most important reason, "OK" if none
};

inline constexpr Milliseconds kDownAfterBehind{30'000};
// Beyond the session timeout: by then the next agent should have taken over.
inline constexpr Milliseconds kLeaderlessGrace{3'000};

// What the message of an agent begins with that has no leader; then since when, and ": ".
inline constexpr std::string_view kNoLeaderSince = "no leader since ";
// Likewise of one that lacks what is committed, through its own fault; then why.
inline constexpr std::string_view kCannotApply = "cannot apply a committed revision: ";
// What the message says of one that cannot find it; before it, how many.
inline constexpr std::string_view kChunksMissing = " chunk(s) of the committed revision are missing in ZooKeeper";

[[nodiscard]] HealthVerdict judge(const HealthInputs& inputs);
// For how long a change of the pool could not be committed; `utc`: the wall clock, since another agent that leads says
// it by its own. 0: none.
[[nodiscard]] Milliseconds blocked_for(const HealthInputs& inputs, const std::string& utc);
// The body of /v1/health (indented JSON). 503 with kDown, else 200.
[[nodiscard]] std::string health_json(const HealthInputs& inputs);

}  // namespace chorale::agent
