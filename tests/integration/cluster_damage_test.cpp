// What was published is lost or forged in ZooKeeper, on real parts: it is right again by itself, without a change in
// Marathon.
#include <gtest/gtest.h>

#include <chrono>

#include "coordination/digest.h"
#include "coordination/documents.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"
#include "tests/harness/zookeeper_tree.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

const std::string kChunks = "/chorale/chunks/";

class ClusterDamageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    ASSERT_TRUE(cluster_.marathon().create("/web", 2));
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.converged(); }, seconds(20)))
        << cluster_.logs();
    tree_.emplace(cluster_.zookeeper().address());
    chunks_ = tree_->list("/chorale/chunks");
    ASSERT_GE(chunks_.size(), 3U) << "nginx.conf, routes.json, template";
  }

  void restart_all() {
    for (const auto& proxy : cluster_.proxies()) proxy->kill_agent();
    for (const auto& proxy : cluster_.proxies()) proxy->start_agent();
    ASSERT_TRUE(wait_until([&] { return cluster_.leader() != nullptr && cluster_.converged(); }, seconds(20)))
        << cluster_.logs();
  }
  void expect_committed_chunks_are_true() {
    const auto state = coordination::decode_state(tree_->read("/chorale/state").value_or(""));
    ASSERT_TRUE(state && state->committed);
    const coordination::Identity& committed = state->committed->identity;
    const auto manifest = coordination::decode_manifest(
        tree_->read("/chorale/revisions/" + manifest_name(committed.epoch, committed.revision)).value_or(""));
    ASSERT_TRUE(manifest);
    for (const auto& [file, entry] : manifest->files) {
      for (const auto& chunk : entry.chunks) {
        EXPECT_TRUE(chunk.path.ends_with("/" + coordination::chunk_name(tree_->read(chunk.path).value_or("")))) << file;
      }
    }
  }
  void expect_a_fresh_proxy_serves() {
    const Proxy* fresh = cluster_.add_proxy();
    ASSERT_NE(fresh, nullptr);
    EXPECT_TRUE(wait_until([&] { return fresh->routes("/web") && cluster_.converged(); }, seconds(30)))
        << cluster_.logs();
  }

  // As `deleteall` of zkCli does it: from the deepest on, one after the other, while the agents live on.
  void delete_all(const std::string& path) {
    for (const std::string& name : tree_->list(path)) delete_all(path + "/" + name);
    (void)tree_->remove(path);  // an agent may have been quicker
  }
  void expect_people_can_read_it() {
    ASSERT_TRUE(wait_until(
        [&] {
          return cluster_.proxy(0).run("routes").exit_code == 0 && cluster_.leader() != nullptr && cluster_.converged();
        },
        seconds(40)))
        << cluster_.proxy(0).run("routes").output << cluster_.logs();
    EXPECT_NE(cluster_.proxy(0).run("routes").output.find("/web"), std::string::npos);
  }

  RealCluster cluster_{RealCluster::Options{.proxies = 2}};
  std::optional<ZookeeperTree> tree_;
  std::vector<std::string> chunks_;  // when the test begins
};

TEST_F(ClusterDamageTest, AllChunksDeletedAndEverybodyRestarted) {
  for (const std::string& name : chunks_) ASSERT_TRUE(tree_->remove(kChunks + name));
  restart_all();
  expect_a_fresh_proxy_serves();
  expect_committed_chunks_are_true();
}

TEST_F(ClusterDamageTest, ChunksForgedAndEverybodyRestarted) {
  for (const std::string& name : chunks_) ASSERT_TRUE(tree_->write(kChunks + name, "forged\n"));
  restart_all();
  expect_a_fresh_proxy_serves();
  expect_committed_chunks_are_true();
}

TEST_F(ClusterDamageTest, ManifestsDeletedAndEverybodyRestarted) {
  for (const std::string& name : tree_->list("/chorale/revisions")) {
    ASSERT_TRUE(tree_->remove("/chorale/revisions/" + name));
  }
  restart_all();
  expect_a_fresh_proxy_serves();
  expect_committed_chunks_are_true();
}

TEST_F(ClusterDamageTest, ChunksForgedUnderARunningLeader) {
  for (const std::string& name : chunks_) ASSERT_TRUE(tree_->write(kChunks + name, "forged\n"));
  expect_a_fresh_proxy_serves();
  expect_committed_chunks_are_true();
}

// No agent misses what it serves already.
TEST_F(ClusterDamageTest, RevisionsDeletedUnderLivingAgents) {
  delete_all("/chorale/revisions");
  expect_people_can_read_it();
  expect_committed_chunks_are_true();
  expect_a_fresh_proxy_serves();
}

TEST_F(ClusterDamageTest, TheWholeTreeDeletedUnderLivingAgents) {
  delete_all("/chorale");
  expect_people_can_read_it();
  expect_committed_chunks_are_true();
  const Proxy::Ran hold = cluster_.proxy(0).run("hold", "current");
  EXPECT_EQ(hold.exit_code, 0) << hold.output;
  EXPECT_EQ(cluster_.proxy(0).run("release").exit_code, 0);
  expect_a_fresh_proxy_serves();
}

}  // namespace
}  // namespace chorale::testing
