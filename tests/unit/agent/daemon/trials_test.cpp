// Trials beside an Nginx that is a rule on the text: what is asked, and what becomes of its answers.
#include "agent/daemon/trials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <optional>
#include <string>

#include "tests/harness/wait_until.h"
#include "tests/unit/render/sample_state.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;
using Result = TrialOutcome::Result;
using Verdict = Trials::Verdict;

SharedState two_apps() {
  return std::make_shared<const render::RoutingState>(
      render::RoutingState{"", {render::sample_app("/one"), render::sample_app("/two")}});
}

LoadedTemplate loaded(const std::string& text, const std::string& file = "/etc/t.mustache") {
  return *compile_template(text, file, {});
}

class TrialsTest : public ::testing::Test {
 protected:
  ~TrialsTest() override {
    trials_.close();
    pool_.join();
  }

  // Refuses the line with "bad"; cannot be asked about "ill".
  void answer(const std::string& text, const LocalNginx::Tried& tried) {
    ++asked_;
    if (text.find("ill") != std::string::npos) return tried({TestResult::kFailed, "no such program", Milliseconds(1)});
    const std::size_t bad = text.find("bad");
    if (bad == std::string::npos) return tried({TestResult::kAccepted, "", Milliseconds(1)});
    const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    tried({TestResult::kRefused, "nginx: [emerg] bad in /x/.nginx.conf.chorale-trial:" + std::to_string(lines + 1),
           Milliseconds(1), static_cast<int>(lines + 1)});
  }
  bool run_until(const std::function<bool()>& condition) {
    return testing::wait_until(
        [&] {
          loop_.restart();
          loop_.run_for(Milliseconds(1));
          return condition();
        },
        Milliseconds(10'000));
  }
  Trials::Answer ask(const std::string& text) {
    std::optional<Trials::Answer> answer;
    trials_.ask(loaded(text).compiled, two_apps(), [&](Trials::Answer given) { answer = std::move(given); });
    EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
    return answer.value_or(Trials::Answer{});
  }
  Trials::Vetting vet(const std::string& text, const std::optional<LoadedTemplate>& in_use) {
    std::optional<Trials::Vetting> vetting;
    trials_.vet(loaded(text), in_use, two_apps(), [&](Trials::Vetting given) { vetting = std::move(given); });
    EXPECT_TRUE(run_until([&] { return vetting.has_value(); }));
    return vetting.value_or(Trials::Vetting{});
  }

  boost::asio::io_context loop_;
  boost::asio::thread_pool pool_{1};
  int asked_ = 0;
  Trials trials_{loop_, pool_, [this](const std::shared_ptr<const std::string>& text, const LocalNginx::Tried& tried) {
                   answer(*text, tried);
                 }};
};

TEST_F(TrialsTest, RefusalNamesTheAppAndTheLineOfTheTemplate) {
  const Trials::Answer answer = ask("a\n{{#apps}}\nup {{name}}\n{{/apps}}\n{{#apps}}\nx\ny {{path}} bad\n{{/apps}}\n");
  EXPECT_EQ(answer.outcome.result, Result::kRefused);
  EXPECT_EQ(answer.outcome.app, "/one");
  EXPECT_EQ(answer.template_line, 7);
  EXPECT_THAT(answer.outcome.error, HasSubstr("[emerg] bad"));
}

TEST_F(TrialsTest, AcceptedAndUnaskedAreToldApart) {
  EXPECT_EQ(ask("good\n").outcome.result, Result::kAccepted);
  EXPECT_EQ(ask("ill\n").outcome.result, Result::kFailed);
}

TEST_F(TrialsTest, TextThatDoesNotRenderIsRefusedWithoutNginx) {
  const Trials::Answer answer = ask("{{#realm}}never{{/realm}}");
  EXPECT_EQ(answer.outcome.result, Result::kRefused);
  EXPECT_EQ(asked_, 0);
}

TEST_F(TrialsTest, GoodTemplateIsAskedOnce) {
  EXPECT_EQ(vet("good\n", loaded("old\n")).verdict, Verdict::kGood);
  EXPECT_EQ(asked_, 1);
}

TEST_F(TrialsTest, RefusedTemplateIsNamedByFileAndLine) {
  const Trials::Vetting vetting = vet("one\ntwo\nthree bad\n", loaded("old\n"));
  EXPECT_EQ(vetting.verdict, Verdict::kRefused);
  EXPECT_EQ(vetting.reason, "/etc/t.mustache:3: Nginx refuses it: bad");
  EXPECT_EQ(asked_, 2) << "what is in use is accepted: that is how the fault is known";
  const Trials::Vetting first = vet("{{#apps}}\n{{id}} bad\n{{/apps}}\n", std::nullopt);
  EXPECT_EQ(first.verdict, Verdict::kRefused);
  EXPECT_EQ(first.reason, "/etc/t.mustache:2: Nginx refuses it (with the values of app /one): bad");
}

TEST_F(TrialsTest, NginxThatAcceptsNothingProvesNothing) {
  const Trials::Vetting vetting = vet("new bad\n", loaded("old bad\n"));
  EXPECT_EQ(vetting.verdict, Verdict::kUnclear);
  EXPECT_THAT(vetting.reason, HasSubstr("what is in use is not accepted either"));
  EXPECT_EQ(vet("ill\n", loaded("old\n")).verdict, Verdict::kUnclear);
}

TEST_F(TrialsTest, NoAnswerComesAfterTheEnd) {
  bool answered = false;
  LocalNginx::Tried late;
  {
    Trials trials(loop_, pool_, [&](const auto& /*text*/, LocalNginx::Tried tried) { late = std::move(tried); });
    trials.ask(loaded("x\n").compiled, two_apps(), [&](const auto&) { answered = true; });
    ASSERT_TRUE(run_until([&] { return late != nullptr; }));
    trials.close();
  }
  late({TestResult::kAccepted, "", Milliseconds(1)});
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace chorale::agent
