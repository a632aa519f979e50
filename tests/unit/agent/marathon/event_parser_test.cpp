#include <gtest/gtest.h>

#include "agent/marathon/apps_parser.h"

namespace chorale::agent {
namespace {

MarathonEvent event(std::string_view data) {
  auto parsed = parse_event(data);
  EXPECT_TRUE(parsed) << data << ": " << (parsed ? "" : parsed.error().message);
  return parsed.value_or(MarathonEvent{});
}

TEST(EventParserTest, ReadsAStatusUpdate) {
  const MarathonEvent read = event(
      R"({"slaveId":"S1","taskId":"web.1","taskStatus":"TASK_RUNNING","message":"","appId":"/shop/web","host":"n1",
          "ipAddresses":[{"ipAddress":"9.0.1.2","protocol":"IPv4"}],"ports":[31005],"eventType":"status_update_event"})");
  EXPECT_EQ(read, (MarathonEvent{"status_update_event", "/shop/web", "web.1", "TASK_RUNNING", std::nullopt}));
}

TEST(EventParserTest, ReadsInstancesOfMarathon14) {
  EXPECT_EQ(
      event(R"({"instanceId":"web.i","condition":"Killing","runSpecId":"/w","eventType":"instance_changed_event"})"),
      (MarathonEvent{"instance_changed_event", "/w", "web.i", "Killing", std::nullopt}));
  EXPECT_EQ(
      event(R"({"instanceId":"web.i","runSpecId":"/w","healthy":true,"eventType":"instance_health_changed_event"})"),
      (MarathonEvent{"instance_health_changed_event", "/w", "web.i", "", true}));
  EXPECT_EQ(event(R"({"instanceId":"web.i","runSpecId":"/w","eventType":"instance_health_changed_event"})").alive,
            std::nullopt);
}

TEST(EventParserTest, ReadsHealthFlips) {
  EXPECT_EQ(event(R"({"appId":"/w","taskId":"web.1","alive":false,"eventType":"health_status_changed_event"})"),
            (MarathonEvent{"health_status_changed_event", "/w", "web.1", "", false}));
}

TEST(EventParserTest, PrefersTheTaskToTheInstance) {
  EXPECT_EQ(event(R"({"instanceId":"i","taskId":"t","appId":"/w","eventType":"unhealthy_instance_kill_event"})").task,
            "t");
}

TEST(EventParserTest, FindsTheAppThatWasPosted) {
  const char* text = R"({"clientIp":"10.0.0.9","uri":"/v2/apps//shop/web","appDefinition":{"env":{"id":"/no"},
      "cmd":"x","list":[{"id":"/no"}],"id":"/shop/web","container":{"docker":{"id":"/no"}},"instances":2},
      "eventType":"api_post_event"})";
  EXPECT_EQ(event(text).app, "/shop/web");
  EXPECT_EQ(event(R"({"appDefinition":{"id":["/no",{"id":"/no"}]},"eventType":"api_post_event"})").app, "");
  EXPECT_EQ(event(R"({"other":{"id":"/no"},"appDefinition":["/no"],"eventType":"api_post_event"})").app, "");
}

TEST(EventParserTest, SkipsEverythingElse) {
  const char* text = R"({"plan":{"original":{"apps":[{"id":"/no","appId":"/no"}],"alive":true},"eventType":"no"},
      "currentStep":{"actions":[{"app":"/no"}]},"eventType":"deployment_info","timestamp":"t","n":[1,-2,3.5,null,true]})";
  EXPECT_EQ(event(text), (MarathonEvent{"deployment_info", "", "", "", std::nullopt}));
}

TEST(EventParserTest, TakesUnknownTypes) {
  EXPECT_EQ(event(R"({"eventType":"brand_new_event"})").type, "brand_new_event");
}

TEST(EventParserTest, RefusesWhatIsNoEvent) {
  for (const char* text : {"", "null", "[]", "7", "\"x\"", "true", "{}", R"({"eventType":7})", R"({"eventType":"x")",
                           R"({"eventType":"x"}})", R"({"eventType":"x"} trailing)", "{\"eventType\":\"\xff\"}"}) {
    EXPECT_FALSE(parse_event(text)) << text;
  }
}

TEST(EventParserTest, RefusesBottomlessNesting) {
  std::string text = R"({"eventType":"x","plan":)";
  text += std::string(200000, '[') + std::string(200000, ']') + "}";
  EXPECT_FALSE(parse_event(text));
}

}  // namespace
}  // namespace chorale::agent
