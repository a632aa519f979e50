// The wall clock as text, for people only; every decision is made on the steady clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace chorale::agent {

// "2026-11-22T12:00:00.000Z"
[[nodiscard]] std::string format_utc(std::chrono::system_clock::time_point time);
// What format_utc wrote; nullopt: another text.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_utc(const std::string& text);
[[nodiscard]] inline std::string utc_now() { return format_utc(std::chrono::system_clock::now()); }

}  // namespace chorale::agent
