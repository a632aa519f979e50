#include "agent/core/serving_line.h"

#include "agent/base/clock.h"
#include "agent/base/duration_text.h"
#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kLongestDifference = 600;
constexpr std::size_t kLongestCause = 300;

std::string news_of(const ServedRevision& served, const std::string& seconds) {
  const std::string cause = one_line(served.cause, kLongestCause);
  std::string what = served.difference ? one_line(*served.difference, kLongestDifference) : std::string();
  // A hold, a template: that is what there is to say.
  if (what.empty() && served.difference && !seconds.empty()) what = "no app or server changed";
  if (what.empty()) return cause + seconds;
  return what + (cause.empty() ? "" : " (" + cause + ")") + seconds;
}

}  // namespace

std::string serving_line(const ServedRevision& served) {
  const std::string seconds =
      served.after_event ? ", " + duration_text(*served.after_event) + " after the event" : std::string();
  const std::string revision = to_text(served.identity);
  std::string begin = served.shadow_file.empty() ? "serving " + revision + ": "
                                                 : "wrote " + revision + " to " + served.shadow_file + ": ";
  switch (served.kind) {
    case ServedRevision::Kind::kNews: {
      const std::string text = news_of(served, seconds);
      return begin + (text.empty() ? "nothing is known of its changes" : text);
    }
    case ServedRevision::Kind::kFirst: {
      const std::string text = news_of(served, {});
      return begin + "the first since the start" + (text.empty() ? "" : ", ") + text;
    }
    case ServedRevision::Kind::kAsBefore:
      return begin + "as before the start";
    case ServedRevision::Kind::kOnceMore:
      return begin + "applied once more";
  }
  return begin;
}

std::optional<Milliseconds> time_since(const std::string& event_at, const std::string& now) {
  const auto from = parse_utc(event_at);
  const auto to = parse_utc(now);
  if (!from || !to || *to < *from) return std::nullopt;
  return std::chrono::duration_cast<Milliseconds>(*to - *from);
}

}  // namespace chorale::agent
