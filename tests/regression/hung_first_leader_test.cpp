// Found by simulation, seed 844 of 1000: the first leader of a pool had published nothing yet and hung; the state and
// its place in the election were deleted. Another agent saw no trace of a state, created one at once at version 0, and
// the first leader's write at version 0, the one that it had seen, went through.
#include <gtest/gtest.h>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;

TEST(HungFirstLeaderTest, AStateThatWasNeverUsedIsNotCreatedAgainAtOnce) {
  CoordinatorCluster cluster;
  TestAgent& first = cluster.add("a");
  first.start();
  cluster.advance(seconds(1));
  ASSERT_TRUE(first.leading());
  first.hold_replies(true);
  for (const std::string& name : cluster.list("/chorale/election")) {
    ASSERT_TRUE(cluster.operate(DeleteNode{Path("/chorale/election/" + name), kAnyVersion}));
  }
  ASSERT_TRUE(cluster.operate(DeleteNode{Path("/chorale/state"), kAnyVersion}));
  TestAgent& second = cluster.add("b");
  second.start();
  cluster.advance(seconds(11));
  EXPECT_FALSE(cluster.read("/chorale/state"));
  cluster.advance(seconds(2));
  EXPECT_TRUE(second.leading());
}

}  // namespace
}  // namespace chorale::coordination
