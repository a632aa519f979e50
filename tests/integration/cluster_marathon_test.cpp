// Marathon answers wrongly, half, or not at all: routes stay, health names it, recovery comes by itself.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <regex>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Illness {
  const char* name;
  nlohmann::json fault;  // the arguments of /control/fault
};
void PrintTo(const Illness& illness, std::ostream* out) { *out << illness.name; }

// A short resync, so that every illness is met by a full sync and not only by the next event.
const RealCluster::Options kImpatient{.more_config = "resync_interval = \"1s\"\n"};

class ClusterIllMarathonTest : public ::testing::TestWithParam<Illness> {
 protected:
  ClusterIllMarathonTest() : cluster_(kImpatient) {}

  RealCluster cluster_;
};

TEST_P(ClusterIllMarathonTest, ChangesNothingIsNamedAndHeals) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  MarathonSimulator& marathon = cluster_.marathon();
  ASSERT_TRUE(marathon.create("/one", 2));
  ASSERT_TRUE(marathon.create("/two", 1));
  ASSERT_TRUE(wait_until(
      [&] { return cluster_.routed_everywhere("/one") && cluster_.routed_everywhere("/two") && cluster_.converged(); },
      seconds(10)))
      << cluster_.logs();
  const auto before = cluster_.proxy(0).health().at("Cluster").at("Digest");

  ASSERT_FALSE(marathon.control("fault", GetParam().fault).is_null());
  const auto named = [&] {
    Proxy* leader = cluster_.leader();
    const auto health = leader == nullptr ? nlohmann::json() : leader->health();
    return health.is_object() && health.at("Status") == "degraded" && leader->health_status() == 200;
  };
  EXPECT_TRUE(wait_until(named, seconds(45))) << "health does not say that Marathon is ill\n" << cluster_.logs();
  EXPECT_TRUE(cluster_.routed_everywhere("/one"));
  EXPECT_TRUE(cluster_.routed_everywhere("/two"));
  EXPECT_EQ(cluster_.proxy(0).health().at("Cluster").at("Digest"), before);

  ASSERT_TRUE(marathon.create("/three", 1));
  ASSERT_TRUE(marathon.clear_faults());
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/three"); }, seconds(30))) << cluster_.logs();
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(30))) << cluster_.logs();
  EXPECT_TRUE(cluster_.routed_everywhere("/one"));
}

nlohmann::json all(const char* mode) { return {{"kind", "all"}, {"mode", mode}}; }

INSTANTIATE_TEST_SUITE_P(
    Illnesses, ClusterIllMarathonTest,
    ::testing::Values(Illness{"Html500", {{"kind", "all"}, {"mode", "status"}, {"status", 500}}},
                      Illness{"Json503", {{"kind", "all"}, {"mode", "status"}, {"status", 503}, {"body", "json"}}},
                      Illness{"Unauthorized", all("unauthorized")}, Illness{"MalformedJson", all("malformed")},
                      Illness{"WrongTypes", all("wrong_types")}, Illness{"CutShort", all("truncated")},
                      Illness{"EmptyBody", all("empty_body")}, Illness{"NoApps", all("no_apps")},
                      Illness{"EmptyObject", all("empty_object")}, Illness{"Reset", all("reset")},
                      Illness{"NoAnswer", all("stalled")}),
    [](const auto& test) { return std::string(test.param.name); });

class ClusterFailoverTest : public ::testing::Test {
 protected:
  // The exit code of `chorale VERB...` on the first proxy.
  int chorale(std::vector<std::string> words) {
    words.insert(words.begin(), CHORALE_BINARY);
    words.insert(words.end(), {"-f", cluster_.proxy(0).config_file()});
    ChildProcess process(words, directory_.path() / ("output-" + std::to_string(++runs_)));
    return process.wait(seconds(20)) ? process.exit_code().value_or(-1) : -1;
  }

  TempDir directory_{"failover"};
  int runs_ = 0;
  RealCluster cluster_;
};

TEST_F(ClusterFailoverTest, LostHealthResultsRemoveNoServer) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  MarathonSimulator& marathon = cluster_.marathon();
  const nlohmann::json checked = {{"healthChecks", {{{"protocol", "HTTP"}, {"path", "/"}, {"portIndex", 0}}}}};
  ASSERT_TRUE(marathon.create("/web", 3, checked));
  ASSERT_TRUE(marathon.settled(seconds(10)));
  // What is proven to be served: during a reload it comes a moment after the first answers. 0: not there yet.
  const auto servers = [&]() -> std::size_t {
    const Proxy* leader = cluster_.leader();
    if (leader == nullptr) return 0;
    const auto config = nlohmann::json::parse(http_get(leader->admin_port(), "/v1/config").body, nullptr, false);
    const nlohmann::json::json_pointer tasks("/Apps/~1web/Tasks");
    return config.is_object() && config.contains(tasks) ? config.at(tasks).size() : 0;
  };
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && servers() == 3U; }, seconds(10)))
      << cluster_.logs();

  // The new Marathon leader knows no result yet, and closes the streams as the old one goes.
  ASSERT_FALSE(marathon.control("settings", {{"health_delay", "20s"}}).is_null());
  ASSERT_FALSE(marathon.control("lose_health_results").is_null());
  const auto lists = marathon.requests("apps");
  ASSERT_TRUE(wait_until([&] { return marathon.requests("apps") > lists; }, seconds(20))) << "no full sync was made";
  ASSERT_TRUE(marathon.create("/marker", 1));  // once it is routed, what the sync brought is routed, too
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/marker"); }, seconds(10))) << cluster_.logs();
  EXPECT_EQ(servers(), 3U);
  EXPECT_TRUE(cluster_.routed_everywhere("/web"));
}

// The last app is deleted while nobody listens: what Marathon answers is true, and no event will ever say so.
TEST_F(ClusterFailoverTest, EmptyListThatIsTruePassesByAnOperatorsWord) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  MarathonSimulator& marathon = cluster_.marathon();
  ASSERT_TRUE(marathon.create("/web", 2));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.converged(); }, seconds(10)));
  ASSERT_FALSE(marathon.control("fault", {{"kind", "events"}, {"mode", "status"}, {"status", 503}}).is_null());
  ASSERT_FALSE(marathon.control("drop_streams").is_null());
  ASSERT_TRUE(marathon.destroy("/web"));
  ASSERT_TRUE(marathon.settled(seconds(10)));
  std::smatch found;
  const auto held_back = [&] {
    Proxy* leader = cluster_.leader();
    const auto health = leader == nullptr ? nlohmann::json() : leader->health();
    static const std::regex kHeld("held back: .*chorale accept ([0-9a-f]{12})");
    static std::string message;
    message = health.is_object() ? health.at("Message").get<std::string>() : "";
    return std::regex_search(message, found, kHeld);
  };
  ASSERT_TRUE(wait_until(held_back, seconds(20))) << cluster_.logs();
  const std::string digest = found[1];
  EXPECT_EQ(cluster_.proxy(0).get("/web/").status, 502) << "its tasks are gone, its route is not";
  ASSERT_TRUE(marathon.clear_faults());
  EXPECT_EQ(chorale({"accept", "0123456789ab"}), 1) << "another loss";
  EXPECT_EQ(chorale({"accept", "all"}), 2);
  EXPECT_EQ(chorale({"accept", digest}), 0);
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_nowhere("/web") && cluster_.converged(); }, seconds(15)))
      << cluster_.logs();
  EXPECT_EQ(chorale({"accept", digest}), 1) << "nothing is held back any more";
}

// A balancer's health check, a stream proxy: requests are answered, streams are not.
TEST_F(ClusterFailoverTest, WithoutAStreamChangesAreRoutedWithinSeconds) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  MarathonSimulator& marathon = cluster_.marathon();
  ASSERT_FALSE(marathon.control("fault", {{"kind", "events"}, {"mode", "status"}, {"status", 503}}).is_null());
  ASSERT_FALSE(marathon.control("drop_streams").is_null());
  const auto said = [&] {
    Proxy* leader = cluster_.leader();
    const auto health = leader == nullptr ? nlohmann::json() : leader->health();
    return health.is_object() && health.at("Message").get<std::string>().find("lists every 5 s") != std::string::npos;
  };
  ASSERT_TRUE(wait_until(said, seconds(10))) << cluster_.logs();
  for (const char* app : {"/one", "/two"}) {
    ASSERT_TRUE(marathon.create(app, 1));
    EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere(app); }, seconds(9))) << cluster_.logs();
  }
}

// Twenty seconds without Marathon: every back-off is at its longest.
TEST_F(ClusterFailoverTest, RoutesFollowWithinThreeSecondsAfterMarathonIsBack) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  MarathonSimulator& marathon = cluster_.marathon();
  ASSERT_TRUE(marathon.create("/web", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.converged(); }, seconds(10)));
  ASSERT_TRUE(marathon.fault("all", "reset"));
  ASSERT_FALSE(marathon.control("drop_streams").is_null());
  ASSERT_TRUE(marathon.create("/after", 1));
  ASSERT_TRUE(marathon.settled(seconds(10)));
  EXPECT_FALSE(wait_until([&] { return cluster_.routed_everywhere("/after"); }, seconds(20)));
  ASSERT_TRUE(marathon.clear_faults());
  const auto back = std::chrono::steady_clock::now();
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/after"); }, seconds(20))) << cluster_.logs();
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - back);
  RecordProperty("ms", static_cast<int>(took.count()));
  EXPECT_LT(took, milliseconds(3'500));
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(10))) << cluster_.logs();
}

TEST_F(ClusterFailoverTest, EveryChangeCostsMarathonAtMostTwoRequests) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  MarathonSimulator& marathon = cluster_.marathon();
  ASSERT_TRUE(marathon.reset_stats());
  constexpr int kChanges = 5;
  for (int i = 0; i < kChanges; ++i) {
    const std::string app = "/app-" + std::to_string(i);
    ASSERT_TRUE(marathon.create(app, 3));
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere(app); }, seconds(10))) << cluster_.logs();
  }
  EXPECT_LE(marathon.requests("app") + marathon.requests("apps"), 2 * kChanges);
}

// A broken cable between one proxy and Marathon, and that proxy leads.
TEST(ClusterReachTest, LeaderThatAloneCannotReachMarathonHandsOver) {
  RealCluster cluster(RealCluster::Options{.proxies = 2, .marathon_relays = true});
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  Proxy* first = cluster.leader();
  ASSERT_NE(first, nullptr);
  const std::size_t index = first == &cluster.proxy(0) ? 0 : 1;
  Proxy& other = cluster.proxy(1 - index);
  cluster.marathon_relay(index).cut();
  ASSERT_TRUE(cluster.marathon().create("/after", 1));
  EXPECT_TRUE(wait_until([&] { return cluster.routed_everywhere("/after"); }, seconds(40))) << cluster.logs();
  EXPECT_EQ(cluster.leader(), &other) << cluster.logs();
  EXPECT_NE(first->agent_log().find("Marathon cannot be reached from here, and " + other.id() + " reaches it"),
            std::string::npos)
      << first->agent_log();
  // It is named, and does not come back by itself.
  EXPECT_FALSE(wait_until([&] { return cluster.leader() == first; }, seconds(20)));
  cluster.marathon_relay(index).heal();
  EXPECT_TRUE(wait_until([&] { return cluster.converged(); }, seconds(20))) << cluster.logs();
  EXPECT_EQ(cluster.leader(), &other);
}

}  // namespace
}  // namespace chorale::testing
