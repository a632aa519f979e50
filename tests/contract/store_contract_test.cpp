// What every Store promises, in one body for the tree in memory and the real ZooKeeper: the fake is as true as this.
// Here: znodes and the order of things; watches and sessions are in store_contract_session_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/store_contract.h"

namespace chorale::coordination {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// Znodes.

TEST_F(StoreContractTest, WhatIsCreatedIsReadBack) {
  const std::string data("text, \0 and \xff", 13);
  const auto created = create(at("a"), data);
  ASSERT_NE(answer<Created>(created), nullptr);
  EXPECT_EQ(answer<Created>(created)->path, at("a"));

  const auto read = observer.run(ReadNode{at("a")});
  ASSERT_NE(answer<NodeRead>(read), nullptr);
  EXPECT_EQ(answer<NodeRead>(read)->data, data);
  const Stat& stat = answer<NodeRead>(read)->stat;
  EXPECT_EQ(stat.version, Version{0});
  EXPECT_EQ(stat.ephemeral_owner, SessionId{});
  EXPECT_EQ(stat.data_length, 13);
  EXPECT_GT(stat.created_zxid, 0);
  EXPECT_EQ(stat.created_zxid, stat.modified_zxid);
}

TEST_F(StoreContractTest, EmptyAndLargeDataSurvive) {
  ASSERT_TRUE(create(at("empty")));
  const auto empty = client.run(ReadNode{at("empty")});
  ASSERT_NE(answer<NodeRead>(empty), nullptr);
  EXPECT_EQ(answer<NodeRead>(empty)->data, "");

  const std::string large(800 * 1024, 'x');
  ASSERT_TRUE(create(at("large"), large));
  const auto read = client.run(ReadNode{at("large")});
  ASSERT_NE(answer<NodeRead>(read), nullptr);
  EXPECT_EQ(answer<NodeRead>(read)->data, large);
}

TEST_F(StoreContractTest, CreateTellsWhyNot) {
  ASSERT_TRUE(create(at("a")));
  ASSERT_TRUE(create(at("e"), "", NodeKind::kEphemeral));
  EXPECT_TRUE(failed_as(create(at("a")), ErrorKind::kExists));
  EXPECT_TRUE(failed_as(create(at("no/child")), ErrorKind::kNoNode));
  EXPECT_TRUE(failed_as(create(at("e/child")), ErrorKind::kNoChildrenForEphemerals));
}

TEST_F(StoreContractTest, WriteHappensOnlyAtTheExpectedVersion) {
  ASSERT_TRUE(create(at("a"), "one"));
  const auto first = client.run(WriteNode{at("a"), "two", Version{0}});
  ASSERT_NE(answer<Written>(first), nullptr);
  EXPECT_EQ(answer<Written>(first)->stat.version, Version{1});
  EXPECT_GT(answer<Written>(first)->stat.modified_zxid, answer<Written>(first)->stat.created_zxid);

  EXPECT_TRUE(failed_as(client.run(WriteNode{at("a"), "three", Version{0}}), ErrorKind::kBadVersion));
  EXPECT_TRUE(failed_as(client.run(WriteNode{at("b"), "x", kAnyVersion}), ErrorKind::kNoNode));
  const auto any = client.run(WriteNode{at("a"), "four", kAnyVersion});
  ASSERT_NE(answer<Written>(any), nullptr);
  EXPECT_EQ(answer<Written>(any)->stat.version, Version{2});
  EXPECT_EQ(answer<Written>(any)->stat.data_length, 4);
}

TEST_F(StoreContractTest, DeleteHappensOnlyAtTheExpectedVersionAndWithoutChildren) {
  ASSERT_TRUE(create(at("a")));
  ASSERT_TRUE(create(at("a/b")));
  EXPECT_TRUE(failed_as(client.run(DeleteNode{at("a"), Version{0}}), ErrorKind::kNotEmpty));
  EXPECT_TRUE(failed_as(client.run(DeleteNode{at("a/b"), Version{1}}), ErrorKind::kBadVersion));
  EXPECT_NE(answer<Deleted>(client.run(DeleteNode{at("a/b"), Version{0}})), nullptr);
  EXPECT_NE(answer<Deleted>(client.run(DeleteNode{at("a"), kAnyVersion})), nullptr);
  EXPECT_TRUE(failed_as(client.run(DeleteNode{at("a"), kAnyVersion}), ErrorKind::kNoNode));
}

TEST_F(StoreContractTest, ListNamesTheChildren) {
  ASSERT_TRUE(create(at("a")));
  ASSERT_TRUE(create(at("b")));
  ASSERT_TRUE(create(at("b/c")));
  const auto listed = client.run(ListChildren{world->root()});
  ASSERT_NE(answer<Listed>(listed), nullptr);
  EXPECT_THAT(answer<Listed>(listed)->names, UnorderedElementsAre("a", "b"));
  EXPECT_TRUE(failed_as(client.run(ListChildren{at("no")}), ErrorKind::kNoNode));
}

TEST_F(StoreContractTest, CheckAnswersForWhatIsNotThere) {
  const auto missing = client.run(CheckNode{at("a")});
  ASSERT_NE(answer<Checked>(missing), nullptr);
  EXPECT_FALSE(answer<Checked>(missing)->stat.has_value());
  ASSERT_TRUE(create(at("a"), "abc"));
  const auto there = client.run(CheckNode{at("a")});
  ASSERT_NE(answer<Checked>(there), nullptr);
  ASSERT_TRUE(answer<Checked>(there)->stat.has_value());
  EXPECT_EQ(answer<Checked>(there)->stat->data_length, 3);
}

TEST_F(StoreContractTest, ReadOfNothingIsNoNode) {
  EXPECT_TRUE(failed_as(client.run(ReadNode{at("a")}), ErrorKind::kNoNode));
}

TEST_F(StoreContractTest, SequenceNumbersCountEveryChildEverCreated) {
  const auto sequential = [&](std::string_view name) {
    const auto created = create(at(name), "", NodeKind::kEphemeralSequential);
    return answer<Created>(created) != nullptr ? answer<Created>(created)->path : Path();
  };
  EXPECT_EQ(sequential("n_"), at("n_0000000000"));
  EXPECT_EQ(sequential("m_"), at("m_0000000001"));
  ASSERT_TRUE(create(at("plain")));
  ASSERT_TRUE(client.run(DeleteNode{at("n_0000000000"), kAnyVersion}));
  EXPECT_EQ(sequential("n_"), at("n_0000000003"));
}

TEST_F(StoreContractTest, SyncSucceeds) { EXPECT_NE(answer<Synced>(client.run(SyncPath{world->root()})), nullptr); }

TEST_F(StoreContractTest, WhatCannotBeSentIsRefusedAndTheSessionGoesOn) {
  EXPECT_TRUE(failed_as(create(at("a"), std::string(1024 * 1024, 'x')), ErrorKind::kBadRequest));
  EXPECT_TRUE(failed_as(create(at("a//b")), ErrorKind::kBadRequest));
  EXPECT_TRUE(failed_as(client.run(ReadNode{Path("relative")}), ErrorKind::kBadRequest));
  EXPECT_TRUE(failed_as(client.run(ReadNode{Path()}), ErrorKind::kBadRequest));
  EXPECT_TRUE(create(at("a")));
  EXPECT_EQ(client.sessions().size(), 1U);
}

// Order.

TEST_F(StoreContractTest, RepliesComeInTheOrderOfTheRequestsAndNeverFromInside) {
  const auto before = client.notes().size();
  client.send(CreateNode{at("a"), "", NodeKind::kPersistent}, "create");
  client.send(ReadNode{at("a")}, "read");
  client.send(CheckNode{at("b")}, "check");
  client.send(SyncPath{world->root()}, "sync");
  EXPECT_EQ(client.notes().size(), before);
  ASSERT_TRUE(loop.run_until([&] { return client.noted("reply sync"); }));
  const std::vector<std::string> since(client.notes().begin() + static_cast<std::ptrdiff_t>(before),
                                       client.notes().end());
  EXPECT_THAT(since, ElementsAre("reply create", "reply read", "reply check", "reply sync"));
}

TEST_F(StoreContractTest, OwnChangeIsAnnouncedBeforeItsReply) {
  ASSERT_TRUE(create(at("a")));
  ASSERT_TRUE(client.run(ReadNode{at("a"), true}));
  const auto before = client.notes().size();
  client.send(WriteNode{at("a"), "x", kAnyVersion}, "write");
  ASSERT_TRUE(loop.run_until([&] { return client.noted("reply write"); }));
  const std::vector<std::string> since(client.notes().begin() + static_cast<std::ptrdiff_t>(before),
                                       client.notes().end());
  EXPECT_THAT(since, ElementsAre("watch " + at("a").text(), "reply write"));
}

TEST_F(StoreContractTest, WatchEventComesBeforeAnyReadThatSeesTheChange) {
  ASSERT_TRUE(create(at("a"), "old"));
  ASSERT_TRUE(client.run(ReadNode{at("a"), true}));
  observer.send(WriteNode{at("a"), "new", kAnyVersion}, "write");
  while (true) {
    const auto read = client.run(ReadNode{at("a")});
    ASSERT_NE(answer<NodeRead>(read), nullptr);
    if (answer<NodeRead>(read)->data == "new") break;
  }
  EXPECT_EQ(client.watch_count(at("a")), 1);
}

}  // namespace
}  // namespace chorale::coordination
