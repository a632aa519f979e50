#include "agent/cli/local_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordination/cluster_reader.h"

namespace chorale::agent {
namespace {

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
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->state, snapshot.state);
  EXPECT_EQ(read->agents, snapshot.agents);
}

TEST(LocalAgentTest, OtherBodiesAreRefused) {
  for (const char* wrong : {"", "[]", "{}", "{\"state\":{},\"agents\":[]}", "{\"state\":1,\"agents\":{}}", "<html>"}) {
    EXPECT_FALSE(read_status_body(wrong)) << wrong;
  }
  for (const char* wrong : {"", "[]", "{}", "{\"Realm\":1,\"Apps\":null}", "{\"Realm\":\"\",\"Apps\":[1]}"}) {
    EXPECT_FALSE(read_config_body(wrong)) << wrong;
  }
}

TEST(LocalAgentTest, NixysConfigBecomesRoutes) {
  const auto routes = read_config_body(R"({"Realm":"blue","Apps":{"/web":{"Tasks":[
      {"Host":"10.0.0.1","ID":"web.1","Ports":[31000,31001],"Version":"v1"},
      {"Host":"2001:db8::1","ID":"web.2","Ports":[31000],"Version":"v1"}],
      "Labels":{"weight":"3"},"Hosts":["web"]},"/idle":{"Tasks":null,"Labels":{},"Hosts":null}}})");
  ASSERT_TRUE(routes) << routes.error();
  ASSERT_EQ(routes->apps.size(), 2U);
  EXPECT_EQ(routes->apps[0].id, "/idle");
  EXPECT_TRUE(routes->apps[0].servers().empty());
  const render::App& web = routes->apps[1];
  EXPECT_THAT(web.hosts, ::testing::ElementsAre("web"));
  ASSERT_EQ(web.ports.size(), 2U);
  ASSERT_EQ(web.servers().size(), 2U);
  EXPECT_EQ(web.servers()[1].address, "[2001:db8::1]:31000");
  EXPECT_EQ(web.ports[1].servers[0].address, "10.0.0.1:31001");
}

TEST(LocalAgentTest, SilentAgentIsUnreachable) {
  Config config;
  config.file = "test.toml";
  config.listen_address = "127.0.0.1";
  config.listen_port = 1;  // nobody listens below 1024 on a loopback without being told to
  const auto status = ask_local_status(config, std::chrono::milliseconds(2'000));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().exit_code, 3);
  EXPECT_THAT(status.error().message, ::testing::HasSubstr("standalone"));
}

}  // namespace
}  // namespace chorale::agent
