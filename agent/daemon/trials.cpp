#include "agent/daemon/trials.h"

#include <tl/expected.hpp>
#include <utility>

#include "agent/nginx/config_text.h"

namespace chorale::agent {
namespace {

using Outcome = TrialOutcome::Result;

Outcome outcome_of(TestResult result) {
  switch (result) {
    case TestResult::kAccepted:
      return Outcome::kAccepted;
    case TestResult::kRefused:
      return Outcome::kRefused;
    case TestResult::kFailed:
      return Outcome::kFailed;
  }
  return Outcome::kFailed;
}

std::string why_refused(const LoadedTemplate& candidate, const Trials::Answer& answer) {
  std::string place = candidate.compiled.file();
  if (answer.template_line > 0) place += ":" + std::to_string(answer.template_line);
  const std::string with = answer.outcome.app.empty() ? "" : " (with the values of app " + answer.outcome.app + ")";
  return place + ": Nginx refuses it" + with + ": " +
         (answer.template_line > 0 ? without_place(answer.outcome.error) : answer.outcome.error);
}

}  // namespace

void Trials::ask(const render::Template& compiled, const SharedState& state, std::function<void(Answer)> done) {
  worker_.run([compiled, state] { return compiled.render(*state); },
              [this, compiled, state, done = std::move(done)](tl::expected<render::Rendered, render::Error> rendered) {
                if (!rendered) {
                  return done({{Outcome::kRefused, rendered.error().text(), {}}, rendered.error().line});
                }
                auto text = std::make_shared<const std::string>(rendered->text);
                auto whole = std::make_shared<const render::Rendered>(std::move(*rendered));
                try_out_(std::move(text),
                         [this, life = std::weak_ptr(life_), whole, compiled, state, done](const TestFinished& result) {
                           if (!life.expired()) tried(whole, compiled, state, result, done);
                         });
              });
}

void Trials::tried(const std::shared_ptr<const render::Rendered>& rendered, const render::Template& compiled,
                   const SharedState& state, const TestFinished& result, const std::function<void(Answer)>& done) {
  const TrialOutcome outcome{outcome_of(result.result), result.error, {}};
  if (result.result != TestResult::kRefused || result.line == 0) return done({outcome, 0});
  worker_.run(
      [rendered, compiled, state, outcome, line = result.line] {
        Answer answer{outcome, compiled.line_of(*state, line)};
        answer.outcome.app = render::app_at_line(*rendered, line);
        return answer;
      },
      [done](const Answer& answer) { done(answer); });
}

void Trials::vet(const LoadedTemplate& candidate, const std::optional<LoadedTemplate>& in_use, const SharedState& state,
                 std::function<void(Vetting)> done) {
  ask(candidate.compiled, state, [this, candidate, in_use, state, done = std::move(done)](const Answer& answer) {
    if (answer.outcome.result == Outcome::kAccepted) return done({Verdict::kGood, {}});
    const std::string& file = candidate.compiled.file();
    if (answer.outcome.result == Outcome::kFailed) {
      return done({Verdict::kUnclear, file + ": it cannot be tested: " + answer.outcome.error});
    }
    const std::string reason = why_refused(candidate, answer);
    if (!in_use) return done({Verdict::kRefused, reason});
    ask(in_use->compiled, state, [reason, done](const Answer& current) {
      const bool works = current.outcome.result == Outcome::kAccepted;
      done({works ? Verdict::kRefused : Verdict::kUnclear,
            works ? reason : reason + " (what is in use is not accepted either: " + current.outcome.error + ")"});
    });
  });
}

}  // namespace chorale::agent
