#include "agent/core/leading/fetch_table.h"

#include <algorithm>

#include "agent/core/leading/backoff.h"

namespace chorale::agent {
namespace {

constexpr Milliseconds kRetryMin{1'000};
constexpr Milliseconds kRetryMax{10'000};
constexpr std::size_t kMostApps = 20;  // single fetches at once
constexpr std::size_t kFewApps = 3;    // never worth a list

}  // namespace

FetchTable::Entry& FetchTable::entry(const std::string& app, const Cause& cause) {
  auto found = apps_.find(app);
  if (found == apps_.end()) {
    found = apps_
                .emplace(app, Entry{Coalescer(coalesce_min_, coalesce_max_), TimePoint::max(), TimePoint::min(), 0, "",
                                    cause, 0})
                .first;
  } else if (found->second.wanted_at() == TimePoint::max()) {
    found->second.cause = cause;
  }
  return found->second;
}

void FetchTable::want_app(const std::string& app, const Cause& cause, TimePoint now) {
  Entry& wanted = entry(app, cause);
  if (!wanted.burst.waiting()) wanted.cause = cause;  // says more than what only waited for a later moment
  wanted.burst.add(now);
}

void FetchTable::want_app_by(const std::string& app, const Cause& cause, TimePoint due) {
  Entry& wanted = entry(app, cause);
  wanted.later = std::min(wanted.later, due);
}

void FetchTable::hurry_apps(TimePoint now) {
  for (auto& [app, wanted] : apps_) {
    if (wanted.later != TimePoint::max()) wanted.later = std::min(wanted.later, now + coalesce_min_);
  }
}

void FetchTable::end_bursts(TimePoint now) {
  for (auto& [app, wanted] : apps_) wanted.burst.end(now);
}

void FetchTable::forget_app(const std::string& app) {
  apps_.erase(app);
  covered_.erase(app);
}

void FetchTable::want_list(const std::string& reason, TimePoint due) {
  const auto [found, is_new] = list_reasons_.emplace(reason, due);
  if (!is_new) found->second = std::min(found->second, due);
}

void FetchTable::no_list_for(const std::string& reason) { list_reasons_.erase(reason); }

void FetchTable::follow_pods(bool follow) {
  follows_pods_ = follow;
  if (!follow) forget_app(kPodsFetch);
}

void FetchTable::want_pods(const Cause& cause, TimePoint due) {
  if (follows_pods_) want_app_by(kPodsFetch, cause, due);
}

void FetchTable::retry_now(TimePoint now) {
  list_not_before_ = std::min(list_not_before_, now);
  for (auto& [app, wanted] : apps_) wanted.not_before = std::min(wanted.not_before, now);
}

TimePoint FetchTable::list_due() const {
  TimePoint due = TimePoint::max();
  if (list_flight_ != 0) return due;
  for (const auto& [reason, at] : list_reasons_) due = std::min(due, at);
  return due == TimePoint::max() ? due : std::max(due, list_not_before_);
}

bool FetchTable::is_list_cheaper(std::size_t known_apps, TimePoint now) const {
  if (list_flight_ != 0 || now < list_not_before_) return false;
  const auto waits = [](const auto& item) { return item.second.waits() && item.first != kPodsFetch; };
  const auto waiting = static_cast<std::size_t>(std::count_if(apps_.begin(), apps_.end(), waits));
  const bool due = std::any_of(apps_.begin(), apps_.end(),
                               [&](const auto& item) { return waits(item) && item.second.due() <= now; });
  return due && (waiting > kMostApps || (waiting > kFewApps && waiting * 2 > known_apps));
}

Fetch FetchTable::begin(std::string app, Cause cause, const EndpointSet& endpoints, const std::string& avoid) {
  Fetch fetch;
  fetch.id = ++last_id_;
  fetch.app = std::move(app);
  fetch.endpoint = avoid.empty() ? endpoints.best() : endpoints.best({avoid});
  fetch.cause = std::move(cause);
  flights_[fetch.id] = fetch;
  return fetch;
}

// Everything that waits began before this list does: its answer covers them, but for the list of pods.
Fetch FetchTable::begin_list(const EndpointSet& endpoints) {
  std::string why;
  TimePoint first = TimePoint::max();
  for (const auto& [reason, at] : list_reasons_) {
    if (at < first) why = reason;
    first = std::min(first, at);
  }
  list_reasons_.clear();
  Cause cause("full sync: " + why);
  for (auto item = apps_.begin(); item != apps_.end();) {
    Entry& wanted = item->second;
    if (item->first == kPodsFetch) {
      ++item;
      continue;
    }
    if (wanted.wanted_at() != TimePoint::max()) {
      covered_[item->first] = wanted.cause;
      const auto& event = wanted.cause.event;
      if (event) cause.event = std::min(*event, cause.event.value_or(*event));
    }
    wanted.satisfied();
    item = wanted.flight == 0 ? apps_.erase(item) : std::next(item);
  }
  Fetch fetch = begin("", std::move(cause), endpoints, list_avoid_);
  list_flight_ = fetch.id;
  return fetch;
}

std::vector<Fetch> FetchTable::take_due(const EndpointSet& endpoints, std::size_t known_apps, TimePoint now) {
  std::vector<Fetch> begun;
  if (endpoints.empty()) return begun;
  if (is_list_cheaper(known_apps, now)) want_list("many apps changed at once", now);
  if (list_due() <= now) {
    begun.push_back(begin_list(endpoints));
    want_pods(begun.back().cause, now);
  }
  for (auto& [app, wanted] : apps_) {
    if (flights_.size() >= kMostApps) break;
    if (!wanted.waits() || wanted.due() > now) continue;
    wanted.satisfied();
    Fetch fetch = begin(app, wanted.cause, endpoints, wanted.avoid);
    wanted.flight = fetch.id;
    begun.push_back(std::move(fetch));
  }
  return begun;
}

std::optional<Fetch> FetchTable::finish(std::uint64_t id) {
  const auto found = flights_.find(id);
  if (found == flights_.end()) return std::nullopt;
  Fetch fetch = std::move(found->second);
  flights_.erase(found);
  if (fetch.is_list()) list_flight_ = 0;
  if (const auto wanted = apps_.find(fetch.app); wanted != apps_.end() && wanted->second.flight == id) {
    wanted->second.flight = 0;
  }
  return fetch;
}

void FetchTable::succeeded(const Fetch& fetch) {
  if (fetch.is_list()) {
    list_failures_ = 0;
    list_avoid_.clear();
    covered_.clear();
    return;
  }
  const auto found = apps_.find(fetch.app);
  if (found == apps_.end()) return;
  found->second.failures = 0;
  found->second.avoid.clear();
  found->second.not_before = TimePoint::min();
  if (found->second.flight == 0 && !found->second.waits()) apps_.erase(found);
}

void FetchTable::failed(const Fetch& fetch, double jitter, TimePoint now) {
  if (fetch.is_list()) {
    ++list_failures_;
    list_avoid_ = fetch.endpoint;
    list_not_before_ = now + backoff(list_failures_, kRetryMin, kRetryMax, jitter);
    want_list(fetch.cause.text.substr(fetch.cause.text.find(": ") + 2), now);
    // The small requests may still work, e.g. through a standby, which gives up on a slow list.
    for (const auto& [app, cause] : covered_) want_app(app, cause, now);
    covered_.clear();
    return;
  }
  const auto found = apps_.find(fetch.app);
  if (found == apps_.end()) return;  // the app ended meanwhile
  Entry& wanted = found->second;
  ++wanted.failures;
  wanted.avoid = fetch.endpoint;
  wanted.not_before = now + backoff(wanted.failures, kRetryMin, kRetryMax, jitter);
  wanted.later = std::min(wanted.later, now);
}

bool FetchTable::in_flight(const std::string& app) const {
  const auto found = apps_.find(app);
  return found != apps_.end() && found->second.flight != 0;
}

bool FetchTable::expects_answer(const std::string& app) const {
  if (list_flight_ != 0 && list_failures_ == 0 && covered_.contains(app)) return true;
  const auto found = apps_.find(app);
  if (found == apps_.end() || found->second.failures > 0) return false;
  return found->second.flight != 0 || found->second.burst.waiting();
}

void FetchTable::hear(Claim claim) {
  if (!covered_in_flight(claim.app)) return;
  std::pair<std::string, std::string> key(claim.app, claim.task);
  heard_.insert_or_assign(std::move(key), Heard{std::move(claim), last_id_});
}

std::vector<Claim> FetchTable::take_claims(const Fetch& fetch) {
  std::vector<Claim> claims;
  for (const auto& [key, heard] : heard_) {
    if (heard.at >= fetch.id && (fetch.is_list() || heard.claim.app == fetch.app)) claims.push_back(heard.claim);
  }
  std::erase_if(heard_, [&](const auto& item) { return !covered_in_flight(item.second.claim.app); });
  return claims;
}

std::uint64_t FetchTable::oldest_in_flight() const { return flights_.empty() ? last_id_ + 1 : flights_.begin()->first; }

TimePoint FetchTable::next_deadline() const {
  TimePoint next = list_due();
  if (flights_.size() >= kMostApps) return next;  // an answer comes first
  for (const auto& [app, wanted] : apps_) {
    if (wanted.waits()) next = std::min(next, wanted.due());
  }
  return next;
}

}  // namespace chorale::agent
