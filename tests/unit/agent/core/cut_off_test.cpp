#include "agent/core/cut_off.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace chorale::agent {
namespace {

using coordination::PeerAddress;
using coordination::Revision;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const PeerAddress kTwo{"proxy-2", "10.0.0.2:8000"};
const PeerAddress kThree{"proxy-3", "10.0.0.3:8000"};

TimePoint at_ms(int ms) { return TimePoint(milliseconds(1'000'000 + ms)); }
PeerHealth serves(std::int64_t applied) { return {true, true, Revision{applied}}; }

class CutOffTest : public ::testing::Test {
 protected:
  CutOffTest() { cut_off.know({kTwo, kThree}); }
  // Silent for long enough; both were asked.
  void be_silent() {
    (void)cut_off.step(at_ms(0), false);
    EXPECT_THAT(cut_off.step(at_ms(30'000), false), ElementsAre(kTwo, kThree));
  }
  CutOff cut_off;
};

TEST_F(CutOffTest, AsksAfterThirtySecondsWithoutWordAndEveryTenAfterThat) {
  EXPECT_THAT(cut_off.step(at_ms(-60'000), true), IsEmpty());
  EXPECT_THAT(cut_off.step(at_ms(0), false), IsEmpty());
  EXPECT_THAT(cut_off.step(at_ms(29'999), false), IsEmpty());
  EXPECT_THAT(cut_off.step(at_ms(30'000), false), ElementsAre(kTwo, kThree));
  EXPECT_THAT(cut_off.step(at_ms(39'999), false), IsEmpty());
  EXPECT_THAT(cut_off.step(at_ms(40'000), false), ElementsAre(kTwo, kThree));
}

TEST_F(CutOffTest, WordOfTheClusterEndsIt) {
  be_silent();
  cut_off.answered("proxy-2", serves(2));
  EXPECT_EQ(cut_off.replaced_by(Revision{1}), "proxy-2");
  EXPECT_THAT(cut_off.step(at_ms(30'001), true), IsEmpty());
  EXPECT_EQ(cut_off.replaced_by(Revision{1}), std::nullopt);
  cut_off.answered("proxy-2", serves(2));
  EXPECT_EQ(cut_off.replaced_by(Revision{1}), std::nullopt) << "a late answer";
  EXPECT_THAT(cut_off.step(at_ms(40'000), false), IsEmpty());
  EXPECT_THAT(cut_off.step(at_ms(69'999), false), IsEmpty());
  EXPECT_THAT(cut_off.step(at_ms(70'000), false), ElementsAre(kTwo, kThree));
}

TEST_F(CutOffTest, OnlyANewerRevisionOfAConnectedAgentThatServesCounts) {
  be_silent();
  cut_off.answered("proxy-2", PeerHealth{true, true, Revision{5}});
  EXPECT_EQ(cut_off.replaced_by(Revision{5}), std::nullopt);
  EXPECT_EQ(cut_off.replaced_by(Revision{4}), "proxy-2");
  cut_off.answered("proxy-2", PeerHealth{false, true, Revision{5}});
  EXPECT_EQ(cut_off.replaced_by(Revision{4}), std::nullopt) << "a balancer would lose the last proxy";
  cut_off.answered("proxy-2", PeerHealth{true, false, Revision{5}});
  EXPECT_EQ(cut_off.replaced_by(Revision{4}), std::nullopt) << "all are cut off";
  cut_off.answered("proxy-3", serves(6));
  EXPECT_EQ(cut_off.replaced_by(Revision{4}), "proxy-3");
}

// What it has applied does not become older meanwhile.
TEST_F(CutOffTest, LostAnswerChangesNothingAndThreeInARowDo) {
  be_silent();
  cut_off.answered("proxy-3", serves(6));
  cut_off.answered("proxy-3", std::nullopt);
  cut_off.answered("proxy-3", std::nullopt);
  EXPECT_EQ(cut_off.replaced_by(Revision{4}), "proxy-3");
  cut_off.answered("proxy-3", serves(6));
  cut_off.answered("proxy-3", std::nullopt);
  cut_off.answered("proxy-3", std::nullopt);
  EXPECT_EQ(cut_off.replaced_by(Revision{4}), "proxy-3") << "counted anew";
  cut_off.answered("proxy-3", std::nullopt);
  EXPECT_EQ(cut_off.replaced_by(Revision{4}), std::nullopt);
  cut_off.answered("proxy-2", std::nullopt);
  EXPECT_EQ(cut_off.replaced_by(Revision{0}), std::nullopt) << "it has said nothing";
}

TEST_F(CutOffTest, RemembersTheOthersWhenAllAreGone) {
  EXPECT_FALSE(cut_off.know({kTwo, kThree}));
  EXPECT_FALSE(cut_off.know({}));
  EXPECT_THAT(cut_off.peers(), ElementsAre(kTwo, kThree));
  EXPECT_TRUE(cut_off.know({kThree}));
  EXPECT_THAT(cut_off.peers(), ElementsAre(kThree));
}

TEST_F(CutOffTest, OfManyTenAreAskedInTurn) {
  std::vector<PeerAddress> many;
  for (int i = 0; i < 25; ++i) many.push_back({"proxy-" + std::to_string(i), "h:1"});
  cut_off.know(many);
  (void)cut_off.step(at_ms(0), false);
  std::set<std::string> asked;
  for (int round = 0; round < 3; ++round) {
    const auto now = cut_off.step(at_ms(30'000 + round * 10'000), false);
    EXPECT_EQ(now.size(), kMostPeersAsked);
    for (const PeerAddress& peer : now) asked.insert(peer.id);
  }
  EXPECT_EQ(asked.size(), many.size());
}

TEST(PeerHealthTest, ReadsWhatAnAgentAnswers) {
  const std::string body = R"({"ZooKeeper":{"Healthy":true},"Cluster":{"Id":"proxy-2","Applied":41}})";
  const auto health = read_peer_health("proxy-2", 200, body);
  ASSERT_TRUE(health);
  EXPECT_TRUE(health->serves);
  EXPECT_TRUE(health->connected);
  EXPECT_EQ(health->applied, Revision{41});
  EXPECT_FALSE(read_peer_health("proxy-2", 503, body)->serves);
  EXPECT_FALSE(read_peer_health("proxy-3", 200, body)) << "another agent has its address now";
  const auto cut = read_peer_health("a", 200, R"({"ZooKeeper":{"Healthy":false},"Cluster":{"Id":"a","Applied":1}})");
  EXPECT_FALSE(cut->connected);
}

TEST(PeerHealthTest, NothingStrangeIsAnAnswer) {
  for (const char* body : {"", "[]", "null", "{", R"({"Cluster":{"Id":"a"}})", R"({"Cluster":1,"ZooKeeper":1})",
                           R"({"Cluster":{"Id":1},"ZooKeeper":{}})"}) {
    EXPECT_FALSE(read_peer_health("a", 200, body)) << body;
  }
  const auto bare = read_peer_health("a", 200, R"({"Cluster":{"Id":"a","Applied":"9"},"ZooKeeper":{"Healthy":1}})");
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->connected);
  EXPECT_EQ(bare->applied, Revision{0});
}

TEST(PeerFileTest, ComesBackAsItWas) {
  EXPECT_THAT(decode_peers(encode_peers({kTwo, kThree})), ElementsAre(kTwo, kThree));
  EXPECT_THAT(decode_peers("no json"), IsEmpty());
  EXPECT_THAT(decode_peers("{}"), IsEmpty());
  EXPECT_THAT(decode_peers(R"([1, {"id":"a"}, {"admin":"h:1"}, {"id":2,"admin":3}, {"id":"b","admin":"h:2"}])"),
              ElementsAre(PeerAddress{"b", "h:2"}));
}

}  // namespace
}  // namespace chorale::agent
