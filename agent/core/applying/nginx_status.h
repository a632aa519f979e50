// What is known of this proxy's Nginx: a value for health, status and metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/types.h"
#include "coordination/types.h"

namespace chorale::agent {

// What is wrong with the process, as a sentence: most reasons say already what they speak of.
[[nodiscard]] inline std::string why_not_running(const std::string& reason) {
  return (reason.find("Nginx") == std::string::npos ? "Nginx is not running: " : "") + reason;
}

struct NginxStatus {
  // apply = false: nothing is known of Nginx. `applied` is what shadow.conf holds, the config's messages speak of it.
  bool shadow = false;
  bool running = false;                           // a verified master process
  bool reloading = false;                         // and for kSlowReload by now
  std::string message = "not looked at yet";      // "OK", or what is wrong with the process, as a sentence of its own
  bool config_healthy = true;                     // the last test and the last proof succeeded
  std::string config_message = "OK";              // "OK", or Nginx's own words
  bool drifted = false;                           // somebody else changed the file: the message says so
  std::optional<coordination::Identity> applied;  // proven
  std::optional<TimePoint> failing_since;         // since when a committed revision cannot be applied
  int workers = 0;
  int old_workers = 0;             // shutting down
  Milliseconds reload_spacing{0};  // since so many of them are left: reloads are at least this far apart
  std::uint64_t accepted_tests = 0;
  std::vector<std::string> warnings;  // of the last accepted test, in Nginx's words
  std::uint64_t reloads = 0;          // proven
  std::uint64_t reload_failures = 0;
  Milliseconds last_apply{0};  // of the last proven reload: from the signal to the proof
  bool operator==(const NginxStatus&) const = default;
};

// Of a quick reload nobody is told: it would be two more writes of every agent's znode for each change.
inline constexpr Milliseconds kSlowReload{1'000};

// As the agent's znode says it.
[[nodiscard]] inline std::string nginx_word(const NginxStatus& status) {
  if (status.shadow) return {};
  if (!status.running) return "down";
  return status.reloading ? "reloading" : "up";
}

}  // namespace chorale::agent
