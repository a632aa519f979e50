#include "tests/marathon_simulator/clock.h"

#include <time.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "tests/marathon_simulator/version.h"

namespace chorale::marathon_simulator {

std::string iso_time(std::chrono::system_clock::time_point at) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> day{};
  std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%s.%03dZ", day.data(), static_cast<int>(ms % 1000));
  return text.data();
}

std::string iso_now() { return iso_time(std::chrono::system_clock::now()); }

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double number = std::strtod(copy.c_str(), &end);
  if (end == copy.c_str() || !std::isfinite(number) || number < 0 || number > 1e9) return std::nullopt;
  const std::string_view unit = end;
  double ms = 0;
  if (unit == "ms") {
    ms = number;
  } else if (unit == "s" || unit.empty()) {
    ms = number * 1000;
  } else if (unit == "m") {
    ms = number * 60'000;
  } else {
    return std::nullopt;
  }
  return std::chrono::milliseconds(std::llround(ms));
}

std::optional<Version> parse_version(std::string_view text) {
  Version version{0, 0, 0};
  const std::string copy(text);
  int used = 0;
  const int fields =
      std::sscanf(copy.c_str(), "%d.%d%n.%d%n", &version.major, &version.minor, &used, &version.patch, &used);
  if (fields < 2 || used != static_cast<int>(copy.size())) return std::nullopt;
  if (version.major < 0 || version.minor < 0 || version.patch < 0) return std::nullopt;
  return version;
}

}  // namespace chorale::marathon_simulator
