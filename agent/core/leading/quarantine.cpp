#include "agent/core/leading/quarantine.h"

#include <algorithm>

#include "agent/base/one_line.h"
#include "coordination/digest.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kOneIn = 20;  // 5 %
constexpr std::size_t kLongestReason = 500;

const render::App* find_app(const render::RoutingState* state, const std::string& id) {
  if (state == nullptr) return nullptr;
  const auto found =
      std::lower_bound(state->apps.begin(), state->apps.end(), id,
                       [](const render::App& app, const std::string& wanted) { return app.id < wanted; });
  return found != state->apps.end() && found->id == id ? &*found : nullptr;
}

render::App without_servers(const render::App& app) {
  render::App bare;
  bare.id = app.id;
  bare.name = app.name;
  bare.path = app.path;
  bare.hosts = app.hosts;
  bare.main_port = app.main_port;
  bare.labels = app.labels;
  bare.env = app.env;
  bare.health_path = app.health_path;
  for (const render::Port& port : app.ports) {
    bare.ports.push_back({port.index, port.name, port.protocol, port.service_port, port.labels, port.hosts, {}});
  }
  return bare;
}

// The servers as they are, all else as it was when it was good. A port that has no good definition is left out.
void freeze(render::App& app, const render::App& good) {
  app.hosts = good.hosts;
  app.main_port = good.main_port;
  app.labels = good.labels;
  app.env = good.env;
  app.health_path = good.health_path;
  std::erase_if(app.ports, [&](render::Port& port) {
    const auto same = std::find_if(good.ports.begin(), good.ports.end(),
                                   [&](const render::Port& one) { return one.index == port.index; });
    if (same == good.ports.end()) return true;
    port.name = same->name;
    port.protocol = same->protocol;
    port.service_port = same->service_port;
    if (port.service_port != 0) port.lost_port = 0;
    port.labels = same->labels;
    port.hosts = same->hosts;
    return false;
  });
}

// `good` of each app to be held back; nullptr: it is left out.
using Contained = std::map<std::string, const render::App*>;

void hold_in(render::RoutingState& state, const Contained& held) {
  std::map<std::string, std::string> owners;  // of frozen hosts
  std::erase_if(state.apps, [&](render::App& app) {
    const auto found = held.find(app.id);
    if (found == held.end()) return false;
    if (found->second == nullptr) return true;
    const bool had_servers = !app.servers().empty();
    freeze(app, *found->second);
    for (const std::string& host : app.hosts) owners.emplace(host, app.id);
    for (const render::Port& port : app.ports) {
      for (const std::string& host : port.hosts) owners.emplace(host, app.id);
    }
    return had_servers && app.servers().empty();
  });
  if (owners.empty()) return;
  // A host that its frozen app still holds may have gone to another app with the definition that was refused.
  for (render::App& app : state.apps) {
    const auto is_anothers = [&](const std::string& host) {
      const auto owner = owners.find(host);
      return owner != owners.end() && owner->second != app.id;
    };
    std::erase_if(app.hosts, is_anothers);
    for (render::Port& port : app.ports) std::erase_if(port.hosts, is_anothers);
  }
}

std::vector<std::string> changed_apps(const render::RoutingState& state, const render::RoutingState* good) {
  std::vector<std::string> changed;
  for (const render::App& app : state.apps) {
    const render::App* before = find_app(good, app.id);
    if (before == nullptr || without_servers(app) != without_servers(*before)) changed.push_back(app.id);
  }
  return changed;
}

}  // namespace

std::string definition_digest(const render::App& app) {
  return coordination::sha256_hex(render::encode_routes({"", {without_servers(app)}}).text);
}

void Quarantine::adopt(const std::vector<coordination::QuarantineEntry>& entries,
                       const render::RoutingState& committed) {
  for (const coordination::QuarantineEntry& entry : entries) {
    Entry& adopted = entries_[entry.app];
    adopted.reason = entry.reason;
    adopted.digest = entry.digest;
    adopted.since = entry.since;
    adopted.present = true;
    if (const render::App* good = find_app(&committed, entry.app)) adopted.good = without_servers(*good);
  }
}

render::RoutingState Quarantine::contain(render::RoutingState wanted) {
  Contained held;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    auto& [id, frozen] = *entry;
    const render::App* app = find_app(&wanted, id);
    // It may come back as it was: what it was quarantined for is remembered.
    const bool was_present = std::exchange(frozen.present, app != nullptr);
    if (was_present != frozen.present) {
      changed_ = true;
      tell("app " + one_line(id) +
           (frozen.present ? " is quarantined again: it has come back as it was"
                           : " is out of quarantine: it is not to be routed any more"));
    }
    if (app != nullptr && definition_digest(*app) != frozen.digest) {
      tell("app " + one_line(id) + " is out of quarantine: its definition has changed");
      changed_ = true;
      entry = entries_.erase(entry);
      continue;
    }
    if (app != nullptr) held.emplace(id, frozen.good ? &*frozen.good : nullptr);
    ++entry;
  }
  if (!held.empty()) hold_in(wanted, held);
  return wanted;
}

bool Quarantine::come_due(TimePoint now) {
  bool any = std::exchange(more_due_, false);
  for (auto& [app, entry] : entries_) {
    if (!entry.retry_at) entry.retry_at = now + entry.wait;
    if (!entry.present || entry.due || *entry.retry_at > now) continue;
    entry.due = any = true;
  }
  return any;
}

TimePoint Quarantine::next_retry() const {
  TimePoint next = TimePoint::max();
  for (const auto& [app, entry] : entries_) {
    if (entry.present && !entry.due && entry.retry_at) next = std::min(next, *entry.retry_at);
  }
  return next;
}

void Quarantine::retry_now() {
  for (auto& [app, entry] : entries_) entry.retry_at = TimePoint::min();
}

void Quarantine::forget_released(const render::RoutingState& wanted) {
  std::erase_if(released_, [&](const auto& one) {
    const render::App* app = find_app(&wanted, one.first);
    return app == nullptr || definition_digest(*app) != one.second.digest;
  });
}

void Quarantine::ask_again(const render::RoutingState& wanted) {
  forget_released(wanted);
  if (search_ || (retry_ && retry_->number != 0)) return;
  retry_.reset();
  Contained held;
  for (auto& [id, entry] : entries_) {
    const render::App* app = find_app(&wanted, id);
    const bool is_same = app != nullptr && definition_digest(*app) == entry.digest;
    if (entry.due && is_same && !retry_) {
      retry_ = Retry{id, entry.digest, nullptr};
    } else if (is_same) {
      held.emplace(id, entry.good ? &*entry.good : nullptr);
    }
  }
  if (!retry_) return;
  render::RoutingState state = wanted;
  hold_in(state, held);
  retry_->state = std::make_shared<const render::RoutingState>(std::move(state));
}

void Quarantine::retried(const TrialOutcome& outcome) {
  const Retry retry = *std::exchange(retry_, std::nullopt);
  const auto found = entries_.find(retry.app);
  if (found != entries_.end() && found->second.digest == retry.digest) {
    Entry& entry = found->second;
    const Milliseconds longer = std::min(2 * entry.wait, kLongestWait);
    entry.due = false;
    entry.retry_at.reset();
    if (outcome.result == TrialOutcome::Result::kRefused) entry.wait = longer;
    if (outcome.result == TrialOutcome::Result::kAccepted) {
      tell("app " + one_line(retry.app) + " is out of quarantine: this proxy's Nginx accepts it now");
      released_[retry.app] = {retry.digest, longer};
      changed_ = true;
      entries_.erase(found);
    }
  }
  more_due_ = std::any_of(entries_.begin(), entries_.end(), [](const auto& one) { return one.second.due; });
}

std::size_t Quarantine::room(const render::RoutingState& state) const {
  const auto present =
      std::count_if(entries_.begin(), entries_.end(), [](const auto& one) { return one.second.present; });
  const std::size_t most = std::max<std::size_t>(1, (state.apps.size() + static_cast<std::size_t>(present)) / kOneIn);
  return most - std::min(most, static_cast<std::size_t>(present));
}

void Quarantine::refused(const Refusal& refusal) {
  search_.emplace(Search{refusal, std::nullopt});
  if (refusal.here) search_among_changed({TrialOutcome::Result::kRefused, refusal.error, refusal.app});
}

void Quarantine::search_among_changed(const TrialOutcome& outcome) {
  const Refusal& refusal = search_->refusal;
  search_->culprits.emplace(changed_apps(*refusal.state, refusal.good.get()), room(*refusal.state), outcome);
  end_search();
}

// Its own Nginx accepts the state, so that only the next votes can tell.
bool Quarantine::suspect(const Refusal& refusal) {
  const std::vector<std::string> changed = changed_apps(*refusal.state, refusal.good.get());
  if (std::find(changed.begin(), changed.end(), refusal.app) == changed.end()) return false;
  if (room(*refusal.state) == 0) return false;
  if (acquitted_.count(definition_digest(*find_app(refusal.state.get(), refusal.app))) != 0) return false;
  add(refusal, refusal.app, refusal.error, refusal.by);
  return true;
}

bool Quarantine::acquit(const std::vector<std::string>& by) {
  bool wronged = false;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const std::vector<std::string>& probation = entry->second.probation;
    const bool still_refuses = std::any_of(probation.begin(), probation.end(), [&](const std::string& id) {
      return std::find(by.begin(), by.end(), id) != by.end();
    });
    if (!still_refuses) {
      ++entry;
      continue;
    }
    tell("app " + one_line(entry->first) +
         " is out of quarantine: the proxy that named it refuses the state without it too");
    acquitted_.insert(entry->second.digest);
    changed_ = wronged = true;
    entry = entries_.erase(entry);
  }
  return wronged;
}

void Quarantine::committed(const Refusal& refusal) {
  const bool wronged = acquit(refusal.by);
  for (auto& [app, entry] : entries_) entry.probation.clear();
  if (!wronged && !refusal.by.empty()) (void)suspect(refusal);
}

void Quarantine::release_all(const std::string& why) {
  acquitted_.clear();
  search_.reset();
  retry_.reset();
  released_.clear();
  if (entries_.empty()) return;
  for (const auto& [id, frozen] : entries_) {
    if (frozen.present) tell("app " + one_line(id) + " is out of quarantine: " + why);
  }
  entries_.clear();
  changed_ = true;
}

std::optional<Quarantine::Question> Quarantine::take_question() {
  if (!search_ && retry_ && retry_->number == 0) {
    retry_->number = ++question_;
    return Question{question_, retry_->state};
  }
  if (!search_ || search_->asked) return std::nullopt;
  search_->asked = true;
  Contained held;
  const std::set<std::string> apps = search_->culprits ? search_->culprits->held_back() : std::set<std::string>();
  for (const std::string& app : apps) held.emplace(app, find_app(search_->refusal.good.get(), app));
  render::RoutingState state = *search_->refusal.state;
  hold_in(state, held);
  return Question{++question_, std::make_shared<const render::RoutingState>(std::move(state))};
}

void Quarantine::answered(std::uint64_t number, const TrialOutcome& outcome) {
  if (retry_ && number != 0 && retry_->number == number) return retried(outcome);
  if (!search_ || !search_->asked || number != question_) return;
  search_->asked = false;
  if (search_->culprits) {
    search_->culprits->answered(outcome);
    return end_search();
  }
  if (outcome.result == TrialOutcome::Result::kRefused) return search_among_changed(outcome);
  const Refusal refusal = std::exchange(search_, std::nullopt)->refusal;
  if (outcome.result == TrialOutcome::Result::kAccepted && !suspect(refusal)) acquit(refusal.by);
}

void Quarantine::end_search() {
  if (search_->culprits->asks()) return;
  const Search ended = *std::exchange(search_, std::nullopt);
  if (ended.culprits->state() == CulpritSearch::State::kGivenUp) {
    // Said again each time that the same is offered again, it is no news.
    tell("no app is quarantined for the refused state: " + one_line(ended.culprits->why_given_up(), kLongestReason),
         false);
  }
  for (const auto& [app, error] : ended.culprits->culprits()) add(ended.refusal, app, error, {});
}

void Quarantine::add(const Refusal& refusal, const std::string& app, const std::string& error,
                     std::vector<std::string> probation) {
  const render::App* good = find_app(refusal.good.get(), app);
  Entry entry;
  entry.reason = one_line(error, kLongestReason);
  entry.digest = definition_digest(*find_app(refusal.state.get(), app));
  entry.since = refusal.at;
  if (good != nullptr) entry.good = without_servers(*good);
  entry.probation = std::move(probation);
  entry.present = true;
  const auto released = released_.find(app);
  if (released != released_.end() && released->second.digest == entry.digest) entry.wait = released->second.wait;
  tell("app " + one_line(app) + " is quarantined, " +
       (good != nullptr ? "served as it was before its last change: " : "it was never good and is left out: ") +
       entry.reason);
  entries_.insert_or_assign(app, std::move(entry));
  changed_ = true;
}

std::vector<coordination::QuarantineEntry> Quarantine::entries() const {
  std::vector<coordination::QuarantineEntry> list;
  for (const auto& [app, entry] : entries_) {
    if (entry.present) list.push_back({app, entry.reason, entry.digest, entry.since});
  }
  return list;
}

}  // namespace chorale::agent
