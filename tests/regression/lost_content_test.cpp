// Seen on real parts: chunks of the committed revision were lost, or forged, and every agent restarted. What Marathon
// said was committed already, so nothing was stored again, and a fresh proxy never got a configuration.
#include <gmock/gmock.h>

#include <algorithm>

#include "coordination/digest.h"
#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;

const std::string kChunks = "/chorale/chunks/";

class LostContentTest : public testing::Test {
 protected:
  LostContentTest() {
    for (const char* id : {"a", "b"}) {
      cluster_.add(id).start();
      cluster_.advance(seconds(1));
    }
    cluster_.leader()->offer("one");
    cluster_.settle();
    committed_ = cluster_.state().committed.value().identity;
    manifest_ = "/chorale/revisions/" + manifest_name(committed_.epoch, committed_.revision);
  }

  void restart_all() {
    while (!cluster_.agents.empty()) cluster_.kill_and_expire(*cluster_.agents.front());
    for (const char* id : {"a", "b"}) cluster_.add(id).start(committed_);
    ASSERT_TRUE(cluster_.wait([this] { return cluster_.leader() != nullptr; }));
    cluster_.leader()->offer("one");  // what Marathon says has not changed
    cluster_.settle();
  }
  void remove(const std::string& path) { ASSERT_TRUE(cluster_.operate(DeleteNode{Path(path), kAnyVersion})) << path; }
  void forge(const std::string& path) {
    ASSERT_TRUE(cluster_.operate(WriteNode{Path(path), "forged\n", kAnyVersion})) << path;
  }
  void remove_all_chunks() {
    for (const std::string& name : cluster_.list("/chorale/chunks")) remove(kChunks + name);
  }
  // As `deleteall` does it: one znode after the other, while the agents live on.
  void remove_with_all_below(const std::string& path) {
    for (const std::string& name : cluster_.list(path)) remove_with_all_below(path + "/" + name);
    (void)cluster_.operate(DeleteNode{Path(path), kAnyVersion});  // an agent may have been quicker
  }
  // Nothing of it is written again and again.
  void expect_quiet() {
    for (const auto& agent : cluster_.agents) agent->sent.clear();
    cluster_.advance(seconds(25));
    for (const auto& agent : cluster_.agents) {
      for (const Operation& operation : agent->sent) {
        EXPECT_FALSE(std::holds_alternative<CreateNode>(operation)) << agent->options().id;
        EXPECT_FALSE(std::holds_alternative<DeleteNode>(operation)) << agent->options().id;
      }
    }
  }
  void expect_all_chunks_are_true() {
    for (const std::string& name : cluster_.list("/chorale/chunks")) {
      EXPECT_EQ(sha256_hex(cluster_.read(kChunks + name).value()).substr(0, 32), name);
    }
  }
  // Fresh, later than all the others, and nothing changes any more.
  void expect_a_fresh_proxy_gets_it() {
    TestAgent& fresh = cluster_.add("fresh");
    fresh.start();
    EXPECT_TRUE(cluster_.wait([&] { return fresh.applied == committed_; }, seconds(30)));
    EXPECT_EQ(cluster_.state().committed->identity, committed_) << "it needs no new revision";
    ASSERT_FALSE(fresh.staged.empty());
    EXPECT_EQ(*fresh.staged.back().files.at(0).text, "conf one\n");
    expect_all_chunks_are_true();
    cluster_.advance(seconds(1));
    EXPECT_THAT(fresh.view->missing, testing::IsEmpty());
  }

  CoordinatorCluster cluster_;
  Identity committed_;
  std::string manifest_;
};

TEST_F(LostContentTest, LostChunksAreStoredAgainAfterARestartOfAll) {
  remove_all_chunks();
  restart_all();
  EXPECT_EQ(cluster_.list("/chorale/chunks").size(), 2U) << "before anybody misses them";
  expect_a_fresh_proxy_gets_it();
}

TEST_F(LostContentTest, ForgedChunkIsReplacedAfterARestartOfAll) {
  forge(kChunks + cluster_.list("/chorale/chunks").front());
  restart_all();
  expect_all_chunks_are_true();
  expect_a_fresh_proxy_gets_it();
}

TEST_F(LostContentTest, LostManifestIsWrittenAgainAfterARestartOfAll) {
  remove(manifest_);
  restart_all();
  const auto again = decode_manifest(cluster_.read(manifest_).value());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->header, cluster_.state().committed);
  EXPECT_FALSE(again->parent) << "it is not known any more";
  expect_a_fresh_proxy_gets_it();
}

TEST_F(LostContentTest, DamagedManifestIsReplacedAfterARestartOfAll) {
  for (const bool readable : {false, true}) {
    auto damaged = decode_manifest(cluster_.read(manifest_).value()).value();
    damaged.files.begin()->second.chunks.clear();
    ASSERT_TRUE(
        cluster_.operate(WriteNode{Path(manifest_), readable ? encode(damaged) : std::string("{"), kAnyVersion}));
    restart_all();
    expect_a_fresh_proxy_gets_it();
    EXPECT_FALSE(decode_manifest(cluster_.read(manifest_).value())->files.begin()->second.chunks.empty());
  }
}

TEST_F(LostContentTest, ManifestAndChunksAreStoredAgainAfterARestartOfAll) {
  remove(manifest_);
  forge(kChunks + cluster_.list("/chorale/chunks").front());
  remove(kChunks + cluster_.list("/chorale/chunks").back());
  restart_all();
  expect_a_fresh_proxy_gets_it();
}

TEST_F(LostContentTest, ForgedChunkIsReplacedByARunningLeader) {
  forge(kChunks + cluster_.list("/chorale/chunks").front());
  expect_a_fresh_proxy_gets_it();
}

TEST_F(LostContentTest, DamagedManifestIsReplacedByARunningLeader) {
  forge(manifest_);
  expect_a_fresh_proxy_gets_it();
}

// Nobody misses it: all agents have applied it, and what `chorale routes` would read is gone.
TEST_F(LostContentTest, LostManifestIsPutAgainByARunningLeader) {
  const auto before = cluster_.read(manifest_);
  remove(manifest_);
  cluster_.settle();
  EXPECT_EQ(cluster_.read(manifest_), before);
  expect_quiet();
  expect_a_fresh_proxy_gets_it();
}

TEST_F(LostContentTest, LossThatNoWatchToldOfIsNoticedWhenTheLeaderIsConnectedAgain) {
  TestAgent& leader = *cluster_.leader();
  leader.deaf = true;
  remove(manifest_);
  cluster_.settle();
  ASSERT_FALSE(cluster_.read(manifest_));
  cluster_.ensemble->disconnect(leader.session());
  cluster_.settle();
  cluster_.ensemble->reconnect(leader.session());
  cluster_.settle();
  EXPECT_TRUE(cluster_.read(manifest_));
}

TEST_F(LostContentTest, ItsChunksThatAreLostWithItArePutAgainToo) {
  const auto chunks = cluster_.list("/chorale/chunks");
  remove_with_all_below("/chorale/revisions");
  remove_with_all_below("/chorale/chunks");
  cluster_.advance(seconds(3));
  EXPECT_EQ(cluster_.list("/chorale/chunks"), chunks);
  expect_all_chunks_are_true();
  EXPECT_TRUE(cluster_.read(manifest_));
  expect_quiet();
  expect_a_fresh_proxy_gets_it();
}

TEST_F(LostContentTest, LostChunksArePutAgainByARunningLeaderThoughNobodyMissesThem) {
  const auto chunks = cluster_.list("/chorale/chunks");
  remove_all_chunks();
  cluster_.advance(seconds(12));
  EXPECT_EQ(cluster_.list("/chorale/chunks"), chunks);
  expect_quiet();
}

TEST_F(LostContentTest, TreeThatIsDeletedUnderLivingAgentsHoldsWhatIsCommittedAgain) {
  remove_with_all_below("/chorale");
  TestAgent* leader = nullptr;
  ASSERT_TRUE(cluster_.wait([&] { return (leader = cluster_.leader()) != nullptr && leader->gained.size() > 0; }));
  if (const auto& committed = cluster_.state().committed) committed_ = committed->identity;
  leader->offer("one");
  cluster_.settle();
  committed_ = cluster_.state().committed.value().identity;
  EXPECT_TRUE(cluster_.read("/chorale/revisions/" + manifest_name(committed_.epoch, committed_.revision)));
  expect_all_chunks_are_true();
  expect_quiet();
  expect_a_fresh_proxy_gets_it();
}

// The chunks of an earlier revision stay for a while; a later one that needs them again must not rest on a forged one.
TEST_F(LostContentTest, ForgedChunkOfAnEarlierRevisionIsNotUsedAgain) {
  const std::vector<std::string> of_one = cluster_.list("/chorale/chunks");
  cluster_.leader()->offer("two");
  cluster_.settle();
  for (const std::string& name : of_one) forge(kChunks + name);
  committed_ = cluster_.state().committed.value().identity;
  while (!cluster_.agents.empty()) cluster_.kill_and_expire(*cluster_.agents.front());
  for (const char* id : {"a", "b"}) cluster_.add(id).start(committed_);
  ASSERT_TRUE(cluster_.wait([this] { return cluster_.leader() != nullptr; }));
  cluster_.leader()->offer("one");
  cluster_.settle();
  expect_all_chunks_are_true();
  committed_ = cluster_.state().committed.value().identity;
  EXPECT_EQ(committed_.revision, Revision{3});
  for (const auto& agent : cluster_.agents) {
    EXPECT_EQ(agent->applied, committed_) << agent->options().id;
    EXPECT_THAT(agent->view->missing, testing::IsEmpty()) << "nobody has to miss it first";
  }
}

}  // namespace
}  // namespace chorale::coordination
