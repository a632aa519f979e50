#include "agent/core/leading/result_guard.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "agent/core/leading/served_apps.h"
#include "agent/core/leading/task_standing.h"
#include "coordination/digest.h"
#include "coordination/documents.h"

namespace chorale::agent {
namespace {

using Words = std::unordered_map<std::string_view, TaskWord>;  // task -> what Marathon says

Words words_on(const MarathonApp& app) {
  Words words;
  for (const MarathonTask& task : app.tasks) words.emplace(task.id, word_on(app, task));
  return words;
}

const MarathonApp* listed(const MarathonApps& apps, const std::string& id) {
  const auto found = apps.find(id);
  return found == apps.end() ? nullptr : &found->second;
}

struct ResultTally {
  std::size_t apps_before = 0;
  std::size_t apps_now = 0;
  std::size_t servers_before = 0;
  std::size_t servers_now = 0;
  std::string losses;
  std::vector<std::string_view> losers;  // apps, in the order of their ids

  [[nodiscard]] bool at_least(double share) const {
    return static_cast<double>(apps_now) >= share * static_cast<double>(apps_before) &&
           static_cast<double>(servers_now) >= share * static_cast<double>(servers_before);
  }
  void count(const std::string& id, std::size_t expected, std::size_t serving) {
    if (expected == 0) return;
    serving = std::min(serving, expected);
    ++apps_before;
    servers_before += expected;
    servers_now += serving;
    if (serving > 0) ++apps_now;
    if (serving == expected) return;
    losers.push_back(id);
    losses += id + " " + std::to_string(serving) + "/" + std::to_string(expected) + "\n";
  }
};

bool same_tasks(const std::vector<render::Server>& a, const std::vector<render::Server>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const render::Server& one, const render::Server& other) {
    return one.task_id == other.task_id;
  });
}

ResultTally tally_of(const render::RoutingState& made, const render::RoutingState& served, const MarathonApps& known) {
  ResultTally tally;
  ServedApps now(&made);
  for (const render::App& app : served.apps) {
    const render::App* kept = now.find(app.id);
    if (kept != nullptr && same_tasks(app.servers(), kept->servers())) {
      tally.count(app.id, app.servers().size(), app.servers().size());
      continue;
    }
    const MarathonApp* said = listed(known, app.id);
    if (said == nullptr) continue;  // Marathon lists it no more
    const Words words = words_on(*said);
    const auto expected = std::count_if(app.servers().begin(), app.servers().end(), [&](const render::Server& server) {
      const auto word = words.find(server.task_id);
      return word != words.end() && word->second == TaskWord::kServes;
    });
    tally.count(app.id, static_cast<std::size_t>(expected), kept == nullptr ? 0 : kept->servers().size());
  }
  return tally;
}

// The app as it is served, less what Marathon says is gone; nullopt: nothing is left.
std::optional<render::App> less_what_is_gone(const render::App& served, const MarathonApps& known) {
  const MarathonApp* said = listed(known, served.id);
  if (said == nullptr) return std::nullopt;
  const Words words = words_on(*said);
  render::App kept = served;
  for (render::Port& port : kept.ports) {
    std::erase_if(port.servers, [&](const render::Server& server) {
      const auto word = words.find(server.task_id);
      return word == words.end() || word->second == TaskWord::kGone;
    });
  }
  if (kept.servers().empty()) return std::nullopt;
  std::erase_if(kept.ports, [](const render::Port& port) { return port.servers.empty(); });
  return kept;
}

// What loses something stays as it is served; the rest moves on. Of another realm nothing is added: there, all that is
// made is somebody else's.
render::RoutingState without_losses(const render::RoutingState& made, const render::RoutingState& served,
                                    const MarathonApps& known, const ResultTally& tally) {
  const bool same_realm = made.realm == served.realm;
  render::RoutingState state{served.realm, {}};
  std::unordered_set<std::string_view> held_hosts;
  for (const render::App& app : served.apps) {
    if (same_realm && !std::binary_search(tally.losers.begin(), tally.losers.end(), app.id)) continue;
    auto kept = less_what_is_gone(app, known);
    if (!kept) continue;
    held_hosts.insert(app.hosts.begin(), app.hosts.end());
    for (const render::Port& port : app.ports) held_hosts.insert(port.hosts.begin(), port.hosts.end());
    state.apps.push_back(std::move(*kept));
  }
  if (!same_realm) return state;
  for (const render::App& app : made.apps) {
    if (std::binary_search(tally.losers.begin(), tally.losers.end(), app.id)) continue;
    state.apps.push_back(app);
    const auto is_held = [&](const std::string& host) { return held_hosts.contains(host); };
    std::erase_if(state.apps.back().hosts, is_held);
    for (render::Port& port : state.apps.back().ports) std::erase_if(port.hosts, is_held);
  }
  std::sort(state.apps.begin(), state.apps.end(),
            [](const render::App& a, const render::App& b) { return a.id < b.id; });
  return state;
}

std::size_t servers_in(const render::RoutingState& state) {
  std::size_t servers = 0;
  for (const render::App& app : state.apps) servers += app.servers().size();
  return servers;
}

// Another realm has other apps; a realm that nobody has, or hardly anybody, is a slip.
bool is_populated(const render::RoutingState& made, const render::RoutingState& served) {
  const auto enough = [](std::size_t now, std::size_t before) {
    return static_cast<double>(now) >= kNeverByRepetition * static_cast<double>(before);
  };
  return enough(made.apps.size(), served.apps.size()) && enough(servers_in(made), servers_in(served));
}

std::string reason_of(const ResultTally& tally, const std::vector<Exclusion>& exclusions) {
  std::string text = "the routes would keep " + std::to_string(tally.apps_now) + " of " +
                     std::to_string(tally.apps_before) + " apps, " + std::to_string(tally.servers_now) + " of " +
                     std::to_string(tally.servers_before) + " servers that are served and run; first " +
                     std::string(tally.losers.front());
  const auto why = std::find_if(exclusions.begin(), exclusions.end(),
                                [&](const Exclusion& exclusion) { return exclusion.app == tally.losers.front(); });
  return why == exclusions.end() ? text : text + ": " + why->reason;
}

}  // namespace

std::optional<render::RoutingState> ResultGuard::judge(const Routes& made, const render::RoutingState& served,
                                                       const MarathonApps& known, std::uint64_t lists, TimePoint now) {
  const ResultTally tally = tally_of(made.state, served, known);
  if (tally.at_least(shrink_limit_)) {
    held_back_.reset();
    accepted_.clear();
    return std::nullopt;
  }
  const std::string digest = coordination::sha256_hex(tally.losses).substr(0, coordination::kLossDigits);
  if (digest == accepted_) {
    passed_by_word_ = passed_by_word_ || std::exchange(by_word_, false);
    held_back_.reset();
    return std::nullopt;
  }
  if (!held_back_ || held_back_->digest != digest) {
    held_back_ = HeldBack{digest, "", false, 0, now};
    counted_list_ = 0;
  }
  if (std::exchange(counted_list_, lists) != lists) ++held_back_->seen;
  held_back_->passes_by_repetition =
      tally.at_least(kNeverByRepetition) || (made.state.realm != served.realm && is_populated(made.state, served));
  held_back_->reason = reason_of(tally, made.exclusions);
  if (held_back_->passes_by_repetition && held_back_->seen >= kEqualLosses && now - held_back_->since >= kEqualFor) {
    held_back_.reset();
    accepted_ = digest;
    return std::nullopt;
  }
  return without_losses(made.state, served, known, tally);
}

bool ResultGuard::accept(const std::string& digest) {
  if (!held_back_ || held_back_->digest != digest) return false;
  accepted_ = digest;
  by_word_ = true;
  return true;
}

}  // namespace chorale::agent
