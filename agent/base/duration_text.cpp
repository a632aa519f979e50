#include "agent/base/duration_text.h"

#include <array>
#include <cstdio>

#include "agent/base/clock.h"

namespace chorale::agent {

std::string duration_text(Milliseconds duration) {
  constexpr Milliseconds kLong{120'000};
  if (duration >= kLong) return age_text(duration.count() / 1'000);
  const double seconds = static_cast<double>(duration.count()) / 1'000.0;
  const int digits = duration < Milliseconds(1'000) ? 2 : (duration < Milliseconds(10'000) ? 1 : 0);
  std::array<char, 64> text{};
  (void)std::snprintf(text.data(), text.size(), "%.*f s", digits, seconds);
  return text.data();
}

}  // namespace chorale::agent
