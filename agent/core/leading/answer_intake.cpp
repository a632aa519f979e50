#include "agent/core/leading/answer_intake.h"

#include <algorithm>
#include <utility>

#include "agent/base/duration_text.h"
#include "agent/base/one_line.h"
#include "agent/core/leading/routes_servers.h"
#include "render/allow_list.h"

namespace chorale::agent {
namespace {

constexpr Milliseconds kAfterNotFound{2'000};
constexpr Milliseconds kHeldBackAgain{5'000};
constexpr Milliseconds kHopelessAgain{10'000};  // waits for Marathon to get well

constexpr Milliseconds kLongestWaitForPods{500};

std::string path_of(const Fetch& fetch) { return fetch.is_list() ? "/v2/apps" : "/v2/apps" + one_line(fetch.app); }

}  // namespace

std::optional<Fetch> AnswerIntake::take(AppsFetched& answer) {
  const bool pods_may_come = context_.table.in_flight(kPodsFetch) && !pods_trouble_ && !pods_late_;
  if (!answer.apps || waiting_pods_ || !pods_may_come || !context_.table.is_list_flight(answer.fetch)) {
    return take_now(std::move(answer));
  }
  waiting_list_ = std::move(answer);
  list_by_ = context_.now + kLongestWaitForPods;
  return std::nullopt;
}

std::optional<Fetch> AnswerIntake::take_due() {
  if (context_.now < next_deadline()) return std::nullopt;
  pods_late_ = true;
  return take_now(*std::exchange(waiting_list_, std::nullopt));
}

std::optional<Fetch> AnswerIntake::take_now(AppsFetched&& answer) {
  std::optional<Fetch> fetch = context_.table.finish(answer.fetch);
  if (!fetch || !fetch->is_list()) return std::nullopt;
  if (!answer.apps) {
    fetch_failed(*fetch, answer.apps.error());
    return waiting_pods_ ? take_now(*std::exchange(waiting_pods_, std::nullopt)) : std::nullopt;
  }
  fetch_succeeded(*fetch);
  MarathonApps list = context_.known.reconcile(std::move(*answer.apps), fetch->id);
  const std::optional<Fetch> pods = add_pods(list);
  take_list(std::move(list), *fetch);
  if (pods) context_.known.pods_are_as_of(pods->id);
  return fetch;
}

std::optional<Fetch> AnswerIntake::take(AppFetched& answer) {
  std::optional<Fetch> fetch = context_.table.finish(answer.fetch);
  if (!fetch || fetch->is_list() || fetch->is_pods()) return std::nullopt;
  if (answer.result && *answer.result && (*answer.result)->id != fetch->app) {
    answer.result = tl::unexpected(Failure{"the answer is about another app: " + one_line((*answer.result)->id)});
  }
  if (!answer.result) {
    fetch_failed(*fetch, answer.result.error());
    return std::nullopt;
  }
  is_about_pods(*fetch) ? pods_succeeded(*fetch) : fetch_succeeded(*fetch);
  if (!*answer.result) {
    not_found(*fetch);
  } else if (!context_.known.is_outdated(fetch->app, fetch->id)) {
    take_app(context_.known.reconcile(std::move(**answer.result), fetch->id), *fetch);
    note_unreadable();
  }
  return fetch;
}

// No removal: it may be a proxy's 404, or Marathon's in an election. The next good list tells.
void AnswerIntake::not_found(const Fetch& fetch) {
  const std::string reason = "404 for " + fetch.app;
  const MarathonApp* known = context_.known.find(fetch.app);
  if (known == nullptr) {
    context_.table.want_pods(reason, context_.now);  // a pod that is new
  } else if (known->pod) {
    context_.table.want_pods(reason, context_.now + kAfterNotFound);
  } else {
    context_.table.want_list(reason, context_.now + kAfterNotFound);
  }
}

std::optional<Failure> AnswerIntake::trouble() const {
  const auto told = [](const HeldBack& held, const std::string& what) {
    return Failure{
        "held back: " + what + held.reason + " (" +
        (held.passes_by_repetition ? "passes when answered 3 times over 10 s" : "never passes by repetition") +
        "; if it is real: chorale accept " + held.digest + ")"};
  };
  if (const auto& held = context_.guard.held_back()) return told(*held, "Marathon ");
  if (const auto& held = context_.result_guard.held_back()) return told(*held, "");
  if (fetch_trouble_) return fetch_trouble_;
  return pods_trouble_ ? pods_trouble_->failure : unreadable_trouble();
}

void AnswerIntake::note_unreadable() {
  unreadable_.clear();
  for (const auto& [id, app] : context_.known.apps()) {
    if (app.unreadable) unreadable_.push_back(id);
  }
}

// Of the apps that are still known: an event may have ended one since.
std::optional<Failure> AnswerIntake::unreadable_trouble() const {
  std::optional<Failure> trouble;
  std::size_t more = 0;
  for (const std::string& id : unreadable_) {
    const MarathonApp* app = context_.known.find(id);
    if (app == nullptr || !app->unreadable) continue;
    if (trouble) {
      ++more;
    } else {
      trouble = Failure{"app " + one_line(id) + " cannot be read and stays as it was: " + *app->unreadable};
    }
  }
  if (more > 0) trouble->message += " (and " + std::to_string(more) + " more apps)";
  return trouble;
}

void AnswerIntake::fetch_failed(const Fetch& fetch, const Failure& failure) {
  const std::string why = one_line(failure.message, 500);
  if (is_about_pods(fetch)) return pods_failed(fetch, why);
  const bool told = fetch_trouble_ || list_failing_since_;
  fetch_trouble_ = Failure{why.starts_with("GET ") ? why : "GET " + fetch.endpoint + path_of(fetch) + ": " + why};
  context_.endpoints.failed(fetch.endpoint, why, context_.now);
  context_.table.failed(fetch, context_.jitter(), context_.now);
  if (fetch.is_list() && !told) list_failing_since_ = context_.now;  // its end is said where its beginning was
  if (!told) context_.log(LogLine::Level::kWarning, fetch_trouble_->message + "; the routes stay as they are");
}

void AnswerIntake::fetch_succeeded(const Fetch& fetch) {
  fetch_trouble_.reset();
  if (fetch.is_list() && list_failing_since_) {
    const auto lasted = std::chrono::duration_cast<Milliseconds>(context_.now - *list_failing_since_);
    context_.log(LogLine::Level::kInfo,
                 "GET " + fetch.endpoint + "/v2/apps is answered again, after " + duration_text(lasted));
    list_failing_since_.reset();
  }
  if (context_.endpoints.answered(fetch.endpoint, context_.now)) context_.stream.retry_now(context_.now);
  context_.table.succeeded(fetch);
}

void AnswerIntake::take_list(MarathonApps list, const Fetch& fetch) {
  for (const auto& [id, app] : list) suggest_addresses(app);
  const bool was_held = context_.guard.held_back().has_value();
  if (context_.guard.judge(list, context_.now) == Guard::Verdict::kPass) {
    if (was_held) {
      context_.log_news(LogLine::Level::kWarning, context_.guard.believed_loss()
                                                      ? "the list of apps that was held back is believed now"
                                                      : "Marathon lists again what it lacked: nothing is held back");
    }
    held_digest_.clear();
    context_.known.replace(std::move(list), fetch.id);
    context_.table.want_list("resync", context_.now + context_.resync_interval());
  } else {
    const HeldBack& held = *context_.guard.held_back();
    if (held.digest != held_digest_) {
      context_.log_news(LogLine::Level::kError,
                        "held back: Marathon " + held.reason + "; if it is real: chorale accept " + held.digest);
      held_digest_ = held.digest;
    }
    context_.known.merge(std::move(list), fetch.id);
    context_.table.want_list("held back", context_.now + (held.passes_by_repetition ? kHeldBackAgain : kHopelessAgain));
  }
  context_.memory.forget_absent(context_.known.apps());
  context_.names.use(names_to_resolve(context_.known.apps()));
  note_unreadable();
  ++context_.lists_taken;
  synced_ = true;
}

void AnswerIntake::take_app(MarathonApp app, const Fetch& fetch) {
  suggest_addresses(app);
  context_.names.use_also(names_to_resolve(app));
  // While a list is held back, an app of strangers alone may be another Marathon's.
  const bool is_foreign = context_.guard.held_back() && context_.known.is_foreign(app);
  if (context_.guard.judge(app) == Guard::Verdict::kPass && !is_foreign) {
    return context_.known.replace(std::move(app), fetch.id);
  }
  if (is_foreign) return context_.known.merge(std::move(app), fetch.id);
  context_.log(LogLine::Level::kWarning, "app " + one_line(app.id) + " lost most of what is served without a word: " +
                                             "its tasks stay until a whole list says the same");
  context_.table.want_list("lost servers of " + one_line(app.id), context_.now + kAfterNotFound);
  context_.known.merge(std::move(app), fetch.id);
}

// A new leader knows its predecessor's addresses before its own resolver has answered, or if it never does.
void AnswerIntake::suggest_addresses(const MarathonApp& app) {
  if (app.network == NetworkMode::kContainer) return;  // the address served may be the container's own
  const MarathonApp* known = context_.known.find(app.id);
  if (known == nullptr) return;
  for (const MarathonTask& task : app.tasks) {
    if (!is_host_name(task.host) || render::is_ip_address(task.host)) continue;
    const auto same = std::find_if(known->tasks.begin(), known->tasks.end(),
                                   [&](const MarathonTask& earlier) { return earlier.id == task.id; });
    if (same != known->tasks.end() && render::is_ip_address(same->host)) {
      context_.names.suggest(task.host, same->host);
    }
  }
}

}  // namespace chorale::agent
