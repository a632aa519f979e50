// What FakeEnsemble does beyond the contract of Store (tests/contract): what operators and networks do to an ensemble.
#include "tests/fakes/fake_ensemble.h"

#include <gtest/gtest.h>

#include "coordination/memory_store.h"
#include "tests/contract/client.h"
#include "tests/harness/event_loop.h"

namespace chorale::coordination {
namespace {

class FakeEnsembleTest : public ::testing::Test {
 protected:
  Outcome create(const Path& path, NodeKind kind = NodeKind::kPersistent) {
    return client.run(CreateNode{path, "data", kind});
  }

  testing::EventLoop loop;
  std::shared_ptr<FakeEnsemble> ensemble = std::make_shared<FakeEnsemble>();
  Client client{loop, make_memory_store(ensemble, loop.poster())};
};

TEST_F(FakeEnsembleTest, ReplyUnderWayIsLostWhenTheClientIsCutOff) {
  ASSERT_TRUE(client.open());
  auto outcome = std::make_shared<Outcome>();
  client.send(CreateNode{Path("/a"), "", NodeKind::kPersistent}, "create", outcome);
  ensemble->disconnect(client.session());
  ASSERT_TRUE(loop.run_until([&] { return client.noted("reply create"); }));
  EXPECT_TRUE(failed_as(*outcome, ErrorKind::kConnectionLoss));
  EXPECT_NE(ensemble->nodes().find(Path("/a")), nullptr);
  EXPECT_EQ(client.notes(), (std::vector<std::string>{"session", "session", "reply create"}));
}

TEST_F(FakeEnsembleTest, NewSessionWaitsForAnEnsembleThatIsDown) {
  ensemble->set_available(false);
  client.store().open(Generation{1});
  loop.run_ready();
  EXPECT_TRUE(client.sessions().empty());
  EXPECT_TRUE(failed_as(create(Path("/a")), ErrorKind::kConnectionLoss));
  ensemble->set_available(true);
  EXPECT_TRUE(client.wait_for(SessionState::kConnected));
}

TEST_F(FakeEnsembleTest, CutOffClientHearsOfItsExpiryOnlyWhenItIsBack) {
  ASSERT_TRUE(client.open());
  const auto session = client.session();
  ASSERT_TRUE(create(Path("/e"), NodeKind::kEphemeral));
  ensemble->disconnect(session);
  ensemble->expire(session);
  loop.run_ready();
  EXPECT_EQ(client.sessions().back().state, SessionState::kConnecting);
  EXPECT_EQ(ensemble->nodes().find(Path("/e")), nullptr);
  EXPECT_TRUE(ensemble->sessions().empty());
  ensemble->reconnect(session);
  EXPECT_TRUE(client.wait_for(SessionState::kExpired));
}

TEST_F(FakeEnsembleTest, RestoredEnsembleRefusesOldClientsWithoutAWord) {
  ASSERT_TRUE(client.open());
  ASSERT_TRUE(create(Path("/old")));
  ASSERT_TRUE(create(Path("/e"), NodeKind::kEphemeral));
  const auto backup = ensemble->snapshot();
  ASSERT_TRUE(create(Path("/new")));
  ensemble->restore(backup);
  ASSERT_TRUE(client.wait_for(SessionState::kConnecting));
  ensemble->set_available(true);
  loop.run_ready();
  EXPECT_EQ(client.sessions().back().state, SessionState::kConnecting);

  ASSERT_TRUE(client.open(Generation{2}));
  EXPECT_NE(answer<NodeRead>(client.run(ReadNode{Path("/old")})), nullptr);
  EXPECT_TRUE(failed_as(client.run(ReadNode{Path("/new")}), ErrorKind::kNoNode));
  EXPECT_TRUE(failed_as(client.run(ReadNode{Path("/e")}), ErrorKind::kNoNode));
}

TEST_F(FakeEnsembleTest, StoreMayEndWithRequestsPending) {
  auto store = make_memory_store(ensemble, loop.poster());
  store->open(Generation{1});
  int completed = 0;
  store->execute(SyncPath{Path("/")}, [&](const Outcome& outcome) {
    ++completed;
    EXPECT_TRUE(failed_as(outcome, ErrorKind::kClosing));
  });
  store.reset();
  loop.run_ready();
  EXPECT_EQ(completed, 1);
  EXPECT_TRUE(ensemble->sessions().empty());
}

}  // namespace
}  // namespace chorale::coordination
