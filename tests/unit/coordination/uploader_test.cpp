// Chunks and manifest on their way into the tree: what is created, how often, and what a failure means.
#include "coordination/uploader.h"

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::SizeIs;

const std::string kManifest = "/chorale/revisions/000001.0000000001";

class UploaderTest : public PoolTest {
 protected:
  static std::function<std::optional<ErrorKind>(const Operation&)> refusing_chunks(ErrorKind kind, int times) {
    return [kind, times](const Operation& operation) mutable -> std::optional<ErrorKind> {
      if (!is_create_below(operation, "/chorale/chunks/") || times-- <= 0) return std::nullopt;
      return kind;
    };
  }
};

TEST_F(UploaderTest, RefusedChunkEndsTheOfferAndNamesIt) {
  a().refuse = refusing_chunks(ErrorKind::kNoAuth, 1);
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(a().closed, SizeIs(1));
  EXPECT_EQ(a().closed[0].fate, Fate::kAbandoned);
  EXPECT_THAT(a().closed[0].reason, HasSubstr("cannot store /chorale/chunks/"));
  EXPECT_FALSE(cluster_.state().proposed);
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(a().closed, SizeIs(2));
  EXPECT_EQ(a().closed[1].fate, Fate::kCommitted) << "what was refused is not taken for stored";
  EXPECT_EQ(b().applied, a().closed[1].identity);
}

TEST_F(UploaderTest, RefusedManifestEndsTheOffer) {
  a().refuse = refusing<CreateNode>(kManifest, ErrorKind::kNoAuth, 1);
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(a().closed, SizeIs(1));
  EXPECT_EQ(a().closed[0].reason, "cannot store " + kManifest + ": no auth");
}

TEST_F(UploaderTest, LostAndParentlessCreatesAreRepeatedAfterAMoment) {
  int revision = 0;
  for (const ErrorKind kind : {ErrorKind::kConnectionLoss, ErrorKind::kNoNode}) {
    a().refuse = refusing_chunks(kind, 1);
    a().sent.clear();
    a().offer(std::string(to_string(kind)));
    cluster_.settle();
    EXPECT_EQ(created_below(a(), "/chorale/chunks/"), 2);
    a().sent.clear();
    cluster_.advance(milliseconds(100));
    EXPECT_EQ(created_below(a(), "/chorale/chunks/"), 1) << "only what is missing";
    ASSERT_TRUE(cluster_.state().committed);
    EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{++revision});
  }
}

TEST_F(UploaderTest, ManifestThatExistsIsComparedAndALostComparisonRepeated) {
  bool lost = false;
  a().lose_reply = [&lost](const Operation& operation) {
    return asks<CreateNode>(operation, kManifest) && !std::exchange(lost, true);
  };
  a().refuse = refusing<ReadNode>(kManifest, ErrorKind::kConnectionLoss, 1);
  a().offer("one");
  cluster_.settle();
  EXPECT_FALSE(cluster_.state().committed);
  cluster_.advance(milliseconds(100));
  EXPECT_EQ(times_asked<ReadNode>(a(), kManifest), 1);
  EXPECT_FALSE(cluster_.state().committed);
  cluster_.advance(milliseconds(100));
  ASSERT_TRUE(cluster_.state().committed);
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{1}) << "it is its own";
}

TEST_F(UploaderTest, AtMostSixtyFourAreUnderWay) {
  a().sent.clear();
  a().lose_reply = [this](const Operation& operation) {
    if (is_create_below(operation, "/chorale/chunks/")) a().hold_replies(true);
    return false;
  };
  offer_big(a(), 150);
  cluster_.settle();
  EXPECT_EQ(created_below(a(), "/chorale/"), 64);
  a().lose_reply = nullptr;
  a().hold_replies(false);
  cluster_.settle();
  EXPECT_TRUE(cluster_.state().committed);
  EXPECT_EQ(created_below(a(), "/chorale/chunks/"), std::ssize(cluster_.list("/chorale/chunks")));
}

TEST_F(UploaderTest, EqualChunksOfTwoFilesAreCreatedOnce) {
  StateOffered offered;
  offered.offer = 1;
  const auto text = std::make_shared<const std::string>("same\n");
  offered.content = described({{"nginx.conf", text, {}}, {"template", text, {}}});
  a().sent.clear();
  a().step(offered);
  cluster_.settle();
  EXPECT_TRUE(cluster_.state().committed);
  EXPECT_EQ(created_below(a(), "/chorale/chunks/"), 1);
}

TEST_F(UploaderTest, TheNextLeaderDoesNotSendWhatExists) {
  a().offer("one");
  cluster_.settle();
  cluster_.kill_and_expire(a());
  cluster_.settle();
  ASSERT_TRUE(b().leading());
  b().sent.clear();
  StateOffered offered;
  offered.offer = 1;
  offered.content = described({{"nginx.conf", std::make_shared<const std::string>("conf one\n"), {}}});
  b().step(offered);
  cluster_.settle();
  EXPECT_EQ(created_below(b(), "/chorale/chunks/"), 0);
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{2});
}

TEST_F(UploaderTest, ChunksThatWentBetweenTwoTermsAreSentAgain) {
  a().offer("one");
  cluster_.settle();
  cluster_.ensemble->disconnect(a().session());
  cluster_.advance(seconds(7));
  for (const std::string& name : cluster_.list("/chorale/chunks")) remove("/chorale/chunks/" + name);
  cluster_.ensemble->reconnect(a().session());
  cluster_.advance(seconds(1));
  ASSERT_TRUE(a().leading());
  a().sent.clear();
  StateOffered offered;
  offered.offer = 1;
  offered.content = described({{"nginx.conf", std::make_shared<const std::string>("conf one\n"), {}}});
  a().step(offered);
  cluster_.settle();
  EXPECT_EQ(created_below(a(), "/chorale/chunks/"), 1);
}

// Chunks of earlier revisions may be forged by now, or about to be deleted by an earlier leader that does not know yet
// that it is deposed. What it would delete with the version that it has read is there to stay after one write.
class ClaimTest : public UploaderTest {
 protected:
  ClaimTest() {
    a().offer("one");
    cluster_.settle();
    chunks_of_one_ = cluster_.list("/chorale/chunks");
    a().offer("two");
    cluster_.settle();
    cluster_.kill_and_expire(a());
    cluster_.settle();
  }
  std::optional<Stat> stat(const std::string& path) {
    const Outcome outcome = cluster_.operate(CheckNode{Path(path)});
    return outcome ? std::get<Checked>(*outcome).stat : std::nullopt;
  }
  std::string chunk_of_one() { return "/chorale/chunks/" + chunks_of_one_.front(); }
  void expect_committed(std::int64_t revision) {
    ASSERT_TRUE(cluster_.state().committed);
    EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{revision});
    EXPECT_EQ(b().applied, cluster_.state().committed->identity);
  }

  std::vector<std::string> chunks_of_one_;
};

TEST_F(ClaimTest, ChunkOfAnEarlierRevisionIsWrittenOnceMore) {
  ASSERT_TRUE(b().leading());
  const auto text = cluster_.read(chunk_of_one());
  b().offer("one");
  cluster_.settle();
  expect_committed(3);
  for (const std::string& name : chunks_of_one_) EXPECT_EQ(stat("/chorale/chunks/" + name)->version, Version{1});
  EXPECT_EQ(cluster_.read(chunk_of_one()), text);
  EXPECT_FALSE(cluster_.operate(DeleteNode{Path(chunk_of_one()), Version{0}})) << "as an earlier leader would";
}

TEST_F(ClaimTest, ChunkOfThisLeadershipIsNotWrittenAgain) {
  b().offer("one");
  cluster_.settle();
  b().offer("three");
  cluster_.settle();
  b().sent.clear();
  b().offer("one");
  cluster_.settle();
  expect_committed(5);
  EXPECT_EQ(times_asked<WriteNode>(b(), chunk_of_one()), 0);
}

class ClaimRetryTest : public ClaimTest, public testing::WithParamInterface<ErrorKind> {};

TEST_P(ClaimRetryTest, ChunkThatChangesOrGoesWhileItIsClaimedIsTriedAgain) {
  b().refuse = refusing<WriteNode>(chunk_of_one(), GetParam(), 1);
  b().offer("one");
  cluster_.settle();
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{2});
  cluster_.advance(milliseconds(100));
  expect_committed(3);
  EXPECT_EQ(times_asked<WriteNode>(b(), chunk_of_one()), 2);
}

INSTANTIATE_TEST_SUITE_P(Errors, ClaimRetryTest,
                         testing::Values(ErrorKind::kBadVersion, ErrorKind::kNoNode, ErrorKind::kConnectionLoss));

TEST_F(ClaimTest, ChunkThatMayNotBeWrittenEndsTheOffer) {
  b().refuse = refusing<WriteNode>(chunk_of_one(), ErrorKind::kNoAuth, 1);
  b().offer("one");
  cluster_.settle();
  ASSERT_THAT(b().closed, SizeIs(1));
  EXPECT_EQ(b().closed[0].reason, "cannot store " + chunk_of_one() + ": no auth");
}

TEST_F(ClaimTest, ChunkThatGoesBetweenTheQuestionsIsCreated) {
  b().refuse = refusing<CreateNode>(chunk_of_one(), ErrorKind::kExists, 1);
  remove(chunk_of_one());
  b().offer("one");
  cluster_.advance(milliseconds(100));
  expect_committed(3);
  EXPECT_EQ(stat(chunk_of_one())->version, Version{0});
}

}  // namespace
}  // namespace chorale::coordination
