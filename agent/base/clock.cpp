#include "agent/base/clock.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace chorale::agent {

std::string format_utc(std::chrono::system_clock::time_point time) {
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(milliseconds));
  return text.data();
}

std::optional<std::chrono::system_clock::time_point> parse_utc(const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  int milliseconds = 0;
  if (std::sscanf(rest, ".%3dZ", &milliseconds) != 1) return std::nullopt;
  const auto time = std::chrono::system_clock::from_time_t(timegm(&parts)) + std::chrono::milliseconds(milliseconds);
  if (format_utc(time) != text) return std::nullopt;  // a day that no month has, or a longer text
  return time;
}

}  // namespace chorale::agent
