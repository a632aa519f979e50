// What is wrong with a pool, each thing once.
#include "agent/core/problems.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

coordination::Identity revision_identity(std::int64_t revision) {
  return {coordination::Epoch{7}, coordination::Revision{revision}, std::string(64, 'a')};
}

coordination::ClusterSnapshot pool() {
  coordination::ClusterSnapshot cluster;
  cluster.state.leader = "proxy-1";
  cluster.state.committed = coordination::RevisionHeader{revision_identity(41), "then", "full sync", 1, 1, 0};
  for (const char* id : {"proxy-1", "proxy-2"}) {
    coordination::AgentDocument agent;
    agent.id = id;
    agent.condition = coordination::Condition::kOk;
    agent.message = "OK";
    agent.applied = coordination::AppliedEntry{revision_identity(41), "then"};
    agent.policy = {{"realm", "prod"}};
    cluster.agents.push_back(agent);
    cluster.members.push_back({id, {"host-" + std::string(id), "2026"}});
  }
  return cluster;
}

std::vector<std::string> said(const coordination::ClusterSnapshot& cluster) {
  std::vector<std::string> texts;
  for (const Problem& problem : problems_of(cluster)) {
    texts.push_back(problem.kind + "|" + problem.since + "|" + problem.text + "|" + problem.next);
  }
  return texts;
}

TEST(ProblemsTest, APoolThatIsWellHasNone) {
  EXPECT_THAT(said(pool()), IsEmpty());
  EXPECT_TRUE(all_is_well(pool()));
}

TEST(ProblemsTest, ALeaderThatIsNotRegisteredIsSaidWithSinceWhen) {
  auto cluster = pool();
  cluster.state.leader = "proxy-9";
  EXPECT_THAT(said(cluster), ElementsAre(HasSubstr("NO LEADER||proxy-9 led last and is not registered")));
  cluster.agents[1].message = "no leader since 2026-11-22T12:00:00.000Z: proxy-9 led last";
  EXPECT_THAT(said(cluster), ElementsAre(HasSubstr("NO LEADER|2026-11-22T12:00:00.000Z|proxy-9")));
  EXPECT_FALSE(all_is_well(cluster));
  cluster.unreadable = {"proxy-9: not JSON"};
  EXPECT_THAT(said(cluster), ElementsAre("UNREADABLE||proxy-9: not JSON|"));
  cluster.unreadable.clear();
  cluster.state.leader.clear();
  EXPECT_THAT(said(cluster), ElementsAre(HasSubstr("no agent has led yet")));
}

TEST(ProblemsTest, WhatHoldsTheRoutesBackIsSaidWithWhatToDo) {
  auto cluster = pool();
  cluster.agents[0].blocked = coordination::Blocked{"noon", "2 of 3 refuse it"};
  cluster.agents[0].held_back = coordination::HeldLoss{"0123456789ab", "lists 0 of 9"};
  coordination::HoldDocument hold;
  hold.revision = coordination::Revision{40};
  hold.by = "jo";
  hold.reason = "deploy";
  hold.epoch = coordination::Epoch{5};
  hold.since = "morning";
  cluster.state.held = hold;
  EXPECT_THAT(said(cluster),
              ElementsAre("BLOCKED|noon|2 of 3 refuse it|The routes stay as they are until that is corrected.",
                          "HELD|morning|held on 5.40 by jo: deploy|To go on: chorale release.",
                          "HELD BACK||lists 0 of 9|If it is real: chorale accept 0123456789ab"));
  EXPECT_FALSE(all_is_well(cluster));

  cluster.agents[0].blocked.reset();
  cluster.agents[0].held_back.reset();
  cluster.state.held->error = "revision 9 is not kept any more";
  cluster.agents[0].waiting = coordination::WaitingChange{"noon", "/web +1 server"};
  EXPECT_THAT(said(cluster),
              ElementsAre("HELD|morning|held on 5.40 by jo: deploy; revision 9 is not kept any more; keeps back since "
                          "noon: /web +1 server|To go on: chorale release."));
}

TEST(ProblemsTest, MembersThatAreOtherwiseOrNotThereAreNamed) {
  auto cluster = pool();
  cluster.committed_policy = {{"realm", "prod"}};
  cluster.agents[1].policy = {{"realm", "prdo"}};
  cluster.agents[1].condition = coordination::Condition::kDown;
  cluster.agents[1].drained = coordination::Drained{"jo", "a new disk", "2026-11-22T10:00:00.000Z"};
  cluster.members.push_back({"proxy-3", {"host-3", "2026"}});
  EXPECT_THAT(
      said(cluster),
      ElementsAre(HasSubstr("POLICY||proxy-2 does not lead, its policy is not the pool's: realm is \"prdo\""),
                  "MISSING||proxy-3: its agent is not registered (host host-3)|Start its agent; if it is gone "
                  "for good: chorale forget proxy-3",
                  "DRAINED|2026-11-22T10:00:00.000Z|proxy-2 by jo: a new disk|On that proxy: chorale undrain."));
}

TEST(ProblemsTest, ALeaderWithoutThePoolsPolicyLeadsAllTheSame) {
  auto cluster = pool();
  cluster.committed_policy = {{"realm", "prod"}};
  for (auto& agent : cluster.agents) agent.policy = {{"realm", "prdo"}};
  cluster.agents[0].role = coordination::Role::kLeader;
  cluster.members.push_back({"proxy-3", {"host-3", "2026"}});
  cluster.members.push_back({"proxy-4", {"host-4", "2026"}});
  const std::string difference = "its policy is not the pool's: realm is \"prdo\" here and \"prod\" in the pool|";
  std::vector<std::string> texts = said(cluster);
  ASSERT_GE(texts.size(), 2U);
  texts.resize(2);
  EXPECT_THAT(texts,
              ElementsAre("POLICY||proxy-1 leads, but " + difference +
                              "Start an agent that has the pool's, or edit its configuration and restart it.",
                          "POLICY||proxy-2 does not lead, " + difference + "Edit its configuration and restart it."));
  cluster.agents[1].applies = false;
  EXPECT_THAT(said(cluster)[1], HasSubstr("proxy-2 observes, its policy is not the pool's"));
}

TEST(ProblemsTest, QuarantinedAppsAreNamedOrCounted) {
  auto cluster = pool();
  cluster.state.committed->quarantined = 1;
  EXPECT_THAT(said(cluster), ElementsAre("QUARANTINED||1 app(s), whose names cannot be read|"));
  cluster.quarantined = {{"/bad", "[emerg] no", "d", "noon"}};
  EXPECT_THAT(said(cluster), ElementsAre(HasSubstr("QUARANTINED|noon|/bad: [emerg] no|")));
}

TEST(ProblemsTest, AProxyThatIsDownOrLagsIsNamedWithItsReasonUnlessItIsDrained) {
  auto cluster = pool();
  cluster.agents[0].condition = coordination::Condition::kDown;
  cluster.agents[0].message = "there is no pid file";
  cluster.agents[1].condition = coordination::Condition::kDegraded;
  cluster.agents[1].message = "cannot apply a committed revision: no";
  const std::string down =
      "DOWN||proxy-1: there is no pid file|It must get no traffic until that is mended. On that proxy: chorale check.";
  EXPECT_THAT(said(cluster), ElementsAre(down));  // ill, but it has what is committed
  cluster.agents[1].applied->identity = revision_identity(40);
  EXPECT_THAT(
      said(cluster),
      ElementsAre(down,
                  "LAGGING||proxy-2 serves 7.40, not 7.41: cannot apply a committed revision: no|On that proxy: "
                  "chorale check."));
  cluster.agents[1].message = "held on 7.41 by jo";
  EXPECT_THAT(said(cluster), ElementsAre(down)) << "all say so";
  cluster.agents[1].message = "2 chunk(s) of the committed revision are missing in ZooKeeper";
  cluster.agents[1].applied.reset();
  EXPECT_THAT(said(cluster)[1], HasSubstr("proxy-2 serves nothing yet, not 7.41: 2 chunk(s) of the"));
  cluster.agents[1].applies = false;
  cluster.agents[1].shadow = coordination::AppliedEntry{revision_identity(41), "then"};
  cluster.agents[0].drained = coordination::Drained{"jo", "", "then"};
  EXPECT_THAT(said(cluster), ElementsAre(HasSubstr("DRAINED|then|proxy-1 by jo|")));
  cluster.agents[1].shadow->identity = revision_identity(40);
  cluster.state.committed.reset();
  EXPECT_THAT(said(cluster), ElementsAre(HasSubstr("DRAINED|then|proxy-1 by jo|")));
}

TEST(ProblemsTest, AnAgentThatLacksTheRevisionOrIsIllIsNotWell) {
  auto cluster = pool();
  cluster.agents[1].applied->identity = revision_identity(40);
  EXPECT_THAT(said(cluster), IsEmpty());
  EXPECT_FALSE(all_is_well(cluster));
  cluster = pool();
  cluster.agents[1].condition = coordination::Condition::kDegraded;
  EXPECT_FALSE(all_is_well(cluster));
  cluster = pool();
  cluster.agents[1].applied.reset();
  EXPECT_FALSE(all_is_well(cluster));
  cluster.agents[1].applies = false;
  cluster.agents[1].shadow = coordination::AppliedEntry{revision_identity(41), "then"};
  EXPECT_TRUE(all_is_well(cluster));
  cluster.state.committed.reset();
  EXPECT_FALSE(all_is_well(cluster));
}

}  // namespace
}  // namespace chorale::agent
