#include "tests/fakes/faulty_store.h"

#include <gtest/gtest.h>

#include "coordination/memory_store.h"
#include "tests/contract/client.h"
#include "tests/fakes/fake_ensemble.h"
#include "tests/harness/event_loop.h"

namespace chorale::coordination {
namespace {

class FaultyStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(client.open()); }

  bool exists(const Path& path) {
    const auto checked = client.run(CheckNode{path});
    return answer<Checked>(checked) != nullptr && answer<Checked>(checked)->stat.has_value();
  }
  Outcome create(const Path& path, NodeKind kind = NodeKind::kPersistent) {
    return client.run(CreateNode{path, "", kind});
  }

  testing::EventLoop loop;
  std::shared_ptr<FakeEnsemble> ensemble = std::make_shared<FakeEnsemble>();
  FaultyStore* faulty = new FaultyStore(make_memory_store(ensemble, loop.poster()), loop.poster());  // owned by client
  Client client{loop, std::unique_ptr<Store>(faulty)};
};

TEST_F(FaultyStoreTest, FaultBeforeMeansNothingHappened) {
  faulty->inject({.when = Fault::When::kBefore, .matches = only<CreateNode>()});
  EXPECT_TRUE(failed_as(create(Path("/a")), ErrorKind::kConnectionLoss));
  EXPECT_FALSE(exists(Path("/a")));
  EXPECT_TRUE(create(Path("/a")));
}

TEST_F(FaultyStoreTest, FaultAfterMeansItHappenedAndNobodyKnows) {
  faulty->inject({.when = Fault::When::kAfter, .matches = only<CreateNode>()});
  EXPECT_TRUE(failed_as(create(Path("/a")), ErrorKind::kConnectionLoss));
  EXPECT_TRUE(exists(Path("/a")));
}

TEST_F(FaultyStoreTest, FaultForEverLastsUntilHealed) {
  faulty->inject({.how_often = Fault::HowOften::kForEver, .error = {ErrorKind::kNoAuth, "no"}});
  EXPECT_TRUE(failed_as(create(Path("/a")), ErrorKind::kNoAuth));
  EXPECT_TRUE(failed_as(create(Path("/a")), ErrorKind::kNoAuth));
  faulty->heal();
  EXPECT_TRUE(create(Path("/a")));
  EXPECT_EQ(faulty->faults_met(), 2U);
}

TEST_F(FaultyStoreTest, SkippedOperationsPass) {
  faulty->inject({.matches = only<CreateNode>(), .skip = 1});
  EXPECT_TRUE(create(Path("/a")));
  EXPECT_FALSE(create(Path("/b")));
  EXPECT_TRUE(create(Path("/b")));
}

TEST_F(FaultyStoreTest, DroppedSessionLosesItsEphemeralsAndANewHandleWorks) {
  ASSERT_TRUE(create(Path("/e"), NodeKind::kEphemeral));
  faulty->drop_session();
  ASSERT_TRUE(client.wait_for(SessionState::kExpired));
  EXPECT_TRUE(failed_as(create(Path("/a")), ErrorKind::kSessionExpired));
  ASSERT_TRUE(client.open(Generation{2}));
  EXPECT_FALSE(exists(Path("/e")));
}

}  // namespace
}  // namespace chorale::coordination
