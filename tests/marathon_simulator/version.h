// The Marathon release that the simulator speaks as. A value.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace chorale::marathon_simulator {

struct Version {
  int major = 1;
  int minor = 9;
  int patch = 136;

  auto operator<=>(const Version&) const = default;
  [[nodiscard]] std::string text() const {
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  }
};

// "1.9.136" or "1.4"; nothing for anything else.
[[nodiscard]] std::optional<Version> parse_version(std::string_view text);

// The releases at which something visible changed (from Marathon's changelog and sources).
inline constexpr Version kNamesEvents{0, 11, 0};         // "event:" lines in the stream
inline constexpr Version kTaskHasIpAddresses{0, 14, 0};  // also slaveId, since 0.11
inline constexpr Version kTaskHasState{0, 15, 0};        // the listing tells RUNNING from KILLING
inline constexpr Version kPortDefinitions{1, 0, 0};      // besides the old "ports"
inline constexpr Version kEventTypeFilter{1, 3, 7};      // ?event_type=
inline constexpr Version kInstances{1, 4, 0};            // instance_* events, instanceId instead of taskId
inline constexpr Version kNetworks{1, 5, 0};             // RAML shapes, "networks"; no more HTTP callbacks
inline constexpr Version kRedirectsStreams{1, 7, 0};     // a standby answers 302 instead of proxying
inline constexpr Version kLightPlans{1, 7, 0};           // deployment events without the whole groups before and after
inline constexpr Version kClosesSlowConsumers{1, 8, 0};  // earlier: events were dropped without a word
inline constexpr Version kGoalChanges{1, 8, 0};          // instance_changed with an unchanged condition before a kill
inline constexpr Version kRoles{1, 9, 0};

}  // namespace chorale::marathon_simulator
