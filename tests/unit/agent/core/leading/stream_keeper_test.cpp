#include "agent/core/leading/stream_keeper.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using std::chrono::seconds;

class StreamKeeperTest : public testing::Test {
 protected:
  StreamKeeperTest() { keeper_.start(now_); }
  std::string open() { return keeper_.take_due(endpoints_, now_).value_or(""); }
  bool fail(const std::string& endpoint) {
    endpoints_.failed(endpoint, "refused", now_);
    return keeper_.failed(endpoint, "refused", endpoints_.size(), 0.999, now_);
  }
  Milliseconds pause() const { return std::chrono::duration_cast<Milliseconds>(keeper_.next_deadline() - now_); }

  TimePoint now_{};
  EndpointSet endpoints_{{"a", "b"}, Milliseconds(2'000)};
  StreamKeeper keeper_{Milliseconds(250), Milliseconds(10'000)};
};

TEST_F(StreamKeeperTest, TheNextEndpointIsTriedAtOnceAndAllOfThemAfterAPause) {
  EXPECT_EQ(open(), "a");
  EXPECT_EQ(open(), "");
  EXPECT_TRUE(fail("a"));
  EXPECT_EQ(open(), "b");
  EXPECT_TRUE(fail("b"));
  EXPECT_EQ(open(), "");
  EXPECT_GT(pause(), Milliseconds(200));
  EXPECT_LE(pause(), Milliseconds(250));
  now_ += Milliseconds(250);
  EXPECT_EQ(open(), "a");
}

TEST_F(StreamKeeperTest, PausesGrowUpToTheMaximum) {
  Milliseconds last(0);
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(open(), "a");
    EXPECT_TRUE(fail("a"));
    EXPECT_EQ(open(), "b");
    EXPECT_TRUE(fail("b"));
    EXPECT_GE(pause(), last);
    EXPECT_LE(pause(), seconds(10));
    last = pause();
    now_ += pause();
  }
  EXPECT_GT(last, seconds(9));
}

TEST_F(StreamKeeperTest, AStreamThatClosesAtOnceBacksOffAsWell) {
  Milliseconds last(0);
  for (int round = 0; round < 4; ++round) {
    for (const char* endpoint : {"a", "b"}) {
      EXPECT_EQ(open(), endpoint);
      EXPECT_TRUE(keeper_.attached(endpoint, now_));
      now_ += Milliseconds(5);
      EXPECT_TRUE(fail(endpoint));
    }
    EXPECT_GT(pause(), last) << "elections";
    last = pause();
    now_ += pause();
  }
}

TEST_F(StreamKeeperTest, AStreamThatHeldStartsAfresh) {
  for (int round = 0; round < 5; ++round) {
    (void)open();
    (void)fail("a");
    (void)open();
    (void)fail("b");
    now_ += pause();
  }
  EXPECT_EQ(open(), "a");
  EXPECT_TRUE(keeper_.attached("a", now_));
  now_ += seconds(10);
  EXPECT_TRUE(fail("a"));
  EXPECT_EQ(open(), "b");
  EXPECT_TRUE(fail("b"));
  EXPECT_LE(pause(), Milliseconds(250));
}

TEST_F(StreamKeeperTest, NewsOfAnotherStreamIsIgnored) {
  EXPECT_EQ(open(), "a");
  EXPECT_FALSE(keeper_.attached("b", now_));
  EXPECT_FALSE(keeper_.failed("b", "x", 2, 0.5, now_));
  EXPECT_TRUE(keeper_.attached("a", now_));
  EXPECT_FALSE(keeper_.attached("a", now_));
  EXPECT_EQ(keeper_.attached_endpoint(), "a");
}

TEST_F(StreamKeeperTest, MovingOpensAtOnceWhateverFailedBefore) {
  keeper_.move(now_);
  EXPECT_EQ(open(), "a");
  EXPECT_TRUE(fail("a"));
  EXPECT_EQ(open(), "b");
  EXPECT_TRUE(fail("b"));
  endpoints_.replace({"b", "a"});
  keeper_.move(now_);
  EXPECT_EQ(open(), "b");
  EXPECT_TRUE(keeper_.attached("b", now_));
  endpoints_.replace({"c", "b"});
  keeper_.move(now_);
  EXPECT_FALSE(keeper_.is_attached());
  EXPECT_EQ(open(), "c");
  EXPECT_FALSE(fail("b")) << "that stream was given up";
  StreamKeeper idle(Milliseconds(250), Milliseconds(10'000));
  idle.move(now_);
  EXPECT_FALSE(idle.take_due(endpoints_, now_)) << "not started";
}

TEST(EndpointSetTest, WhatIsKnownOfThoseThatStayIsKept) {
  const TimePoint now{};
  EndpointSet endpoints({"a", "b", "c"}, Milliseconds(2'000));
  endpoints.failed("a", "refused", now);
  endpoints.failed("b", "refused", now);
  endpoints.answered("c", now);
  endpoints.replace({"a", "c", "d"});
  EXPECT_EQ(endpoints.best(), "c") << "a was the first before";
  EXPECT_EQ(endpoints.size(), 3U);
  endpoints.failed("d", "refused", now);
  endpoints.replace({"d", "c"});
  EXPECT_EQ(endpoints.best(), "d") << "it has come to lead";
  endpoints.replace({"c", "d"});
  EXPECT_EQ(endpoints.entries().front().state, EndpointSet::Entry::State::kAnswers);
}

TEST(EndpointSetTest, TheFirstThatAnswersIsBest) {
  EndpointSet endpoints({"a", "b", "c"}, Milliseconds(2'000));
  const TimePoint now{};
  EXPECT_EQ(endpoints.best(), "a");
  endpoints.failed("a", "refused", now);
  EXPECT_EQ(endpoints.best(), "b");
  EXPECT_EQ(endpoints.best({"b"}), "c");
  endpoints.failed("b", "refused", now);
  endpoints.failed("c", "refused", now);
  EXPECT_EQ(endpoints.best(), "a");
  EXPECT_EQ(endpoints.best({"a"}), "b");
  EXPECT_TRUE(endpoints.answered("c", now));
  EXPECT_FALSE(endpoints.answered("c", now));
  EXPECT_EQ(endpoints.best(), "c");
}

TEST(EndpointSetTest, OnlyWhatNothingElseProvesIsPinged) {
  EndpointSet endpoints({"a", "b"}, Milliseconds(2'000));
  TimePoint now{};
  endpoints.answered("a", now);
  EXPECT_EQ(endpoints.take_due_pings("a", now), std::vector<std::string>{"b"});
  EXPECT_TRUE(endpoints.take_due_pings("a", now).empty()) << "one at a time";
  endpoints.answered("b", now);
  EXPECT_EQ(endpoints.next_deadline("a"), now + seconds(10)) << "a standby is pinged seldom";
  now += seconds(60);
  EXPECT_EQ(endpoints.take_due_pings("a", now), std::vector<std::string>{"b"}) << "the stream proves a";
  endpoints.failed("a", "500", now);
  EXPECT_EQ(endpoints.next_deadline("a"), now + seconds(2)) << "its requests fail although it streams";
}

TEST_F(StreamKeeperTest, WhatIsDueNowSaysSo) {
  now_ += seconds(3'600);
  keeper_.start(now_);
  EXPECT_EQ(pause(), Milliseconds(0));
  EXPECT_EQ(open(), "a");
  now_ += seconds(1);
  EXPECT_TRUE(fail("a"));
  EXPECT_EQ(pause(), Milliseconds(0));
}

TEST_F(StreamKeeperTest, FailuresBeforeAStreamThatHeldAreForgotten) {
  EXPECT_EQ(open(), "a");
  EXPECT_TRUE(fail("a"));
  EXPECT_EQ(keeper_.trouble(), Failure{"refused"});
  EXPECT_EQ(open(), "b");
  EXPECT_TRUE(keeper_.attached("b", now_));
  EXPECT_EQ(keeper_.trouble(), std::nullopt);
  now_ += seconds(10);
  EXPECT_TRUE(fail("b"));
  EXPECT_EQ(open(), "a") << "at once";
}

TEST(EndpointSetTest, AnEndpointThatIsNotConfiguredIsIgnored) {
  EndpointSet endpoints({"a"}, Milliseconds(2'000));
  endpoints.failed("x", "refused", TimePoint{});
  EXPECT_FALSE(endpoints.answered("x", TimePoint{}));
  EXPECT_EQ(endpoints.best(), "a");
}

}  // namespace
}  // namespace chorale::agent
