// What keeps an app out, in one sentence, and what to do about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/agent/core/explanation_scene.h"

namespace chorale::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using ExplainReasonsTest = ExplanationScene;

TEST_F(ExplainReasonsTest, TheReasonIsTheAppsOwn) {
  MarathonApp none = app_of_size("/web", 0);
  EXPECT_EQ(verdict_of(none), "/web is not routed: it has no instances");
  none.instances = 0;
  EXPECT_EQ(verdict_of(none), "/web is not routed: it has no instances: it is scaled to 0");
  none.instances = 2;
  EXPECT_EQ(verdict_of(none), "/web is not routed: none of its 2 instances has a task yet");

  MarathonApp portless = app_of_size("/web", 1);
  portless.ports.clear();
  portless.tasks[0].ports.clear();
  EXPECT_EQ(verdict_of(portless), "/web is not routed: it has no port");
  EXPECT_THAT(explain(inputs_).next, ElementsAre(StartsWith("Add a port")));

  MarathonApp private_port = app_of_size("/web", 1);
  private_port.network = NetworkMode::kBridge;
  private_port.ports[0].has_host_port = false;
  EXPECT_EQ(verdict_of(private_port), "/web is not routed: the port has no host port");
  EXPECT_THAT(explain(inputs_).next, ElementsAre(HasSubstr("host port")));

  MarathonApp wrong_port = app_of_size("/web", 1);
  wrong_port.labels["chorale.port"] = "admin";
  EXPECT_THAT(verdict_of(wrong_port), HasSubstr("its label chorale.port names none of its 1 ports: \"admin\""));
  EXPECT_THAT(explain(inputs_).next, ElementsAre(StartsWith("Correct its label chorale.port")));

  MarathonApp no_host = app_of_size("/web", 1);
  no_host.labels["subdomain"] = "a_b!";
  EXPECT_THAT(verdict_of(no_host), StartsWith("/web is not routed: host \"a_b!\" of label subdomain"));
  EXPECT_THAT(explain(inputs_).next, Contains(HasSubstr("names its hosts")));

  MarathonApp unreadable;
  unreadable.id = "/web";
  unreadable.unreadable = "tasks[0] has no id";
  EXPECT_EQ(verdict_of(unreadable), "/web is not routed: it cannot be read: tasks[0] has no id");
}

TEST_F(ExplainReasonsTest, AnIdThatCannotBeServedIsSaid) {
  inputs_.app = "/we$b";
  MarathonApp odd = app_of_size("/we$b", 1);
  EXPECT_THAT(verdict_of(odd), StartsWith("/we$b is not routed: its id "));
  EXPECT_THAT(explain(inputs_).next, ElementsAre("Deploy it under another id."));
}

TEST_F(ExplainReasonsTest, AnotherRealmIsSaidWithTheOneThatIsServed) {
  inputs_.policy.realm = {"prod"};
  MarathonApp web = app_of_size("/web", 1);
  web.labels["NIXY_REALM"] = "test";
  EXPECT_EQ(verdict_of(web), "/web is not routed: of another realm: \"test\"");
  EXPECT_THAT(explain(inputs_).next, ElementsAre("If it belongs here, set its label NIXY_REALM to prod."));
}

TEST_F(ExplainReasonsTest, TasksThatAllFailAlikeAreOneReason) {
  EXPECT_EQ(verdict_of(unhealthy(3)), "/web is not routed: none of its 3 tasks is healthy");
  EXPECT_THAT(explain(inputs_).next, ElementsAre(HasSubstr("GET /health")));
  EXPECT_EQ(verdict_of(unhealthy(1)), "/web is not routed: its only task is not healthy");
  MarathonApp web = app_of_size("/web", 2);
  for (const auto& [state, words] :
       std::map<std::string, std::string>{{"TASK_STAGING", "none of its 2 tasks runs yet"},
                                          {"TASK_KILLING", "none of its 2 tasks goes on running"},
                                          {"TASK_UNREACHABLE", "none of its 2 tasks is known to run"}}) {
    for (MarathonTask& one : web.tasks) one.state = state;
    EXPECT_EQ(verdict_of(web), "/web is not routed: " + words);
    EXPECT_EQ(explain(inputs_).tasks[0].reason, state);
  }
  web = app_of_size("/web", 2);
  web.health_checks = 1;
  EXPECT_EQ(verdict_of(web), "/web is not routed: none of its 2 tasks has a health result yet");
  web = app_of_size("/web", 2);
  inputs_.policy.respect_readiness = true;
  web.readiness_checks = 1;
  web.deploying = true;
  web.version = web.tasks[0].version;
  EXPECT_EQ(verdict_of(web), "/web is not routed: none of its 2 tasks is ready");
  web = app_of_size("/web", 1);
  web.tasks[0].host = "169.254.1.1";
  EXPECT_EQ(verdict_of(web),
            "/web is not routed: its only task is not to be reached (its address 169.254.1.1 is link-local)");
}

TEST_F(ExplainReasonsTest, ALostHealthResultIsNoReasonWhereTheTaskWasServed) {
  commit(apps({app_of_size("/web", 1)}));
  MarathonApp web = app_of_size("/web", 1);
  web.health_checks = 1;
  web.tasks[0].host = "169.254.1.1";
  EXPECT_THAT(verdict_of(web), HasSubstr("its only task is not to be reached (its address 169.254.1.1 is link-local)"));
}

TEST_F(ExplainReasonsTest, TasksThatFailInSeveralWaysAreCounted) {
  MarathonApp web = unhealthy(4);
  web.tasks[0].state = "TASK_STAGING";
  web.tasks[1].host = "slave-1";
  web.tasks[1].health = {{true}};
  const Explanation said = of(web);
  EXPECT_EQ(said.verdict,
            "/web is not routed: none of its 4 tasks can be served: 1 not running yet, 2 not healthy, 1 on a host "
            "whose name does not resolve");
  EXPECT_EQ(said.tasks[1].reason, "host name slave-1 does not resolve");
  EXPECT_EQ(said.next.size(), 3U);
  EXPECT_FALSE(said.routed);
}

TEST_F(ExplainReasonsTest, AHostBelongsToTheAppThatHasIt) {
  MarathonApp shop = app_of_size("/shop", 1);
  shop.labels["subdomain"] = "www";
  commit(apps({shop}));
  MarathonApp web = app_of_size("/web", 1);
  web.labels["subdomain"] = "www mine";
  const Explanation said = of(web);
  ASSERT_EQ(said.conflicts.size(), 1U);
  EXPECT_EQ(said.conflicts[0].host, "www");
  EXPECT_EQ(said.conflicts[0].owner, "/shop");
  EXPECT_THAT(said.hosts, ElementsAre("mine"));
  EXPECT_THAT(said.reduced, ElementsAre("is served without host www: it belongs to /shop"));
  EXPECT_THAT(said.next, Contains("Give it a host that no other app has."));
}

TEST_F(ExplainReasonsTest, WhereNothingIsCommittedMarathonsListSaysWhoHasAHost) {
  inputs_.routes = nullptr;
  inputs_.cluster->state.committed.reset();
  MarathonApp shop = app_of_size("/shop", 1);
  shop.labels["subdomain"] = "web";
  inputs_.marathon->all = apps({shop});
  const Explanation said = of(app_of_size("/web", 1));
  ASSERT_EQ(said.conflicts.size(), 1U);
  EXPECT_EQ(said.conflicts[0].owner, "/shop");
  EXPECT_THAT(said.notes, Contains("nothing is committed yet"));
}

TEST_F(ExplainReasonsTest, WhatIsServedWithLessThanItAsksForIsToldWhatToDo) {
  MarathonApp web = app_of_size("/web", 1);
  web.labels["chorale.allow"] = "10.1.0.0/99";
  EXPECT_THAT(of(web).reduced,
              ElementsAre(StartsWith("is served to nobody, since its label chorale.allow has a word")));
  EXPECT_THAT(explain(inputs_).next, Contains("Correct its label chorale.allow: until then nobody is let in."));

  web = app_of_size("/web", 1);
  web.labels["chorale.timeout"] = "soon";
  web.labels["owner"] = "a$b";
  EXPECT_EQ(of(web).reduced.size(), 2U);
  EXPECT_THAT(explain(inputs_).next, Contains("Correct its label chorale.timeout, or take it off."));
  EXPECT_THAT(explain(inputs_).next, Contains("Correct its label owner, or take it off."));

  web = app_of_size("/web", 1);
  web.health_path = "/is it well";
  EXPECT_EQ(of(web).reduced.size(), 1U);
  EXPECT_THAT(explain(inputs_).next, Contains("Give its health check a plain path, as in /health."));
  EXPECT_THAT(of(app_of_size("/web", 1)).next, Not(Contains(HasSubstr("orrect"))));
}

TEST_F(ExplainReasonsTest, AServicePortBelongsToTheAppThatHasIt) {
  inputs_.template_text = "{{! service_ports 10000-10010 }}{{tcp_port}}";
  MarathonApp shop = app_of_size("/shop", 1);
  shop.ports[0].service_port = 10'001;
  commit(apps({shop}));
  MarathonApp web = app_of_size("/web", 1);
  web.ports[0].service_port = 10'001;
  EXPECT_THAT(of(web).reduced, ElementsAre(HasSubstr("without service port 10001: it belongs to /shop")));
  EXPECT_THAT(explain(inputs_).next, Contains("Give it a service port that no other app has."));
  web.ports[0].service_port = 80;
  EXPECT_THAT(of(web).reduced, ElementsAre(HasSubstr("the template listens on 10000 to 10010 alone")));
  EXPECT_THAT(explain(inputs_).next, Contains("Give it a service port on which the template listens."));
}

TEST_F(ExplainReasonsTest, APodIsCalledOneAndMayBeLeftOut) {
  MarathonApp pod = app_of_size("/web", 1);
  pod.pod = true;
  EXPECT_THAT(verdict_of(pod), StartsWith("pod /web is not routed yet"));
  inputs_.policy.pods = false;
  EXPECT_EQ(verdict_of(pod), "pod /web is not routed: it is a pod, and pods = false is set");
}

}  // namespace
}  // namespace chorale::agent
