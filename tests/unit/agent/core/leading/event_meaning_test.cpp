#include "agent/core/leading/event_meaning.h"

#include <gtest/gtest.h>

#include "agent/core/leading/task_standing.h"

namespace chorale::agent {
namespace {

TEST(EventMeaningTest, EveryEventThatMattersIsRead) {
  struct Case {
    MarathonEvent event;
    Meaning meaning;
  };
  const std::vector<Case> cases = {
      {{"status_update_event", "/web", "t", "TASK_RUNNING", {}}, Meaning::kTaskRuns},
      {{"status_update_event", "/web", "t", "TASK_STAGING", {}}, Meaning::kNothing},
      {{"status_update_event", "/web", "t", "TASK_STARTING", {}}, Meaning::kNothing},
      {{"status_update_event", "/web", "t", "TASK_KILLING", {}}, Meaning::kTaskEnds},
      {{"status_update_event", "/web", "t", "TASK_KILLED", {}}, Meaning::kTaskEnds},
      {{"status_update_event", "/web", "t", "TASK_FAILED", {}}, Meaning::kTaskEnds},
      {{"status_update_event", "/web", "t", "TASK_FINISHED", {}}, Meaning::kTaskEnds},
      {{"status_update_event", "/web", "t", "TASK_GONE_BY_OPERATOR", {}}, Meaning::kTaskEnds},
      {{"status_update_event", "/web", "t", "TASK_UNREACHABLE", {}}, Meaning::kTaskUnclear},
      {{"status_update_event", "/web", "t", "TASK_LOST", {}}, Meaning::kTaskUnclear},
      {{"status_update_event", "/web", "t", "", {}}, Meaning::kNothing},
      {{"status_update_event", "", "t", "TASK_RUNNING", {}}, Meaning::kNothing},
      {{"instance_changed_event", "/web", "i", "Running", {}}, Meaning::kNothing},
      {{"health_status_changed_event", "/web", "t", "", true}, Meaning::kTaskAlive},
      {{"health_status_changed_event", "/web", "t", "", false}, Meaning::kTaskDead},
      {{"instance_health_changed_event", "/web", "i", "", true}, Meaning::kTaskAlive},
      {{"instance_health_changed_event", "/web", "i", "", {}}, Meaning::kNothing},
      {{"failed_health_check_event", "/web", "t", "", {}}, Meaning::kNothing},
      {{"unhealthy_task_kill_event", "/web", "t", "", {}}, Meaning::kTaskEnds},
      {{"unhealthy_instance_kill_event", "/web", "t", "", {}}, Meaning::kTaskEnds},
      {{"api_post_event", "/web", "", "", {}}, Meaning::kAppEdited},
      {{"app_terminated_event", "/web", "", "", {}}, Meaning::kAppEnded},
      {{"group_change_success", "", "", "", {}}, Meaning::kGroupEdited},
      {{"deployment_success", "", "", "", {}}, Meaning::kDeployed},
      {{"unreadable", "", "", "", {}}, Meaning::kUnreadable},
      {{"oversized", "", "", "", {}}, Meaning::kUnreadable},
      {{"deployment_info", "", "", "", {}}, Meaning::kNothing},
      {{"event_stream_attached", "", "", "", {}}, Meaning::kNothing},
      {{"something_new_event", "/web", "t", "TASK_KILLED", {}}, Meaning::kNothing},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(meaning_of(one.event), one.meaning) << one.event.type << " " << one.event.state;
  }
}

TEST(TaskStandingTest, TaskAndInstanceIdsMeetInEveryVersion) {
  EXPECT_TRUE(is_meant("shop_web.8c1e", "shop_web.8c1e"));
  EXPECT_TRUE(is_meant("shop_web.instance-8c1e", "shop_web.instance-8c1e._app.1"));
  EXPECT_TRUE(is_meant("shop_web.marathon-8c1e", "shop_web.8c1e"));
  EXPECT_TRUE(is_meant("shop_web.marathon-8c1e", "shop_web.8c1e.1"));
  EXPECT_FALSE(is_meant("shop_web.instance-8c1", "shop_web.instance-8c1e._app.1"));
  EXPECT_FALSE(is_meant("shop_web.marathon-8c1", "shop_web.8c1e"));
  EXPECT_FALSE(is_meant("shop_web.marathon-8c1e", "shop_api.8c1e"));
  EXPECT_FALSE(is_meant("shop_web.marathon-", "shop_web"));
  EXPECT_FALSE(is_meant("", "shop_web.8c1e"));
  EXPECT_FALSE(is_meant("shop_web.8c1e", ""));
}

TEST(EventMeaningTest, APodsEventsSayWhatBecomesOfInstances) {
  const auto meaning = [](std::string type, std::string state) {
    return meaning_for_pod({std::move(type), "/pod", "pod.instance-1", std::move(state), std::nullopt});
  };
  EXPECT_EQ(meaning("instance_changed_event", "Running"), Meaning::kTaskRuns);
  for (const char* over : {"Killing", "Killed", "Failed", "Finished", "Error", "Gone", "Dropped"}) {
    EXPECT_EQ(meaning("instance_changed_event", over), Meaning::kTaskEnds) << over;
  }
  for (const char* unclear : {"Unreachable", "UnreachableInactive", "Unknown"}) {
    EXPECT_EQ(meaning("instance_changed_event", unclear), Meaning::kTaskUnclear) << unclear;
  }
  for (const char* coming : {"Scheduled", "Provisioned", "Created", "Staging", "Starting", ""}) {
    EXPECT_EQ(meaning("instance_changed_event", coming), Meaning::kNothing) << coming;
  }
  EXPECT_EQ(meaning("status_update_event", "TASK_FINISHED"), Meaning::kTaskUnclear);
  EXPECT_EQ(meaning("status_update_event", "TASK_FAILED"), Meaning::kTaskEnds);
  EXPECT_EQ(meaning("status_update_event", "TASK_RUNNING"), Meaning::kTaskRuns);
  EXPECT_EQ(meaning_for_pod({"instance_changed_event", "/pod", "", "Killed", std::nullopt}), Meaning::kNothing);
  EXPECT_EQ(meaning_of({"status_update_event", "/app", "app.1", "TASK_FINISHED", std::nullopt}), Meaning::kTaskEnds);
  for (const char* type : {"pod_created_event", "pod_updated_event", "pod_deleted_event"}) {
    EXPECT_EQ(meaning_of({type, "", "", "", std::nullopt}), Meaning::kPodEdited) << type;
  }
}

}  // namespace
}  // namespace chorale::agent
