#include "agent/core/leading/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace chorale::agent {
namespace {

using render::App;
using render::RoutingState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Result = TrialOutcome::Result;

constexpr TrialOutcome::Result kYes = Result::kAccepted;

App made_app(const std::string& id, const std::string& mark, std::uint16_t port = 31'000) {
  App app;
  app.id = app.path = id;
  app.name = id.substr(1);
  app.hosts = {mark + "." + app.name};
  app.labels = {{"mark", mark}};
  app.env = {{"MARK", mark}};
  app.health_path = "/" + mark;
  render::Port first;
  first.name = mark;
  first.service_port = 10'000;
  first.labels = {{"of", mark}};
  first.servers.push_back({"10.0.0.1:" + std::to_string(port), "10.0.0.1", port, "task", "v", 1});
  app.ports = {first};
  return app;
}

RoutingState state_of(std::vector<App> apps) { return {"", std::move(apps)}; }
SharedState shared(RoutingState state) { return std::make_shared<const RoutingState>(std::move(state)); }

// Twenty apps that are good, so that one in twenty may be quarantined; "/web" as given.
RoutingState crowd(const App& web) {
  std::vector<App> apps;
  for (int i = 10; i < 29; ++i) apps.push_back(made_app("/app" + std::to_string(i), "good"));
  apps.push_back(web);
  return state_of(std::move(apps));
}

const App& web_of(const RoutingState& state) { return state.apps.back(); }

class QuarantineTest : public ::testing::Test {
 protected:
  Quarantine::Refusal refusal(const RoutingState& state, const std::string& app) {
    return {shared(state), good_, "[emerg] bad value in /x:3", app, {"proxy-1"}, true, "2026-11-26T12:00:00.000Z"};
  }
  void answer(Result result, const std::string& app = "") {
    const auto question = quarantine_.take_question();
    ASSERT_TRUE(question);
    asked_ = question->state;
    quarantine_.answered(question->number, {result, "[emerg] again", app});
  }
  // What the log is told.
  std::vector<std::string> told() {
    std::vector<std::string> texts;
    for (const LogLine& line : quarantine_.take_log()) texts.push_back((line.news ? "" : "no news: ") + line.text);
    return texts;
  }
  // The app is refused, and the state without its change accepted.
  void quarantine_web() {
    quarantine_.refused(refusal(bad_, "/web"));
    answer(kYes);
    ASSERT_THAT(quarantine_.entries(), SizeIs(1));
    ASSERT_TRUE(quarantine_.take_changed());
    (void)told();
  }

  RoutingState bad_ = crowd(made_app("/web", "bad", 31'005));
  SharedState good_ = shared(crowd(made_app("/web", "good")));
  Quarantine quarantine_;
  SharedState asked_;
};

TEST_F(QuarantineTest, DefinitionIsFrozenAndServersAreNot) {
  quarantine_.refused(refusal(bad_, "/web"));
  EXPECT_TRUE(quarantine_.searching());
  answer(kYes);
  EXPECT_FALSE(quarantine_.searching());
  App expected = made_app("/web", "good", 31'005);
  EXPECT_EQ(web_of(*asked_), expected);
  const RoutingState contained = quarantine_.contain(bad_);
  EXPECT_EQ(web_of(contained), expected);
  EXPECT_THAT(contained.apps, SizeIs(20));
  const auto entries = quarantine_.entries();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].app, "/web");
  EXPECT_EQ(entries[0].reason, "[emerg] bad value in /x:3");
  EXPECT_EQ(entries[0].digest, definition_digest(web_of(bad_)));
  EXPECT_EQ(entries[0].since, "2026-11-26T12:00:00.000Z");
  EXPECT_TRUE(quarantine_.take_changed());
  EXPECT_FALSE(quarantine_.take_changed());
  EXPECT_THAT(told(), ElementsAre(testing::StartsWith("app /web is quarantined, served as it was")));
}

TEST_F(QuarantineTest, ServicePortOfTheGoodDefinitionIsNotLost) {
  bad_.apps.back().ports[0].service_port = 0;
  bad_.apps.back().ports[0].lost_port = 10'001;
  quarantine_.refused(refusal(bad_, "/web"));
  answer(kYes);
  EXPECT_EQ(web_of(*asked_), made_app("/web", "good", 31'005));
}

TEST_F(QuarantineTest, ServicePortThatWasNeverHadStaysLost) {
  RoutingState good = *good_;
  good.apps.back().ports[0].service_port = bad_.apps.back().ports[0].service_port = 0;
  bad_.apps.back().ports[0].lost_port = 10'000;
  good_ = shared(std::move(good));
  quarantine_.refused(refusal(bad_, "/web"));
  answer(kYes);
  EXPECT_EQ(web_of(*asked_).ports[0].lost_port, 10'000);
}

TEST_F(QuarantineTest, DigestIsOfTheDefinitionAlone) {
  const std::string digest = definition_digest(made_app("/web", "x", 1));
  EXPECT_EQ(definition_digest(made_app("/web", "x", 2)), digest);
  EXPECT_NE(definition_digest(made_app("/web", "y", 1)), digest);
  for (const auto& change : std::vector<std::function<void(App&)>>{
           [](App& app) { app.hosts.push_back("z"); }, [](App& app) { app.labels["a"] = "b"; },
           [](App& app) { app.env["a"] = "b"; }, [](App& app) { app.health_path = "/z"; },
           [](App& app) { app.ports[0].name = "z"; }, [](App& app) { app.ports[0].labels["a"] = "b"; }}) {
    App other = made_app("/web", "x", 1);
    change(other);
    EXPECT_NE(definition_digest(other), digest);
  }
}

TEST_F(QuarantineTest, AppWithoutAGoodDefinitionIsLeftOut) {
  good_ = shared(state_of({made_app("/other", "good")}));
  const RoutingState bad = state_of({made_app("/other", "good"), made_app("/web", "bad")});
  quarantine_.refused(refusal(bad, "/web"));
  answer(kYes);
  EXPECT_EQ(quarantine_.contain(bad), *good_);
  EXPECT_THAT(quarantine_.entries(), SizeIs(1)) << "it is there, though not served";
  EXPECT_THAT(told(), ElementsAre(HasSubstr("never good")));
}

TEST_F(QuarantineTest, OnlyAppOfAFirstStateIsLeftOut) {
  good_ = nullptr;
  const RoutingState bad = state_of({made_app("/web", "bad")});
  quarantine_.refused(refusal(bad, ""));
  answer(kYes);
  EXPECT_THAT(quarantine_.contain(bad).apps, IsEmpty());
}

TEST_F(QuarantineTest, PortsThatWereNeverGoodAreLeftOut) {
  App bad = made_app("/web", "bad");
  bad.ports.push_back(bad.ports[0]);
  bad.ports[1].index = 1;
  bad_ = crowd(bad);
  quarantine_web();
  EXPECT_THAT(web_of(quarantine_.contain(bad_)).ports, SizeIs(1));
}

TEST_F(QuarantineTest, FrozenAppKeepsItsHosts) {
  RoutingState bad = bad_;
  bad.apps[0].hosts = {"good.web", "own"};
  quarantine_.refused(refusal(bad, "/web"));
  answer(kYes);
  const RoutingState contained = quarantine_.contain(bad);
  EXPECT_THAT(web_of(contained).hosts, ElementsAre("good.web"));
  EXPECT_THAT(contained.apps[0].hosts, ElementsAre("own"));
}

TEST_F(QuarantineTest, ReleasedWhenItsDefinitionChanges) {
  quarantine_web();
  const RoutingState other_servers = crowd(made_app("/web", "bad", 31'007));
  EXPECT_EQ(web_of(quarantine_.contain(other_servers)), made_app("/web", "good", 31'007));
  EXPECT_FALSE(quarantine_.take_changed());
  const RoutingState fixed = crowd(made_app("/web", "fixed"));
  EXPECT_EQ(quarantine_.contain(fixed), fixed);
  EXPECT_THAT(quarantine_.entries(), IsEmpty());
  EXPECT_TRUE(quarantine_.take_changed());
  EXPECT_THAT(told(), ElementsAre("app /web is out of quarantine: its definition has changed"));
}

TEST_F(QuarantineTest, AppThatIsAwayIsRemembered) {
  quarantine_web();
  RoutingState without = bad_;
  without.apps.pop_back();
  EXPECT_EQ(quarantine_.contain(without), without);
  EXPECT_THAT(quarantine_.entries(), IsEmpty());
  EXPECT_TRUE(quarantine_.take_changed());
  EXPECT_THAT(told(), ElementsAre("app /web is out of quarantine: it is not to be routed any more"));
  EXPECT_EQ(web_of(quarantine_.contain(bad_)).labels.at("mark"), "good");
  EXPECT_THAT(quarantine_.entries(), SizeIs(1));
  EXPECT_TRUE(quarantine_.take_changed());
  EXPECT_THAT(told(), ElementsAre("app /web is quarantined again: it has come back as it was"));
  (void)quarantine_.contain(without);
  (void)told();
  quarantine_.release_all("the template has changed");
  EXPECT_THAT(told(), IsEmpty()) << "that it is out was said";
}

TEST_F(QuarantineTest, NextLeaderGoesOnWithWhatItAdopts) {
  quarantine_web();
  Quarantine next;
  next.adopt(quarantine_.entries(), *good_);
  EXPECT_FALSE(next.take_changed());
  EXPECT_EQ(web_of(next.contain(bad_)), made_app("/web", "good", 31'005));
  EXPECT_EQ(next.entries(), quarantine_.entries());
  EXPECT_FALSE(next.take_changed());
}

TEST_F(QuarantineTest, OnlyChangedDefinitionsAreSuspected) {
  RoutingState bad = bad_;
  bad.apps[0].ports[0].servers.clear();
  bad.apps[0].ports[0].servers.push_back({"10.0.0.9:1", "10.0.0.9", 1, "other", "v", 1});
  quarantine_.refused(refusal(bad, "/app10"));
  answer(kYes);
  EXPECT_EQ(quarantine_.entries().at(0).app, "/web") << "the only one whose definition is another";
}

TEST_F(QuarantineTest, OneInTwentyMayBeQuarantined) {
  quarantine_web();
  RoutingState second = bad_;
  second.apps[0] = made_app("/app10", "bad");
  good_ = shared(quarantine_.contain(bad_));
  quarantine_.refused(refusal(quarantine_.contain(second), "/app10"));
  EXPECT_FALSE(quarantine_.searching()) << "no room for a second one";
  EXPECT_THAT(quarantine_.entries(), SizeIs(1));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("no news: no app is quarantined")));

  for (int i = 0; i < 20; ++i) second.apps.push_back(made_app("/x" + std::to_string(10 + i), "good"));
  quarantine_.refused(refusal(quarantine_.contain(second), "/app10"));
  answer(kYes);
  EXPECT_THAT(quarantine_.entries(), SizeIs(2)) << "40 apps have room for two";
}

TEST_F(QuarantineTest, QuestionIsAskedOnceAndOldAnswersAreDropped) {
  quarantine_.refused(refusal(bad_, "/web"));
  const auto question = quarantine_.take_question();
  ASSERT_TRUE(question);
  EXPECT_FALSE(quarantine_.take_question());
  quarantine_.answered(question->number + 1, {kYes, "", ""});
  EXPECT_TRUE(quarantine_.searching());
  quarantine_.answered(question->number, {kYes, "", ""});
  EXPECT_FALSE(quarantine_.searching());
  quarantine_.answered(question->number, {kYes, "", ""});
  EXPECT_FALSE(quarantine_.take_question());
}

TEST_F(QuarantineTest, AnotherTemplateReleasesAll) {
  quarantine_web();
  quarantine_.release_all("the template has changed");
  EXPECT_THAT(told(), ElementsAre("app /web is out of quarantine: the template has changed"));
  EXPECT_EQ(quarantine_.contain(bad_), bad_);
  EXPECT_TRUE(quarantine_.take_changed());
  quarantine_.refused(refusal(bad_, "/web"));
  quarantine_.release_all("the template has changed");
  EXPECT_FALSE(quarantine_.searching());
}

class ForeignRefusalTest : public QuarantineTest {
 protected:
  Quarantine::Refusal foreign(const RoutingState& state, const std::string& app, std::vector<std::string> by) {
    Quarantine::Refusal made = refusal(state, app);
    made.here = false;
    made.by = std::move(by);
    return made;
  }
};

TEST_F(ForeignRefusalTest, AppThatAnotherProxyNamesIsQuarantinedWithoutATrial) {
  quarantine_.committed(foreign(bad_, "/web", {"proxy-3"}));
  EXPECT_FALSE(quarantine_.searching());
  ASSERT_THAT(quarantine_.entries(), SizeIs(1));
  const RoutingState contained = quarantine_.contain(bad_);
  quarantine_.committed(foreign(contained, "", {}));
  EXPECT_THAT(quarantine_.entries(), SizeIs(1)) << "the proxy accepts the state without it";
  quarantine_.committed(foreign(contained, "", {"proxy-3"}));
  EXPECT_THAT(quarantine_.entries(), SizeIs(1)) << "its probation is over";
}

TEST_F(ForeignRefusalTest, AppIsReleasedIfTheProxyRefusesTheRestToo) {
  quarantine_.refused(foreign(bad_, "/web", {"proxy-2", "proxy-3"}));
  answer(kYes);
  EXPECT_EQ(*asked_, bad_) << "does this Nginx accept it?";
  ASSERT_THAT(quarantine_.entries(), SizeIs(1));
  quarantine_.committed(foreign(quarantine_.contain(bad_), "", {"proxy-3"}));
  EXPECT_THAT(quarantine_.entries(), IsEmpty());
  EXPECT_EQ(quarantine_.contain(bad_), bad_);
  quarantine_.committed(foreign(bad_, "/web", {"proxy-3"}));
  EXPECT_THAT(quarantine_.entries(), IsEmpty()) << "not suspected again for the same definition";
  quarantine_.committed(foreign(crowd(made_app("/web", "worse")), "/web", {"proxy-3"}));
  EXPECT_THAT(quarantine_.entries(), SizeIs(1));
}

// The others' Nginx were quicker to say no.
TEST_F(ForeignRefusalTest, StateThatIsRefusedHereTooIsSearched) {
  quarantine_.refused(foreign(bad_, "", {"proxy-2", "proxy-3"}));
  answer(Result::kRefused);
  EXPECT_TRUE(quarantine_.searching());
  answer(kYes);
  EXPECT_EQ(web_of(*asked_).labels.at("mark"), "good");
  ASSERT_THAT(quarantine_.entries(), SizeIs(1));
  quarantine_.committed(foreign(bad_, "", {"proxy-3"}));
  EXPECT_THAT(quarantine_.entries(), SizeIs(1)) << "seen by a trial: it is on no probation";
}

TEST_F(ForeignRefusalTest, AppIsReleasedIfTheNextStateIsRejectedWithoutAName) {
  quarantine_.refused(foreign(bad_, "/web", {"proxy-2", "proxy-3"}));
  answer(kYes);
  ASSERT_THAT(quarantine_.entries(), SizeIs(1));
  quarantine_.refused(foreign(quarantine_.contain(bad_), "", {"proxy-2", "proxy-3"}));
  answer(kYes);
  EXPECT_THAT(quarantine_.entries(), IsEmpty());
  quarantine_.refused(foreign(bad_, "/web", {"proxy-2"}));
  answer(Result::kFailed);
  EXPECT_FALSE(quarantine_.searching());
  EXPECT_THAT(quarantine_.entries(), IsEmpty());
}

// Without room for the app that is named, nothing is known; then those that are on probation by the same proxy are
// free.
TEST_F(ForeignRefusalTest, AppThatIsNamedWithoutRoomFreesTheOneOnProbation) {
  quarantine_.committed(foreign(bad_, "/web", {"proxy-3"}));
  ASSERT_THAT(quarantine_.entries(), SizeIs(1));
  RoutingState second = bad_;
  second.apps[0] = made_app("/app10", "bad");
  quarantine_.refused(foreign(quarantine_.contain(second), "/app10", {"proxy-3"}));
  answer(kYes);
  EXPECT_THAT(quarantine_.entries(), IsEmpty());
}

TEST_F(ForeignRefusalTest, AppThatHasNotChangedOrIsNotNamedIsLeftAlone) {
  quarantine_.committed(foreign(bad_, "/app10", {"proxy-3"}));
  quarantine_.committed(foreign(bad_, "", {"proxy-3"}));
  quarantine_.committed(foreign(bad_, "/web", {}));
  EXPECT_THAT(quarantine_.entries(), IsEmpty());
}

}  // namespace
}  // namespace chorale::agent
