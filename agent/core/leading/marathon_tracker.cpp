#include "agent/core/leading/marathon_tracker.h"

#include <algorithm>
#include <utility>

#include "agent/base/one_line.h"
#include "agent/core/leading/marathon_tracker_parts.h"
#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kStreamIsLate{5};

}  // namespace

MarathonTracker::MarathonTracker(TrackerOptions options) : parts_(std::make_unique<Parts>(std::move(options))) {}
MarathonTracker::~MarathonTracker() = default;

std::vector<TrackerEffect> MarathonTracker::step(TimePoint now, TrackerEvent event) {
  return parts_->step(now, std::move(event));
}
TimePoint MarathonTracker::next_deadline() const { return parts_->next_deadline(); }
std::vector<EndpointHealth> MarathonTracker::endpoints() const { return parts_->endpoints(); }
std::string MarathonTracker::trouble() const { return parts_->trouble(); }
const std::vector<Exclusion>& MarathonTracker::exclusions() const { return parts_->exclusions(); }
bool MarathonTracker::stream_attached() const { return parts_->stream_attached(); }

MarathonTracker::Parts::Parts(TrackerOptions options)
    : options_(std::move(options)),
      endpoints_(options_.endpoints, options_.ping_interval),
      stream_(options_.reconnect_min, options_.reconnect_max),
      table_(options_.coalesce_min, options_.coalesce_max),
      guard_(options_.shrink_limit),
      offers_(options_.coalesce_min, options_.coalesce_max, options_.min_offer_interval) {}

std::vector<TrackerEffect> MarathonTracker::Parts::step(TimePoint now, TrackerEvent event) {
  now_ = now;
  effects_.clear();
  std::visit(coordination::Overloaded{
                 [this](const TrackingBegun& begun) { begin(begun); },
                 [this](const StreamAttached& attached) { stream_attached_at(attached.endpoint); },
                 [this](const StreamFailed& failed) { stream_failed(failed); },
                 [this](const EventReceived& received) { hear(received.event); },
                 [this](AppsFetched& answer) { list_answered(answer); },
                 [this](AppFetched& answer) { app_answered(answer); },
                 [this](const EndpointPinged& ping) { pinged(ping); },
                 [this](const NamesResolved& names) { names_resolved(names); },
                 [this](const OfferRendered& rendered) {
                   if (!rendered.failure) return;
                   offer_decided(rendered.offer, OfferPacer::Fate::kRejected, rendered.failure->message);
                 },
                 [this](const OfferDecided& decided) {
                   using Fate = OfferPacer::Fate;
                   const Fate refused = decided.rejected ? Fate::kRejected : Fate::kAbandoned;
                   offer_decided(decided.offer, decided.committed ? Fate::kCommitted : refused, decided.reason);
                 },
                 [this](const SyncRequested&) { table_.want_list("reload requested", now_); },
                 [this](const TemplateChanged&) { offers_.force("template changed", now_); },
                 [](const TrackerTicked&) {},
             },
             event);
  do_what_is_due();
  return std::exchange(effects_, {});
}

void MarathonTracker::Parts::begin(const TrackingBegun& event) {
  if (const auto& served = event.committed ? event.committed : event.applied) {
    known_.adopt(*served);
    memory_.remember_routed(*served);
    guard_.rebase(*served);
  }
  if (event.committed) offers_.start_from(std::make_shared<const render::RoutingState>(*event.committed));
  if (endpoints_.empty()) return log(LogLine::Level::kError, "no Marathon endpoint is configured");
  stream_.start(now_);
  // Without events Chorale still follows, slowly: Marathon may refuse streams and answer requests.
  stream_late_at_ = now_ + kStreamIsLate;
  table_.want_list("no event stream", stream_late_at_);
}

void MarathonTracker::Parts::stream_attached_at(const std::string& endpoint) {
  if (!stream_.attached(endpoint, now_)) return;
  endpoints_.answered(endpoint, now_);
  stream_is_late_ = false;
  stream_late_at_ = TimePoint::max();
  log(LogLine::Level::kInfo, "event stream attached to " + endpoint);
  // Whatever happened before is not in this stream.
  table_.retry_now(now_);
  table_.want_list("event stream attached", now_);
}

void MarathonTracker::Parts::stream_failed(const StreamFailed& event) {
  const bool was_attached = stream_.is_attached();
  const std::string why = one_line(event.failure.message);
  if (!stream_.failed(event.endpoint, why, endpoints_.size(), jitter(), now_)) return;
  endpoints_.failed(event.endpoint, why, now_);
  log(LogLine::Level::kWarning,
      std::string(was_attached ? "event stream lost: " : "event stream refused: ") + event.endpoint + ": " + why);
}

void MarathonTracker::Parts::pinged(const EndpointPinged& event) {
  if (event.failure) {
    endpoints_.failed(event.endpoint, one_line(event.failure->message), now_);
  } else if (endpoints_.answered(event.endpoint, now_)) {
    table_.retry_now(now_);
  }
}

void MarathonTracker::Parts::names_resolved(const NamesResolved& event) {
  if (names_.answered(event.names, event.failed, now_)) offers_.changed("host names resolved", true, now_);
  for (const auto& [name, why] : event.failed) {
    log(LogLine::Level::kWarning, "host name " + one_line(name) + " does not resolve: " + one_line(why));
  }
}

void MarathonTracker::Parts::do_what_is_due() {
  if (now_ >= stream_late_at_) {
    stream_late_at_ = TimePoint::max();
    stream_is_late_ = !stream_.is_attached();
  }
  if (const auto endpoint = stream_.take_due(endpoints_, now_)) effects_.emplace_back(OpenStream{*endpoint});
  for (const Fetch& fetch : table_.take_due(endpoints_, known_.apps().size(), now_)) {
    if (fetch.is_list()) {
      effects_.emplace_back(FetchApps{fetch.id, fetch.endpoint});
    } else {
      effects_.emplace_back(FetchApp{fetch.id, fetch.endpoint, fetch.app});
    }
  }
  for (std::string& endpoint : endpoints_.take_due_pings(stream_.attached_endpoint(), now_)) {
    effects_.emplace_back(PingEndpoint{std::move(endpoint)});
  }
  offer_what_is_due();
  if (std::set<std::string> names = names_.take_due(now_); !names.empty()) {
    effects_.emplace_back(ResolveNames{std::move(names)});
  }
}

TimePoint MarathonTracker::Parts::next_deadline() const {
  TimePoint next = std::min({stream_late_at_, stream_.next_deadline(), names_.next_deadline(now_)});
  if (!endpoints_.empty()) {
    next = std::min({next, table_.next_deadline(), endpoints_.next_deadline(stream_.attached_endpoint())});
  }
  if (!synced_) return next;
  next = std::min(next, memory_runs_out_at_);
  return names_.awaits_first_answer(now_) ? next : std::min(next, offers_.next_deadline());
}

std::vector<EndpointHealth> MarathonTracker::Parts::endpoints() const {
  std::vector<EndpointHealth> result;
  for (const EndpointSet::Entry& entry : endpoints_.entries()) {
    switch (entry.state) {
      case EndpointSet::Entry::State::kUntried:
        result.push_back({entry.url, false, "not tried yet"});
        break;
      case EndpointSet::Entry::State::kAnswers:
        result.push_back({entry.url, true, "OK"});
        break;
      case EndpointSet::Entry::State::kFails:
        result.push_back({entry.url, false, entry.why});
        break;
    }
  }
  return result;
}

std::string MarathonTracker::Parts::trouble() const {
  if (endpoints_.empty()) return "no Marathon endpoint is configured";
  if (const auto& held = guard_.held_back()) {
    return "held back: Marathon " + held->reason + " (loss " + held->digest + ", " +
           (held->passes_by_repetition ? "passes when answered 3 times over 10 s)" : "never passes by repetition)");
  }
  if (!fetch_trouble_.empty()) return fetch_trouble_;
  if (stream_.is_attached()) return "";
  if (!stream_.trouble().empty()) return "event stream " + stream_.endpoint() + ": " + stream_.trouble();
  return stream_is_late_ ? "event stream " + stream_.endpoint() + " is not attached" : "";
}

}  // namespace chorale::agent
