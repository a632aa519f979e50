#include "agent/core/leading/offer_maker.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr const char* kHeldBackRoutes = "held back routes";
constexpr Milliseconds kHeldBackRoutesAgain{5'000};
constexpr std::size_t kLongestName = 64;           // of an operator, in a cause
constexpr std::size_t kMostExclusionsLogged = 10;  // at once; all stand in the status

bool is_before(const Exclusion& a, const Exclusion& b) { return std::tie(a.app, a.task) < std::tie(b.app, b.task); }

}  // namespace

void OfferMaker::offer_what_is_due() {
  if (context_.now >= memory_runs_out_at_) {
    memory_runs_out_at_ = TimePoint::max();
    context_.offers.changed("health results missing for too long", true, context_.now);
  }
  if (context_.quarantine.searching()) return;
  if (!context_.held && context_.quarantine.come_due(context_.now)) {
    context_.offers.changed("a quarantined app is tried again", true, context_.now);
  }
  if (!context_.offers.is_due(context_.now) || context_.names.awaits_first_answer(context_.now)) return;
  Routes routes = build_routes(context_.known.apps(), context_.names.known(), context_.policy, context_.memory,
                               context_.now, context_.served.get());
  memory_runs_out_at_ = context_.memory.first_expiry(context_.options.policy.health_memory, context_.now);
  no_slave_known_ = knows_no_slave(routes);
  hold_back_losses(routes);
  const bool passed = context_.guard.take_passed_by_word();
  if (context_.result_guard.take_passed_by_word() || passed) accepted_by_ = context_.accepter;
  report(std::move(routes.exclusions));
  report(std::move(routes.disputes));
  if (no_slave_known_) return context_.offers.wait();
  if (!context_.held) context_.quarantine.ask_again(routes.state);
  render::RoutingState state = context_.quarantine.contain(std::move(routes.state));
  if (context_.held) {
    context_.effects.emplace_back(ReportWaiting{context_.offers.keep_back(std::move(state), context_.now)});
    return;
  }
  go_on_searching();
  if (context_.quarantine.take_changed()) context_.offers.force("quarantine", context_.now);
  if (auto offer = context_.offers.consider(std::move(state), context_.now)) {
    context_.effects.emplace_back(RenderAndOffer{offer->number, std::move(offer->state), std::move(offer->cause),
                                                 context_.quarantine.entries(), accepted_by_});
  } else if (!context_.offers.refused()) {
    refusal_.reset();
    accepted_by_.clear();
  }
}

void OfferMaker::hold(bool held, const std::string& released_by) {
  if (std::exchange(context_.held, held) == held) return;
  if (held) return context_.offers.changed("hold", true, context_.now);
  context_.effects.emplace_back(ReportWaiting{nullptr});
  accepted_by_ = released_by;
  const std::string by = released_by.empty() ? "" : " by " + one_line(released_by, kLongestName);
  context_.offers.end_hold("the hold was released" + by, context_.now);
}

void OfferMaker::ask_again() {
  refusal_told_.forget();  // if it is refused once more, that is news
  context_.quarantine.retry_now();
  context_.offers.ask_again(context_.now);
}

void OfferMaker::hold_back_losses(Routes& routes) {
  if (!context_.served) return;
  auto instead =
      context_.result_guard.judge(routes, *context_.served, context_.known.apps(), context_.lists_taken, context_.now);
  const auto& held = context_.result_guard.held_back();
  if (instead) routes.state = std::move(*instead);
  if (!held) {
    held_digest_.clear();
    return context_.table.no_list_for(kHeldBackRoutes);
  }
  context_.table.want_list(kHeldBackRoutes, context_.now + kHeldBackRoutesAgain);
  if (held->digest == held_digest_) return;
  held_digest_ = held->digest;
  context_.log_news(LogLine::Level::kError,
                    "held back: " + held->reason + "; if it is real: chorale accept " + held->digest);
}

bool OfferMaker::knows_no_slave(const Routes& routes) const {
  return !context_.served && routes.state.apps.empty() &&
         std::any_of(routes.exclusions.begin(), routes.exclusions.end(),
                     [](const Exclusion& one) { return one.kind == Exclusion::Kind::kUnresolved; });
}

std::optional<Failure> OfferMaker::name_trouble() const {
  if (no_slave_known_) {
    return Failure{"nothing is offered: apps run, but no slave's name resolves on this proxy; check its resolver"};
  }
  if (disputes_.empty()) return std::nullopt;
  const NameDispute& first = disputes_.front();
  std::string text = "host name " + one_line(first.name) + " resolves to " + first.resolved +
                     " on this proxy, its running tasks are served at " + first.served +
                     " and stay there; check its resolver and /etc/hosts";
  if (disputes_.size() > 1) text += " (and " + std::to_string(disputes_.size() - 1) + " more names)";
  return Failure{std::move(text)};
}

void OfferMaker::report(std::vector<NameDispute> disputes) {
  if (disputes == disputes_) return;
  disputes_ = std::move(disputes);
  if (const auto trouble = name_trouble()) context_.log(LogLine::Level::kWarning, trouble->message);
}

// Says what is new of the quarantine, and asks what there is to ask.
void OfferMaker::go_on_searching() {
  for (LogLine& line : context_.quarantine.take_log()) context_.effects.emplace_back(std::move(line));
  if (auto question = context_.quarantine.take_question()) {
    context_.effects.emplace_back(TryState{question->number, std::move(question->state)});
  }
}

void OfferMaker::tried(const StateTried& event) {
  context_.quarantine.answered(event.trial, event.outcome);
  go_on_searching();
  if (context_.quarantine.changed()) context_.offers.instead_of_refused("quarantine", context_.now);
}

// `exclusions`: sorted by app and task.
TaskCounts OfferMaker::tasks_left_out(const MarathonApp& app, const std::vector<Exclusion>& exclusions) const {
  std::map<std::string_view, const MarathonTask*> tasks;
  for (const MarathonTask& task : app.tasks) tasks.emplace(task.id, &task);
  TaskCounts counts;
  auto one = std::lower_bound(exclusions.begin(), exclusions.end(), Exclusion{app.id, "", "", {}}, is_before);
  for (; one != exclusions.end() && one->app == app.id; ++one) {
    const auto task = tasks.find(one->task);
    if (task == tasks.end()) continue;
    counts.add(cause_of(app, *task->second, *one, context_.memory, context_.policy), *one);
    tasks.erase(task);  // a task that two ports refuse is one
  }
  return counts;
}

// Tasks come and go; what is wrong with an app is worth a line, and another one once it turns out why none of its tasks
// comes.
void OfferMaker::report(std::vector<Exclusion> exclusions) {
  std::size_t news = 0;
  std::map<std::string, coordination::Told> no_task;
  HostsRefused hosts;
  for (const Exclusion& exclusion : exclusions) {
    if (!exclusion.task.empty()) continue;
    const MarathonApp* app = context_.known.find(exclusion.app);
    if (app != nullptr && !belongs_to_realm(*app, context_.options.policy.realm)) continue;
    std::string text = text_of(exclusion);
    bool turned_out = false;
    if (app != nullptr && exclusion.reason.ends_with(kNoRoutableTask)) {
      const TaskCounts counts = tasks_left_out(*app, exclusions);
      const std::string why = why_no_task(*app, counts);
      text.replace(text.size() - kNoRoutableTask.size(), kNoRoutableTask.size(), why);
      coordination::Told& told = no_task[exclusion.app] = no_task_told_[exclusion.app];
      turned_out = !counts.some_come() && told.is_news(why);
    }
    const auto [first, last] = std::equal_range(exclusions_.begin(), exclusions_.end(), exclusion, is_before);
    if (std::find(first, last, exclusion) != last && !turned_out) continue;
    if (exclusion.kind == Exclusion::Kind::kInvalidHost) ++hosts.invalid;
    if (exclusion.kind == Exclusion::Kind::kDuplicateHost) ++hosts.duplicate;
    if (++news > kMostExclusionsLogged) continue;
    context_.log(LogLine::Level::kWarning, "app " + text);
  }
  if (news > kMostExclusionsLogged) {
    context_.log(LogLine::Level::kWarning,
                 std::to_string(news - kMostExclusionsLogged) + " more apps are not served in full");
  }
  if (hosts.invalid + hosts.duplicate > 0) context_.effects.emplace_back(hosts);
  exclusions_ = std::move(exclusions);
  no_task_told_ = std::move(no_task);
}

void OfferMaker::decided(const OfferDecided& event) {
  const std::optional<Offer> offer = context_.offers.under_way();
  const SharedState before = context_.offers.committed();
  if (!context_.offers.decided(event.offer, event.fate, context_.now)) return;
  const Quarantine::Refusal refusal{offer->state,      before,  event.reason, event.app, event.nacked,
                                    event.nacked_here, event.at};
  if (event.fate == Fate::kCommitted) {
    context_.served = context_.offers.committed();
    context_.names.nothing_is_served(false);
    context_.guard.rebase(*context_.served);
    refusal_.reset();
    accepted_by_.clear();
    refusal_told_.forget();
    committed_ = Committed{event.offer, offer->state, before};
    context_.quarantine.committed(refusal);
  }
  if (event.fate == Fate::kRejected) {
    tell_refusal(event);
    refusal_ = Failure{one_line(event.reason, 500)};
    if (!event.nacked.empty()) context_.quarantine.refused(refusal);
  }
  go_on_searching();
  if (context_.quarantine.changed()) context_.offers.instead_of_refused("quarantine", context_.now);
}

// Who refuses it says why in a line of its own. Once for the same reason, however often it is offered again.
void OfferMaker::tell_refusal(const OfferDecided& event) {
  std::string by;
  for (const std::string& agent : event.nacked) by += (by.empty() ? " by " : ", ") + one_line(agent);
  const std::string text = "the offered state was refused" + by +
                           ", it is offered again when something changes or in 30 s: " + one_line(event.reason, 500);
  if (refusal_told_.is_news(text)) context_.log(LogLine::Level::kWarning, text);
}

void OfferMaker::doubted(const CommitDoubted& event) {
  if (!committed_ || committed_->offer != event.offer) return;
  context_.quarantine.committed(
      {committed_->state, committed_->before, event.reason, event.app, {event.agent}, false, event.at});
  go_on_searching();
  if (context_.quarantine.changed()) context_.offers.instead_of_refused("quarantine", context_.now);
}

TimePoint OfferMaker::next_deadline() const {
  if (context_.quarantine.searching()) return TimePoint::max();  // the next answer goes on
  if (context_.names.awaits_first_answer(context_.now)) return memory_runs_out_at_;
  const TimePoint retry = context_.held ? TimePoint::max() : context_.quarantine.next_retry();
  return std::min({memory_runs_out_at_, retry, context_.offers.next_deadline()});
}

}  // namespace chorale::agent
