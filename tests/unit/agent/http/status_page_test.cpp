#include "agent/http/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAttack = "<script>alert('x')</script>\"&";

TEST(StatusPageTest, EverythingFromOutsideIsEscaped) {
  HealthInputs health;
  health.id = kAttack;
  health.nginx.message = kAttack;
  health.view.zookeeper_message = kAttack;
  health.endpoints = {{kAttack, false, kAttack}};
  health.warnings = {kAttack};
  health.quarantined = {{kAttack, kAttack, kAttack, kAttack}};
  coordination::ClusterSnapshot cluster;
  cluster.state.leader = kAttack;
  cluster.state.committed = coordination::RevisionHeader{{{}, {}, kAttack}, kAttack, kAttack, 0, 0, 0};
  cluster.state.proposed = cluster.state.committed;
  cluster.state.held = coordination::HoldDocument{{}, kAttack, kAttack};
  coordination::AgentDocument agent;
  agent.id = agent.version = agent.message = kAttack;
  cluster.agents = {agent};
  cluster.unreadable = {kAttack};
  const std::string page = status_page(kAttack, health, cluster);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("'x'")));
}

TEST(StatusPageTest, QuarantinedAppsAreNamed) {
  HealthInputs health;
  health.quarantined = {{"/web", "[emerg] no", "d", "noon"}};
  EXPECT_THAT(status_page("1", health, coordination::ClusterSnapshot{}),
              HasSubstr("<tr><th>Quarantined</th><td>/web since noon: [emerg] no</td></tr>"));
}

TEST(StatusPageTest, ObserverShowsWhatItWrote) {
  coordination::ClusterSnapshot cluster;
  coordination::AgentDocument agent;
  agent.id = "proxy-3";
  agent.applies = false;
  agent.shadow = coordination::AppliedEntry{{{7}, {41}, std::string(64, 'a')}, "then"};
  cluster.agents = {agent};
  const std::string page = status_page("1", {}, cluster);
  EXPECT_THAT(page, HasSubstr("<tr><td>proxy-3</td><td>observer</td>"));
  EXPECT_THAT(page, HasSubstr("<td>7.41 <code>aaaaaaaaaaaa</code></td>"));
}

TEST(StatusPageTest, UnreadableClusterIsSaid) {
  const std::string page = status_page(
      "1", {}, tl::unexpected(coordination::Error{coordination::ErrorKind::kConnectionLoss, "connection <lost>"}));
  EXPECT_THAT(page, HasSubstr("cannot be read now: connection &lt;lost&gt;"));
}

}  // namespace
}  // namespace chorale::agent
