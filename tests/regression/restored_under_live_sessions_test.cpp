// Found by reading: an ensemble was put back from a backup while the agents' sessions lived. The state was the same
// znode at a lower version, and every follower dropped what it read until that version passed the old one.
#include <gmock/gmock.h>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;

class RestoredUnderLiveSessionsTest : public testing::Test {
 protected:
  RestoredUnderLiveSessionsTest() {
    for (const char* id : {"a", "b", "c"}) {
      cluster_.add(id).start();
      cluster_.advance(seconds(1));
    }
    publish("one");
    backup_ = cluster_.ensemble->snapshot();
    for (const char* text : {"two", "three", "four"}) publish(text);
    before_ = cluster_.state();
  }

  void publish(const std::string& text) {
    cluster_.leader()->offer(text);
    cluster_.settle();
    ASSERT_TRUE(cluster_.state().committed);
    ASSERT_EQ(cluster_.state().committed->cause, text);
  }
  // Whoever comes to lead offers what Marathon says, once.
  void put_back(const std::string& marathon_says) {
    const std::size_t leaderships = count_leaderships();
    cluster_.ensemble->put_back(backup_);
    ASSERT_TRUE(
        cluster_.wait([&] { return count_leaderships() > leaderships && cluster_.leader() != nullptr; }, seconds(30)))
        << "the leader must notice";
    cluster_.leader()->offer(marathon_says);
    cluster_.settle();
  }
  bool everybody_serves_what_is_committed() {
    const StateDocument state = cluster_.state();
    return state.committed && std::all_of(cluster_.agents.begin(), cluster_.agents.end(), [&](const auto& agent) {
             return agent->applied == state.committed->identity && agent->view->committed == state.committed;
           });
  }
  std::size_t count_leaderships() {
    std::size_t count = 0;
    for (const auto& agent : cluster_.agents) count += agent->gained.size();
    return count;
  }

  CoordinatorCluster cluster_;
  MemoryNodes backup_;
  StateDocument before_;
};

TEST_F(RestoredUnderLiveSessionsTest, EverybodyServesWhatMarathonSaysThoughNothingChanges) {
  put_back("four");
  EXPECT_TRUE(cluster_.wait([this] { return everybody_serves_what_is_committed(); }, seconds(30)));
  EXPECT_EQ(cluster_.state().committed->identity.digest, before_.committed->identity.digest);
  EXPECT_TRUE(before_.committed->identity.older_than(cluster_.state().committed->identity));
  EXPECT_GT(cluster_.state().epoch, before_.epoch);
}

TEST_F(RestoredUnderLiveSessionsTest, TheNextChangeIsServedAtOnce) {
  put_back("four");
  publish("five");
  for (const auto& agent : cluster_.agents) {
    EXPECT_EQ(agent->applied, cluster_.state().committed->identity) << agent->options().id;
    EXPECT_EQ(agent->view->epoch, cluster_.state().epoch);
  }
}

// The leader has a write under way when it happens, and hears "bad version".
TEST_F(RestoredUnderLiveSessionsTest, LeaderThatWasWritingDoesNotGoOnFromWhatItRemembers) {
  TestAgent* leader = cluster_.leader();
  leader->answer = std::nullopt;
  leader->offer("five");
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().proposed);
  for (const auto& agent : cluster_.agents) agent->deaf = true;
  const Identity proposed = cluster_.state().proposed->identity;
  leader->hold_replies(true);
  cluster_.ensemble->put_back(backup_);
  leader->step(StageFinished{proposed, VoteResult::kAck, {}});
  leader->hold_replies(false);
  const std::size_t committed_at_once = cluster_.state().committed->identity.revision.value;
  cluster_.settle();
  EXPECT_EQ(committed_at_once, 1U);
  for (const auto& agent : cluster_.agents) agent->deaf = false;
  leader->answer = VoteResult::kAck;
  cluster_.advance(seconds(1));
  EXPECT_NE(cluster_.state().committed->identity, proposed) << "it was never proposed in this tree";
  ASSERT_TRUE(cluster_.wait([this] { return cluster_.leader() != nullptr && cluster_.state().epoch > before_.epoch; }));
  publish("five");
  for (const auto& agent : cluster_.agents) EXPECT_EQ(agent->applied, cluster_.state().committed->identity);
}

// ZooKeeper refuses a client that has seen more than it has, and says nothing: its session is given up for that.
TEST_F(RestoredUnderLiveSessionsTest, ClientsThatAreRefusedWithoutAWordAreBackWithinTwoSessionTimeouts) {
  const std::size_t leaderships = count_leaderships();
  cluster_.ensemble->restore(backup_);
  ASSERT_TRUE(
      cluster_.wait([&] { return count_leaderships() > leaderships && cluster_.leader() != nullptr; }, seconds(20)));
  cluster_.leader()->offer("four");
  EXPECT_TRUE(cluster_.wait([this] { return everybody_serves_what_is_committed(); }, seconds(10)));
  EXPECT_TRUE(before_.committed->identity.older_than(cluster_.state().committed->identity));
}

}  // namespace
}  // namespace chorale::coordination
