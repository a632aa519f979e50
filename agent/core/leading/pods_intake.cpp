// What an answer about pods changes.
#include <set>
#include <utility>

#include "agent/base/one_line.h"
#include "agent/core/leading/answer_intake.h"

namespace chorale::agent {
namespace {

constexpr Milliseconds kAfterLostPods{2'000};

std::string request_of(const Fetch& fetch) {
  return "GET " + fetch.endpoint + "/v2/pods" + (fetch.is_pods() ? "" : one_line(fetch.app)) + "::status";
}

}  // namespace

bool AnswerIntake::is_about_pods(const Fetch& fetch) const {
  if (fetch.is_pods()) return true;
  const MarathonApp* known = context_.known.find(fetch.app);
  return known != nullptr && known->pod;
}

std::optional<Fetch> AnswerIntake::take(PodsFetched& answer) {
  if (!context_.table.is_in_flight(answer.fetch)) return std::nullopt;
  const bool is_usable = answer.pods && *answer.pods;
  if (!is_usable || (!waiting_list_ && !context_.table.list_in_flight())) {
    std::optional<Fetch> taken = take_now(std::move(answer));
    if (!waiting_list_) return taken;
  } else {
    if (waiting_pods_) static_cast<void>(context_.table.finish(waiting_pods_->fetch));
    waiting_pods_ = std::move(answer);
  }
  return waiting_list_ ? take_now(*std::exchange(waiting_list_, std::nullopt)) : std::nullopt;
}

std::optional<Fetch> AnswerIntake::take_now(PodsFetched&& answer) {
  std::optional<Fetch> fetch = context_.table.finish(answer.fetch);
  if (!fetch || !fetch->is_pods()) return std::nullopt;
  if (!answer.pods) {
    fetch_failed(*fetch, answer.pods.error());
    return std::nullopt;
  }
  if (!*answer.pods) {
    no_pods(*fetch);
    return std::nullopt;
  }
  pods_succeeded(*fetch);
  take_pods(context_.known.reconcile_pods(std::move(**answer.pods), fetch->id), *fetch);
  return fetch;
}

std::optional<Fetch> AnswerIntake::add_pods(MarathonApps& list) {
  if (!waiting_pods_) {
    if (context_.table.follows_pods()) list.merge(context_.known.pods());
    return std::nullopt;
  }
  PodsFetched answer = *std::exchange(waiting_pods_, std::nullopt);
  std::optional<Fetch> fetch = context_.table.finish(answer.fetch);
  if (!fetch) return std::nullopt;
  pods_succeeded(*fetch);
  list.merge(context_.known.reconcile_pods(std::move(**answer.pods), fetch->id));
  return fetch;
}

// By themselves they are no repetition of a loss: a whole list, with pods in it, has to say the same.
void AnswerIntake::take_pods(MarathonApps pods, const Fetch& fetch) {
  std::set<std::string> asked;
  for (const auto& [id, pod] : context_.known.pods()) asked.insert(id);
  for (const auto& [id, pod] : pods) {
    suggest_addresses(pod);
    context_.names.use_also(names_to_resolve(pod));
  }
  const bool passes = context_.guard.judge(pods, asked) == Guard::Verdict::kPass;
  if (passes && !context_.guard.held_back()) {
    context_.known.replace_pods(std::move(pods), fetch.id);
  } else {
    if (!passes) {
      context_.log(LogLine::Level::kWarning,
                   "pods lost most of what is served without a word: it stays until a whole list says the same");
      context_.table.want_list("lost servers of pods", context_.now + kAfterLostPods);
    }
    context_.known.merge_pods(std::move(pods), fetch.id);
  }
  note_unreadable();
}

// 404 or 405. Where pods are routed it is an error: they came from a Marathon that has them.
void AnswerIntake::no_pods(const Fetch& fetch) {
  if (!context_.known.pods().empty()) {
    return pods_failed(fetch, request_of(fetch) + ": this Marathon says that it has no pods, and some are routed");
  }
  pods_succeeded(fetch);
  context_.table.follow_pods(false);
  context_.log(LogLine::Level::kInfo, "Marathon at " + fetch.endpoint +
                                          " has no pods (before 1.4); they are asked for again when events come anew");
}

void AnswerIntake::pods_failed(const Fetch& fetch, const std::string& why) {
  context_.table.failed(fetch, context_.jitter(), context_.now);
  if (pods_trouble_) return;
  pods_trouble_ = PodsTrouble{fetch.app, Failure{why.starts_with("GET ") ? why : request_of(fetch) + ": " + why}};
  context_.log(LogLine::Level::kWarning, pods_trouble_->failure.message + "; pods stay routed as they are");
}

void AnswerIntake::pods_succeeded(const Fetch& fetch) {
  context_.table.succeeded(fetch);
  if (fetch.is_pods()) pods_late_ = false;
  if (!pods_trouble_ || (pods_trouble_->app != fetch.app && !fetch.is_pods())) return;
  pods_trouble_.reset();
  context_.log(LogLine::Level::kInfo, request_of(fetch) + " is answered again");
}

}  // namespace chorale::agent
