// One proxy is configured otherwise: it serves what the others do, and never decides what they serve.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/harness/child_process.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

struct Ran {
  int exit_code = -1;
  std::string output;
};

class ClusterPolicyTest : public ::testing::Test {
 protected:
  ClusterPolicyTest() : cluster_(RealCluster::Options{.proxies = 2}) {}

  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    ASSERT_TRUE(cluster_.marathon().create("/web", 2));
    odd_ = cluster_.add_proxy("realm = \"prdo\"\n");
    ASSERT_NE(odd_, nullptr);
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && named(); }, seconds(20)))
        << cluster_.logs();
    leader_ = cluster_.leader();
    ASSERT_NE(leader_, nullptr);
    other_ = leader_ == &cluster_.proxy(0) ? &cluster_.proxy(1) : &cluster_.proxy(0);
  }

  // The odd one's own health says what it has otherwise.
  [[nodiscard]] bool named() const {
    const auto health = odd_->health();
    return health.is_object() && health.at("Status") == "degraded" &&
           health.at("Message").get<std::string>().find("realm is \"prdo\" here and \"\" in the pool") !=
               std::string::npos;
  }
  [[nodiscard]] static bool leads(const Proxy& proxy) {
    const auto health = proxy.health();
    return health.is_object() && health.at("Cluster").at("Role") == "leader";
  }
  [[nodiscard]] static bool is_ok(const Proxy& proxy) {
    const auto health = proxy.health();
    return health.is_object() && health.at("Status") == "ok";
  }
  void stop(Proxy& proxy) {
    proxy.signal_agent(SIGTERM);
    ASSERT_TRUE(proxy.agent_ended(seconds(5)));
  }
  // `chorale VERB... -f <the odd one's configuration>`
  Ran chorale(std::vector<std::string> words) {
    const auto output = directory_.path() / ("output-" + std::to_string(++runs_));
    words.insert(words.begin(), CHORALE_BINARY);
    words.insert(words.end(), {"-f", odd_->config_file()});
    ChildProcess process(words, output);
    if (!process.wait(seconds(20))) return {};
    std::ifstream stream(output);
    return {process.exit_code().value_or(-1), {std::istreambuf_iterator<char>(stream), {}}};
  }

  RealCluster cluster_;
  Proxy* odd_ = nullptr;
  Proxy* leader_ = nullptr;
  Proxy* other_ = nullptr;
  TempDir directory_{"policy"};
  int runs_ = 0;
};

TEST_F(ClusterPolicyTest, AnotherRealmComesToLeadAndLeavesItsPlace) {
  stop(*leader_);
  ASSERT_TRUE(wait_until([&] { return leads(*other_); }, seconds(10))) << cluster_.logs();
  EXPECT_TRUE(wait_until(
      [&] {
        const std::string log = odd_->agent_log();
        return log.find("policy: this agent's is not the pool's: realm is \"prdo\"") != std::string::npos &&
               (log.find(" " + other_->id() + " leads now, " + leader_->id() + " did before") != std::string::npos ||
                log.find("led again, after ") != std::string::npos);
      },
      seconds(20)))
      << odd_->agent_log();
  leader_->start_agent();  // in the election it stands behind the odd one now
  ASSERT_TRUE(wait_until([&] { return is_ok(*leader_); }, seconds(20)));
  stop(*other_);
  bool lost = false;
  EXPECT_TRUE(wait_until(
      [&] {
        lost = lost || !cluster_.routed_everywhere("/web") || leads(*odd_);
        return leads(*leader_);
      },
      seconds(20)))
      << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/after", 1));
  EXPECT_TRUE(wait_until(
      [&] {
        lost = lost || !cluster_.routed_everywhere("/web") || leads(*odd_);
        return odd_->routes("/after") && leader_->routes("/after");
      },
      seconds(20)))
      << cluster_.logs();
  EXPECT_FALSE(lost) << cluster_.logs();
  EXPECT_TRUE(named());

  const Ran status = chorale({"status"});
  EXPECT_THAT(status.output, HasSubstr("proxy-3 does not lead, its policy is not the pool's: realm is \"prdo\""));
  EXPECT_THAT(status.output, HasSubstr("MISSING     " + other_->id()));
  EXPECT_THAT(chorale({"check"}).output,
              HasSubstr("realm is \"prdo\" here and \"\" in the pool: this agent does not lead"));
  EXPECT_EQ(chorale({"accept", "policy"}).exit_code, 1) << "nothing waits for it";
  EXPECT_EQ(chorale({"forget", odd_->id()}).exit_code, 1) << "it is registered";
  EXPECT_EQ(chorale({"forget", "nobody"}).exit_code, 1);
  EXPECT_EQ(chorale({"forget", other_->id()}).exit_code, 0);
  EXPECT_THAT(chorale({"status"}).output, Not(HasSubstr("MISSING")));
}

TEST_F(ClusterPolicyTest, ExplainSaysThatItsOwnReadingDoesNotDecide) {
  ASSERT_TRUE(cluster_.marathon().create("/prdo", 1, {{"labels", {{"NIXY_REALM", "prdo"}}}}));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/prdo"); }, seconds(20))) << cluster_.logs();
  const Ran web = chorale({"explain", "/web"});
  EXPECT_EQ(web.exit_code, 0);
  const std::string text = std::regex_replace(web.output, std::regex("\\s+"), " ");
  EXPECT_THAT(text, ::testing::StartsWith("/web is routed, with 2 servers; this proxy's configuration differs from the "
                                          "pool's (realm is \"prdo\" here and \"\" in the pool), so its own reading "
                                          "does not decide (which is: it has no realm"));
  EXPECT_THAT(text, HasSubstr("next Ask on a proxy that has the pool's configuration: proxy-1, proxy-2. Or correct"));
  EXPECT_THAT(text, Not(HasSubstr("Ask again")));
  const auto page = nlohmann::json::parse(http_get(odd_->admin_port(), "/v1/explain?app=/web").body, nullptr, false);
  ASSERT_TRUE(page.is_object());
  EXPECT_THAT(page.at("verdict").get<std::string>(), HasSubstr("its own reading does not decide"));
}

TEST_F(ClusterPolicyTest, AloneItPublishesNothingUntilAnOperatorAcceptsIt) {
  stop(*other_);
  stop(*leader_);
  ASSERT_TRUE(wait_until(
      [&] {
        return odd_->agent_log().find("not published: no registered agent has the pool's policy") != std::string::npos;
      },
      seconds(20)))
      << cluster_.logs();
  EXPECT_TRUE(cluster_.routed_everywhere("/web"));
  EXPECT_THAT(chorale({"status"}).output, HasSubstr("proxy-3 leads, but its policy is not the pool's: realm is"));
  ASSERT_TRUE(cluster_.marathon().create("/prdo", 1, {{"labels", {{"NIXY_REALM", "prdo"}}}}));
  const Ran accepted = chorale({"accept", "policy"});
  EXPECT_EQ(accepted.exit_code, 0) << accepted.output;
  EXPECT_THAT(accepted.output, HasSubstr("the policy of proxy-3 is the pool's"));
  EXPECT_TRUE(wait_until([&] { return odd_->routes("/prdo"); }, seconds(20))) << cluster_.logs();
  EXPECT_TRUE(wait_until([&] { return is_ok(*odd_); }, seconds(20))) << cluster_.logs();
}

// The way to a second cluster, by a wrong URL.
TEST_F(ClusterPolicyTest, AnotherMarathonNeverRules) {
  MarathonSimulator::Options options;
  options.arguments = {"--backends", "--framework-id", "another"};
  MarathonSimulator another(options);
  ASSERT_TRUE(another.start());
  ASSERT_TRUE(another.create("/foreign", 1));
  stop(*odd_);
  std::ifstream in(odd_->config_file());
  std::string text{std::istreambuf_iterator<char>(in), {}};
  text = std::regex_replace(text, std::regex("realm = [^\n]*\n"), "");
  odd_->start_agent_with(
      std::regex_replace(text, std::regex("marathon = [^\n]*"), "marathon = [\"" + another.url() + "\"]"));
  const auto named = [&] {
    const auto health = odd_->health();
    return health.is_object() &&
           health.at("Message").get<std::string>().find("marathon is \"another\" here") != std::string::npos;
  };
  ASSERT_TRUE(wait_until(named, seconds(20))) << cluster_.logs();
  stop(*leader_);
  ASSERT_TRUE(wait_until([&] { return leads(*other_); }, seconds(10))) << cluster_.logs();
  stop(*other_);
  ASSERT_TRUE(wait_until([&] { return odd_->agent_log().find("not published") != std::string::npos; }, seconds(20)))
      << cluster_.logs();
  leader_->start_agent();
  EXPECT_TRUE(wait_until([&] { return leads(*leader_); }, seconds(20))) << cluster_.logs();
  EXPECT_TRUE(cluster_.routed_everywhere("/web"));
  EXPECT_EQ(odd_->get("/foreign/").status, 503);
}

TEST_F(ClusterPolicyTest, EditedOnMoreThanHalfOfTheProxiesItBecomesThePools) {
  const auto edit = [](const Proxy& proxy) {
    std::ifstream in(proxy.config_file());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return "realm = \"prdo\"\n" + text;
  };
  ASSERT_TRUE(cluster_.marathon().create("/prdo", 1, {{"labels", {{"NIXY_REALM", "prdo"}}}}));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/prdo"); }, seconds(10)));
  stop(*other_);
  other_->start_agent_with(edit(*other_));
  EXPECT_TRUE(wait_until([&] { return leads(*odd_) || leads(*other_); }, seconds(20))) << cluster_.logs();
  EXPECT_TRUE(wait_until(
      [&] {
        const auto health = leader_->health();
        return health.is_object() &&
               health.at("Message").get<std::string>().find("its policy is not the pool's") != std::string::npos;
      },
      seconds(20)))
      << cluster_.logs();
  EXPECT_TRUE(cluster_.routed_everywhere("/prdo"));
}

}  // namespace
}  // namespace chorale::testing
