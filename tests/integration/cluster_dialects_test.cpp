// One life of an app, in the words of many releases of Marathon, by its event stream and by its callbacks: deployed,
// scaled, killed, ill, replaced, destroyed; where events are posted, leaders change on both sides meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"
#include "tests/harness/zookeeper_tree.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

struct Dialect {
  const char* version;
  bool callbacks = false;
  std::size_t group_bytes = 0;  // see the simulator's --group-bytes
};
void PrintTo(const Dialect& dialect, std::ostream* out) {
  *out << dialect.version << (dialect.callbacks ? " by callbacks" : " by its stream");
}

RealCluster::Options options_for(const Dialect& dialect) {
  RealCluster::Options made;
  made.proxies = 2;
  made.marathon_election = true;
  made.callbacks = dialect.callbacks;
  made.simulator = {"--version", dialect.version, "--group-bytes", std::to_string(dialect.group_bytes)};
  return made;
}

class ClusterDialectsTest : public ::testing::TestWithParam<Dialect> {
 protected:
  // Tasks by id, where the two agree: those that Marathon has, and those that every proxy is proven to serve.
  [[nodiscard]] std::set<std::string> in_marathon() {
    std::set<std::string> ids;
    for (const auto& task : marathon().tasks("/web")) ids.insert(task.id);
    return ids;
  }
  [[nodiscard]] static std::set<std::string> served(const Proxy& proxy) {
    std::set<std::string> ids;
    const auto config = nlohmann::json::parse(http_get(proxy.admin_port(), "/v1/config").body, nullptr, false);
    const nlohmann::json::json_pointer tasks("/Apps/~1web/Tasks");
    if (!config.is_object() || !config.contains(tasks)) return ids;
    for (const auto& task : config.at(tasks)) ids.insert(task.at("ID").get<std::string>());
    return ids;
  }
  [[nodiscard]] bool all_serve(const std::set<std::string>& ids) {
    return std::all_of(cluster_.proxies().begin(), cluster_.proxies().end(),
                       [&](const auto& proxy) { return served(*proxy) == ids; });
  }
  // Every proxy serves so many tasks, just those that Marathon has; and no list was asked for to know it.
  void expect_followed(std::size_t tasks, const char* what) {
    const auto lists = marathon().requests("apps");
    EXPECT_TRUE(wait_until(
        [&] {
          const auto ids = in_marathon();
          return ids.size() == tasks && all_serve(ids);
        },
        seconds(12)))
        << what << "\n"
        << cluster_.logs();
    EXPECT_LE(marathon().requests("apps"), lists) << what << " was found by a list";
  }
  [[nodiscard]] std::vector<std::string> subscriptions() {
    const auto answer =
        nlohmann::json::parse(http_get(marathon().port(), "/v2/eventSubscriptions").body, nullptr, false);
    return answer.is_object() ? answer.at("callbackUrls").get<std::vector<std::string>>() : std::vector<std::string>{};
  }
  // One source of events at Marathon: the leader's.
  [[nodiscard]] bool one_source() {
    const Proxy* leader = cluster_.leader();
    if (leader == nullptr) return false;
    if (!GetParam().callbacks) return marathon().stats().at("streams_open") == 1;
    const auto urls = subscriptions();
    return urls.size() == 1 && urls[0].ends_with("&agent=" + leader->id());
  }
  void expect_quiet(const char* after) {
    EXPECT_TRUE(wait_until([&] { return one_source() && cluster_.converged(); }, seconds(30)))
        << after << ": " << ::testing::PrintToString(subscriptions()) << "\n"
        << cluster_.logs();
    EXPECT_TRUE(wait_until([&] { return marathon().settled(seconds(5)); }, seconds(5)));
  }
  MarathonSimulator& marathon() { return cluster_.marathon(); }
  void live();
  void change_leaders();

  RealCluster cluster_{options_for(GetParam())};
};

void ClusterDialectsTest::live() {
  ASSERT_TRUE(marathon().create("/web", 2,
                                {{"healthChecks", {{{"protocol", "HTTP"}, {"path", "/health"}, {"portIndex", 0}}}}}));
  expect_followed(2, "deployed");
  EXPECT_TRUE(cluster_.routed_everywhere("/web"));
  ASSERT_TRUE(marathon().scale("/web", 3));
  expect_followed(3, "scaled up");
  const auto before = in_marathon();
  ASSERT_TRUE(marathon().kill_task("/web", 0, true));
  ASSERT_TRUE(wait_until([&] { return in_marathon().size() == 3 && in_marathon() != before; }, seconds(10)));
  expect_followed(3, "killed");

  auto well = in_marathon();
  const std::string ill = marathon().tasks("/web").at(0).id;
  well.erase(ill);
  ASSERT_FALSE(marathon().control("health", {{"task", ill}, {"alive", false}}).is_null());
  EXPECT_TRUE(wait_until([&] { return all_serve(well); }, seconds(10))) << "ill\n" << cluster_.logs();
  ASSERT_FALSE(marathon().control("health", {{"task", ill}, {"alive", true}}).is_null());
  expect_followed(3, "well again");

  const auto old = in_marathon();
  ASSERT_TRUE(marathon().restart("/web"));
  ASSERT_TRUE(wait_until([&] { return marathon().settled(seconds(1)); }, seconds(20)));
  expect_followed(3, "replaced");
  std::vector<std::string> left;
  const auto now = in_marathon();
  std::set_intersection(old.begin(), old.end(), now.begin(), now.end(), std::back_inserter(left));
  EXPECT_TRUE(left.empty());
  ASSERT_TRUE(marathon().scale("/web", 1));
  expect_followed(1, "scaled down");
}

// Marathon's, then ours: one that is held up meanwhile and does not know, one that is killed.
void ClusterDialectsTest::change_leaders() {
  ASSERT_FALSE(marathon().control("lose_health_results").is_null());  // as its next leader begins
  cluster_.marathon_relay(0).cut();
  ASSERT_TRUE(ZookeeperTree(cluster_.zookeeper().address()).remove("/marathon/leader/member_0000000001"));
  expect_quiet("Marathon's next leader");
  EXPECT_TRUE(all_serve(in_marathon())) << "a task whose health is not known any more is served on";
  ASSERT_TRUE(marathon().set_health("/web", true));  // its first probes
  ASSERT_TRUE(marathon().scale("/web", 2));
  expect_followed(2, "after Marathon's leader");

  Proxy* held_up = cluster_.leader();
  ASSERT_NE(held_up, nullptr);
  held_up->signal_agent(SIGSTOP);
  ASSERT_TRUE(wait_until([&] { return cluster_.leader() != nullptr && cluster_.leader() != held_up && one_source(); },
                         seconds(30)))
      << cluster_.logs();
  held_up->signal_agent(SIGCONT);
  expect_quiet("a leader that was held up");
  ASSERT_NE(cluster_.leader(), held_up);
  EXPECT_THAT(cluster_.leader()->agent_log(), ::testing::Not(::testing::HasSubstr("had lost the subscription")));

  Proxy* killed = cluster_.leader();
  ASSERT_NE(killed, nullptr);
  killed->kill_agent();
  ASSERT_TRUE(wait_until([&] { return cluster_.leader() == held_up && one_source(); }, seconds(30))) << cluster_.logs();
  killed->start_agent();
  expect_quiet("a leader that was killed");
  ASSERT_TRUE(marathon().scale("/web", 3));
  expect_followed(3, "after ours");
}

TEST_P(ClusterDialectsTest, AnAppIsFollowedFromItsFirstTaskToItsLast) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  expect_quiet("the start");
  ASSERT_NO_FATAL_FAILURE(live());
  if (GetParam().callbacks) {
    ASSERT_NO_FATAL_FAILURE(change_leaders());
  }
  ASSERT_TRUE(marathon().destroy("/web"));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_nowhere("/web"); }, seconds(12))) << cluster_.logs();
  expect_quiet("the end");
  if (GetParam().callbacks) {
    EXPECT_EQ(marathon().requests("events"), 0) << "the stream was opened as well";
  }
}

constexpr std::size_t kLarge = 3U << 20U;

INSTANTIATE_TEST_SUITE_P(Releases, ClusterDialectsTest,
                         ::testing::Values(Dialect{"0.9.2", true, kLarge}, Dialect{"0.14.1", true},
                                           Dialect{"0.16.0", true}, Dialect{"1.1.7", true, 100'000},
                                           Dialect{"1.3.14", true}, Dialect{"1.4.13", true, kLarge}, Dialect{"0.9.2"},
                                           Dialect{"1.4.13", false, 100'000}, Dialect{"1.6.654", false, 100'000},
                                           Dialect{"1.11.24"}),
                         [](const auto& test) {
                           std::string name =
                               (test.param.callbacks ? "Callbacks" : "Stream") + std::string(test.param.version);
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace chorale::testing
