#include <algorithm>

#include "agent/base/one_line.h"
#include "agent/core/leading/marathon_tracker_parts.h"
#include "agent/core/leading/routes_servers.h"
#include "agent/core/leading/task_standing.h"
#include "render/allow_list.h"

namespace chorale::agent {
namespace {

constexpr Milliseconds kAfterNotFound{2'000};
constexpr Milliseconds kHeldBackAgain{5'000};
constexpr Milliseconds kHopelessAgain{10'000};  // waits for Marathon to get well

std::string path_of(const Fetch& fetch) { return fetch.is_list() ? "/v2/apps" : "/v2/apps" + one_line(fetch.app); }

}  // namespace

void MarathonTracker::Parts::list_answered(AppsFetched& event) {
  const std::optional<Fetch> fetch = table_.finish(event.fetch);
  if (!fetch || !fetch->is_list()) return;
  if (!event.apps) return fetch_failed(*fetch, event.apps.error());
  fetch_succeeded(*fetch);
  take_list(known_.reconcile(std::move(*event.apps), fetch->id), *fetch);
  after_change(*fetch);
}

void MarathonTracker::Parts::app_answered(AppFetched& event) {
  const std::optional<Fetch> fetch = table_.finish(event.fetch);
  if (!fetch || fetch->is_list()) return;
  if (!event.result) return fetch_failed(*fetch, event.result.error());
  if (!*event.result) {
    // No removal: it may be a proxy's 404, or Marathon's in an election. The next good list tells.
    fetch_succeeded(*fetch);
    if (known_.find(fetch->app) != nullptr) table_.want_list("404 for " + fetch->app, now_ + kAfterNotFound);
    return after_change(*fetch);
  }
  if ((*event.result)->id != fetch->app) {
    return fetch_failed(*fetch, {"the answer is about another app: " + one_line((*event.result)->id)});
  }
  fetch_succeeded(*fetch);
  if (!known_.is_outdated(fetch->app, fetch->id))
    take_app(known_.reconcile(std::move(**event.result), fetch->id), *fetch);
  after_change(*fetch);
}

void MarathonTracker::Parts::fetch_failed(const Fetch& fetch, const Failure& failure) {
  const std::string why = one_line(failure.message, 500);
  fetch_trouble_ = why.starts_with("GET ") ? why : "GET " + fetch.endpoint + path_of(fetch) + ": " + why;
  endpoints_.failed(fetch.endpoint, why, now_);
  table_.failed(fetch, jitter(), now_);
  log(LogLine::Level::kWarning, fetch_trouble_ + "; the routes stay as they are");
}

void MarathonTracker::Parts::fetch_succeeded(const Fetch& fetch) {
  fetch_trouble_.clear();
  endpoints_.answered(fetch.endpoint, now_);
  table_.succeeded(fetch);
}

void MarathonTracker::Parts::take_list(MarathonApps list, const Fetch& fetch) {
  for (const auto& [id, app] : list) suggest_addresses(app);
  const bool was_held = guard_.held_back().has_value();
  if (guard_.judge(list, now_) == Guard::Verdict::kPass) {
    if (was_held) log(LogLine::Level::kWarning, "the list of apps that was held back is believed now");
    held_digest_.clear();
    known_.replace(std::move(list), fetch.id);
    table_.want_list("resync", now_ + options_.resync_interval);
  } else {
    const HeldBack& held = *guard_.held_back();
    if (held.digest != held_digest_) {
      log(LogLine::Level::kError, "held back: Marathon " + held.reason + " (loss " + held.digest + ")");
      held_digest_ = held.digest;
    }
    known_.merge(std::move(list), fetch.id);
    table_.want_list("held back", now_ + (held.passes_by_repetition ? kHeldBackAgain : kHopelessAgain));
  }
  memory_.forget_absent(known_.apps());
  names_.use(names_to_resolve(known_.apps()));
  synced_ = true;
}

void MarathonTracker::Parts::take_app(MarathonApp app, const Fetch& fetch) {
  suggest_addresses(app);
  names_.use_also(names_to_resolve(app));
  if (guard_.judge(app) == Guard::Verdict::kPass) return known_.replace(std::move(app), fetch.id);
  log(LogLine::Level::kWarning, "app " + one_line(app.id) + " lost most of what is served without a word: " +
                                    "its tasks stay until a whole list says the same");
  table_.want_list("lost servers of " + one_line(app.id), now_ + kAfterNotFound);
  known_.merge(std::move(app), fetch.id);
}

// A new leader knows its predecessor's addresses before its own resolver has answered, or if it never does.
void MarathonTracker::Parts::suggest_addresses(const MarathonApp& app) {
  if (app.network == NetworkMode::kContainer) return;  // the address served may be the container's own
  const MarathonApp* known = known_.find(app.id);
  if (known == nullptr) return;
  for (const MarathonTask& task : app.tasks) {
    if (!is_host_name(task.host) || render::is_ip_address(task.host)) continue;
    const auto same = std::find_if(known->tasks.begin(), known->tasks.end(),
                                   [&](const MarathonTask& earlier) { return earlier.id == task.id; });
    if (same != known->tasks.end() && render::is_ip_address(same->host)) {
      names_.suggest(task.host, same->host);
    }
  }
}

void MarathonTracker::Parts::after_change(const Fetch& fetch) {
  for (const Claim& claim : table_.take_claims(fetch)) {
    const auto meant = tasks_meant(claim.app, claim.task);
    const bool runs = std::any_of(meant.begin(), meant.end(),
                                  [](const MarathonTask* task) { return phase_of(*task) == TaskPhase::kRunning; });
    const bool shown = claim.meaning == Meaning::kTaskRuns ? runs : agrees(claim.app, claim.task, claim.meaning);
    if (!shown) table_.want_app(claim.app, claim.cause, now_);
  }
  known_.forget_before(table_.oldest_in_flight());
  // Answers of one burst come together: those that are on their way may share this offer.
  offers_.changed(fetch.cause, table_.oldest_in_flight() > table_.last_id(), now_);
}

}  // namespace chorale::agent
