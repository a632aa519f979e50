// Which template a pool uses, and what an operator pushed.
#include "agent/core/template_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kUsed(64, 'a');
const std::string kOther(64, 'b');

coordination::TemplateVersion version(const std::string& digest, const std::string& by) {
  return {{digest, 7, {}}, by, "then", false};
}

coordination::ClusterSnapshot pool_of_three() {
  coordination::ClusterSnapshot cluster;
  cluster.committed_files = {{"nginx.conf", "x"}, {"template", kUsed}};
  for (const char* id : {"proxy-1", "proxy-2", "proxy-3"}) {
    coordination::AgentDocument agent;
    agent.id = id;
    agent.template_digest = kUsed;
    cluster.agents.push_back(agent);
  }
  return cluster;
}

TEST(TemplateUseTest, FileThatIsNotWhatIsInUseIsNamed) {
  auto cluster = pool_of_three();
  EXPECT_THAT(template_use(cluster).differing, IsEmpty());
  EXPECT_EQ(template_use(cluster).digest, kUsed);
  cluster.agents[1].template_digest = kOther;
  EXPECT_THAT(template_use(cluster).differing, ElementsAre("proxy-2"));
  cluster.state.leader = "proxy-2";
  EXPECT_THAT(template_use(cluster).differing, ElementsAre("proxy-2")) << "what counts is what is committed";
  cluster.agents[1].template_digest.clear();
  EXPECT_THAT(template_use(cluster).differing, IsEmpty()) << "it says nothing of its file";
  cluster.agents[1].template_digest = kOther;
  cluster.committed_files.clear();
  EXPECT_THAT(template_use(cluster).differing, IsEmpty()) << "what is in use is not known";
  EXPECT_FALSE(template_use(cluster).pushed);
  EXPECT_FALSE(template_use(cluster).trial);
}

TEST(TemplateUseTest, WhilePushedNoFileCounts) {
  auto cluster = pool_of_three();
  cluster.agents[1].template_digest = kOther;
  cluster.pushed_template.emplace().current = version(kUsed, "jo");
  auto use = template_use(cluster);
  EXPECT_THAT(use.differing, IsEmpty());
  EXPECT_FALSE(use.trial);
  EXPECT_EQ(pushed_text(*use.pushed, "now"), "pushed aaaaaaaaaaaa (jo, now): in use instead of each proxy's own file");
  EXPECT_EQ(encode(use), "{\"digest\":\"" + kUsed + "\",\"pushed\":{\"digest\":\"" + kUsed +
                             "\",\"by\":\"jo\",\"at\":\"then\",\"in_use\":true},\"trial\":null,\"differing\":[]}");
  cluster.pushed_template->current = version(kOther, "jo");
  use = template_use(cluster);
  EXPECT_EQ(pushed_text(*use.pushed, "now"), "pushed bbbbbbbbbbbb (jo, now): not in use yet, the last good one is");
}

TEST(TemplateUseTest, TrialRulesOnItsProxiesAndTheOneBeforeElsewhere) {
  auto cluster = pool_of_three();
  auto& document = cluster.pushed_template.emplace();
  document.current = version(kOther, "jo");
  document.on = {"proxy-2", "proxy-3"};
  document.previous = {version(kUsed, "the leader's file"), version(kOther, "old")};
  auto use = template_use(cluster);
  EXPECT_EQ(trial_text(use, "now"), "pushed bbbbbbbbbbbb (jo, now): not in use on proxy-2, proxy-3");
  EXPECT_TRUE(use.pushed->in_use);
  EXPECT_EQ(use.pushed->by, "the leader's file");
  EXPECT_EQ(trial_advice(use),
            "The leader's health says why, if this lasts. To take it back: chorale template rollback.");
  cluster.committed_files["canary.template"] = kOther;
  use = template_use(cluster);
  EXPECT_EQ(trial_text(use, "now"), "pushed bbbbbbbbbbbb (jo, now): in use on proxy-2, proxy-3 alone");
  EXPECT_EQ(trial_advice(use), "For all: chorale template push; to end it: chorale template rollback.");
  EXPECT_EQ(encode(use),
            "{\"digest\":\"" + kUsed + "\",\"pushed\":{\"digest\":\"" + kUsed +
                "\",\"by\":\"the leader's file\",\"at\":\"then\",\"in_use\":true},\"trial\":{\"digest\":\"" + kOther +
                "\",\"by\":\"jo\",\"at\":\"then\",\"in_use\":true,\"on\":[\"proxy-2\",\"proxy-3\"]}," +
                "\"differing\":[]}");
  document.previous.clear();
  EXPECT_FALSE(template_use(cluster).pushed);
}

TEST(TemplateUseTest, AfterARollbackToTheFilesTheyCount) {
  auto cluster = pool_of_three();
  cluster.agents[1].template_digest = kOther;
  auto& document = cluster.pushed_template.emplace();
  document.current = version(kUsed, "the leader's file");
  document.current.from_file = true;
  document.previous = {version(kOther, "jo")};
  auto use = template_use(cluster);
  EXPECT_FALSE(use.pushed);
  EXPECT_THAT(use.differing, ElementsAre("proxy-2"));
  std::swap(document.current, document.previous.front());
  document.on = {"proxy-3"};
  use = template_use(cluster);
  EXPECT_FALSE(use.pushed) << "elsewhere than on trial the files rule";
  EXPECT_EQ(use.trial->by, "jo");
  EXPECT_THAT(use.differing, ElementsAre("proxy-2"));
  document.on = {"proxy-2", "proxy-3"};
  EXPECT_THAT(template_use(cluster).differing, IsEmpty()) << "what it tries is no difference";
}

}  // namespace
}  // namespace chorale::agent
