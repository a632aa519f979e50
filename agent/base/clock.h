// The wall clock as text, for people only; every decision is made on the steady clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace chorale::agent {

// "2026-11-22T12:00:00.000Z"
[[nodiscard]] std::string format_utc(std::chrono::system_clock::time_point time);
// What format_utc wrote, or the same without milliseconds; nullopt: another text.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_utc(const std::string& text);
// The same in whole seconds since 1970.
[[nodiscard]] std::optional<std::int64_t> seconds_of(const std::string& utc);
// "12 s", "5 min", "3 h", "2 days". Nothing is negative.
[[nodiscard]] std::string age_text(std::int64_t seconds);
[[nodiscard]] inline std::string utc_now() { return format_utc(std::chrono::system_clock::now()); }

}  // namespace chorale::agent
