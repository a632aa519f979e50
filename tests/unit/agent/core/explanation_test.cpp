// Why an app is routed or not, from three values: Marathon's word, what is committed, what the pool says of itself.
#include "agent/core/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/leading/quarantine.h"
#include "tests/unit/agent/core/explanation_scene.h"

namespace chorale::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using ExplanationTest = ExplanationScene;

TEST_F(ExplanationTest, WhatIsRoutedSaysWhereAndByWhichTasks) {
  commit(apps({app_of_size("/web", 2)}));
  const Explanation said = of(app_of_size("/web", 2));
  EXPECT_TRUE(said.routed);
  EXPECT_EQ(said.verdict, "/web is routed: all of its 2 tasks serve it");
  EXPECT_EQ(said.path, "/web");
  EXPECT_THAT(said.hosts, ElementsAre("web"));
  EXPECT_THAT(said.urls, ElementsAre("http://proxy-1/web/"));
  ASSERT_EQ(said.tasks.size(), 2U);
  EXPECT_EQ(said.tasks[1].address, "10.0.0.2:31002");
  EXPECT_TRUE(said.tasks[1].serves && said.tasks[1].wanted);
  EXPECT_THAT(said.pending, IsEmpty());
  EXPECT_THAT(said.next, IsEmpty());
  EXPECT_THAT(said.notes, ElementsAre("Marathon at http://marathon:8080 was asked now (1 request)",
                                      "revision 7.41 is committed, made 12 s ago"));
}

TEST_F(ExplanationTest, ATasksAddressIsThatOfTheMainPort) {
  MarathonApp web = app_of_size("/web", 1);
  web.ports.resize(2);
  web.tasks[0].ports = {31'000, 31'001};
  web.labels["chorale.port"] = "1";
  commit(apps({web}));
  EXPECT_EQ(of(web).tasks.at(0).address, "10.0.0.1:31001");
}

TEST_F(ExplanationTest, AHostIsAUrlWhereTheTemplateServesHosts) {
  commit(apps({app_of_size("/web", 1)}));
  inputs_.template_text = "{{#apps}}{{^hosts}}{{pathology}}{{/hosts}}{{/apps}}";
  EXPECT_THAT(of(app_of_size("/web", 1)).urls, ElementsAre("http://web/"));
  inputs_.template_text = "{{#apps}}{{host_name}}{{path.x}}{{/apps}}";
  EXPECT_THAT(of(app_of_size("/web", 1)).urls, IsEmpty());
  inputs_.template_text = "{{#apps}}listen {{ tcp_port }};{{/apps}}";
  MarathonApp web = app_of_size("/web", 1);
  web.ports[0].service_port = 10'001;
  commit(apps({web}));
  inputs_.proxy = "proxy-1:8080";
  EXPECT_THAT(of(web).urls, ElementsAre("tcp://proxy-1:10001"));
}

TEST_F(ExplanationTest, AppsThatAreServedAsOneAreNamed) {
  inputs_.policy.merge_label = "shown_as";
  MarathonApp blue = app_of_size("/blue", 1);
  MarathonApp web = app_of_size("/web", 1);
  blue.labels["shown_as"] = web.labels["shown_as"] = "front";
  blue.labels["subdomain"] = web.labels["subdomain"] = "www";
  commit(apps({blue, web}));
  const Explanation said = of(web);
  EXPECT_EQ(said.path, "/front");
  EXPECT_THAT(said.urls, ElementsAre("http://proxy-1/front/"));
  EXPECT_THAT(said.shown_with, ElementsAre("/blue"));
  EXPECT_THAT(said.conflicts, IsEmpty()) << "their host is one";
}

TEST_F(ExplanationTest, WhatMarathonDoesNotHaveNamesWhatIsLikeIt) {
  inputs_.marathon->all = apps({app_of_size("/shop/cart", 1), app_of_size("/wed", 1)});
  const Explanation said = explain(inputs_);
  EXPECT_FALSE(said.known);
  EXPECT_EQ(said.verdict, "/web is not routed: Marathon has no app and no pod of this id");
  EXPECT_THAT(said.next, ElementsAre("Did you mean /wed?"));
  inputs_.app = "/cart";
  EXPECT_THAT(explain(inputs_).next, ElementsAre("Did you mean /shop/cart?"));
  inputs_.app = "/quite-another";
  EXPECT_THAT(explain(inputs_).next, IsEmpty());
}

TEST_F(ExplanationTest, WhatIsCommittedAndWhatMarathonSaysAreToldApart) {
  commit(apps({app_of_size("/web", 2)}));
  Explanation said = of(app_of_size("/web", 3));
  EXPECT_EQ(said.verdict, "/web is routed: 2 of its 3 tasks serve it");
  EXPECT_THAT(said.pending, ElementsAre("what is committed does not have yet: web-3"));
  EXPECT_THAT(said.next, ElementsAre("Ask again: a change takes about a second."));

  said = of(app_of_size("/web", 1));
  EXPECT_THAT(said.pending, ElementsAre("what is committed still has: web-2"));
  ASSERT_EQ(said.tasks.size(), 2U);
  EXPECT_EQ(said.tasks[1].reason, "Marathon does not list it");
  EXPECT_TRUE(said.tasks[1].serves && !said.tasks[1].wanted);

  MarathonApp renamed = app_of_size("/web", 2);
  renamed.labels["subdomain"] = "other-name";
  EXPECT_THAT(of(renamed).pending, ElementsAre(HasSubstr("other hosts: Marathon's word makes other-name")));

  said = of(unhealthy(2));
  EXPECT_TRUE(said.routed) << "what is committed is what is served";
  EXPECT_THAT(said.verdict, HasSubstr("still routed, though by what Marathon says now it would not be: none of its 2"));

  inputs_.marathon->app.reset();
  said = explain(inputs_);
  EXPECT_EQ(said.verdict, "/web is routed, but Marathon does not have it any more");
  EXPECT_THAT(said.pending, ElementsAre(HasSubstr("Marathon does not have it any more")));
}

TEST_F(ExplanationTest, WhatWithholdsAChangeIsNamed) {
  commit(apps({app_of_size("/web", 1)}));
  says(app_of_size("/web", 2));
  inputs_.cluster->agents[0].blocked = coordination::Blocked{"noon", "2 of 3 refuse it"};
  inputs_.cluster->agents[0].held_back = coordination::HeldLoss{"0123456789ab", "lists 0 of 9"};
  Explanation said = explain(inputs_);
  ASSERT_EQ(said.withheld.size(), 2U);
  EXPECT_EQ(said.withheld[0].kind + " " + said.withheld[0].text, "BLOCKED since noon: 2 of 3 refuse it");
  EXPECT_EQ(said.withheld[1].kind + " " + said.withheld[1].text, "HELD BACK lists 0 of 9");
  EXPECT_THAT(said.next, Contains("If it is real: chorale accept 0123456789ab"));

  commit(apps({app_of_size("/web", 2)}));
  EXPECT_THAT(explain(inputs_).withheld, IsEmpty()) << "nothing is pending";
  coordination::HoldDocument hold;
  hold.revision = coordination::Revision{40};
  hold.by = "jo";
  hold.reason = "deploy";
  inputs_.cluster->state.held = hold;
  EXPECT_EQ(explain(inputs_).withheld.at(0).text, "held on 40 by jo: deploy");
}

TEST_F(ExplanationTest, WithoutALeaderOrWithAnIllOneItSaysSo) {
  says(app_of_size("/web", 1));
  inputs_.cluster->agents[0].condition = coordination::Condition::kDegraded;
  inputs_.cluster->agents[0].message = "Marathon: HTTP 503";
  EXPECT_EQ(explain(inputs_).withheld.at(0).text, "proxy-1, which leads, says: Marathon: HTTP 503");
  inputs_.cluster->state.leader = "proxy-9";
  EXPECT_EQ(explain(inputs_).withheld.at(0).kind, "NO LEADER");
}

TEST_F(ExplanationTest, AQuarantinedAppIsServedAsItWasAndSaysWhy) {
  MarathonApp good = app_of_size("/web", 1);
  commit(apps({good}));
  MarathonApp bad = good;
  bad.labels["owner"] = "bad";
  const auto made = routes_of(apps({bad})).state;
  inputs_.cluster->quarantined = {{"/web", "[emerg] no", definition_digest(made.apps.at(0)), "noon"}};
  const Explanation said = of(bad);
  ASSERT_TRUE(said.quarantined);
  EXPECT_EQ(said.verdict, "/web is routed: its task serves it, by an earlier definition (quarantined)");
  EXPECT_THAT(said.pending, IsEmpty()) << "it is frozen, and so nothing is awaited";
  EXPECT_THAT(said.next, Contains(StartsWith("Correct its definition")));

  commit(apps({app_of_size("/other", 1)}));
  EXPECT_EQ(explain(inputs_).verdict, "/web is not routed: Nginx refuses its definition: [emerg] no");
}

TEST_F(ExplanationTest, WithoutMarathonWhatIsCommittedCountsAndItsAge) {
  commit(apps({app_of_size("/web", 2)}));
  inputs_.marathon = tl::unexpected(Failure{"connection refused"});
  Explanation said = explain(inputs_);
  EXPECT_TRUE(said.routed && said.known);
  EXPECT_EQ(said.verdict, "/web is routed, with 2 servers; Marathon cannot be asked: connection refused");
  EXPECT_THAT(said.notes, ElementsAre("revision 7.41 is committed, made 12 s ago"));
  inputs_.app = "/unknown";
  said = explain(inputs_);
  EXPECT_FALSE(said.routed || said.known);
  EXPECT_EQ(said.verdict, "/unknown is not routed; Marathon cannot be asked: connection refused");
}

TEST_F(ExplanationTest, WithoutZookeeperWhatThisProxyAppliedCountsAndItsAge) {
  commit(apps({app_of_size("/web", 1)}));
  inputs_.cluster = tl::unexpected(Failure{"ZooKeeper cannot be reached"});
  inputs_.routes_at = inputs_.time - 300;
  const Explanation said = of(app_of_size("/web", 1));
  EXPECT_TRUE(said.routed);
  EXPECT_THAT(said.notes, Contains("ZooKeeper cannot be reached; what this proxy has applied last counts, 5 min old"));
  inputs_.routes = nullptr;
  inputs_.marathon = tl::unexpected(Failure{"refused"});
  EXPECT_THAT(explain(inputs_).verdict, StartsWith("nothing is known of /web"));
}

TEST_F(ExplanationTest, LostHealthResultsAndProxiesThatAreBehindAreNoted) {
  commit(apps({app_of_size("/web", 1)}));
  MarathonApp web = app_of_size("/web", 1);
  web.health_checks = 1;
  Explanation said = of(web);
  EXPECT_TRUE(said.tasks.at(0).wanted);
  EXPECT_THAT(said.tasks.at(0).reason, HasSubstr("health results are lost: it stays for at most 5 min"));
  inputs_.cluster->agents[1].applied->identity = identity(40);
  said = explain(inputs_);
  EXPECT_THAT(said.notes, Contains("not on every proxy: these serve another revision: proxy-2 (7.40)"));
}

// What is committed is not what this proxy serves: its url must not be promised.
TEST_F(ExplanationTest, AProxyThatDoesNotServeItSaysSo) {
  inputs_.id = "proxy-2";
  commit(apps({app_of_size("/web", 1)}));
  coordination::AgentDocument& own = inputs_.cluster->agents[1];
  own.nginx = "up";
  const std::string routed = "/web is routed: its task serves it";
  const auto verdict = [&] { return verdict_of(app_of_size("/web", 1)); };
  EXPECT_EQ(verdict(), routed);
  EXPECT_EQ(explain(inputs_).not_here, "");
  EXPECT_TRUE(nlohmann::json::parse(encode(explain(inputs_))).at("not_here").is_null());
  own.applied->identity = identity(40);
  EXPECT_EQ(verdict(), routed + "; this proxy serves 7.40, not 7.41 yet");
  EXPECT_THAT(explain(inputs_).next, Contains("Ask again: a change takes about a second."));
  own.condition = coordination::Condition::kDegraded;
  own.message = "[emerg] no";
  EXPECT_EQ(verdict(), routed + "; this proxy serves 7.40, not 7.41: [emerg] no");
  EXPECT_THAT(explain(inputs_).next, Contains("On this proxy: chorale check."));
  own.applied.reset();
  EXPECT_EQ(verdict(), routed + "; this proxy serves nothing yet, not 7.41: [emerg] no");
  own.applied = {identity(41), kCommittedText};
  EXPECT_EQ(verdict(), routed) << "whatever else is wrong with it";
  own.nginx = "down";
  EXPECT_EQ(verdict(), routed + "; this proxy does not serve it: its Nginx is down");
  EXPECT_EQ(nlohmann::json::parse(encode(explain(inputs_))).at("not_here"),
            "this proxy does not serve it: its Nginx is down");
  commit(apps({app_of_size("/other", 1)}));
  EXPECT_EQ(verdict(), "/web is not routed yet: what is committed does not have it") << "it is so on every proxy";
  commit(apps({app_of_size("/web", 1)}));
  own.applies = false;
  EXPECT_EQ(verdict(), routed) << "it has no traffic";
  own.applies = true;
  inputs_.id = "proxy-1";
  EXPECT_EQ(verdict(), routed) << "another proxy's trouble";
  inputs_.id = "proxy-2";
  inputs_.cluster->state.committed.reset();
  EXPECT_EQ(explain(inputs_).not_here, "") << "it is not known";
}

// This proxy's configuration is not the pool's: what it makes of Marathon's word is not what the leader makes of it.
class ExplainForeignPolicyTest : public ExplanationScene {
 protected:
  ExplainForeignPolicyTest() {
    inputs_.own_policy = {{"realm", "prdo"}};
    inputs_.policy.realm = {"prdo"};
    inputs_.cluster->committed_policy = {{"realm", "prod"}};
    inputs_.cluster->agents[0].policy = {{"realm", "prod"}};
    inputs_.cluster->agents[1].policy = {{"realm", "prdo"}};
  }
  static MarathonApp of_realm(const std::string& realm) {
    MarathonApp web = app_of_size("/web", 1);
    web.labels["NIXY_REALM"] = realm;
    return web;
  }
  static constexpr const char* kDiffers =
      "this proxy's configuration differs from the pool's (realm is \"prdo\" here and \"prod\" in the pool), so its "
      "own "
      "reading does not decide";
};

TEST_F(ExplainForeignPolicyTest, WhatItWouldRouteIsNoPromise) {
  const Explanation said = of(of_realm("prdo"));
  EXPECT_FALSE(said.routed);
  EXPECT_EQ(said.verdict, std::string("/web is not routed: what is committed does not have it; ") + kDiffers +
                              " (which is: it would be routed)");
  EXPECT_THAT(said.pending, IsEmpty());
  EXPECT_THAT(said.next, ElementsAre("Ask on a proxy that has the pool's configuration: proxy-1. Or correct this "
                                     "proxy's, and restart its agent."));
}

TEST_F(ExplainForeignPolicyTest, WhatItWouldNotRouteIsNoReason) {
  Explanation said = of(of_realm("prod"));
  EXPECT_EQ(said.verdict, std::string("/web is not routed: what is committed does not have it; ") + kDiffers +
                              " (which is: of another realm: \"prod\")");
  EXPECT_EQ(said.next.size(), 1U) << "no advice to fit the app to this proxy";
  commit(apps({app_of_size("/web", 1)}));
  said = explain(inputs_);
  EXPECT_EQ(said.verdict,
            std::string("/web is routed, with 1 server; ") + kDiffers + " (which is: of another realm: \"prod\")");
  EXPECT_THAT(said.pending, IsEmpty());
  inputs_.cluster->agents[0].policy.clear();
  EXPECT_THAT(explain(inputs_).next, ElementsAre("Correct this proxy's configuration, and restart its agent."));
}

TEST_F(ExplainForeignPolicyTest, WhereBothAgreeItIsStillSaid) {
  commit(apps({app_of_size("/web", 1)}));
  inputs_.policy.realm.clear();
  Explanation said = of(of_realm("prod"));
  EXPECT_EQ(said.verdict, std::string("/web is routed: its task serves it; ") + kDiffers);
  inputs_.cluster->committed_policy = {{"realm", "prdo"}};
  said = explain(inputs_);
  EXPECT_EQ(said.verdict, "/web is routed: its task serves it");
}

// It may be another Marathon.
TEST_F(ExplainForeignPolicyTest, WhatMarathonDoesNotHaveMayBeElsewhere) {
  EXPECT_EQ(explain(inputs_).verdict,
            std::string("/web is not routed: Marathon has no app and no pod of this id; ") + kDiffers);
  commit(apps({app_of_size("/web", 1)}));
  const Explanation said = explain(inputs_);
  EXPECT_EQ(said.verdict, std::string("/web is routed, but Marathon does not have it any more; ") + kDiffers);
  EXPECT_THAT(said.pending, IsEmpty());
  EXPECT_EQ(said.next.size(), 1U);
}

TEST_F(ExplainForeignPolicyTest, WhereMarathonCannotBeAskedNothingIsRead) {
  inputs_.marathon = tl::unexpected(Failure{"refused"});
  const Explanation said = explain(inputs_);
  EXPECT_EQ(said.verdict, "/web is not routed; Marathon cannot be asked: refused");
  EXPECT_THAT(said.next, IsEmpty());
}

TEST_F(ExplanationTest, AsJsonItKeepsEveryText) {
  commit(apps({app_of_size("/web", 1)}));
  says(app_of_size("/web", 1));
  inputs_.marathon->app->tasks[0].host = "h\xff";
  const auto json = nlohmann::json::parse(encode(explain(inputs_)), nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json.at("app"), "/web");
  EXPECT_EQ(json.at("routed"), true);
  EXPECT_EQ(json.at("tasks").at(0).at("serves"), true);
  EXPECT_TRUE(json.at("quarantined").is_null());
  EXPECT_TRUE(json.at("tasks").at(0).at("state").is_string());
}

TEST(ExplainTextsTest, IdsHaveASlashInFront) {
  EXPECT_EQ(app_id_of("shop/cart"), "/shop/cart");
  EXPECT_EQ(app_id_of("/shop/cart//"), "/shop/cart");
  EXPECT_EQ(app_id_of(""), "/");
}

}  // namespace
}  // namespace chorale::agent
