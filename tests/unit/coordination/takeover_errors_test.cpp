// Takeovers that fail: what is said about it, and when the next try comes.
#include <gmock/gmock.h>

#include "coordination/takeover.h"
#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::SizeIs;

struct FailingQuestion {
  const char* name;
  std::function<std::optional<ErrorKind>(const Operation&)> refuse;
  const char* reason;
};

class FailedTakeoverTest : public PoolTest {};

TEST_F(FailedTakeoverTest, IsReportedAndTriedAgainAfterAMoment) {
  const FailingQuestion questions[] = {
      {"sync", refusing<SyncPath>(kState, ErrorKind::kConnectionLoss, 1), "sync: connection loss"},
      {"revisions", refusing<ListChildren>("/chorale/revisions", ErrorKind::kNoAuth, 1), "list revisions: no auth"},
      {"write", refusing<WriteNode>(kState, ErrorKind::kNoAuth, 1), "no auth"}};
  for (const auto& [name, refuse, reason] : questions) {
    CoordinatorCluster cluster;
    TestAgent& agent = cluster.add("a");
    agent.start();
    cluster.settle();
    (void)cluster.operate(WriteNode{Path(kState), "{", kAnyVersion});
    agent.refuse = refuse;
    agent.notes.clear();
    cluster.advance(milliseconds(100));
    EXPECT_FALSE(agent.leading()) << name;
    EXPECT_THAT(agent.notes, Contains("takeover failed: " + std::string(reason))) << name;
    cluster.advance(milliseconds(200));
    EXPECT_TRUE(agent.leading()) << name;
    EXPECT_EQ(cluster.state().epoch, Epoch{2}) << name;
  }
}

TEST_F(FailedTakeoverTest, MissingDirectoryOfRevisionsIsNoFailure) {
  b().refuse = refusing<ListChildren>("/chorale/revisions", ErrorKind::kNoNode, 1);
  a().hold_replies(true);
  write(kState, "{");
  cluster_.kill_and_expire(a());
  cluster_.settle();
  EXPECT_TRUE(b().leading());
}

TEST_F(FailedTakeoverTest, ThreeInARowLeaveThePlaceToOthersAndBackOff) {
  a().refuse = refusing<SyncPath>(kState, ErrorKind::kNoAuth);
  cluster_.ensemble->disconnect(a().session());
  cluster_.advance(seconds(7));
  cluster_.ensemble->reconnect(a().session());
  a().sent.clear();
  ASSERT_TRUE(cluster_.wait([&] { return b().leading(); }, seconds(2)));
  EXPECT_LE(times_asked<SyncPath>(a(), kState), 3);
  const auto place = cluster_.list("/chorale/election");
  EXPECT_THAT(place, SizeIs(1)) << "a stays out for a second at least";
  cluster_.advance(seconds(3));
  EXPECT_THAT(cluster_.list("/chorale/election"), SizeIs(2)) << "and stands again";
}

// An agent alone whose every takeover fails: how long it stays out each time.
TEST(BackOffTest, DoublesToThirtySeconds) {
  CoordinatorCluster cluster;
  TestAgent& agent = cluster.add("a");
  agent.refuse = refusing<SyncPath>(kState, ErrorKind::kNoAuth);
  agent.start();
  cluster.settle();
  std::vector<seconds> waits;
  auto last = cluster.now();
  for (int tick = 0; tick < 1'800; ++tick) {
    const auto before = times_asked<SyncPath>(agent, kState);
    cluster.advance(milliseconds(100));
    if (times_asked<SyncPath>(agent, kState) == before) continue;
    const auto wait = cluster.now() - last;
    last = cluster.now();
    if (wait >= seconds(1)) waits.push_back(std::chrono::duration_cast<seconds>(wait));
  }
  ASSERT_GE(waits.size(), 7U);
  const std::vector<seconds> first(waits.begin(), waits.begin() + 7);
  EXPECT_EQ(first, (std::vector<seconds>{seconds(1), seconds(2), seconds(4), seconds(8), seconds(16), seconds(30),
                                         seconds(30)}));
}

}  // namespace
}  // namespace chorale::coordination
