// What happens to the MarathonTracker, and what it asks of the shell around it. Values only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/leading/cause.h"
#include "agent/core/leading/culprit_search.h"
#include "agent/core/leading/marathon_apps.h"
#include "agent/core/leading/routes.h"
#include "coordination/coordinator.h"
#include "render/routing_state.h"

namespace chorale::agent {

// Events: past tense.

struct TrackingBegun {                            // first event of its life
  std::optional<render::RoutingState> committed;  // decoded routes.json of the committed revision: guard's baseline
  std::optional<render::RoutingState> applied;    // what this agent applied last, where nothing is committed
  std::size_t longest_server_name = 0;            // RoutePolicy::longest_server_name of the template in use
  std::optional<render::ServicePortRange> service_ports = {};   // RoutePolicy::service_ports of it
  std::vector<coordination::QuarantineEntry> quarantined = {};  // of the committed revision
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
struct AppFetched {  // answer to FetchApp and FetchPod; nullopt: Marathon says 404 (no removal by itself)
  std::uint64_t fetch = 0;
  std::string endpoint;
  std::string app;
  tl::expected<std::optional<MarathonApp>, Failure> result;
};
struct PodsFetched {  // answer to FetchPods; nullopt: this Marathon has no pods to ask for
  std::uint64_t fetch = 0;
  std::string endpoint;
  tl::expected<std::optional<MarathonApps>, Failure> pods;
};
struct EndpointPinged {
  std::string endpoint;
  std::optional<Failure> failure;
  bool answered = true;  // with a failure: it did answer, but not well
};
struct EndpointsFound {  // by Marathon's own election: its nodes, the leader first; never none
  std::vector<std::string> endpoints;
};
struct NamesResolved {
  ResolvedNames names;                        // only those that resolved
  std::map<std::string, std::string> failed;  // name -> why
};
struct OfferRendered {  // answer to RenderAndOffer: rendered and offered to the coordinator, or the template failed
  std::uint64_t offer = 0;
  std::optional<Failure> failure;
};
struct OfferDecided {  // the coordinator's OfferClosed
  std::uint64_t offer = 0;
  coordination::Fate fate = coordination::Fate::kAbandoned;
  std::string reason;
  std::vector<std::string> nacked = {};  // whose Nginx refused it
  bool nacked_here = false;              // this proxy's did
  std::string app = {};                  // whose lines `reason` names; empty: unknown
  std::string at = {};                   // wall clock, for people
};
struct CommitDoubted {  // the coordinator's CommitRefused
  std::uint64_t offer = 0;
  std::string agent;
  std::string reason;
  std::string app;  // whose lines `reason` names; empty: unknown
  std::string at;   // wall clock, for people
};
struct StateTried {  // answer to TryState
  std::uint64_t trial = 0;
  TrialOutcome outcome;
};
struct LossBelieved {  // by an operator, whatever the guards say
  std::string digest;
  std::string by;
};
struct HoldChanged {  // an operator holds what is committed, or no longer: nothing is offered meanwhile
  bool held = false;
  std::string released_by{};  // empty: unknown
};
struct RefusalOutdated {};  // this proxy's values were corrected: Nginx may accept what it refused
struct SyncRequested {};    // a full list from Marathon is wanted now
struct TemplateChanged {    // render the current state again
  std::size_t longest_server_name = 0;
  std::optional<render::ServicePortRange> service_ports = {};
  std::string cause = "template changed";
};
struct TrackerTicked {};  // at next_deadline(), and at least once a second
using TrackerEvent =
    std::variant<TrackingBegun, StreamAttached, StreamFailed, EventReceived, AppsFetched, AppFetched, PodsFetched,
                 EndpointPinged, EndpointsFound, NamesResolved, OfferRendered, OfferDecided, CommitDoubted, StateTried,
                 LossBelieved, HoldChanged, RefusalOutdated, SyncRequested, TemplateChanged, TrackerTicked>;

// Effects: imperative.

struct OpenStream {  // GET <endpoint>/v2/events; an open one is closed first
  std::string endpoint;
};
struct FetchApps {  // GET <endpoint>/v2/apps?embed=apps.tasks...
  std::uint64_t fetch = 0;
  std::string endpoint;
};
struct FetchApp {  // GET <endpoint>/v2/apps/{id}
  std::uint64_t fetch = 0;
  std::string endpoint;
  std::string app;
};
struct FetchPods {  // GET <endpoint>/v2/pods::status
  std::uint64_t fetch = 0;
  std::string endpoint;
};
struct FetchPod {  // GET <endpoint>/v2/pods/{id}::status
  std::uint64_t fetch = 0;
  std::string endpoint;
  std::string pod;
};
struct PingEndpoint {
  std::string endpoint;
};
struct ResolveNames {
  std::set<std::string> names;
};
// Render nginx.conf, encode routes.json, offer both to the coordinator under this number. Only when the state differs
// from the last offer.
struct RenderAndOffer {
  std::uint64_t offer = 0;
  std::shared_ptr<const render::RoutingState> state;
  Cause cause;  // "status_update_event /web TASK_RUNNING", "full sync", ...
  std::vector<coordination::QuarantineEntry> quarantined = {};
  std::string by = {};  // the operator who accepted the loss that it has
};
struct TryState {  // render it and ask this proxy's Nginx, beside what is staged
  std::uint64_t trial = 0;
  std::shared_ptr<const render::RoutingState> state;
};
// Under a hold: what would be offered; nullptr: what is committed.
struct ReportWaiting {
  std::shared_ptr<const render::RoutingState> state;
};
// New since the last decision, for the metrics: hosts of labels that are left out.
struct HostsRefused {
  std::size_t invalid = 0;
  std::size_t duplicate = 0;
};
using TrackerEffect = std::variant<OpenStream, FetchApps, FetchApp, FetchPods, FetchPod, PingEndpoint, ResolveNames,
                                   RenderAndOffer, ReportWaiting, TryState, HostsRefused, LogLine>;

}  // namespace chorale::agent
