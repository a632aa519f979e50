// The second half of the contract of Store: watches and sessions.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/contract/store_contract.h"

namespace chorale::coordination {
namespace {

// Watches.

TEST_F(StoreContractTest, DataWatchFiresOnceOnWrite) {
  ASSERT_TRUE(create(at("a")));
  ASSERT_TRUE(client.run(ReadNode{at("a"), true}));
  ASSERT_TRUE(observer.run(WriteNode{at("a"), "1", kAnyVersion}));
  ASSERT_TRUE(client.wait_for_watch(at("a")));
  ASSERT_TRUE(observer.run(WriteNode{at("a"), "2", kAnyVersion}));
  ASSERT_TRUE(client.run(SyncPath{world->root()}));
  EXPECT_EQ(client.watch_count(at("a")), 1);
}

TEST_F(StoreContractTest, DataAndChildWatchesTogetherFireOnceOnDelete) {
  ASSERT_TRUE(create(at("a")));
  ASSERT_TRUE(client.run(ReadNode{at("a"), true}));
  ASSERT_TRUE(client.run(ListChildren{at("a"), true}));
  ASSERT_TRUE(observer.run(DeleteNode{at("a"), kAnyVersion}));
  ASSERT_TRUE(client.run(SyncPath{world->root()}));
  EXPECT_EQ(client.watch_count(at("a")), 1);
}

TEST_F(StoreContractTest, CheckWatchesWhatIsNotThereYet) {
  ASSERT_TRUE(client.run(CheckNode{at("a"), true}));
  ASSERT_TRUE(observer.run(CreateNode{at("a"), "", NodeKind::kPersistent}));
  EXPECT_TRUE(client.wait_for_watch(at("a")));
}

TEST_F(StoreContractTest, CheckWatchesTheDataOfWhatIsThere) {
  ASSERT_TRUE(create(at("a")));
  ASSERT_TRUE(client.run(CheckNode{at("a"), true}));
  ASSERT_TRUE(create(at("a/child")));
  EXPECT_EQ(client.watch_count(at("a")), 0);
  ASSERT_TRUE(observer.run(WriteNode{at("a"), "x", kAnyVersion}));
  EXPECT_TRUE(client.wait_for_watch(at("a")));
}

TEST_F(StoreContractTest, ChildWatchSeesChildrenComeAndGoButNotTheirData) {
  ASSERT_TRUE(create(at("a")));
  ASSERT_TRUE(client.run(ListChildren{world->root(), true}));
  ASSERT_TRUE(client.run(WriteNode{at("a"), "x", kAnyVersion}));
  EXPECT_EQ(client.watch_count(world->root()), 0);
  ASSERT_TRUE(client.run(CreateNode{at("b"), "", NodeKind::kPersistent}));
  EXPECT_EQ(client.watch_count(world->root()), 1);
  ASSERT_TRUE(client.run(ListChildren{world->root(), true}));
  ASSERT_TRUE(client.run(DeleteNode{at("b"), kAnyVersion}));
  EXPECT_EQ(client.watch_count(world->root()), 2);
}

TEST_F(StoreContractTest, ReadThatFailsLeavesNoWatch) {
  EXPECT_TRUE(failed_as(client.run(ReadNode{at("a"), true}), ErrorKind::kNoNode));
  EXPECT_TRUE(failed_as(client.run(ListChildren{at("a"), true}), ErrorKind::kNoNode));
  ASSERT_TRUE(create(at("a")));
  ASSERT_TRUE(client.run(WriteNode{at("a"), "x", kAnyVersion}));
  EXPECT_EQ(client.watch_count(at("a")), 0);
}

TEST_F(StoreContractTest, WatchesAreEachClientsOwn) {
  ASSERT_TRUE(create(at("a")));
  ASSERT_TRUE(client.run(ReadNode{at("a"), true}));
  ASSERT_TRUE(observer.run(ReadNode{at("a"), true}));
  ASSERT_TRUE(client.run(WriteNode{at("a"), "x", kAnyVersion}));
  EXPECT_EQ(client.watch_count(at("a")), 1);
  EXPECT_TRUE(observer.wait_for_watch(at("a")));
}

// Sessions.

TEST_F(StoreContractTest, SessionEventCarriesWhatWasNegotiated) {
  const SessionEvent& event = client.sessions().back();
  EXPECT_EQ(event.generation, Generation{1});
  EXPECT_NE(event.session, SessionId{});
  EXPECT_NE(event.session, observer.session());
  EXPECT_GE(event.timeout, std::chrono::milliseconds(500));
}

TEST_F(StoreContractTest, EphemeralBelongsToTheSessionAndGoesWithIt) {
  ASSERT_TRUE(create(at("e"), "", NodeKind::kEphemeral));
  const auto checked = observer.run(CheckNode{at("e"), true});
  ASSERT_NE(answer<Checked>(checked), nullptr);
  ASSERT_TRUE(answer<Checked>(checked)->stat.has_value());
  EXPECT_EQ(answer<Checked>(checked)->stat->ephemeral_owner, client.session());
  client.store().close();
  EXPECT_TRUE(observer.wait_for_watch(at("e")));
}

TEST_F(StoreContractTest, CloseCompletesWhatIsPendingOnceAndLaterRequestsToo) {
  auto pending = std::make_shared<Outcome>();
  client.send(CreateNode{at("a"), "", NodeKind::kPersistent}, "pending", pending);
  client.store().close();
  EXPECT_FALSE(client.noted("reply pending"));
  auto later = std::make_shared<Outcome>();
  client.send(ReadNode{at("a")}, "later", later);
  ASSERT_TRUE(loop.run_until([&] { return client.noted("reply later"); }));
  EXPECT_TRUE(failed_as(*pending, ErrorKind::kClosing));
  EXPECT_TRUE(failed_as(*later, ErrorKind::kClosing));
  ASSERT_TRUE(observer.run(SyncPath{world->root()}));
  EXPECT_EQ(std::count(client.notes().begin(), client.notes().end(), "reply pending"), 1);
}

TEST_F(StoreContractTest, NewGenerationIsANewSessionAndTheOldOneIsSilent) {
  ASSERT_TRUE(create(at("e"), "", NodeKind::kEphemeral));
  ASSERT_TRUE(client.run(ReadNode{at("e"), true}));
  ASSERT_TRUE(observer.run(CheckNode{at("e"), true}));
  const auto old_session = client.session();
  ASSERT_TRUE(client.open(Generation{2}));
  EXPECT_NE(client.session(), old_session);
  ASSERT_TRUE(observer.wait_for_watch(at("e")));
  ASSERT_TRUE(client.run(SyncPath{world->root()}));
  EXPECT_EQ(client.watch_count(at("e")), 0);
}

TEST_F(StoreContractTest, WhileCutOffNothingIsSent) {
  world->cut_off();
  ASSERT_TRUE(client.wait_for(SessionState::kConnecting));
  EXPECT_TRUE(failed_as(create(at("a")), ErrorKind::kConnectionLoss));
  const auto checked = observer.run(CheckNode{at("a")});
  ASSERT_NE(answer<Checked>(checked), nullptr);
  EXPECT_FALSE(answer<Checked>(checked)->stat.has_value());
}

TEST_F(StoreContractTest, SessionAndItsEphemeralsSurviveAShortCut) {
  ASSERT_TRUE(create(at("e"), "", NodeKind::kEphemeral));
  const auto session = client.session();
  world->cut_off();
  ASSERT_TRUE(client.wait_for(SessionState::kConnecting));
  world->let_in();
  ASSERT_TRUE(client.wait_for(SessionState::kConnected));
  EXPECT_EQ(client.session(), session);
  const auto checked = client.run(CheckNode{at("e")});
  ASSERT_NE(answer<Checked>(checked), nullptr);
  EXPECT_TRUE(answer<Checked>(checked)->stat.has_value());
}

TEST_F(StoreContractTest, WatchesSurviveACutAndTellWhatWasMissed) {
  for (const auto* name : {"written", "deleted", "quiet", "parent"}) ASSERT_TRUE(create(at(name)));
  for (const auto* name : {"written", "deleted", "quiet"}) ASSERT_TRUE(client.run(ReadNode{at(name), true}));
  ASSERT_TRUE(client.run(ListChildren{at("parent"), true}));
  for (const auto* name : {"created", "passing"}) ASSERT_TRUE(client.run(CheckNode{at(name), true}));
  world->cut_off();
  ASSERT_TRUE(client.wait_for(SessionState::kConnecting));
  ASSERT_TRUE(observer.run(WriteNode{at("written"), "x", kAnyVersion}));
  ASSERT_TRUE(observer.run(DeleteNode{at("deleted"), kAnyVersion}));
  for (const auto* name : {"parent/child", "created", "passing"}) {
    ASSERT_TRUE(observer.run(CreateNode{at(name), "", NodeKind::kPersistent}));
  }
  ASSERT_TRUE(observer.run(DeleteNode{at("passing"), kAnyVersion}));
  world->let_in();
  ASSERT_TRUE(client.wait_for(SessionState::kConnected));
  for (const auto* name : {"written", "deleted", "parent", "created"}) {
    EXPECT_TRUE(client.wait_for_watch(at(name))) << name;
  }
  ASSERT_TRUE(client.run(SyncPath{world->root()}));
  EXPECT_EQ(client.watch_count(at("quiet")), 0);
  EXPECT_EQ(client.watch_count(at("passing")), 0);
  ASSERT_TRUE(client.run(WriteNode{at("quiet"), "x", kAnyVersion}));
  EXPECT_EQ(client.watch_count(at("quiet")), 1);
}

TEST_F(StoreContractTest, ExpiredSessionIsOverAndANewHandleWorks) {
  ASSERT_TRUE(create(at("e"), "", NodeKind::kEphemeral));
  ASSERT_TRUE(observer.run(CheckNode{at("e"), true}));
  world->cut_off();
  ASSERT_TRUE(client.wait_for(SessionState::kConnecting));
  world->let_sessions_expire();
  ASSERT_TRUE(observer.wait_for_watch(at("e")));
  world->let_in();
  ASSERT_TRUE(client.wait_for(SessionState::kExpired));
  EXPECT_TRUE(failed_as(create(at("a")), ErrorKind::kSessionExpired));
  ASSERT_TRUE(client.open(Generation{2}));
  EXPECT_TRUE(create(at("a")));
}

}  // namespace
}  // namespace chorale::coordination
