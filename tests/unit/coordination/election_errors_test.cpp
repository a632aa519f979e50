// A place in the election when operations fail, when znodes go and when ghosts of the own id stand there.
#include <gmock/gmock.h>

#include "coordination/election.h"
#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kElection = "/chorale/election";

bool is_candidacy(const Operation& operation) {
  const auto* create = std::get_if<CreateNode>(&operation);
  return create != nullptr && create->kind == NodeKind::kEphemeralSequential;
}

std::ptrdiff_t candidacies(const TestAgent& agent) {
  return std::count_if(agent.sent.begin(), agent.sent.end(), is_candidacy);
}

class ElectionErrorsTest : public PoolTest {
 protected:
  static std::function<std::optional<ErrorKind>(const Operation&)> refusing_candidacy(ErrorKind kind) {
    return [kind, times = 1](const Operation& operation) mutable -> std::optional<ErrorKind> {
      if (!is_candidacy(operation) || times-- <= 0) return std::nullopt;
      return kind;
    };
  }
  std::string znode_of(const std::string& id) {
    for (const std::string& name : cluster_.list(kElection)) {
      if (name.starts_with(id + ".")) return kElection + "/" + name;
    }
    return {};
  }
};

TEST_F(ElectionErrorsTest, CandidacyIsRetriedEachErrorInItsTime) {
  const struct {
    ErrorKind kind;
    milliseconds delay;
  } cases[] = {{ErrorKind::kNoNode, milliseconds(100)},
               {ErrorKind::kConnectionLoss, milliseconds(100)},
               {ErrorKind::kNoAuth, seconds(5)}};
  for (const auto& [kind, delay] : cases) {
    TestAgent& agent = cluster_.add(std::string(to_string(kind)));
    agent.refuse = refusing_candidacy(kind);
    agent.start();
    cluster_.advance(delay - milliseconds(100));
    EXPECT_EQ(candidacies(agent), 1) << to_string(kind);
    cluster_.advance(milliseconds(100));
    EXPECT_EQ(candidacies(agent), 2) << to_string(kind);
    EXPECT_NE(znode_of(agent.options().id), "");
    EXPECT_EQ(times_asked<SyncPath>(agent, kElection), kind == ErrorKind::kConnectionLoss ? 1 : 0);
    if (kind == ErrorKind::kNoAuth) {
      EXPECT_THAT(agent.notes, ElementsAre("cannot stand for election: no auth"));
    } else {
      EXPECT_THAT(agent.notes, IsEmpty());
    }
  }
}

TEST_F(ElectionErrorsTest, LostSyncIsRepeatedAfterAMoment) {
  TestAgent& c = cluster_.add("c");
  c.refuse = [candidacy = refusing_candidacy(ErrorKind::kConnectionLoss),
              sync = refusing<SyncPath>(kElection, ErrorKind::kConnectionLoss, 1)](const Operation& operation) mutable {
    const auto first = candidacy(operation);
    return first ? first : sync(operation);
  };
  c.start();
  cluster_.advance(milliseconds(100));
  EXPECT_EQ(times_asked<SyncPath>(c, kElection), 1);
  cluster_.advance(milliseconds(100));
  EXPECT_EQ(times_asked<SyncPath>(c, kElection), 2);
  EXPECT_NE(znode_of("c"), "");
}

TEST_F(ElectionErrorsTest, TheLowestSequenceLeadsWhateverTheNames) {
  CoordinatorCluster cluster;
  for (const char* id : {"z", "m", "a"}) {
    cluster.add(id).start();
    cluster.advance(seconds(1));
  }
  EXPECT_EQ(cluster.leader()->options().id, "z");
  cluster.kill_and_expire(*cluster.leader());
  cluster.settle();
  EXPECT_EQ(cluster.leader()->options().id, "m");
}

TEST_F(ElectionErrorsTest, ListIsReadAgainOnTheSlowTimer) {
  TestAgent& c = cluster_.add("c");
  c.start();
  cluster_.settle();
  for (int pass = 0; pass < 2; ++pass) expect_asked_after<ListChildren>(c, kElection, seconds(10));
}

TEST_F(ElectionErrorsTest, DeathThatWasNotHeardOfIsSeenOnTheSlowTimer) {
  b().deaf = true;
  cluster_.kill_and_expire(a());
  cluster_.settle();
  EXPECT_FALSE(b().leading());
  cluster_.advance(seconds(10));
  EXPECT_TRUE(b().leading());
}

TEST_F(ElectionErrorsTest, LostListKeepsThePlaceAndIsRepeatedAfterAMoment) {
  a().refuse = refusing<ListChildren>(kElection, ErrorKind::kConnectionLoss, 1);
  a().sent.clear();
  cluster_.advance(milliseconds(10'100));
  EXPECT_EQ(times_asked<ListChildren>(a(), kElection), 2);
  EXPECT_THAT(a().lost, IsEmpty());
  TestAgent& c = cluster_.add("c");
  c.refuse = refusing<ListChildren>(kElection, ErrorKind::kConnectionLoss, 1);
  c.start();
  cluster_.settle();
  EXPECT_EQ(candidacies(c), 0);
  cluster_.advance(milliseconds(100));
  EXPECT_EQ(candidacies(c), 1);
}

TEST_F(ElectionErrorsTest, RefusedListEndsThePlace) {
  a().refuse = refusing<ListChildren>(kElection, ErrorKind::kNoAuth, 1);
  cluster_.advance(seconds(11));
  ASSERT_THAT(a().lost, SizeIs(1));
  EXPECT_EQ(a().lost[0].reason, "no longer the first in the election");
  EXPECT_TRUE(a().leading()) << "its znode still stands, and it looks again";
  EXPECT_EQ(cluster_.state().epoch, Epoch{2});
}

TEST_F(ElectionErrorsTest, PredecessorThatWentBeforeItCouldBeWatchedIsSeen) {
  TestAgent& c = cluster_.add("c");
  const std::string predecessor = znode_of("b");
  c.lose_reply = [&](const Operation& operation) {
    if (asks<ReadNode>(operation, predecessor)) {
      (void)cluster_.ensemble->execute(c.session(), DeleteNode{Path(predecessor), kAnyVersion});
    }
    return false;
  };
  b().hold_replies(true);
  c.start();
  cluster_.settle();
  EXPECT_EQ(times_asked<ReadNode>(c, predecessor), 1);
  EXPECT_EQ(times_asked<ReadNode>(c, znode_of("a")), 1) << "the next one is watched";
  cluster_.kill_and_expire(a());
  cluster_.settle();
  EXPECT_TRUE(c.leading());
}

TEST_F(ElectionErrorsTest, LostReadOfThePredecessorIsRepeatedWithTheListAfterAMoment) {
  TestAgent& c = cluster_.add("c");
  c.refuse = refusing<ReadNode>(znode_of("b"), ErrorKind::kConnectionLoss, 1);
  c.start();
  cluster_.settle();
  expect_asked_after<ReadNode>(c, znode_of("b"), milliseconds(100));
}

// "exists" would leave a watch for a znode that never comes back, one for every predecessor that ever went.
TEST_F(ElectionErrorsTest, NothingIsWatchedThatMayNeverBeThere) {
  TestAgent& c = cluster_.add("c");
  c.start();
  cluster_.settle();
  cluster_.kill_and_expire(b());
  cluster_.settle();
  EXPECT_EQ(std::count_if(c.sent.begin(), c.sent.end(),
                          [](const Operation& operation) {
                            const auto* check = std::get_if<CheckNode>(&operation);
                            return check != nullptr && check->watch && check->path.text().starts_with(kElection);
                          }),
            0);
}

TEST_F(ElectionErrorsTest, PlaceThatMayNotBeGivenUpIsTriedAgainAfterFiveSeconds) {
  const std::string place = znode_of("a");
  a().refuse = refusing<DeleteNode>(place, ErrorKind::kNoAuth);
  StateDocument another = cluster_.state();
  another.epoch.value += 1;
  another.term = "another";
  write(kState, encode(another));
  cluster_.settle();
  ASSERT_THAT(a().lost, SizeIs(1));
  a().sent.clear();
  cluster_.advance(milliseconds(4'900));
  EXPECT_LE(times_asked<DeleteNode>(a(), place), 1);
  EXPECT_LE(times_asked<ListChildren>(a(), kElection), 1);
  a().refuse = nullptr;
  cluster_.advance(seconds(6));
  EXPECT_NE(znode_of("a"), place);
}

TEST_F(ElectionErrorsTest, OwnZnodeThatIsDeletedIsMissedAtOnce) {
  const std::string place = znode_of("b");
  remove(place);
  EXPECT_NE(znode_of("b"), "");
  EXPECT_NE(znode_of("b"), place);
}

TEST_F(ElectionErrorsTest, GhostsOfTheOwnIdAreDeletedAndALostDeleteRepeated) {
  const std::string ghost = kElection + "/b.other-n_0000000000";
  create(ghost);
  b().refuse = refusing<DeleteNode>(ghost, ErrorKind::kConnectionLoss, 1);
  ASSERT_TRUE(cluster_.wait([&] { return times_asked<DeleteNode>(b(), ghost) == 1; }, seconds(10)));
  EXPECT_TRUE(cluster_.read(ghost));
  cluster_.advance(milliseconds(100));
  EXPECT_FALSE(cluster_.read(ghost));
  EXPECT_THAT(cluster_.list(kElection), SizeIs(2));
}

TEST_F(ElectionErrorsTest, WhatIsNoCandidateIsLeftAlone) {
  create(kElection + "/b-n_0000000000");
  create(kElection + "/readme");
  cluster_.advance(seconds(11));
  EXPECT_THAT(cluster_.list(kElection), SizeIs(4));
  EXPECT_TRUE(a().leading());
}

TEST_F(ElectionErrorsTest, HandoverWaitsForBothZnodesAndStandsNoMore) {
  bool too_early = false;
  a().lose_reply = [&](const Operation& operation) {
    too_early = too_early || (std::holds_alternative<DeleteNode>(operation) && a().handed_over);
    return false;
  };
  a().step(HandoverRequested{});
  EXPECT_FALSE(a().handed_over);
  cluster_.settle();
  EXPECT_TRUE(a().handed_over);
  EXPECT_FALSE(too_early);
  EXPECT_EQ(znode_of("a"), "");
  a().sent.clear();
  a().step(HandoverRequested{});
  cluster_.advance(seconds(20));
  EXPECT_THAT(a().sent, IsEmpty());
}

TEST_F(ElectionErrorsTest, HandoverEndsAfterItsLimitAndNotBefore) {
  a().hold_replies(true);
  a().step(HandoverRequested{});
  cluster_.advance(milliseconds(200));
  EXPECT_FALSE(a().handed_over);
  cluster_.advance(milliseconds(100));
  EXPECT_TRUE(a().handed_over);
}

TEST_F(ElectionErrorsTest, HandoverOfAnUnconnectedAgentIsOverAtOnce) {
  cluster_.ensemble->disconnect(a().session());
  cluster_.settle();
  a().step(HandoverRequested{});
  EXPECT_TRUE(a().handed_over);
}

}  // namespace
}  // namespace chorale::coordination
