// What the leading agent does: follow Marathon, keep its apps, decide what to fetch, guard, and offer states. Pure.
//
// step(now, event) -> effects, as everywhere. It composes the fetch table and Coalescer (which fetches an event asks
// for, and when), Guard (may this answer change anything?), routes (Marathon's words to a routing state) and the name
// cache. It exists only between LeadershipGained and LeadershipLost; a new term starts with a new MarathonTracker.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/leading/marathon_apps.h"
#include "agent/core/leading/routes.h"
#include "render/routing_state.h"

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
  Milliseconds ping_interval{2'000};  // of endpoints that are not proven reachable otherwise
  double shrink_limit = 0.5;
  std::function<double()> jitter;  // uniform in [0, 1), injected to keep this pure
};

// ---- Events
// ----------------------------------------------------------------------------------------------------------

struct TrackingBegun {                            // first event of its life
  std::optional<render::RoutingState> committed;  // decoded routes.json of the committed revision: guard's baseline
  std::optional<render::RoutingState> applied;    // what this agent applied last, where nothing is committed
};
struct StreamAttached {  // event_stream_attached was seen, or the stream is up and 2 s passed without it
  std::string endpoint;
};
struct StreamFailed {
  std::string endpoint;
  Failure failure;
  bool silent = false;  // given up because nothing came, not even a heartbeat
};
struct EventReceived {
  MarathonEvent event;
};
struct AppsFetched {  // answer to FetchApps
  std::uint64_t fetch = 0;
  std::string endpoint;
  tl::expected<MarathonApps, Failure> apps;
};
struct AppFetched {  // answer to FetchApp; nullopt: Marathon says 404 (no removal by itself)
  std::uint64_t fetch = 0;
  std::string endpoint;
  std::string app;
  tl::expected<std::optional<MarathonApp>, Failure> result;
};
struct EndpointPinged {
  std::string endpoint;
  std::optional<Failure> failure;
  bool answered = true;  // with a failure: it did answer, but not well
};
struct NamesResolved {
  ResolvedNames names;                        // only those that resolved
  std::map<std::string, std::string> failed;  // name -> why
};
struct OfferRendered {  // answer to RenderAndOffer: rendered and offered to the coordinator, or the template failed
  std::uint64_t offer = 0;
  std::optional<Failure> failure;
};
struct OfferDecided {
  std::uint64_t offer = 0;
  bool committed = false;
  bool rejected = false;  // some Nginx refused it
  std::string reason;
};
struct SyncRequested {};    // /v1/reload: full sync now
struct TemplateChanged {};  // render the current state again
struct TrackerTicked {};    // at least every 100 ms (the loop may tick sooner when next_deadline() says so)
using TrackerEvent =
    std::variant<TrackingBegun, StreamAttached, StreamFailed, EventReceived, AppsFetched, AppFetched, EndpointPinged,
                 NamesResolved, OfferRendered, OfferDecided, SyncRequested, TemplateChanged, TrackerTicked>;

// ---- Effects
// ---------------------------------------------------------------------------------------------------------

struct OpenStream {  // GET <endpoint>/v2/events; an open one is closed first
  std::string endpoint;
};
struct CloseStream {};
struct FetchApps {  // GET <endpoint>/v2/apps?embed=apps.tasks...
  std::uint64_t fetch = 0;
  std::string endpoint;
};
struct FetchApp {  // GET <endpoint>/v2/apps/{id}
  std::uint64_t fetch = 0;
  std::string endpoint;
  std::string app;
};
struct PingEndpoint {
  std::string endpoint;
};
struct ResolveNames {
  std::set<std::string> names;
};
// Render nginx.conf, encode routes.json, offer both to the coordinator. Only when the state differs from the last
// offer.
struct RenderAndOffer {
  std::uint64_t offer = 0;
  std::shared_ptr<const render::RoutingState> state;
  std::string cause;  // "status_update_event /web TASK_RUNNING", "full sync", ...
};
// New since the last decision, for the metrics: hosts of labels that are left out.
struct HostsRefused {
  std::size_t invalid = 0;
  std::size_t duplicate = 0;
};
using TrackerEffect = std::variant<OpenStream, CloseStream, FetchApps, FetchApp, PingEndpoint, ResolveNames,
                                   RenderAndOffer, HostsRefused, LogLine>;

struct EndpointHealth {
  std::string endpoint;
  bool healthy = false;
  std::string message;  // "OK" or why not
};

class MarathonTracker {
 public:
  explicit MarathonTracker(TrackerOptions options);
  ~MarathonTracker();

  [[nodiscard]] std::vector<TrackerEffect> step(TimePoint now, TrackerEvent event);  // by value: a list of apps is big

  // When the next TrackerTicked changes something; the loop sets its timer by it. time_point::max(): nothing is due.
  [[nodiscard]] TimePoint next_deadline() const;

  [[nodiscard]] std::vector<EndpointHealth> endpoints() const;
  // "" while Marathon's answers are believed; else what is wrong: "GET .../v2/apps: HTTP 503", "held back: ...".
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] const std::vector<Exclusion>& exclusions() const;
  [[nodiscard]] bool stream_attached() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace chorale::agent
