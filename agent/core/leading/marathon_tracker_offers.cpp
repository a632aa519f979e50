#include <algorithm>
#include <tuple>

#include "agent/base/one_line.h"
#include "agent/core/leading/marathon_tracker_parts.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kMostExclusionsLogged = 10;  // at once; all stand in the status

bool is_before(const Exclusion& a, const Exclusion& b) { return std::tie(a.app, a.task) < std::tie(b.app, b.task); }

}  // namespace

void MarathonTracker::Parts::offer_what_is_due() {
  if (!synced_) return;
  if (now_ >= memory_runs_out_at_) {
    memory_runs_out_at_ = TimePoint::max();
    offers_.changed("health results missing for too long", true, now_);
  }
  if (!offers_.is_due(now_)) return;
  if (names_.awaits_first_answer(now_)) return;
  Routes routes = build_routes(known_.apps(), names_.known(), options_.policy, memory_, now_);
  memory_runs_out_at_ = memory_.first_expiry(options_.policy.health_memory, now_);
  report_exclusions(std::move(routes.exclusions));
  if (auto offer = offers_.consider(std::move(routes.state), now_)) {
    effects_.emplace_back(RenderAndOffer{offer->id, std::move(offer->state), std::move(offer->cause)});
  }
}

// Tasks come and go; what is wrong with an app is worth a line.
void MarathonTracker::Parts::report_exclusions(std::vector<Exclusion> exclusions) {
  std::size_t news = 0;
  HostsRefused hosts;
  for (const Exclusion& exclusion : exclusions) {
    if (!exclusion.task.empty()) continue;
    const MarathonApp* app = known_.find(exclusion.app);
    if (app != nullptr && !belongs_to_realm(*app, options_.policy.realm)) continue;
    const auto [first, last] = std::equal_range(exclusions_.begin(), exclusions_.end(), exclusion, is_before);
    if (std::find(first, last, exclusion) != last) continue;
    if (exclusion.kind == Exclusion::Kind::kInvalidHost) ++hosts.invalid;
    if (exclusion.kind == Exclusion::Kind::kDuplicateHost) ++hosts.duplicate;
    if (++news > kMostExclusionsLogged) continue;
    log(LogLine::Level::kWarning, "app " + one_line(exclusion.app) + ": " + exclusion.reason);
  }
  if (news > kMostExclusionsLogged) {
    log(LogLine::Level::kWarning, std::to_string(news - kMostExclusionsLogged) + " more apps are not served in full");
  }
  if (hosts.invalid + hosts.duplicate > 0) effects_.emplace_back(hosts);
  exclusions_ = std::move(exclusions);
}

void MarathonTracker::Parts::offer_decided(std::uint64_t offer, OfferPacer::Fate fate, const std::string& reason) {
  if (!offers_.decided(offer, fate, now_)) return;
  if (fate == OfferPacer::Fate::kCommitted) guard_.rebase(*offers_.committed());
  if (fate == OfferPacer::Fate::kRejected) {
    log(LogLine::Level::kWarning,
        "the offered state was refused, it is offered again when something changes or in 30 s: " +
            one_line(reason, 500));
  }
}

}  // namespace chorale::agent
