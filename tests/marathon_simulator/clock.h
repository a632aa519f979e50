// Time as Marathon writes it, and as a bench on the same machine measures it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chorale::marathon_simulator {

// "2020-01-02T03:04:05.678Z"
[[nodiscard]] std::string iso_time(std::chrono::system_clock::time_point at);
[[nodiscard]] std::string iso_now();

// CLOCK_MONOTONIC in nanoseconds: comparable between processes of one machine.
[[nodiscard]] std::int64_t monotonic_ns();

// "250ms", "0.5s", "2s"; a bare number means seconds. Nothing for anything else.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace chorale::marathon_simulator
