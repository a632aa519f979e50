// What events of pods make the tracker ask for, and drop.
#include <array>

#include "tests/unit/agent/core/leading/tracker_pods_scene.h"

namespace chorale::agent {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(TrackerPodsTest, AChangeOfOneCostsOneSmallRequest) {
  settle({pod_of_size("/pod", 1)});
  scene_.status("/pod", "pod.instance-2.web", "TASK_STARTING");
  scene_.status("/pod", "pod.instance-2.web", "TASK_RUNNING");
  scene_.status("/pod", "pod.instance-2.sync", "TASK_RUNNING");
  scene_.event("instance_changed_event", "/pod", "pod.instance-2", "Running");
  scene_.pass(Milliseconds(200));
  ASSERT_THAT(scene_.pod_fetches, SizeIs(1));
  EXPECT_EQ(scene_.pod_fetches[0].pod, "/pod");
  answer_pod(pod_of_size("/pod", 2));
  EXPECT_EQ(scene_.offered(), kBoth);
  scene_.commit();
  scene_.forget();
  scene_.event("instance_changed_event", "/pod", "pod.instance-2", "Running");
  expect_quiet();
}

class TrackerPodEndTest : public TrackerPodsTest, public ::testing::WithParamInterface<std::array<const char*, 3>> {};

TEST_P(TrackerPodEndTest, DropsTheInstanceAtOnce) {
  settle({pod_of_size("/pod", 2)});
  const auto& [type, task, state] = GetParam();
  scene_.event(type, "/pod", task, state);
  scene_.pass(Milliseconds(200));
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.1:31001 | /pod 10.1.0.1:32001");
  scene_.pass(Milliseconds(200));
  EXPECT_THAT(scene_.pod_fetches, SizeIs(1)) << "and asks for it";
  EXPECT_EQ(scene_.requests(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Events, TrackerPodEndTest,
                         ::testing::Values(std::array{"status_update_event", "pod.instance-2.web.1", "TASK_KILLED"},
                                           std::array{"status_update_event", "pod.instance-2.web", "TASK_FAILED"},
                                           std::array{"instance_changed_event", "pod.instance-2", "Killing"},
                                           std::array{"instance_changed_event", "pod.instance-2", "Finished"}));

// Another container may go on serving; the instance's own event says what becomes of it.
TEST_F(TrackerPodsTest, AContainerThatHasFinishedIsNotItsInstance) {
  settle({pod_of_size("/pod", 2)});
  scene_.status("/pod", "pod.instance-2.setup", "TASK_FINISHED");
  scene_.pass(Milliseconds(300));
  EXPECT_THAT(scene_.offers, IsEmpty());
  ASSERT_THAT(scene_.pod_fetches, SizeIs(1));
  answer_pod(pod_of_size("/pod", 2));
  expect_quiet();
}

TEST_F(TrackerPodsTest, AnInstanceOutOfSightIsAskedFor) {
  settle({pod_of_size("/pod", 2)});
  scene_.event("instance_changed_event", "/pod", "pod.instance-2", "Unreachable");
  scene_.pass(Milliseconds(200));
  EXPECT_THAT(scene_.offers, IsEmpty());
  EXPECT_THAT(scene_.pod_fetches, SizeIs(1));
}

// Nothing tells it from an app before: its first event costs a 404, and that the list of pods.
TEST_F(TrackerPodsTest, ANewOneCostsTwoSmallRequests) {
  settle({});
  scene_.event("pod_created_event", "");
  scene_.event("group_change_success", "");
  scene_.status("/pod", "pod.instance-1.web", "TASK_RUNNING");
  scene_.pass(Milliseconds(100));
  ASSERT_THAT(scene_.fetches, SizeIs(1));
  scene_.answer_app(std::nullopt);
  ASSERT_THAT(scene_.pod_lists, SizeIs(1));
  EXPECT_EQ(scene_.requests(), 1U);
  list_pods({pod_of_size("/pod", 2)});
  scene_.pass(Milliseconds(200));
  EXPECT_EQ(scene_.offered(), kBoth);
  scene_.commit();
  scene_.forget();
  expect_quiet();
}

TEST_F(TrackerPodsTest, AnEditAsksForTheirListALittleLater) {
  settle({pod_of_size("/pod", 1)});
  for (const char* type : {"pod_created_event", "pod_updated_event", "pod_deleted_event"}) {
    scene_.event("group_change_success", "");
    scene_.event(type, "");
    scene_.pass(Milliseconds(249));
    EXPECT_EQ(scene_.requests(), 0U) << type;
    scene_.pass(Milliseconds(1));
    ASSERT_THAT(scene_.pod_lists, SizeIs(1)) << type;
    list_pods({pod_of_size("/pod", 1)});
    expect_quiet();
  }
}

TEST_F(TrackerPodsTest, ADeletedOneIsGoneForGood) {
  settle({pod_of_size("/pod", 2)});
  scene_.event("pod_deleted_event", "");
  scene_.event("app_terminated_event", "/pod");
  scene_.pass(Milliseconds(200));
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.1:31001");
  scene_.commit();
  scene_.pass(Milliseconds(200));
  list_pods({});
  EXPECT_EQ(trouble(), "");
  scene_.forget();
  expect_quiet();
}

TEST_F(TrackerPodsTest, OneThatIsNotFoundIsLookedForInTheList) {
  settle({pod_of_size("/pod", 1)});
  scene_.status("/pod", "pod.instance-2.web", "TASK_RUNNING");
  scene_.pass(Milliseconds(200));
  answer_pod(std::optional<MarathonApp>());
  scene_.pass(Milliseconds(1'900));
  EXPECT_EQ(scene_.requests(), 0U);
  scene_.pass(Milliseconds(100));
  EXPECT_THAT(scene_.pod_lists, SizeIs(1));
  EXPECT_THAT(scene_.lists, IsEmpty());
}

TEST_F(TrackerPodsTest, AnErrorOfOneHarmsNoApp) {
  settle({pod_of_size("/pod", 1)});
  scene_.status("/pod", "pod.instance-2.web", "TASK_RUNNING");
  scene_.pass(Milliseconds(200));
  answer_pod(tl::unexpected(Failure{"HTTP 500"}));
  EXPECT_EQ(trouble(), "GET http://a/v2/pods/pod::status: HTTP 500");
  EXPECT_TRUE(scene_.tracker.endpoints().front().healthy);
  scene_.pass(Milliseconds(1'000));
  answer_pod(pod_of_size("/pod", 2));
  EXPECT_EQ(trouble(), "");
  EXPECT_EQ(scene_.offered(), kBoth);
}

}  // namespace
}  // namespace chorale::agent
