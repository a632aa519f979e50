// The referee itself: what collecting must never do is seen, and what an operator does is not held against an agent.
#include "invariants.h"

#include <gmock/gmock.h>

#include "coordination/digest.h"
#include "world.h"

namespace chorale::coordination::simulation {
namespace {

using testing::HasSubstr;

const Path kRoot("/chorale");

class InvariantsTest : public testing::Test {
 protected:
  InvariantsTest() {
    for (const Path& path : {kRoot, kRoot.child("revisions"), kRoot.child("chunks")}) by_agent(CreateNode{path, {}});
    const std::string text = "conf\n";
    chunk_ = kRoot.child("chunks").child(chunk_name(text));
    by_agent(CreateNode{chunk_, text});
    manifest_.files["nginx.conf"] =
        FileEntry{sha256_hex(text), std::ssize(text), {{chunk_.text(), std::ssize(text), {}}}};
    manifest_.header.identity = Identity{Epoch{1}, Revision{1}, manifest_digest(manifest_.files)};
    revision_ = kRoot.child("revisions").child(manifest_name(Epoch{1}, Revision{1}));
    by_agent(CreateNode{revision_, encode(manifest_)});
    state_.cluster_id = "c";
    state_.epoch = Epoch{1};
    state_.term = "t";
    state_.leader = "a";
    state_.last_revision = Revision{1};
    by_agent(CreateNode{kRoot.child("state"), encode(state_)});
  }

  void by_agent(const Operation& operation) {
    (void)operator_.operate(operation);
    invariants_.after_operation("a#1", operation);
  }
  void by_operator(const Operation& operation) {
    invariants_.before_operator();
    (void)operator_.operate(operation);
    invariants_.after_operator();
  }
  void propose() {
    state_.proposed = manifest_.header;
    by_agent(WriteNode{kRoot.child("state"), encode(state_), kAnyVersion});
  }
  void commit() {
    propose();
    state_.committed = std::exchange(state_.proposed, std::nullopt);
    by_agent(WriteNode{kRoot.child("state"), encode(state_), kAnyVersion});
    ASSERT_EQ(invariants_.failure(), std::nullopt);
  }

  std::shared_ptr<FakeEnsemble> ensemble_ = std::make_shared<FakeEnsemble>();
  Operator operator_{ensemble_};
  Invariants invariants_{*ensemble_};
  Manifest manifest_;
  StateDocument state_;
  Path chunk_;
  Path revision_;
};

TEST_F(InvariantsTest, ChunkOfWhatIsCommittedIsNotDeleted) {
  commit();
  by_agent(DeleteNode{chunk_, kAnyVersion});
  EXPECT_THAT(invariants_.failure().value_or(""), HasSubstr("I6: a#1 has deleted " + chunk_.text()));
}

TEST_F(InvariantsTest, ManifestOfWhatIsProposedIsNotDeleted) {
  propose();
  by_agent(DeleteNode{revision_, kAnyVersion});
  EXPECT_THAT(invariants_.failure().value_or(""), HasSubstr("I6: a#1 has deleted " + revision_.text()));
}

TEST_F(InvariantsTest, NothingIsProposedWithoutItsChunks) {
  by_agent(DeleteNode{chunk_, kAnyVersion});
  EXPECT_EQ(invariants_.failure(), std::nullopt) << "nothing names it yet";
  propose();
  EXPECT_THAT(invariants_.failure().value_or(""), HasSubstr(chunk_.text() + " is not there"));
}

TEST_F(InvariantsTest, WhatAnOperatorTookIsNoAgentsFault) {
  commit();
  by_operator(WriteNode{chunk_, "forged\n", kAnyVersion});
  by_agent(DeleteNode{chunk_, kAnyVersion});
  EXPECT_EQ(invariants_.failure(), std::nullopt);
}

TEST_F(InvariantsTest, WhatIsLeftOverIsNamed) {
  commit();
  EXPECT_EQ(invariants_.uncollected(1), std::nullopt);
  const Path other = kRoot.child("chunks").child(chunk_name("other"));
  by_agent(CreateNode{other, "other"});
  EXPECT_THAT(invariants_.uncollected(1).value_or(""), HasSubstr(other.text()));
  by_agent(DeleteNode{other, kAnyVersion});
  by_agent(CreateNode{kRoot.child("revisions").child(manifest_name(Epoch{1}, Revision{2})), "{}"});
  EXPECT_EQ(invariants_.uncollected(1), "2 revisions are left");
  EXPECT_EQ(invariants_.uncollected(2), std::nullopt);
}

}  // namespace
}  // namespace chorale::coordination::simulation
