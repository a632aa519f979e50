// `chorale template` on real parts: through one proxy first, then everywhere, and back.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "coordination/digest.h"
#include "coordination/template_document.h"
#include "tests/harness/zookeeper_tree.h"
#include "tests/integration/led_cluster.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ClusterPushedTemplateTest : public LedClusterTest {
 protected:
  ClusterPushedTemplateTest() : LedClusterTest({.proxies = 3}) {}

  static std::string text_of(const std::string& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  // The shipped template with a header of its own in each answer.
  std::string template_file(const std::string& mark) {
    std::string text = text_of(CHORALE_TEMPLATE);
    text.insert(text.find("        listen @{http_port}"), "        add_header X-Mark " + mark + " always;\n");
    const auto file = directory_.path() / (mark.substr(0, mark.find(';')) + ".mustache");
    std::ofstream(file) << text;
    return file;
  }
  static int line_of(const std::string& file, const std::string& word) {
    const std::string text = text_of(file);
    return 1 + static_cast<int>(
                   std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find(word)), '\n'));
  }
  Proxy::Ran push(const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"push", file};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return leader_->run("template", arguments);
  }
  // Of an answer of the proxy's Nginx; "" if it has none.
  std::string mark(Proxy& proxy) {
    const auto headers = proxy.get("/first/").headers;
    const auto found = headers.find("x-mark");
    return found == headers.end() ? "" : found->second;
  }
  // The template that `template history` shows as in use everywhere.
  std::string in_use() {
    std::istringstream lines(leader_->run("template", "history").output);
    for (std::string line; std::getline(lines, line);) {
      if (line.find("  everywhere") != std::string::npos) return line.substr(0, line.find(' '));
    }
    return "none";
  }
  bool everywhere(const std::string& expected) {
    return wait_until(
        [&] {
          return std::all_of(cluster_.proxies().begin(), cluster_.proxies().end(),
                             [&](const auto& proxy) { return mark(*proxy) == expected; });
        },
        seconds(20));
  }

  TempDir directory_{"templates"};
};

TEST_F(ClusterPushedTemplateTest, GoesThroughOneProxyThenEverywhereAndBack) {
  const Proxy::Ran trial = push(template_file("one"), {"--on", follower().id()});
  EXPECT_EQ(trial.exit_code, 0) << trial.output << cluster_.logs();
  EXPECT_THAT(trial.output, HasSubstr("served by " + follower().id() + " alone"));
  for (const auto& proxy : cluster_.proxies()) {
    EXPECT_EQ(mark(*proxy), proxy.get() == &follower() ? "one" : "") << proxy->id();
  }
  EXPECT_TRUE(cluster_.converged()) << "one revision, two configurations";

  // Routes move on while it is on trial, and so they do under another leader.
  Proxy& canary = follower();
  ASSERT_TRUE(cluster_.marathon().create("/second", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second"); }, seconds(20)));
  EXPECT_EQ(mark(canary), "one");
  leader_->kill_agent();
  ASSERT_TRUE(wait_until([&] { return cluster_.leader() != nullptr && cluster_.leader() != leader_; }, seconds(30)));
  ASSERT_TRUE(cluster_.marathon().create("/third", 1));
  ASSERT_TRUE(wait_until([&] { return canary.routes("/third"); }, seconds(30))) << cluster_.logs();
  EXPECT_EQ(mark(canary), "one");
  leader_->start_agent();
  ASSERT_TRUE(wait_until([&] { return cluster_.converged() && cluster_.routed_everywhere("/third"); }, seconds(30)));
  EXPECT_EQ(mark(*leader_), "");

  const Proxy::Ran promoted = leader_->run("template", std::vector<std::string>{"push"});
  EXPECT_EQ(promoted.exit_code, 0) << promoted.output << cluster_.logs();
  EXPECT_THAT(promoted.output, HasSubstr("served by all"));
  EXPECT_TRUE(everywhere("one"));
  EXPECT_THAT(leader_->run("template", "show").output, HasSubstr("add_header X-Mark one always;"));

  ASSERT_EQ(push(template_file("two")).exit_code, 0);
  EXPECT_TRUE(everywhere("two"));
  const std::string two = in_use();
  const std::string back = leader_->run("template", "rollback").output;
  EXPECT_TRUE(everywhere("one"));
  EXPECT_THAT(back, AllOf(StartsWith("taken back: template " + two), HasSubstr("undoes the last rollback: it brings")));
  EXPECT_NE(in_use(), two);
  const std::string again = leader_->run("template", "rollback").output;
  EXPECT_TRUE(everywhere("two")) << "a second rollback undoes the first";
  EXPECT_THAT(again, HasSubstr("`chorale template rollback` goes back to template "));
  EXPECT_EQ(in_use(), two);
  EXPECT_THAT(leader_->run("template", "history").output, HasSubstr("the leader's file"));
  ASSERT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
}

// It is said once, and is wrong only while files rule.
TEST_F(ClusterPushedTemplateTest, ABrokenFileOfAFollowerIsNoTroubleWhileAPushedTemplateRules) {
  Proxy& other = follower();
  const std::string good = text_of(CHORALE_TEMPLATE);
  const std::string file = directory_.path() / "mine.mustache";
  const auto write = [&](const std::string& text) {
    std::ofstream(directory_.path() / "next") << text;
    std::filesystem::rename(directory_.path() / "next", file);
  };
  write(good);
  std::string config = text_of(other.config_file());
  config.replace(config.find(CHORALE_TEMPLATE), std::string(CHORALE_TEMPLATE).size(), file);
  other.kill_agent();
  other.start_agent_with(config);
  const auto is = [&](const char* healthy, const std::string& status) {
    const auto health = other.health();
    return health.is_object() && health.at("Status") == status &&
           http_get(other.admin_port(), "/metrics")
                   .body.find(std::string("\nchorale_template_healthy ") + healthy + "\n") != std::string::npos;
  };
  const auto says = [&](const std::string& text) { return other.agent_log().find(text) != std::string::npos; };
  ASSERT_TRUE(wait_until([&] { return is("1", "ok"); }, seconds(20))) << other.agent_log();
  write("{{#apps}}\n");
  ASSERT_TRUE(wait_until([&] { return is("0", "degraded"); }, seconds(20))) << other.agent_log();
  EXPECT_TRUE(wait_until([&] { return says("template: " + file + ":"); }, seconds(5))) << other.agent_log();
  EXPECT_TRUE(says("; the last good one stays in use")) << other.agent_log();

  ASSERT_EQ(push(template_file("one")).exit_code, 0);
  EXPECT_TRUE(wait_until([&] { return is("1", "ok"); }, seconds(20))) << other.health().dump(2);
  EXPECT_THAT(other.health().at("Warnings").dump(), HasSubstr("is not used, since a pushed one rules"));
  write(good);
  EXPECT_TRUE(wait_until([&] { return says("template: this host's file can be used again, after "); }, seconds(20)));
  EXPECT_THAT(other.health().at("Warnings").dump(), Not(HasSubstr("is not used, since")));
  const std::string log = other.agent_log();
  EXPECT_EQ(log.find("template: " + file), log.rfind("template: " + file)) << "once\n" << log;
}

// What an operator sees: a file that differs while files rule, a trial and where it runs, and what is pushed.
TEST_F(ClusterPushedTemplateTest, IsShownAndNoFileIsSaidToDifferFromIt) {
  Proxy& other = follower();
  const std::string same = text_of(other.config_file());
  std::string config = same;
  config.replace(config.find(CHORALE_TEMPLATE), std::string(CHORALE_TEMPLATE).size(), template_file("mine"));
  other.kill_agent();
  other.start_agent_with(config);
  std::string shown;
  const auto shows = [&](const std::string& text) {
    return wait_until([&] { return (shown = leader_->run("status").output).find(text) != std::string::npos; },
                      seconds(20));
  };
  ASSERT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
  EXPECT_TRUE(shows("is not what is in use")) << shown;
  const auto differing = [&] { return status().at("template").at("differing"); };  // as it was a second ago
  EXPECT_TRUE(wait_until([&] { return differing() == nlohmann::json({other.id()}); }, seconds(5))) << differing();

  ASSERT_EQ(push(template_file("one"), {"--on", other.id()}).exit_code, 0);
  EXPECT_TRUE(shows("in use on " + other.id() + " alone\n")) << shown;
  EXPECT_THAT(shown, AllOf(HasSubstr("  - on trial here: template "), HasSubstr("chorale template push"),
                           HasSubstr("rollback"), Not(HasSubstr("is not what"))));
  EXPECT_THAT(leader_->run("check").output, HasSubstr("in use on " + other.id() + " alone"));

  ASSERT_EQ(leader_->run("template", std::vector<std::string>{"push"}).exit_code, 0);
  EXPECT_TRUE(shows("in use instead of each")) << shown;
  EXPECT_THAT(shown, AllOf(Not(HasSubstr("is not what")), Not(HasSubstr("trial")), HasSubstr("\ntemplate    pushed ")));
  EXPECT_EQ(leader_->run("status").exit_code, 0);
  const auto pushed_in_use = [&] {  // what /v1/status says may be a second old
    const auto pushed = status().at("template").at("pushed");
    return pushed.is_object() && pushed.at("in_use") == true;
  };
  EXPECT_TRUE(wait_until(pushed_in_use, seconds(5)));
  EXPECT_TRUE(wait_until(
      [&] {
        return std::regex_search(leader_->run("history").output,
                                 std::regex("cause: template [0-9a-f]{12} pushed by [^ ]+\n +votes: 3 ack; by "));
      },
      seconds(5)))
      << leader_->run("history").output;
  EXPECT_THAT(leader_->agent_log(), ContainsRegex("serving [0-9.]+: template [0-9a-f]+ pushed by "));
  EXPECT_EQ(differing().size(), 0U);
  EXPECT_THAT(leader_->run("check").output, HasSubstr("in use instead of each proxy's own file"));
}

TEST_F(ClusterPushedTemplateTest, WhatNginxRefusesIsNeverStored) {
  const Proxy::Ran refused = push(template_file("x;no_such_directive"));
  EXPECT_EQ(refused.exit_code, 1);
  const std::string file = directory_.path() / "x.mustache";
  EXPECT_THAT(refused.output,
              AllOf(HasSubstr(file + ":" + std::to_string(line_of(file, "no_such_directive")) + ": Nginx refuses it"),
                    HasSubstr("unknown directive \"no_such_directive\"; "), Not(HasSubstr(".conf:"))));
  std::ofstream(directory_.path() / "broken.mustache") << "{{#apps}}";
  EXPECT_THAT(push(directory_.path() / "broken.mustache").output, HasSubstr("broken.mustache:1"));
  EXPECT_THAT(leader_->run("template", "history").output, HasSubstr("nothing was pushed"));
  const Proxy::Ran unknown = push(template_file("one"), {"--on", "proxy-9"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.output, AllOf(HasSubstr("no agent proxy-9"), HasSubstr("proxy-1, proxy-2, proxy-3")));
  EXPECT_EQ(leader_->run("template", std::vector<std::string>{"push"}).exit_code, 2);
  EXPECT_EQ(leader_->run("template", "rollback").exit_code, 1);
  EXPECT_TRUE(cluster_.converged());
}

// An app comes that only the template on trial cannot take: it is nobody's fault but the trial's.
TEST_F(ClusterPushedTemplateTest, TrialThatAnAppBreaksHarmsNobody) {
  std::string text = text_of(template_file("one"));
  text.insert(text.find("        add_header X-Mark"),
              "        {{#apps}}{{#labels.breaks}}no_such_directive;{{/labels.breaks}}{{/apps}}\n");
  std::ofstream(directory_.path() / "breaks.mustache") << text;
  ASSERT_EQ(push(directory_.path() / "breaks.mustache", {"--on", follower().id()}).exit_code, 0);
  ASSERT_EQ(mark(follower()), "one");
  ASSERT_TRUE(cluster_.marathon().create("/breaks", 1, {{"labels", {{"breaks", "yes"}}}}));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/breaks"); }, seconds(30))) << cluster_.logs();
  EXPECT_TRUE(everywhere("")) << "the trial is over";
  const auto says = [&] { return leader_->health().dump(); };
  EXPECT_TRUE(
      wait_until([&] { return says().find("refused by a proxy that tries it") != std::string::npos; }, seconds(10)))
      << says();
  EXPECT_EQ(leader_->health().at("Quarantined").size(), 0U);
  EXPECT_EQ(leader_->run("template", "rollback").exit_code, 0);
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
}

// The next leader knows what is served before it judges a template: one that only an empty state passes stays unused.
TEST_F(ClusterPushedTemplateTest, NextLeaderJudgesByWhatIsServed) {
  std::string text = text_of(template_file("one"));
  text.insert(text.find("        add_header X-Mark"), "        {{#apps}}no_such_directive;{{/apps}}\n");
  const std::string digest = coordination::sha256_hex(text);
  const auto bytes = static_cast<std::int64_t>(text.size());
  const std::string chunk = coordination::chunk_name(text);
  coordination::TemplateDocument document;
  document.current = {{digest, bytes, {{"/chorale/chunks/" + chunk, bytes, ""}}}, "jo", "2026-11-27T00:00:00.000Z"};
  ZookeeperTree tree(cluster_.zookeeper().address());
  ASSERT_TRUE(tree.create("/chorale/chunks/" + chunk, text));
  ASSERT_TRUE(tree.create("/chorale/template", coordination::encode(document)));
  const auto says_why = [&] {
    return cluster_.leader() != nullptr &&
           cluster_.leader()->health().dump().find("no_such_directive") != std::string::npos;
  };
  EXPECT_TRUE(wait_until(says_why, seconds(20))) << cluster_.logs();
  leader_->kill_agent();
  ASSERT_TRUE(wait_until([&] { return cluster_.leader() != nullptr && cluster_.leader() != leader_; }, seconds(30)));
  ASSERT_TRUE(cluster_.marathon().create("/second", 1));
  leader_->start_agent();
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second"); }, seconds(30))) << cluster_.logs();
  EXPECT_TRUE(wait_until(says_why, seconds(20))) << cluster_.logs();
  EXPECT_EQ(cluster_.leader()->health().at("Quarantined").size(), 0U);
  EXPECT_TRUE(everywhere(""));
}

// What rules already, on one proxy "first": the others go on with the same.
TEST_F(ClusterPushedTemplateTest, TrialOfWhatRulesChangesNobody) {
  ASSERT_EQ(push(template_file("one")).exit_code, 0);
  ASSERT_EQ(push(template_file("one"), {"--on", follower().id()}).exit_code, 0);
  EXPECT_TRUE(everywhere("one"));
  EXPECT_EQ(leader_->run("template", "rollback").exit_code, 0);
  EXPECT_TRUE(everywhere("one"));
}

TEST_F(ClusterPushedTemplateTest, UnderAHoldItWaitsForTheRelease) {
  ASSERT_EQ(leader_->run("hold", "current").exit_code, 0);
  const Proxy::Ran stored = push(template_file("one"));
  EXPECT_EQ(stored.exit_code, 1);
  EXPECT_THAT(stored.output, HasSubstr("after `chorale release`"));
  EXPECT_TRUE(everywhere(""));
  const std::string history = leader_->run("template", "history").output;
  EXPECT_THAT(history, AllOf(HasSubstr("not yet\n"), HasSubstr(" comes into force after `chorale release`: held on ")));
  EXPECT_THAT(history, ContainsRegex("the leader's file +everywhere\n"));
  ASSERT_EQ(leader_->run("release").exit_code, 0);
  EXPECT_TRUE(everywhere("one"));
}

// An operator tries a template of his, and has enough of it: the files rule as if nothing had been.
TEST_F(ClusterPushedTemplateTest, RollbackOfTheFirstOneGivesTheWordBackToTheFile) {
  ASSERT_EQ(push(template_file("one")).exit_code, 0);
  EXPECT_TRUE(everywhere("one"));
  EXPECT_THAT(leader_->run("status").output, HasSubstr("pushed"));
  const Proxy::Ran back = leader_->run("template", "rollback");
  EXPECT_EQ(back.exit_code, 0) << back.output;
  EXPECT_THAT(back.output, HasSubstr("the leader's template file is served by all"));
  EXPECT_TRUE(everywhere(""));
  EXPECT_EQ(leader_->run("status").output.find("pushed"), std::string::npos);
  // By zkCli as well.
  ASSERT_EQ(leader_->run("template", "rollback").exit_code, 0);
  EXPECT_TRUE(everywhere("one"));
  ASSERT_TRUE(ZookeeperTree(cluster_.zookeeper().address()).remove("/chorale/template"));
  EXPECT_TRUE(everywhere("")) << cluster_.logs();
}

// What is held was made before the trial; a release brings back both what Marathon says and the trial.
TEST_F(ClusterPushedTemplateTest, HoldOnAnEarlierRevisionSuspendsATrial) {
  const std::int64_t before = leader_->health().at("Cluster").at("Committed");
  Proxy& canary = follower();
  const auto on_trial = [&] {
    return std::all_of(cluster_.proxies().begin(), cluster_.proxies().end(),
                       [&](const auto& proxy) { return mark(*proxy) == (proxy.get() == &canary ? "one" : ""); });
  };
  ASSERT_EQ(push(template_file("one"), {"--on", canary.id()}).exit_code, 0);
  ASSERT_TRUE(cluster_.marathon().create("/second", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second") && on_trial(); }, seconds(20)));
  ASSERT_EQ(leader_->run("hold", std::to_string(before)).exit_code, 0);
  EXPECT_TRUE(everywhere("")) << cluster_.logs();
  EXPECT_TRUE(wait_until([&] { return cluster_.proxy(0).get("/second/").status == 503; }, seconds(10)));
  ASSERT_EQ(leader_->run("release").exit_code, 0);
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second") && on_trial(); }, seconds(20)))
      << cluster_.logs();
  EXPECT_EQ(leader_->run("template", std::vector<std::string>{"push"}).exit_code, 0);
  EXPECT_TRUE(everywhere("one"));
}

TEST_F(ClusterPushedTemplateTest, TrialIsTakenBack) {
  ASSERT_EQ(push(template_file("one"), {"--on", follower().id(), "--on", leader_->id()}).exit_code, 0);
  EXPECT_EQ(mark(follower()), "one");
  EXPECT_EQ(mark(*leader_), "one");
  const Proxy::Ran back = leader_->run("template", "rollback");
  EXPECT_EQ(back.exit_code, 0) << back.output;
  EXPECT_TRUE(everywhere(""));
  EXPECT_EQ(leader_->run("status").output.find("pushed"), std::string::npos) << "the files rule";
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
}

}  // namespace
}  // namespace chorale::testing
