// The event stream and the endpoints: lost, refused, late, back again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TrackerStreamTest : public testing::Test {
 protected:
  TrackerStreamTest() {
    for (int i = 1; i <= 10; ++i) {
      std::string id = "/app-" + std::to_string(i);
      list_.emplace(id, app_of_size(id, 2));
    }
  }
  void settle() { scene_.settle(list_); }
  void refuse_streams() {
    while (!scene_.opened.empty()) {
      for (const std::string& endpoint : std::exchange(scene_.opened, {})) {
        scene_.send(StreamFailed{endpoint, {"refused"}});
      }
    }
  }
  // 10 ms in which Marathon refuses everything.
  void stay_away() {
    scene_.pass(Milliseconds(10));
    while (!scene_.lists.empty()) scene_.fail_list("refused");
    for (const std::string& endpoint : std::exchange(scene_.pings, {})) {
      scene_.send(EndpointPinged{endpoint, Failure{"refused"}, false});
    }
    refuse_streams();
  }
  MarathonApps list_;
  TrackerScene scene_;
};

TEST_F(TrackerStreamTest, ALostStreamGoesToTheNextEndpointAndAFullSyncFollows) {
  settle();
  scene_.pass(Milliseconds(10'000));
  scene_.send(StreamFailed{"http://a", {"closed by Marathon"}});
  EXPECT_EQ(scene_.opened, std::vector<std::string>{"http://b"});
  EXPECT_EQ(scene_.tracker.trouble(),
            Failure{"event stream http://b: closed by Marathon; Marathon is asked for lists every 5 s instead"});
  EXPECT_FALSE(scene_.tracker.stream_attached());
  scene_.send(StreamAttached{"http://b"});
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt);
  EXPECT_THAT(scene_.lists, SizeIs(1));
}

TEST_F(TrackerStreamTest, AFlappingStreamBacksOff) {
  settle();
  int opened = 0;
  std::string endpoint = "http://a";
  for (const TimePoint end = scene_.now + std::chrono::minutes(1); scene_.now < end;) {
    scene_.opened.clear();
    scene_.send(StreamFailed{endpoint, {"closed"}});
    for (; scene_.opened.empty() && scene_.now < end;) scene_.pass(Milliseconds(10));
    if (scene_.opened.empty()) break;
    endpoint = scene_.opened[0];
    ++opened;
    scene_.send(StreamAttached{endpoint});
    scene_.pass(Milliseconds(5));
  }
  EXPECT_GT(opened, 10);
  EXPECT_LT(opened, 30);
}

TEST_F(TrackerStreamTest, WithoutAStreamTheAppsAreFollowedByListsAlone) {
  scene_.send(TrackingBegun{state_of(list_), std::nullopt});
  scene_.send(StreamFailed{"http://a", {"HTTP 405"}});
  scene_.send(StreamFailed{"http://b", {"HTTP 405"}});
  scene_.pass(Milliseconds(4'999));
  EXPECT_THAT(scene_.lists, IsEmpty());
  scene_.pass(Milliseconds(1));
  ASSERT_THAT(scene_.lists, SizeIs(1));
  list_["/app-1"] = app_of_size("/app-1", 3);
  scene_.answer_list(list_);
  EXPECT_THAT(scene_.offers, SizeIs(1));
  EXPECT_THAT(scene_.tracker.trouble().value().message,
              HasSubstr("HTTP 405; Marathon is asked for lists every 5 s instead"));
  scene_.pass(Milliseconds(4'999));
  EXPECT_THAT(scene_.lists, IsEmpty());
  scene_.pass(Milliseconds(1));
  ASSERT_THAT(scene_.lists, SizeIs(1));
  scene_.answer_list(list_);
  scene_.pass(Milliseconds(5'000));
  ASSERT_THAT(scene_.lists, SizeIs(1));
  scene_.answer_list(list_);
  // With a stream it is the slow resync again.
  ASSERT_FALSE(scene_.opened.empty());
  scene_.send(StreamAttached{scene_.opened.back()});
  ASSERT_THAT(scene_.lists, SizeIs(1));
  scene_.answer_list(list_);
  scene_.pass(Milliseconds(59'999));
  EXPECT_THAT(scene_.lists, IsEmpty());
}

TEST_F(TrackerStreamTest, AStreamThatIsLostIsReplacedByListsAtOnce) {
  settle();
  scene_.send(StreamFailed{"http://a", {"closed"}});
  scene_.send(StreamFailed{"http://b", {"HTTP 405"}});
  scene_.pass(Milliseconds(5'000));
  EXPECT_THAT(scene_.lists, SizeIs(1));
}

// A minute without Marathon: every back-off is at its longest.
TEST_F(TrackerStreamTest, APingThatAnswersEndsTheBackOffOfTheStreamToo) {
  settle();
  scene_.send(StreamFailed{"http://a", {"refused"}});
  for (const TimePoint end = scene_.now + std::chrono::seconds(60); scene_.now < end;) stay_away();
  scene_.pings.clear();
  scene_.send(EndpointPinged{"http://a", std::nullopt});
  EXPECT_THAT(scene_.opened, testing::ElementsAre("http://a"));
  EXPECT_THAT(scene_.lists, SizeIs(1));
}

TEST_F(TrackerStreamTest, AListThatAnswersEndsItLikewise) {
  settle();
  scene_.send(StreamFailed{"http://a", {"refused"}});
  for (const TimePoint end = scene_.now + std::chrono::seconds(60); scene_.now < end;) stay_away();
  while (scene_.lists.empty()) {
    scene_.pass(Milliseconds(10));
    refuse_streams();
  }
  scene_.answer_list(list_);
  EXPECT_THAT(scene_.opened, SizeIs(1));
}

TEST_F(TrackerStreamTest, MarathonIsReachedWhereAnEndpointAnswers) {
  scene_.send(TrackingBegun{state_of(list_), std::nullopt});
  EXPECT_FALSE(scene_.tracker.reaches_marathon()) << "not known yet";
  scene_.send(EndpointPinged{"http://a", Failure{"refused"}, false});
  EXPECT_FALSE(scene_.tracker.reaches_marathon());
  scene_.send(EndpointPinged{"http://b", std::nullopt});
  EXPECT_TRUE(scene_.tracker.reaches_marathon());
  scene_.send(EndpointPinged{"http://b", Failure{"refused"}, false});
  EXPECT_FALSE(scene_.tracker.reaches_marathon());
}

TEST_F(TrackerStreamTest, AStreamThatDoesNotAttachIsToldAfterFiveSeconds) {
  scene_.send(TrackingBegun{state_of(list_), std::nullopt});
  scene_.pass(Milliseconds(4'999));
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt);
  scene_.pass(Milliseconds(1));
  EXPECT_EQ(scene_.tracker.trouble(),
            Failure{"event stream http://a is not attached; Marathon is asked for lists every 5 s instead"});
  scene_.send(StreamAttached{"http://a"});
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt);
}

TEST_F(TrackerStreamTest, ALostStreamIsLoggedAndSpeaksAgainstItsEndpoint) {
  settle();
  scene_.send(StreamFailed{"http://b", {"not ours"}});
  EXPECT_EQ(scene_.log, "");
  scene_.send(StreamFailed{"http://a", {"closed by Marathon"}});
  EXPECT_EQ(scene_.log, "event stream lost: http://a: closed by Marathon\n");
  EXPECT_FALSE(scene_.tracker.endpoints()[0].healthy);
  scene_.send(StreamFailed{"http://b", {"HTTP 405"}});
  EXPECT_EQ(scene_.log, "event stream lost: http://a: closed by Marathon\n") << "once";
  scene_.pass(Milliseconds(1'500));
  scene_.log.clear();
  scene_.send(StreamAttached{scene_.opened.back()});
  EXPECT_EQ(scene_.log, "event stream attached to " + scene_.opened.back() + ", after 1.5 s without it\n");
}

TEST_F(TrackerStreamTest, APingThatAnswersAgainEndsTheBackOff) {
  settle();
  scene_.send(SyncRequested{});
  scene_.fail_list("HTTP 503");
  scene_.send(EndpointPinged{"http://b", std::nullopt});
  EXPECT_THAT(scene_.lists, IsEmpty()) << "b had not failed";
  scene_.send(EndpointPinged{"http://a", std::nullopt});
  EXPECT_THAT(scene_.lists, SizeIs(1));
}

TEST_F(TrackerStreamTest, EndpointsArePingedSparingly) {
  settle();
  scene_.send(EndpointPinged{"http://b", std::nullopt});
  scene_.pass(Milliseconds(9'999));
  EXPECT_THAT(scene_.pings, IsEmpty());
  scene_.pass(Milliseconds(1));
  EXPECT_EQ(scene_.pings, std::vector<std::string>{"http://b"});
  scene_.send(EndpointPinged{"http://b", Failure{"refused"}});
  EXPECT_FALSE(scene_.tracker.endpoints()[1].healthy);
  EXPECT_TRUE(scene_.tracker.endpoints()[0].healthy);
  scene_.pass(Milliseconds(2'000));
  EXPECT_THAT(scene_.pings, SizeIs(2));
}

TEST_F(TrackerStreamTest, EndpointsAreNotCalledHealthyBeforeTheyAnswered) {
  scene_.send(TrackingBegun{});
  const auto endpoints = scene_.tracker.endpoints();
  ASSERT_THAT(endpoints, SizeIs(2));
  for (const EndpointHealth& endpoint : endpoints) {
    EXPECT_FALSE(endpoint.healthy);
    EXPECT_EQ(endpoint.message, "not tried yet");
  }
}

class TrackerElectionTest : public ::testing::Test {
 protected:
  static TrackerOptions options() {
    TrackerOptions options = TrackerScene::options();
    options.endpoints.clear();
    return options;
  }

  TrackerScene scene_{options()};
};

TEST_F(TrackerElectionTest, FollowingBeginsWhenMarathonIsFound) {
  scene_.send(TrackingBegun{});
  scene_.pass(Milliseconds(60'000));
  EXPECT_THAT(scene_.opened, IsEmpty());
  EXPECT_THAT(scene_.lists, IsEmpty());
  scene_.send(EndpointsFound{{"http://b", "http://a"}});
  EXPECT_EQ(scene_.opened, std::vector<std::string>{"http://b"});
  scene_.pass(Milliseconds(4'999));
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt) << "the stream is not late yet";
  scene_.pass(Milliseconds(1));
  EXPECT_THAT(scene_.lists, SizeIs(1)) << "as where the endpoints are configured";
}

TEST_F(TrackerElectionTest, FoundBeforeTheBeginningIsKnownThen) {
  scene_.send(EndpointsFound{{"http://b"}});
  EXPECT_THAT(scene_.opened, IsEmpty());
  scene_.send(EndpointsFound{{"http://a", "http://b"}});
  EXPECT_THAT(scene_.opened, IsEmpty());
  scene_.send(TrackingBegun{});
  EXPECT_EQ(scene_.opened, std::vector<std::string>{"http://a"});
}

TEST_F(TrackerElectionTest, StreamMovesToANewLeaderAtOnce) {
  scene_.send(EndpointsFound{{"http://a", "http://b"}});
  scene_.send(TrackingBegun{});
  scene_.send(StreamAttached{"http://a"});
  scene_.answer_list({});
  scene_.send(EndpointsFound{{"http://a", "http://c"}});
  EXPECT_EQ(scene_.opened, std::vector<std::string>{"http://a"}) << "the leader is the same";
  scene_.send(EndpointsFound{{"http://c", "http://a"}});
  EXPECT_EQ(scene_.opened, (std::vector<std::string>{"http://a", "http://c"}));
  EXPECT_THAT(scene_.log, HasSubstr("Marathon is led by http://c now, no longer by http://a\n"));
  scene_.send(StreamAttached{"http://c"});
  ASSERT_THAT(scene_.lists, SizeIs(1));
  EXPECT_EQ(scene_.lists[0].endpoint, "http://c");
}

// The leader refuses streams and another node has one: that a third comes or goes is no reason to give it up.
TEST_F(TrackerElectionTest, StreamOfAnotherNodeStaysWhileTheLeaderIsTheSame) {
  scene_.send(EndpointsFound{{"http://a", "http://b"}});
  scene_.send(TrackingBegun{});
  scene_.send(StreamFailed{"http://a", {"HTTP 503"}});
  scene_.send(StreamAttached{"http://b"});
  const auto opened = scene_.opened;
  scene_.send(EndpointsFound{{"http://a", "http://b", "http://c"}});
  EXPECT_EQ(scene_.opened, opened);
  scene_.send(EndpointsFound{{"http://b", "http://c"}});
  EXPECT_EQ(scene_.opened, opened) << "it leads now";
  EXPECT_TRUE(scene_.tracker.stream_attached());
  EXPECT_THAT(scene_.log, Not(HasSubstr("Marathon is led by")));
}

// It refused everything while it only stood in the election.
TEST_F(TrackerElectionTest, NewLeaderIsTriedWhateverItAnsweredBefore) {
  scene_.send(EndpointsFound{{"http://a", "http://b"}});
  scene_.send(TrackingBegun{});
  scene_.send(StreamAttached{"http://a"});
  scene_.answer_list({});
  scene_.send(EndpointPinged{"http://b", Failure{"503"}});
  scene_.send(EndpointsFound{{"http://b"}});
  EXPECT_EQ(scene_.opened, (std::vector<std::string>{"http://a", "http://b"}));
  EXPECT_THAT(scene_.tracker.endpoints(), SizeIs(1));
}

}  // namespace
}  // namespace chorale::agent
