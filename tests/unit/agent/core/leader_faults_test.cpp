// Marathon down, wrong, silent, failing over: nothing is lost, and everything is asked again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leader_scene.h"

namespace chorale::agent {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LeaderFaultsTest : public testing::Test {
 protected:
  LeaderFaultsTest() {
    for (int i = 1; i <= 10; ++i) {
      std::string id = "/app-" + std::to_string(i);
      list_.emplace(id, app_of_size(id, 2));
    }
  }
  void settle() { scene_.settle(list_); }
  void settle_alive() {  // all tasks pass their health checks
    for (auto& [id, each] : list_) {
      each.health_checks = 1;
      for (MarathonTask& one : each.tasks) one.health = {{true}};
    }
    settle();
  }
  MarathonApps some(int count) const {
    MarathonApps part;
    for (const auto& [id, each] : list_) {
      if (static_cast<int>(part.size()) < count) part.emplace(id, each);
    }
    return part;
  }
  void sync(MarathonApps list) {
    if (scene_.lists.empty()) scene_.send(ReloadRequested{});
    scene_.answer_list(std::move(list));
  }
  MarathonApps list_;
  LeaderScene scene_;
};

TEST_F(LeaderFaultsTest, AnErrorChangesNothingIsToldAndRepeatedOnTheNextEndpoint) {
  settle();
  scene_.send(ReloadRequested{});
  ASSERT_THAT(scene_.lists, SizeIs(1));
  EXPECT_EQ(scene_.lists[0].endpoint, "http://a");
  scene_.fail_list("HTTP 503");
  EXPECT_EQ(scene_.leader.trouble(), "GET http://a/v2/apps: HTTP 503");
  EXPECT_EQ(scene_.leader.endpoints()[0].message, "HTTP 503");
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.lists, SizeIs(1));
  EXPECT_EQ(scene_.lists[0].endpoint, "http://b");
  scene_.answer_list(list_);
  EXPECT_EQ(scene_.leader.trouble(), "");
  EXPECT_THAT(scene_.offers, IsEmpty());
}

TEST_F(LeaderFaultsTest, AnAppStaysDirtyUntilAFetchSucceeds) {
  settle();
  scene_.status("/app-1", "app-1-3", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  for (int i = 0; i < 8; ++i) {
    ASSERT_THAT(scene_.fetches, SizeIs(1));
    scene_.fail_app("HTTP 500");
    EXPECT_EQ(scene_.leader.trouble(),
              std::string("GET ") + (i % 2 == 0 ? "http://a" : "http://b") + "/v2/apps/app-1: HTTP 500");
    for (int ms = 0; ms < 10'000 && scene_.fetches.empty(); ms += 10) scene_.pass(Milliseconds(10));
  }
  scene_.lists.clear();
  scene_.answer_app(app_of_size("/app-1", 3));
  EXPECT_THAT(scene_.offered(), HasSubstr("/app-1 10.0.0.1:31001 10.0.0.2:31002 10.0.0.3:31003 |"));
}

TEST_F(LeaderFaultsTest, AnAnswerAboutAnotherAppIsAnError) {
  settle();
  scene_.status("/app-1", "app-1-3", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(app_of_size("/app-2", 1));
  EXPECT_THAT(scene_.leader.trouble(), HasSubstr("another app: /app-2"));
  EXPECT_THAT(scene_.offers, IsEmpty());
}

TEST_F(LeaderFaultsTest, AMissingAppIsNotRemovedButAListIsAskedFor) {
  settle();
  scene_.status("/app-1", "app-1-3", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(std::nullopt);
  EXPECT_THAT(scene_.offers, IsEmpty());
  scene_.pass(Milliseconds(2'000));
  ASSERT_THAT(scene_.lists, SizeIs(1));
  list_.erase("/app-1");
  scene_.answer_list(list_);
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].state->apps.size(), 9U);
}

TEST_F(LeaderFaultsTest, AShrunkenListIsHeldBackUntilItWasAnsweredThreeTimesOverTenSeconds) {
  settle();
  const TimePoint start = scene_.now;
  sync(some(4));
  EXPECT_THAT(scene_.leader.trouble(), HasSubstr("held back: Marathon lists 4 of 10 apps"));
  EXPECT_THAT(scene_.offers, IsEmpty());
  for (int i = 0; i < 2; ++i) {
    scene_.pass(Milliseconds(5'000));
    sync(some(4));
  }
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.now, start + Milliseconds(10'000));
  EXPECT_EQ(scene_.offers[0].state->apps.size(), 4U);
  EXPECT_EQ(scene_.leader.trouble(), "");
}

TEST_F(LeaderFaultsTest, AnEmptyListNeverPassesButEventsDo) {
  settle();
  for (int i = 0; i < 20; ++i) {
    sync({});
    scene_.pass(Milliseconds(10'000));
  }
  EXPECT_THAT(scene_.offers, IsEmpty());
  EXPECT_THAT(scene_.leader.trouble(), HasSubstr("never passes by repetition"));
  for (int i = 1; i <= 9; ++i) scene_.event("app_terminated_event", "/app-" + std::to_string(i));
  scene_.pass(Milliseconds(20));
  EXPECT_EQ(scene_.offered(), "/app-10 10.0.0.1:31001 10.0.0.2:31002");
}

TEST_F(LeaderFaultsTest, AHeldBackListStillAdds) {
  settle();
  MarathonApps list = some(2);
  list.emplace("/new", app_of_size("/new", 1));
  sync(list);
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].state->apps.size(), 11U);
}

TEST_F(LeaderFaultsTest, ANewLeaderHoldsAnEmptyListAgainstTheCommittedState) {
  scene_.send(TermBegun{state_of(list_), std::nullopt});
  scene_.send(StreamAttached{"http://a"});
  scene_.answer_list({});
  ASSERT_THAT(scene_.offers, SizeIs(1)) << "a term begins with an offer";
  EXPECT_EQ(scene_.offers[0].state->apps.size(), 10U);
  scene_.commit();
  scene_.pass(Milliseconds(1'000));
  scene_.status("/new", "new-1", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(app_of_size("/new", 1));
  ASSERT_THAT(scene_.offers, SizeIs(2)) << "life goes on";
  EXPECT_EQ(scene_.offers[1].state->apps.size(), 11U);
}

TEST_F(LeaderFaultsTest, WithNothingCommittedWhatThisAgentAppliedIsTheBaseline) {
  scene_.send(TermBegun{std::nullopt, state_of(list_)});
  scene_.send(StreamAttached{"http://a"});
  scene_.answer_list({});
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].state->apps.size(), 10U);
}

TEST_F(LeaderFaultsTest, AFirstStartWithoutAnyAppOffersTheEmptyState) {
  scene_.send(TermBegun{});
  scene_.send(StreamAttached{"http://a"});
  scene_.answer_list({});
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offered(), "");
}

TEST_F(LeaderFaultsTest, AMarathonFailoverThatLosesAllResultsChangesNothingForFiveMinutes) {
  settle_alive();
  for (auto& [id, each] : list_) {
    for (MarathonTask& one : each.tasks) one.health.clear();
  }
  const TimePoint lost_at = scene_.now;
  sync(list_);
  scene_.pass(Milliseconds(299'999));
  EXPECT_THAT(scene_.offers, IsEmpty());
  scene_.pass(Milliseconds(1));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.now, lost_at + std::chrono::minutes(5));
  EXPECT_EQ(scene_.offers[0].cause, "health results missing for too long");
}

// Its memory runs out unseen; pass() fails if the leader asks for a moment that is over, again and again.
TEST_F(LeaderFaultsTest, ALostResultOfATaskThatIsNotRoutedAnyMoreWakesNobody) {
  settle_alive();
  MarathonTask& lost = list_.begin()->second.tasks.front();
  lost.health.clear();
  sync(list_);
  scene_.pass(std::chrono::minutes(1));
  lost.state = "TASK_KILLING";
  sync(list_);
  scene_.pass(Milliseconds(1'000));
  scene_.commit();  // while an offer is under way nothing is decided anew
  scene_.pass(std::chrono::minutes(10));
}

TEST_F(LeaderFaultsTest, AppLosingAllItsTasksWithoutAWordKeepsThemUntilAListSaysSo) {
  LeaderScene scene;
  scene.settle(apps({app_of_size("/web", 2)}));
  scene.event("api_post_event", "/web");
  scene.pass(Milliseconds(250));
  scene.answer_app(app("/web", {}));
  scene.pass(Milliseconds(2'000));
  EXPECT_THAT(scene.offers, IsEmpty());
  EXPECT_THAT(scene.lists, SizeIs(1));
}

TEST_F(LeaderFaultsTest, ALostStreamGoesToTheNextEndpointAndAFullSyncFollows) {
  settle();
  scene_.pass(Milliseconds(10'000));
  scene_.send(StreamFailed{"http://a", {"closed by Marathon"}});
  EXPECT_EQ(scene_.opened, std::vector<std::string>{"http://b"});
  EXPECT_EQ(scene_.leader.trouble(), "event stream http://b: closed by Marathon");
  EXPECT_FALSE(scene_.leader.stream_attached());
  scene_.send(StreamAttached{"http://b"});
  EXPECT_EQ(scene_.leader.trouble(), "");
  EXPECT_THAT(scene_.lists, SizeIs(1));
}

TEST_F(LeaderFaultsTest, AFlappingStreamBacksOff) {
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

TEST_F(LeaderFaultsTest, WithoutAStreamTheAppsAreFollowedByListsAlone) {
  scene_.send(TermBegun{state_of(list_), std::nullopt});
  scene_.send(StreamFailed{"http://a", {"HTTP 405"}});
  scene_.send(StreamFailed{"http://b", {"HTTP 405"}});
  scene_.pass(Milliseconds(4'999));
  EXPECT_THAT(scene_.lists, IsEmpty());
  scene_.pass(Milliseconds(1));
  ASSERT_THAT(scene_.lists, SizeIs(1));
  list_["/app-1"] = app_of_size("/app-1", 3);
  scene_.answer_list(list_);
  EXPECT_THAT(scene_.offers, SizeIs(1));
  EXPECT_THAT(scene_.leader.trouble(), HasSubstr("HTTP 405"));
  scene_.pass(Milliseconds(60'000));
  EXPECT_THAT(scene_.lists, SizeIs(1));
}

TEST_F(LeaderFaultsTest, AResyncComesEveryMinuteAndFindsWhatEventsDidNotTell) {
  settle();
  scene_.pass(Milliseconds(59'000));
  ASSERT_THAT(scene_.lists, SizeIs(1));
  list_.erase("/app-1");
  scene_.answer_list(list_);
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].cause, "full sync: resync");
}

TEST_F(LeaderFaultsTest, AListIsNotBelievedAgainstANewerAnswer) {
  settle();
  scene_.send(ReloadRequested{});
  scene_.status("/app-1", "app-1-3", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(app_of_size("/app-1", 3));
  scene_.answer_list(list_);
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offered(), HasSubstr("/app-1 10.0.0.1:31001 10.0.0.2:31002 10.0.0.3:31003 |"));
}

TEST_F(LeaderFaultsTest, WithoutEndpointsTroubleSaysSo) {
  LeaderOptions options = LeaderScene::options();
  options.endpoints.clear();
  LeaderScene scene(options);
  scene.send(TermBegun{});
  scene.pass(std::chrono::minutes(5));
  EXPECT_EQ(scene.leader.trouble(), "no Marathon endpoint is configured");
}

TEST_F(LeaderFaultsTest, EndpointsArePingedSparingly) {
  settle();
  scene_.send(EndpointPinged{"http://b", std::nullopt});
  scene_.pass(Milliseconds(9'999));
  EXPECT_THAT(scene_.pings, IsEmpty());
  scene_.pass(Milliseconds(1));
  EXPECT_EQ(scene_.pings, std::vector<std::string>{"http://b"});
  scene_.send(EndpointPinged{"http://b", Failure{"refused"}});
  EXPECT_FALSE(scene_.leader.endpoints()[1].healthy);
  EXPECT_TRUE(scene_.leader.endpoints()[0].healthy);
  scene_.pass(Milliseconds(2'000));
  EXPECT_THAT(scene_.pings, SizeIs(2));
}

}  // namespace
}  // namespace chorale::agent
