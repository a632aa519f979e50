// Found by simulation, seed 171: an agent that was restarted between the wipe of the ensemble and the restore of an
// older backup took what its file held for a state of the new lineage, forgot it with that lineage, and went back in
// the backup.
#include <gtest/gtest.h>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;

TEST(LineageFloorTest, AFileOfAnOlderLineageStillCounts) {
  CoordinatorCluster cluster;
  TestAgent& agent = cluster.add("a");
  agent.start();
  cluster.advance(seconds(1));
  agent.offer("one");
  cluster.settle();
  const MemoryNodes backup = cluster.ensemble->snapshot();
  agent.offer("two");
  cluster.settle();
  const Identity served = *agent.applied;

  cluster.kill_and_expire(agent);
  cluster.ensemble->restore({});
  TestAgent& again = cluster.add("a");
  again.start(served);  // finds an empty ensemble: a new cluster id
  cluster.advance(seconds(1));
  cluster.ensemble->restore(backup);
  cluster.advance(seconds(60));
  for (const Identity& identity : again.applied_history) EXPECT_TRUE(served.older_than(identity)) << identity.digest;
}

}  // namespace
}  // namespace chorale::coordination
