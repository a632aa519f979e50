// What agents miss, or find forged: what is looked at, deleted and put again, and what is left alone.
#include "coordination/repairs.h"

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;

const std::string kFirstManifest = "/chorale/revisions/000001.0000000001";

// What an agent misses of the committed or the proposed revision is put again. lost_content_test.cpp has the rest.
class RepairsTest : public PoolTest {
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

TEST_F(RepairsTest, ChunkOfTheCommittedRevisionIsPutAtOnceAndNotAgainWithinASecond) {
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

TEST_F(RepairsTest, ChunksInsideAFileAreCutWhereTheyWere) {
  offer_big(a(), 5);
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

TEST_F(RepairsTest, ManifestIsPutAgain) {
  a().offer("one");
  cluster_.settle();
  const auto text = cluster_.read(kFirstManifest);
  remove(kFirstManifest);
  miss({"000001.0000000001"});
  EXPECT_EQ(cluster_.read(kFirstManifest), text);
}

TEST_F(RepairsTest, ChunkOfTheProposalIsPutAgainToo) {
  a().answer = std::nullopt;
  a().offer("one");
  cluster_.settle();
  const std::string chunk = cluster_.list("/chorale/chunks").front();
  remove("/chorale/chunks/" + chunk);
  miss({chunk});
  EXPECT_TRUE(cluster_.read("/chorale/chunks/" + chunk));
}

TEST_F(RepairsTest, WhatBelongsToNeitherIsNotPut) {
  a().offer("one");
  cluster_.settle();
  a().sent.clear();
  miss({"000001.0000000009", std::string(32, 'f')});
  EXPECT_EQ(created_below(a(), "/chorale/"), 0);
}

TEST_F(RepairsTest, RightChunkIsLeftAloneWhateverAnAgentSays) {
  a().offer("one");
  cluster_.settle();
  const std::string chunk = cluster_.list("/chorale/chunks").front();
  a().sent.clear();
  miss({chunk, "000001.0000000001"});
  EXPECT_EQ(times_asked<ReadNode>(a(), "/chorale/chunks/" + chunk), 1);
  EXPECT_EQ(times_asked<DeleteNode>(a(), "/chorale/chunks/" + chunk), 0);
  EXPECT_EQ(times_asked<DeleteNode>(a(), kFirstManifest), 0);
  EXPECT_EQ(created_below(a(), "/chorale/"), 0);
}

TEST_F(RepairsTest, ForgedChunkIsDeletedAtTheVersionThatWasRead) {
  a().offer("one");
  cluster_.settle();
  const std::string chunk = cluster_.list("/chorale/chunks").front();
  const std::string path = "/chorale/chunks/" + chunk;
  write(path, "forged");
  write(path, "forged once more");
  a().sent.clear();
  miss({chunk});
  const auto deletion = std::find_if(a().sent.begin(), a().sent.end(),
                                     [&](const Operation& operation) { return asks<DeleteNode>(operation, path); });
  ASSERT_NE(deletion, a().sent.end());
  EXPECT_EQ(std::get<DeleteNode>(*deletion).expected, Version{2});
  EXPECT_NE(cluster_.read(path), "forged once more");
}

TEST_F(RepairsTest, ForgedChunkOfNothingThatIsWantedIsDeletedAndStoredWithTheNextUse) {
  a().offer("one");
  cluster_.settle();
  const auto of_one = cluster_.list("/chorale/chunks");
  a().offer("two");
  cluster_.settle();
  const std::string path = "/chorale/chunks/" + of_one.front();
  const auto text = cluster_.read(path);
  write(path, "forged");
  miss({of_one.front()});
  EXPECT_FALSE(cluster_.read(path));
  a().offer("one");
  cluster_.settle();
  EXPECT_EQ(cluster_.read(path), text);
  EXPECT_EQ(b().applied, cluster_.state().committed->identity);
}

// Its manifest is not known to this leadership: it cannot say that another text is wrong.
TEST_F(RepairsTest, ManifestOfAnEarlierRevisionIsLeftAlone) {
  a().offer("one");
  cluster_.settle();
  a().offer("two");
  cluster_.settle();
  const auto text = cluster_.read(kFirstManifest);
  ASSERT_TRUE(text);
  miss({"000001.0000000001"});
  EXPECT_EQ(cluster_.read(kFirstManifest), text);
  EXPECT_EQ(times_asked<DeleteNode>(a(), kFirstManifest), 0);
}

TEST_F(RepairsTest, WhatIsNoNameOfOursIsNotLookedFor) {
  a().offer("one");
  cluster_.settle();
  a().sent.clear();
  miss({"../state", "", std::string(32, 'F'), std::string(64, 'f'), "1.2/..", "state"});
  EXPECT_THAT(a().sent,
              testing::Each(testing::ResultOf([](const Operation& operation) { return path_of(operation).text(); },
                                              testing::StartsWith("/chorale/agents"))));
}

TEST_F(RepairsTest, AtMostSixteenAreLookedAtAtATime) {
  a().offer("one");
  cluster_.settle();
  a().sent.clear();
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back("000001." + std::to_string(1'000'000'000 + i));
  a().lose_reply = [this](const Operation& operation) {
    if (path_of(operation).text().starts_with("/chorale/revisions/")) a().hold_replies(true);
    return false;
  };
  miss(names);
  const auto looks = [this] {
    return std::count_if(a().sent.begin(), a().sent.end(), [](const Operation& operation) {
      return path_of(operation).text().starts_with("/chorale/revisions/");
    });
  };
  EXPECT_EQ(looks(), 16);
  a().lose_reply = nullptr;
  a().hold_replies(false);
  cluster_.settle();
  EXPECT_EQ(looks(), 40);
}

TEST_F(RepairsTest, ANewLeaderCanHelpWithWhatItFoundCommitted) {
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
