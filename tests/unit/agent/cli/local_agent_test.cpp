#include "agent/cli/local_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <utility>

#include "agent/cli/cli.h"
#include "agent/cli/rendering.h"
#include "coordination/cluster_reader.h"
#include "render/routes_codec.h"
#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;

TEST(LocalAgentTest, StatusBodyIsReadBack) {
  coordination::ClusterSnapshot snapshot;
  snapshot.root.cluster_id = "cluster";
  snapshot.state.cluster_id = "cluster";
  snapshot.state.leader = "proxy-1";
  snapshot.state.term = "term";
  snapshot.state.epoch = coordination::Epoch{3};
  coordination::AgentDocument agent;
  agent.id = "proxy-1";
  agent.instance = "uuid";
  snapshot.agents = {agent};
  const auto read = read_status_body(coordination::encode(snapshot));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->state, snapshot.state);
  EXPECT_EQ(read->agents, snapshot.agents);
}

TEST(LocalAgentTest, StatusBodyBringsMembersAndQuarantinedAppsToo) {
  coordination::ClusterSnapshot snapshot;
  snapshot.state.cluster_id = "cluster";
  snapshot.state.term = "term";
  snapshot.members = {{"proxy-1", {"host-1", "noon"}}};
  snapshot.quarantined = {{"/bad", "[emerg] no", "digest", "noon"}};
  snapshot.committed_files = {{"template", "t"}, {"nginx.conf", "n"}};
  snapshot.pushed_template = coordination::TemplateDocument{{{"t", 1, {{"/chunks/t", 1, ""}}}, "jo", "noon"}, {}, {}};
  const auto read = read_status_body(coordination::encode(snapshot));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->quarantined, snapshot.quarantined);
  EXPECT_EQ(read->committed_files, snapshot.committed_files);
  EXPECT_EQ(read->pushed_template, snapshot.pushed_template);
  ASSERT_EQ(read->members.size(), 1U);
  EXPECT_EQ(read->members[0].id, "proxy-1");
  EXPECT_EQ(read->members[0].document, snapshot.members[0].document);
  std::string odd = coordination::encode(snapshot);
  odd.replace(odd.find("\"quarantined\": ["), 16, "\"quarantined\": [1, ");
  const auto tolerant = read_status_body(odd);
  EXPECT_TRUE(tolerant && tolerant->quarantined.size() == 2U);
}

TEST(LocalAgentTest, OtherBodiesAreRefused) {
  for (const char* wrong : {"", "[]", "{}", "{\"state\":{},\"agents\":[]}", "{\"state\":1,\"agents\":{}}", "<html>"}) {
    EXPECT_FALSE(read_status_body(wrong)) << wrong;
  }
}

TEST(LocalAgentTest, RoutesAreThoseThatTheAgentKeeps) {
  const chorale::testing::TempDir directory("local_agent");
  Config config;
  config.file = "test.toml";
  config.state_dir = directory.path();
  const auto none = read_local_routes(config);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().exit_code, kExitNo);
  EXPECT_THAT(none.error().message, HasSubstr("routes.json: No such file or directory; test.toml names no zookeeper"));

  const render::RoutingState kept = sample_state({.realm = {"blue"}, .merge_label = {}});
  std::ofstream(directory.path() / "routes.json") << render::encode_routes(kept).text;
  const auto routes = read_local_routes(config);
  ASSERT_TRUE(routes) << routes.error().message;
  EXPECT_EQ(routes->realm, "blue");
  EXPECT_EQ(routes->apps, kept.apps);

  std::ofstream(directory.path() / "routes.json") << "{";
  const auto damaged = read_local_routes(config);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().exit_code, kExitNo);
  EXPECT_THAT(damaged.error().message, HasSubstr("routes.json: "));
}

TEST(LocalAgentTest, AgentThatListensOnEveryAddressIsAskedByLoopback) {
  Config config;
  config.listen_port = 8000;
  for (const auto& [address, url] :
       {std::pair("0.0.0.0", "http://127.0.0.1:8000/v1/status"), std::pair("::", "http://[::1]:8000/v1/status"),
        std::pair("192.0.2.1", "http://192.0.2.1:8000/v1/status")}) {
    config.listen_address = address;
    EXPECT_EQ(admin_url(config, "/v1/status").text(), url);
  }
}

TEST(LocalAgentTest, SilentAgentIsUnreachable) {
  Config config;
  config.file = "test.toml";
  config.listen_address = "127.0.0.1";
  config.listen_port = 1;  // nobody listens below 1024 on a loopback without being told to
  const auto status = ask_local_status(config, std::chrono::milliseconds(2'000));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().exit_code, 3);
  EXPECT_THAT(status.error().message, HasSubstr("standalone"));
}

}  // namespace
}  // namespace chorale::agent
