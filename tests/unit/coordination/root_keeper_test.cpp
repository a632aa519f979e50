// The root with its cluster id and the directories: created where missing, read again, never guessed.
#include "coordination/root_keeper.h"

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kRoot = "/chorale";

std::ptrdiff_t notes_about(const TestAgent& agent, std::string_view what) {
  return std::count_if(agent.notes.begin(), agent.notes.end(),
                       [what](const std::string& note) { return note.find(what) != std::string::npos; });
}

// One agent, not started yet.
class RootKeeperTest : public testing::Test {
 protected:
  void operate(const Operation& operation) { ASSERT_TRUE(cluster_.operate(operation)); }

  CoordinatorCluster cluster_;
  TestAgent& agent_ = cluster_.add("a");
};

TEST_F(RootKeeperTest, RootAndDirectoriesAreCreatedWithoutATick) {
  agent_.start();
  cluster_.settle();
  EXPECT_TRUE(decode_root(cluster_.read(kRoot).value()));
  EXPECT_THAT(cluster_.list(kRoot), ElementsAre("agents", "chunks", "election", "members", "revisions", "state"));
  EXPECT_TRUE(agent_.leading());
}

TEST(DeepRootKeeperTest, AncestorsOfTheRootAreCreated) {
  CoordinatorCluster cluster;
  cluster.defaults.root = Path("/x/y/z");
  TestAgent& agent = cluster.add("a");
  agent.start();
  cluster.settle();
  EXPECT_TRUE(agent.leading());
  EXPECT_EQ(cluster.read("/x"), "");
  EXPECT_EQ(cluster.read("/x/y"), "");
  EXPECT_TRUE(decode_root(cluster.read("/x/y/z").value()));
  EXPECT_EQ(times_asked<CreateNode>(agent, "/x"), 1);
  EXPECT_EQ(times_asked<CreateNode>(agent, "/x/y/z"), 2) << "tried first, created last";
}

TEST(DeepRootKeeperTest, OnlyWhatIsMissingIsCreated) {
  CoordinatorCluster cluster;
  cluster.defaults.root = Path("/x/y");
  ASSERT_TRUE(cluster.operate(CreateNode{Path("/x"), "theirs"}));
  TestAgent& agent = cluster.add("a");
  agent.start();
  cluster.settle();
  EXPECT_EQ(cluster.read("/x"), "theirs");
  EXPECT_EQ(times_asked<CreateNode>(agent, "/x"), 0);
  EXPECT_TRUE(agent.leading());
}

TEST_F(RootKeeperTest, RootWithoutDataGetsAClusterId) {
  operate(CreateNode{Path(kRoot), ""});
  agent_.start();
  cluster_.settle();
  EXPECT_TRUE(decode_root(cluster_.read(kRoot).value()));
  EXPECT_TRUE(agent_.leading());
}

TEST_F(RootKeeperTest, RefusedClusterIdIsReportedAndTriedAgainAfterFiveSeconds) {
  operate(CreateNode{Path(kRoot), ""});
  agent_.refuse = refusing<WriteNode>(kRoot, ErrorKind::kNoAuth, 1);
  agent_.start();
  cluster_.settle();
  EXPECT_EQ(agent_.view->zookeeper_message, "root /chorale: no auth");
  cluster_.advance(milliseconds(4'900));
  EXPECT_EQ(cluster_.read(kRoot), "");
  cluster_.advance(milliseconds(100));
  EXPECT_EQ(agent_.view->zookeeper_message, "OK");
  EXPECT_TRUE(agent_.leading());
}

TEST_F(RootKeeperTest, ClusterIdThatAnotherWroteMeanwhileIsTaken) {
  for (const ErrorKind kind : {ErrorKind::kBadVersion, ErrorKind::kConnectionLoss}) {
    CoordinatorCluster cluster;
    ASSERT_TRUE(cluster.operate(CreateNode{Path(kRoot), ""}));
    TestAgent& agent = cluster.add("a");
    agent.refuse = refusing<WriteNode>(kRoot, kind, 1);
    agent.start();
    cluster.settle();
    EXPECT_EQ(agent.view->zookeeper_message, "OK") << to_string(kind);
    EXPECT_TRUE(agent.leading()) << to_string(kind);
  }
}

TEST_F(RootKeeperTest, RefusedRootIsReportedOnceAndTriedAgainAfterFiveSeconds) {
  agent_.refuse = refusing<CreateNode>(kRoot, ErrorKind::kNoAuth, 2);
  agent_.start();
  cluster_.settle();
  EXPECT_EQ(agent_.view->zookeeper_message, "cannot create /chorale: no auth");
  cluster_.advance(milliseconds(9'900));
  EXPECT_FALSE(cluster_.read(kRoot));
  EXPECT_EQ(notes_about(agent_, "cannot create"), 1);
  cluster_.advance(milliseconds(100));
  EXPECT_EQ(agent_.view->zookeeper_message, "OK");
}

TEST_F(RootKeeperTest, RootWhoseCreationWasLostIsLookedForAfterAMoment) {
  agent_.refuse = refusing<CreateNode>(kRoot, ErrorKind::kConnectionLoss, 1);
  agent_.start();
  cluster_.settle();
  EXPECT_FALSE(cluster_.read(kRoot));
  cluster_.advance(milliseconds(100));
  EXPECT_TRUE(agent_.leading());
}

TEST_F(RootKeeperTest, UnreadableRootIsReportedAndReadAgainWhenItChanges) {
  operate(CreateNode{Path(kRoot), "{"});
  agent_.start();
  cluster_.settle();
  EXPECT_THAT(agent_.view->zookeeper_message, HasSubstr("root /chorale cannot be read"));
  EXPECT_EQ(cluster_.read(kRoot), "{") << "never overwritten";
  cluster_.advance(seconds(20));
  EXPECT_EQ(notes_about(agent_, "cannot be read"), 1);
  operate(WriteNode{Path(kRoot), encode(RootDocument{"c-1"}), kAnyVersion});
  cluster_.advance(seconds(5));
  EXPECT_EQ(agent_.view->zookeeper_message, "OK");
  EXPECT_EQ(cluster_.state().cluster_id, "c-1");
}

TEST_F(RootKeeperTest, ErrorsOfTheRootAreRetriedEachInItsTime) {
  const struct {
    ErrorKind kind;
    milliseconds delay;
  } cases[] = {{ErrorKind::kConnectionLoss, milliseconds(100)}, {ErrorKind::kNoAuth, seconds(5)}};
  for (const auto& [kind, delay] : cases) {
    for (const bool list : {false, true}) {
      TestAgent& agent = cluster_.add(std::string(to_string(kind)) + (list ? "list" : "read"));
      agent.refuse = list ? refusing<ListChildren>(kRoot, kind, 1) : refusing<ReadNode>(kRoot, kind, 1);
      agent.start();
      cluster_.advance(delay - milliseconds(100));
      EXPECT_THAT(cluster_.list("/chorale/agents"), Not(Contains(agent.options().id)));
      EXPECT_EQ(agent.view->zookeeper_message, kind == ErrorKind::kNoAuth ? "root /chorale: no auth" : "OK");
      cluster_.advance(milliseconds(100));
      EXPECT_THAT(cluster_.list("/chorale/agents"), Contains(agent.options().id));
      EXPECT_EQ(agent.view->zookeeper_message, "OK");
    }
  }
}

TEST_F(RootKeeperTest, RefusedDirectoryIsReportedAndTriedAgainAfterFiveSeconds) {
  agent_.refuse = refusing<CreateNode>("/chorale/chunks", ErrorKind::kNoAuth, 1);
  agent_.start();
  cluster_.advance(milliseconds(4'900));
  EXPECT_EQ(agent_.view->zookeeper_message, "cannot create /chorale/chunks: no auth");
  EXPECT_FALSE(agent_.leading());
  cluster_.advance(milliseconds(100));
  EXPECT_TRUE(agent_.leading());
}

TEST_F(RootKeeperTest, LostDirectoryIsCreatedAgainAfterAMoment) {
  agent_.refuse = refusing<CreateNode>("/chorale/chunks", ErrorKind::kConnectionLoss, 1);
  agent_.start();
  cluster_.settle();
  EXPECT_FALSE(cluster_.read("/chorale/chunks"));
  cluster_.advance(milliseconds(100));
  EXPECT_TRUE(agent_.leading());
}

TEST_F(RootKeeperTest, DirectoryThatAnotherCreatedMeanwhileIsFine) {
  agent_.lose_reply = [this](const Operation& operation) {
    if (asks<CreateNode>(operation, "/chorale/chunks")) {
      (void)cluster_.ensemble->execute(agent_.session(), CreateNode{Path("/chorale/chunks"), ""});
    }
    return false;
  };
  agent_.start();
  cluster_.settle();
  EXPECT_TRUE(agent_.leading());
}

// a leads, b follows.
class StandingRootKeeperTest : public PoolTest {
 protected:
  void change_cluster_id() { write(kRoot, encode(RootDocument{"another"})); }
};

TEST_F(StandingRootKeeperTest, DeletedDirectoryIsCreatedAgainAtOnce) {
  remove("/chorale/chunks");
  EXPECT_TRUE(cluster_.read("/chorale/chunks"));
}

TEST_F(StandingRootKeeperTest, RootIsReadAndListedAgainOnTheSlowTimer) {
  write(kRoot, cluster_.read(kRoot).value());
  for (int pass = 0; pass < 2; ++pass) {
    expect_asked_after<ReadNode>(b(), kRoot, seconds(10));
    EXPECT_EQ(times_asked<ListChildren>(b(), kRoot), 1);
  }
}

TEST_F(StandingRootKeeperTest, DirectoryWhoseLossWasNotHeardOfIsCreatedOnTheSlowTimer) {
  a().deaf = b().deaf = true;
  remove("/chorale/chunks");
  EXPECT_FALSE(cluster_.read("/chorale/chunks"));
  cluster_.advance(seconds(10));
  EXPECT_TRUE(cluster_.read("/chorale/chunks"));
}

TEST_F(StandingRootKeeperTest, AnotherClusterIdIsANewLineageOnceASyncConfirmsIt) {
  a().offer("one");
  cluster_.settle();
  b().sent.clear();
  change_cluster_id();
  EXPECT_EQ(times_asked<SyncPath>(b(), kRoot), 1);
  EXPECT_EQ(times_asked<ReadNode>(b(), kRoot), 2);
  EXPECT_EQ(notes_about(b(), "another lineage"), 1);
  EXPECT_EQ(a().lost.size(), 1U);
  cluster_.advance(seconds(1));
  EXPECT_EQ(cluster_.state().cluster_id, "another");
  EXPECT_FALSE(cluster_.state().committed);
}

TEST_F(StandingRootKeeperTest, AnotherClusterIdThatIsGoneAfterTheSyncChangesNothing) {
  const std::string text = cluster_.read(kRoot).value();
  const auto lagging = [&](TestAgent& agent) {
    agent.lose_reply = [&](const Operation& operation) {
      if (asks<SyncPath>(operation, kRoot)) {
        (void)cluster_.ensemble->execute(agent.session(), WriteNode{Path(kRoot), text, kAnyVersion});
      }
      return false;
    };
  };
  lagging(a());
  lagging(b());
  change_cluster_id();
  cluster_.advance(seconds(1));
  EXPECT_EQ(notes_about(b(), "another lineage"), 0);
  EXPECT_TRUE(a().leading());
  EXPECT_TRUE(a().lost.empty());
}

TEST_F(StandingRootKeeperTest, ANewSessionLooksAtOnce) {
  b().hold_replies(true);
  write(kRoot, cluster_.read(kRoot).value());  // the read that follows is never answered
  cluster_.ensemble->expire(b().session());
  b().hold_replies(false);
  cluster_.advance(milliseconds(300));
  EXPECT_THAT(cluster_.list("/chorale/agents"), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace chorale::coordination
