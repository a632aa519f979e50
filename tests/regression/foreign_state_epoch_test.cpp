// Found by simulation, seed 6481: the root was deleted while an agent was about to create the first state, which named
// the old cluster id. The next leader ignored that state, its epoch too, and wrote in epoch 1 as well.
#include <gtest/gtest.h>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;

TEST(ForeignStateEpochTest, TheEpochOfAnotherLineagesStateIsNotLedInAgain) {
  CoordinatorCluster cluster;
  TestAgent& first = cluster.add("a");
  first.start();
  cluster.advance(seconds(1));
  ASSERT_TRUE(first.leading());
  StateDocument foreign = cluster.state();
  foreign.cluster_id = "of the root before";
  foreign.term = "theirs";
  foreign.epoch = Epoch{7};
  foreign.last_revision = Revision{40};
  cluster.kill_and_expire(first);
  ASSERT_TRUE(cluster.operate(WriteNode{Path("/chorale/state"), encode(foreign), kAnyVersion}));
  TestAgent& second = cluster.add("b");
  second.start();
  cluster.advance(seconds(1));
  ASSERT_TRUE(second.leading());
  EXPECT_EQ(cluster.state().epoch, Epoch{8});
  EXPECT_EQ(cluster.state().last_revision, Revision{40});
  EXPECT_FALSE(cluster.state().committed);
}

}  // namespace
}  // namespace chorale::coordination
