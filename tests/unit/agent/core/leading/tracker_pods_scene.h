// A TrackerScene whose Marathon has pods; they are answered by hand, as all else.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {

// `servers` instances at 10.1.0.1 and so on.
inline MarathonApp pod_of_size(const std::string& id, int servers) {
  MarathonApp pod = app(id, {});
  pod.pod = true;
  for (int i = 1; i <= servers; ++i) {
    pod.tasks.push_back(task(id.substr(1) + ".instance-" + std::to_string(i), "10.1.0." + std::to_string(i),
                             {static_cast<std::uint16_t>(32'000 + i)}));
  }
  return pod;
}

class TrackerPodsTest : public ::testing::Test {
 protected:
  static TrackerOptions options() {
    TrackerOptions made = TrackerScene::options();
    made.policy.pods = true;
    return made;
  }

  void answer_pods(tl::expected<std::optional<MarathonApps>, Failure> pods) {
    ASSERT_FALSE(scene_.pod_lists.empty()) << "no pods were asked for";
    const FetchPods fetch = scene_.pod_lists.front();
    scene_.pod_lists.erase(scene_.pod_lists.begin());
    scene_.send(PodsFetched{fetch.fetch, fetch.endpoint, std::move(pods)});
  }
  void list_pods(std::vector<MarathonApp> pods) { answer_pods(std::optional(apps(std::move(pods)))); }
  void fail_pods(const std::string& why) { answer_pods(tl::unexpected(Failure{why})); }
  void answer_pod(tl::expected<std::optional<MarathonApp>, Failure> pod) {
    ASSERT_FALSE(scene_.pod_fetches.empty()) << "no pod was asked for";
    const FetchPod fetch = scene_.pod_fetches.front();
    scene_.pod_fetches.erase(scene_.pod_fetches.begin());
    scene_.send(AppFetched{fetch.fetch, fetch.endpoint, fetch.pod, std::move(pod)});
  }

  // /api of one task is listed, `pods` are answered, all of it is committed.
  void settle(std::vector<MarathonApp> pods) {
    MarathonApps served = apps(pods);
    served.emplace("/api", app_of_size("/api", 1));
    scene_.send(TrackingBegun{state_of(served), std::nullopt});
    scene_.send(StreamAttached{scene_.opened.back()});
    list_pods(std::move(pods));
    scene_.answer_list(kApi);
    scene_.pass(Milliseconds(1'000));
    ASSERT_THAT(scene_.offers, ::testing::SizeIs(1));
    scene_.commit();
    scene_.pass(Milliseconds(1'000));
    scene_.forget();
  }
  void sync() {
    scene_.send(SyncRequested{});
    ASSERT_THAT(scene_.lists, ::testing::SizeIs(1));
    ASSERT_THAT(scene_.pod_lists, ::testing::SizeIs(1));
  }
  void expect_quiet() {
    scene_.pass(Milliseconds(5'000));
    EXPECT_EQ(scene_.requests(), 0U);
    EXPECT_THAT(scene_.offers, ::testing::IsEmpty()) << scene_.offered();
  }
  [[nodiscard]] std::string trouble() const {
    const auto found = scene_.tracker.trouble();
    return found ? found->message : "";
  }

  const MarathonApps kApi = apps({app_of_size("/api", 1)});
  const std::string kBoth = "/api 10.0.0.1:31001 | /pod 10.1.0.1:32001 10.1.0.2:32002";
  TrackerScene scene_{options()};
};

}  // namespace chorale::agent
