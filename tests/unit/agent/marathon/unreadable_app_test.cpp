// An app that Marathon's answer garbles, through the parser and the tracker: it keeps its last state, it is named, and
// all others go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/marathon/apps_parser.h"
#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string task_json(const std::string& id, const std::string& host, const std::string& port) {
  return R"({"id":")" + id + R"(","host":")" + host + R"(","state":"TASK_RUNNING","ports":[)" + port + "]}";
}
// An app with one port and these tasks; `id` comes last, as Marathon may write it.
std::string app_json(const std::string& id, const std::string& tasks) {
  return R"({"portDefinitions":[{"port":10000}],"tasks":[)" + tasks + R"(],"id":")" + id + R"("})";
}
const std::string kGoodWeb = app_json("/web", task_json("web-1", "10.0.0.1", "31001"));
const std::string kBadWeb = app_json("/web", task_json("web-1", "10.0.0.1", "123450"));
const std::string kApi = app_json("/api", task_json("api-1", "10.0.0.2", "31002"));
const std::string kNew = app_json("/new", task_json("new-1", "10.0.0.3", "31003"));
constexpr const char* kWhy = "tasks[0].ports[0] is 123450, expected an integer from 0 to 65535";

class UnreadableAppTest : public ::testing::Test {
 protected:
  void sync(const std::string& apps) {
    if (scene_.lists.empty()) scene_.send(SyncRequested{});
    ASSERT_THAT(scene_.lists, SizeIs(1));
    const FetchApps fetch = scene_.lists.front();
    scene_.lists.clear();
    scene_.send(AppsFetched{fetch.fetch, fetch.endpoint, parse_apps(R"({"apps":[)" + apps + "]}")});
    scene_.pass(Milliseconds(1'000));
  }
  void answer(const std::string& app) {
    ASSERT_THAT(scene_.fetches, SizeIs(1));
    const FetchApp fetch = scene_.fetches.front();
    scene_.fetches.clear();
    scene_.send(AppFetched{fetch.fetch, fetch.endpoint, fetch.app, parse_app(R"({"app":)" + app + "}")});
    scene_.pass(Milliseconds(1'000));
  }
  void settle() {
    scene_.send(TrackingBegun{});
    scene_.send(StreamAttached{scene_.opened.back()});
    sync(kGoodWeb + "," + kApi);
    ASSERT_EQ(scene_.offered(), "/api 10.0.0.2:31002 | /web 10.0.0.1:31001");
    scene_.commit();
    scene_.pass(Milliseconds(1'000));
    scene_.forget();
  }
  TrackerScene scene_;
};

TEST_F(UnreadableAppTest, KeepsItsLastStateInAListAndIsNamed) {
  settle();
  sync(kBadWeb + "," + kApi + "," + kNew);
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.2:31002 | /new 10.0.0.3:31003 | /web 10.0.0.1:31001");
  EXPECT_THAT(scene_.log,
              HasSubstr(std::string("app /web is served as it was read last: it cannot be read now: ") + kWhy));
  ASSERT_TRUE(scene_.tracker.trouble());
  EXPECT_EQ(scene_.tracker.trouble()->message, std::string("app /web cannot be read and stays as it was: ") + kWhy);
  ASSERT_THAT(scene_.tracker.exclusions(), SizeIs(1));
  EXPECT_EQ(scene_.tracker.exclusions()[0].app, "/web");
  EXPECT_THAT(scene_.tracker.endpoints()[0].message, "OK") << "Marathon did answer";
  scene_.commit();
  scene_.forget();
  sync(kBadWeb + "," + kApi + "," + kNew);
  EXPECT_THAT(scene_.offers, IsEmpty()) << "the second time as the first";
  sync(kGoodWeb + "," + kApi + "," + kNew);
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt);
  EXPECT_THAT(scene_.tracker.exclusions(), IsEmpty());
}

TEST_F(UnreadableAppTest, IsNoLossForTheGuard) {
  scene_.send(TrackingBegun{});
  scene_.send(StreamAttached{scene_.opened.back()});
  sync(kGoodWeb);
  scene_.commit();
  scene_.pass(Milliseconds(1'000));
  sync(kBadWeb + "," + app_json("/empty", ""));
  EXPECT_THAT(scene_.tracker.trouble().value_or(Failure{}).message, HasSubstr("cannot be read"))
      << "1 of 1 served apps would be a loss that is held back";
}

TEST_F(UnreadableAppTest, KeepsItsLastStateWhenItIsAskedForAlone) {
  settle();
  scene_.status("/web", "web-2", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  answer(kBadWeb);
  EXPECT_THAT(scene_.offers, IsEmpty());
  EXPECT_THAT(scene_.tracker.trouble().value_or(Failure{}).message, HasSubstr("app /web cannot be read"));
  EXPECT_TRUE(scene_.tracker.endpoints()[0].healthy);
  EXPECT_THAT(scene_.fetches, IsEmpty()) << "asking at once again would not help";
  EXPECT_THAT(scene_.log, HasSubstr("app /web is served as it was read last"));
}

TEST_F(UnreadableAppTest, LosesTheTasksThatEventsEnd) {
  settle();
  sync(app_json("/web", task_json("web-1", "10.0.0.1", "\"x\"") + "," + task_json("web-2", "10.0.0.1", "2")) + "," +
       kApi);
  EXPECT_THAT(scene_.offers, IsEmpty());
  scene_.status("/web", "web-1", "TASK_KILLED");
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.2:31002") << "its port may be another task's";
}

TEST_F(UnreadableAppTest, IsLeftOutIfItNeverCouldBeReadAndGoesWithTheList) {
  settle();
  sync(kGoodWeb + "," + kApi + "," + app_json("/odd", "{}"));
  EXPECT_THAT(scene_.offers, IsEmpty());
  EXPECT_THAT(scene_.log, HasSubstr("app /odd is left out: it cannot be read: tasks[0] has no id"));
  EXPECT_THAT(scene_.tracker.trouble().value_or(Failure{}).message, HasSubstr("/odd"));
  sync(kGoodWeb + "," + kApi);
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt);
}

TEST_F(UnreadableAppTest, IsNoTroubleOnceAnEventEndsIt) {
  settle();
  sync(kBadWeb + "," + kApi);
  EXPECT_NE(scene_.tracker.trouble(), std::nullopt);
  scene_.event("app_terminated_event", "/web");
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt);
}

TEST_F(UnreadableAppTest, KeepsWhatTheLastLeaderCommitted) {
  scene_.send(TrackingBegun{state_of(apps({app_of_size("/web", 1)})), std::nullopt});
  scene_.send(StreamAttached{scene_.opened.back()});
  sync(kBadWeb + "," + kApi);
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.2:31002 | /web 10.0.0.1:31001");
}

TEST_F(UnreadableAppTest, EveryOneIsCounted) {
  settle();
  sync(kBadWeb + "," + kApi + "," + app_json("/odd", "{}") + "," + app_json("/strange", "7"));
  EXPECT_THAT(scene_.tracker.trouble().value_or(Failure{}).message,
              ::testing::AllOf(HasSubstr("app /odd cannot be read"), HasSubstr("(and 2 more apps)")));
}

}  // namespace
}  // namespace chorale::agent
