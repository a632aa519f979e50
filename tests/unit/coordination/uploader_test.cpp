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

bool is_create_below(const Operation& operation, std::string_view directory) {
  const auto* create = std::get_if<CreateNode>(&operation);
  return create != nullptr && create->path.text().starts_with(directory);
}

std::ptrdiff_t created_below(const TestAgent& agent, std::string_view directory) {
  return std::count_if(agent.sent.begin(), agent.sent.end(),
                       [directory](const Operation& operation) { return is_create_below(operation, directory); });
}

class UploaderTest : public PoolTest {
 protected:
  static std::function<std::optional<ErrorKind>(const Operation&)> refusing_chunks(ErrorKind kind, int times) {
    return [kind, times](const Operation& operation) mutable -> std::optional<ErrorKind> {
      if (!is_create_below(operation, "/chorale/chunks/") || times-- <= 0) return std::nullopt;
      return kind;
    };
  }
  // One file of about `chunks` chunks, every line another.
  void offer_big(int chunks) {
    std::string text;
    for (int i = 0; std::ssize(text) < chunks * 16 * 1024; ++i) text += "line " + std::to_string(i * 7919) + "\n";
    StateOffered offered;
    offered.offer = 100;
    offered.content = described({{"nginx.conf", std::make_shared<const std::string>(std::move(text)), {}}});
    a().step(offered);
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
  offer_big(150);
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

// What an agent misses of the committed or the proposed revision is put again.
class PutAgainTest : public UploaderTest {
 protected:
  void miss(const std::vector<std::string>& what) {
    AgentDocument document;
    document.id = "x";
    document.missing = what;
    const std::string path = "/chorale/agents/x";
    if (cluster_.read(path)) {
      write(path, encode(document));
    } else {
      create(path, encode(document));
    }
  }
  void remove_all_chunks() {
    for (const std::string& name : cluster_.list("/chorale/chunks")) remove("/chorale/chunks/" + name);
  }
};

TEST_F(PutAgainTest, ChunkOfTheCommittedRevisionIsPutAtOnceAndNotAgainWithinASecond) {
  a().offer("one");
  cluster_.settle();
  const std::string chunk = cluster_.list("/chorale/chunks").front();
  const std::string path = "/chorale/chunks/" + chunk;
  const auto text = cluster_.read(path);
  remove(path);
  miss({chunk});
  EXPECT_EQ(cluster_.read(path), text);
  remove(path);
  a().sent.clear();
  cluster_.advance(milliseconds(900));
  EXPECT_EQ(times_asked<CreateNode>(a(), path), 0);
  cluster_.advance(milliseconds(100));
  EXPECT_EQ(times_asked<CreateNode>(a(), path), 1);
  EXPECT_EQ(cluster_.read(path), text);
}

TEST_F(PutAgainTest, ChunksInsideAFileAreCutWhereTheyWere) {
  offer_big(5);
  cluster_.settle();
  std::map<std::string, std::string> before;
  for (const std::string& name : cluster_.list("/chorale/chunks")) {
    before[name] = cluster_.read("/chorale/chunks/" + name).value();
  }
  ASSERT_GT(before.size(), 2U);
  remove_all_chunks();
  std::vector<std::string> all;
  for (const auto& [name, text] : before) all.push_back(name);
  miss(all);
  for (const auto& [name, text] : before) EXPECT_EQ(cluster_.read("/chorale/chunks/" + name), text);
}

TEST_F(PutAgainTest, ManifestIsPutAgain) {
  a().offer("one");
  cluster_.settle();
  const auto text = cluster_.read(kManifest);
  remove(kManifest);
  miss({"000001.0000000001"});
  EXPECT_EQ(cluster_.read(kManifest), text);
}

TEST_F(PutAgainTest, ChunkOfTheProposalIsPutAgainToo) {
  a().answer = std::nullopt;
  a().offer("one");
  cluster_.settle();
  const std::string chunk = cluster_.list("/chorale/chunks").front();
  remove("/chorale/chunks/" + chunk);
  miss({chunk});
  EXPECT_TRUE(cluster_.read("/chorale/chunks/" + chunk));
}

TEST_F(PutAgainTest, WhatBelongsToNeitherIsNotPut) {
  a().offer("one");
  cluster_.settle();
  a().sent.clear();
  miss({"000001.0000000009", std::string(32, 'f')});
  EXPECT_EQ(created_below(a(), "/chorale/"), 0);
}

TEST_F(PutAgainTest, ANewLeaderCanHelpWithWhatItFoundCommitted) {
  a().offer("one");
  cluster_.settle();
  cluster_.kill_and_expire(a());
  cluster_.settle();
  ASSERT_TRUE(b().leading());
  const std::string chunk = cluster_.list("/chorale/chunks").front();
  remove("/chorale/chunks/" + chunk);
  miss({chunk});
  EXPECT_TRUE(cluster_.read("/chorale/chunks/" + chunk));
}

}  // namespace
}  // namespace chorale::coordination
