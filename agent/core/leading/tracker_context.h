// What the pieces of the MarathonTracker work on: its options, the current step, and the parts that hold its state.
// Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/leading/endpoint_set.h"
#include "agent/core/leading/fetch_table.h"
#include "agent/core/leading/guard.h"
#include "agent/core/leading/health_memory.h"
#include "agent/core/leading/known_apps.h"
#include "agent/core/leading/name_cache.h"
#include "agent/core/leading/offer_pacer.h"
#include "agent/core/leading/quarantine.h"
#include "agent/core/leading/result_guard.h"
#include "agent/core/leading/routes.h"
#include "agent/core/leading/silence.h"
#include "agent/core/leading/stream_keeper.h"
#include "agent/core/leading/tracker_events.h"

namespace chorale::agent {

struct TrackerOptions {
  RoutePolicy policy;
  std::vector<std::string> endpoints;  // Marathon base URLs in priority order
  Milliseconds coalesce_min{20};       // after the first event of a burst
  Milliseconds coalesce_max{200};      // at most, under a storm
  Milliseconds resync_interval{60'000};
  Milliseconds min_offer_interval{500};  // config: min_reload_interval; the first offer after a pause goes at once
  Milliseconds reconnect_min{250};       // event stream back-off, doubled up to the maximum, jittered
  Milliseconds reconnect_max{10'000};
  Milliseconds ping_interval{2'000};          // of endpoints that are not proven reachable otherwise
  std::optional<Milliseconds> silence_limit;  // of a source without heartbeats; nullopt: it has them
  double shrink_limit = 0.5;
  std::function<double()> jitter;             // uniform in [0, 1), injected to keep this pure
  std::function<std::uint64_t()> next_offer;  // numbers of offers; rise over all leaderships of a process
};

// Without events Marathon is followed by lists alone.
inline constexpr Milliseconds kListWithoutStream{5'000};
// The longest between two lists where the source of events is attached and silent.
inline constexpr Milliseconds kListInSilence{10'000};

struct TrackerContext {
  explicit TrackerContext(TrackerOptions chosen)
      : options(std::move(chosen)),
        endpoints(options.endpoints, options.ping_interval),
        stream(options.reconnect_min, options.reconnect_max),
        silence(options.silence_limit),
        table(options.coalesce_min, options.coalesce_max),
        guard(options.shrink_limit, options.policy.keep_unreachable),
        result_guard(options.shrink_limit),
        offers(options.coalesce_min, options.coalesce_max, options.min_offer_interval, options.next_offer) {}

  void log(LogLine::Level level, std::string text) { effects.emplace_back(LogLine{level, std::move(text)}); }
  void log_news(LogLine::Level level, std::string text) { effects.emplace_back(LogLine{level, std::move(text), true}); }
  [[nodiscard]] double jitter() const { return options.jitter ? options.jitter() : 0.5; }
  // Events are posted to us: they are no stream that could end.
  [[nodiscard]] bool posted() const { return options.silence_limit.has_value(); }
  // Where events come from, for people.
  [[nodiscard]] std::string source() const { return posted() ? "event subscription" : "event stream"; }
  // How soon the list is asked for again, whatever is heard.
  [[nodiscard]] Milliseconds resync_interval() const {
    const Milliseconds longest = !stream.is_attached()    ? kListWithoutStream
                                 : silence.is_silent(now) ? kListInSilence
                                                          : Milliseconds::max();
    return std::min(options.resync_interval, longest);
  }

  const TrackerOptions options;
  TimePoint now{};                     // of the current step
  bool held = false;                   // by an operator: nothing is offered
  std::vector<TrackerEffect> effects;  // of the current step

  std::string accepter;  // who accepted a loss last

  RoutePolicy policy = options.policy;                 // with the bounds of the template in use
  std::shared_ptr<const render::RoutingState> served;  // committed, or what this agent applied last; or nothing

  EndpointSet endpoints;
  StreamKeeper stream;
  Silence silence;
  FetchTable table;
  Guard guard;
  ResultGuard result_guard;
  std::uint64_t lists_taken = 0;
  KnownApps known;
  HealthMemory memory;
  NameCache names;
  OfferPacer offers;
  Quarantine quarantine;
};

}  // namespace chorale::agent
