#include "agent/core/leading/marathon_tracker.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "agent/base/one_line.h"
#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kStreamIsLate{5};
// A Marathon whose requests fail and whose pings do not is not away: each endpoint is pinged every 2 s.
constexpr std::chrono::seconds kAwayAfter{3};
constexpr std::size_t kUnresolvedTold = 1'000;

}  // namespace

std::vector<TrackerEffect> MarathonTracker::step(TimePoint now, TrackerEvent event) {
  context_.now = now;
  std::visit(coordination::Overloaded{
                 [this](const TrackingBegun& begun) { begin(begun); },
                 [this](const StreamAttached& attached) { stream_attached_at(attached.endpoint); },
                 [this](const StreamFailed& failed) { stream_failed(failed); },
                 [this](const EventReceived& received) {
                   context_.silence.heard(context_.now);
                   events_.hear(received.event);
                 },
                 [this](AppsFetched& answer) { answered(answers_.take(answer)); },
                 [this](AppFetched& answer) { answered(answers_.take(answer)); },
                 [this](PodsFetched& answer) { answered(answers_.take(answer)); },
                 [this](const EndpointPinged& ping) { pinged(ping); },
                 [this](const EndpointsFound& found) { endpoints_found(found); },
                 [this](const NamesResolved& names) { names_resolved(names); },
                 [this](const OfferRendered& rendered) {
                   if (rendered.failure) offers_.decided({rendered.offer, Fate::kRejected, rendered.failure->message});
                 },
                 [this](const OfferDecided& decided) { offers_.decided(decided); },
                 [this](const CommitDoubted& doubt) { offers_.doubted(doubt); },
                 [this](const StateTried& trial) { offers_.tried(trial); },
                 [this](const LossBelieved& loss) { believe(loss); },
                 [this](const HoldChanged& hold) { offers_.hold(hold.held, hold.released_by); },
                 [this](const RefusalOutdated&) { offers_.ask_again(); },
                 [this](const SyncRequested&) {
                   context_.quarantine.retry_now();
                   context_.table.want_list("sync requested", context_.now);
                 },
                 [this](const TemplateChanged& changed) {
                   context_.policy.longest_server_name = changed.longest_server_name;
                   context_.policy.service_ports = changed.service_ports;
                   context_.quarantine.release_all("the template has changed");
                   context_.offers.force(changed.cause, context_.now);
                 },
                 [](const TrackerTicked&) {},
             },
             event);
  events_.drop_what_waits_in_vain();
  context_.known.forget_before(context_.table.oldest_in_flight());
  do_what_is_due();
  log(stream_outage_.look(context_.now));
  look_whether_away();
  return std::exchange(context_.effects, {});
}

void MarathonTracker::log(std::optional<LogLine> line) {
  if (line) context_.log(line->level, std::move(line->text));
}

// It is back with a list, not with a ping.
void MarathonTracker::look_whether_away() {
  const auto& entries = context_.endpoints.entries();
  const bool all_fail = !entries.empty() && std::all_of(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.state == EndpointSet::Entry::State::kFails;
  });
  if (!all_fail) {
    all_fail_since_.reset();
  } else if (!all_fail_since_) {
    all_fail_since_ = context_.now;
  }
  if (lists_seen_ != context_.lists_taken) answers_well_ = true;
  lists_seen_ = context_.lists_taken;
  if (all_fail && context_.now - *all_fail_since_ >= kAwayAfter) answers_well_ = false;
}

void MarathonTracker::begin(const TrackingBegun& event) {
  context_.policy.longest_server_name = event.longest_server_name;
  context_.policy.service_ports = event.service_ports;
  if (const auto& served = event.committed ? event.committed : event.applied) {
    context_.known.adopt(*served);
    context_.memory.remember_routed(*served);
    context_.guard.rebase(*served);
    context_.served = std::make_shared<const render::RoutingState>(*served);
  }
  context_.names.nothing_is_served(!context_.served);
  if (event.committed) context_.quarantine.adopt(event.quarantined, *event.committed);
  if (event.committed) context_.offers.start_from(context_.served);
  context_.table.follow_pods(context_.options.policy.pods);
  begun_ = true;
  if (!context_.endpoints.empty()) follow();
}

void MarathonTracker::follow() {
  context_.stream.start(context_.now);
  // Without events Chorale still follows, slowly: Marathon may refuse streams and answer requests.
  stream_late_at_ = context_.now + kStreamIsLate;
  context_.table.want_list("no " + context_.source(), stream_late_at_);
}

void MarathonTracker::endpoints_found(const EndpointsFound& event) {
  const std::string before = context_.endpoints.empty() ? "" : context_.endpoints.entries().front().url;
  context_.endpoints.replace(event.endpoints);
  if (!begun_) return;
  if (before.empty()) return follow();
  const std::string& leader = event.endpoints.front();
  if (leader == before || leader == context_.stream.endpoint()) return;
  // One that is cut off keeps its old stream open, and silent.
  context_.log(LogLine::Level::kInfo, "Marathon is led by " + leader + " now, no longer by " + before);
  context_.stream.move(context_.now);
  context_.silence.detached();
  context_.table.retry_now(context_.now);
}

void MarathonTracker::stream_attached_at(const std::string& endpoint) {
  if (!context_.stream.attached(endpoint, context_.now)) return;
  context_.endpoints.answered(endpoint, context_.now);
  context_.silence.attached(context_.now);
  log(stream_outage_.attached(endpoint, context_.now));
  context_.table.no_list_for("no " + context_.source());
  context_.table.follow_pods(context_.options.policy.pods);  // it may be another Marathon than before
  // What happened before is not in this stream.
  context_.table.retry_now(context_.now);
  context_.table.want_list(context_.posted() ? "subscribed to events" : "event stream attached", context_.now);
}

void MarathonTracker::stream_failed(const StreamFailed& event) {
  const bool was_attached = context_.stream.is_attached();
  const std::string why = one_line(event.failure.message);
  if (!context_.stream.failed(event.endpoint, why, context_.endpoints.size(), context_.jitter(), context_.now)) return;
  context_.silence.detached();
  context_.endpoints.failed(event.endpoint, why, context_.now);
  context_.table.want_list("no " + context_.source(), context_.now + kListWithoutStream);
  log(stream_outage_.lost(event.endpoint, why, was_attached, context_.now));
}

void MarathonTracker::pinged(const EndpointPinged& event) {
  if (event.failure) {
    context_.endpoints.failed(event.endpoint, one_line(event.failure->message), context_.now);
  } else if (context_.endpoints.answered(event.endpoint, context_.now)) {
    // Pings keep their distance, so that a Marathon whose requests fail and whose pings do not is not flooded.
    context_.table.retry_now(context_.now);
    context_.stream.retry_now(context_.now);
  }
}

void MarathonTracker::names_resolved(const NamesResolved& event) {
  if (context_.names.answered(event.names, event.failed, context_.now)) {
    context_.offers.changed("host names resolved", true, context_.now);
  }
  for (const auto& [name, addresses] : event.names) {
    if (unresolved_.erase(name) == 0) continue;
    context_.log(LogLine::Level::kInfo, "host name " + one_line(name) + " resolves again");
  }
  for (const auto& [name, why] : event.failed) {
    if (unresolved_.size() >= kUnresolvedTold || !unresolved_.insert(name).second) continue;
    context_.log(LogLine::Level::kWarning, "host name " + one_line(name) + " does not resolve: " + one_line(why));
  }
}

void MarathonTracker::believe(const LossBelieved& loss) {
  if (context_.guard.accept(loss.digest)) {
    context_.table.want_list("loss accepted", context_.now);
  } else if (context_.result_guard.accept(loss.digest)) {
    context_.offers.changed("loss accepted", true, context_.now);
  } else {
    const auto held = held_back();
    return context_.log(LogLine::Level::kWarning,
                        one_line(loss.by) + " has accepted the loss " + one_line(loss.digest) + ", but " +
                            (held ? "what is held back is " + held->digest : std::string("nothing is held back")));
  }
  context_.accepter = loss.by;
  context_.log(LogLine::Level::kWarning, one_line(loss.by) + " has accepted the loss " + loss.digest);
}

std::optional<HeldBack> MarathonTracker::held_back() const {
  const auto& by_answer = context_.guard.held_back();
  return by_answer ? by_answer : context_.result_guard.held_back();
}

void MarathonTracker::answered(const std::optional<Fetch>& fetch) {
  if (!fetch) return;
  events_.compare_claims(*fetch);
  // Answers of one burst come together: those that are on their way may share this offer.
  const bool last = context_.table.oldest_in_flight() > context_.table.last_id();
  context_.offers.changed(fetch->cause, last, context_.now);
}

void MarathonTracker::do_what_is_due() {
  answered(answers_.take_due());
  if (const auto endpoint = context_.stream.take_due(context_.endpoints, context_.now)) {
    context_.effects.emplace_back(OpenStream{*endpoint});
  }
  for (const Fetch& fetch : context_.table.take_due(context_.endpoints, context_.known.apps().size(), context_.now)) {
    ask(fetch);
  }
  for (std::string& endpoint : context_.endpoints.take_due_pings(context_.stream.attached_endpoint(), context_.now)) {
    context_.effects.emplace_back(PingEndpoint{std::move(endpoint)});
  }
  const bool was_silent = std::exchange(silent_, context_.silence.is_silent(context_.now));
  if (silent_ && !was_silent) {
    context_.log(LogLine::Level::kWarning, silence_trouble().message);
    context_.table.want_list("no event", context_.now);
  } else if (was_silent && !silent_ && context_.stream.is_attached()) {
    context_.log(LogLine::Level::kInfo, "Marathon's events arrive");
  }
  if (answers_.synced()) offers_.offer_what_is_due();
  if (std::set<std::string> names = context_.names.take_due(context_.now); !names.empty()) {
    context_.effects.emplace_back(ResolveNames{std::move(names)});
  }
}

void MarathonTracker::ask(const Fetch& fetch) {
  const MarathonApp* known = context_.known.find(fetch.app);
  if (fetch.is_list()) {
    context_.effects.emplace_back(FetchApps{fetch.id, fetch.endpoint});
  } else if (fetch.is_pods()) {
    context_.effects.emplace_back(FetchPods{fetch.id, fetch.endpoint});
  } else if (known != nullptr && known->pod) {
    context_.effects.emplace_back(FetchPod{fetch.id, fetch.endpoint, fetch.app});
  } else {
    context_.effects.emplace_back(FetchApp{fetch.id, fetch.endpoint, fetch.app});
  }
}

TimePoint MarathonTracker::next_deadline() const {
  TimePoint next = std::min(context_.stream.next_deadline(), context_.names.next_deadline(context_.now));
  if (context_.now < stream_late_at_) next = std::min(next, stream_late_at_);
  next = std::min({next, context_.silence.next_deadline(context_.now), answers_.next_deadline()});
  if (!context_.endpoints.empty()) {
    next = std::min(
        {next, context_.table.next_deadline(), context_.endpoints.next_deadline(context_.stream.attached_endpoint())});
  }
  return answers_.synced() ? std::min(next, offers_.next_deadline()) : next;
}

std::vector<EndpointHealth> MarathonTracker::endpoints() const {
  std::vector<EndpointHealth> result;
  for (const EndpointSet::Entry& entry : context_.endpoints.entries()) {
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

bool MarathonTracker::reaches_marathon() const {
  const auto& entries = context_.endpoints.entries();
  return std::any_of(entries.begin(), entries.end(), [](const EndpointSet::Entry& entry) {
    return entry.state == EndpointSet::Entry::State::kAnswers;
  });
}

// A quiet Marathon is no reason: the source asks it for events.
Failure MarathonTracker::silence_trouble() const {
  const auto every = std::min(context_.options.resync_interval, kListInSilence);
  return Failure{
      "no event from Marathon, although it has our subscription: it may not reach callback_url, or may call "
      "from another address than callback_from allows; lists every " +
      std::to_string(every.count() / 1'000) + " s instead"};
}

std::optional<Failure> MarathonTracker::trouble() const {
  if (context_.endpoints.empty()) return Failure{"no address of Marathon is known"};
  if (auto trouble = answers_.trouble()) return trouble;
  const StreamKeeper& stream = context_.stream;
  if (stream.is_attached()) return silent_ ? std::optional(silence_trouble()) : std::nullopt;
  const std::string instead = "; Marathon is asked for lists every 5 s instead";
  if (stream.trouble()) {
    return Failure{context_.source() + " " + stream.endpoint() + ": " + stream.trouble()->message + instead};
  }
  if (context_.now < stream_late_at_) return std::nullopt;
  return Failure{context_.source() + " " + stream.endpoint() + " is not attached" + instead};
}

}  // namespace chorale::agent
