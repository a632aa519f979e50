// Why an app is routed or not, asked as operators ask: by command and by page, on a proxy that does not lead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

RealCluster::Options options() {
  RealCluster::Options made;
  made.proxies = 2;
  made.more_config = "realm = \"blue\"\n";
  made.first_app = {{"labels", {{"NIXY_REALM", "blue"}}}};
  return made;
}

nlohmann::json labelled(std::map<std::string, std::string> labels) {
  labels.emplace("NIXY_REALM", "blue");
  return {{"labels", labels}};
}

class ClusterExplainTest : public ::testing::Test {
 protected:
  ClusterExplainTest() : cluster_(options()) {}
  explicit ClusterExplainTest(RealCluster::Options chosen) : cluster_(std::move(chosen)) {}

  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    ASSERT_TRUE(marathon().create("/web", 2, labelled({})));
    ASSERT_TRUE(wait_until([&] { return routed("/web"); }, seconds(20))) << cluster_.logs();
    Proxy* leader = cluster_.leader();
    ASSERT_NE(leader, nullptr);
    follower_ = leader == &cluster_.proxy(0) ? &cluster_.proxy(1) : &cluster_.proxy(0);
  }

  MarathonSimulator& marathon() { return cluster_.marathon(); }
  bool routed(const std::string& app) { return cluster_.routed_everywhere(app) && cluster_.converged(); }
  // Whole texts again: the lines were broken for 80 columns.
  static std::string joined(std::string text) {
    std::string words;
    for (const char c : text) {
      if (c == '\n' || (c == ' ' && words.ends_with(' '))) {
        if (!words.ends_with(' ')) words += ' ';
      } else {
        words += c;
      }
    }
    return words;
  }
  Proxy::Ran explained(const std::string& app) {
    Proxy::Ran ran = follower_->run("explain", app);
    for (std::size_t at = 0, end = 0; (end = ran.output.find('\n', at)) != std::string::npos; at = end + 1) {
      const std::string line = ran.output.substr(at, end - at);
      EXPECT_TRUE(line.size() <= 80 || line.find(' ', line.find_first_not_of(' ')) == std::string::npos) << line;
    }
    return {ran.exit_code, joined(ran.output)};
  }
  nlohmann::json page(const std::string& app) {
    return nlohmann::json::parse(http_get(follower_->admin_port(), "/v1/explain?app=" + app).body, nullptr, false);
  }
  // By command and by page.
  void expect_reason(const std::string& app, const std::string& reason) {
    const Proxy::Ran ran = explained(app);
    EXPECT_EQ(ran.exit_code, 1) << ran.output;
    EXPECT_THAT(ran.output, AllOf(StartsWith(app), HasSubstr(reason)));
    const auto said = page(app);
    ASSERT_TRUE(said.is_object()) << app;
    EXPECT_EQ(said.at("routed"), false);
    EXPECT_THAT(said.at("verdict").get<std::string>(), HasSubstr(reason));
  }

  RealCluster cluster_;
  Proxy* follower_ = nullptr;
};

TEST_F(ClusterExplainTest, SaysWhyAnAppIsNotRoutedAndWhatToDo) {
  ASSERT_TRUE(marathon().create("/red", 1, {{"labels", {{"NIXY_REALM", "red"}}}}));
  ASSERT_TRUE(marathon().create("/idle", 1, labelled({})));
  ASSERT_TRUE(marathon().scale("/idle", 0));
  auto portless = labelled({});
  portless["portDefinitions"] = nlohmann::json::array();
  ASSERT_TRUE(marathon().create("/portless", 1, portless));
  auto checked = labelled({});
  checked["healthChecks"] = 1;
  ASSERT_TRUE(marathon().create("/ill", 2, checked));
  ASSERT_TRUE(marathon().set_health("/ill", false));
  ASSERT_TRUE(marathon().create("/lost", 1, labelled({})));
  ASSERT_TRUE(marathon().create("/badhost", 1, labelled({{"subdomain", "a_b!"}})));
  ASSERT_TRUE(marathon().create("/badport", 1, labelled({{"chorale.port", "admin"}})));
  ASSERT_TRUE(marathon().create("/shut", 1, labelled({{"chorale.allow", "10.1.0.0/99"}})));
  ASSERT_TRUE(marathon().create("/dup", 1, labelled({{"subdomain", "web mine"}})));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/dup"); }, seconds(20))) << cluster_.logs();
  ASSERT_TRUE(
      wait_until([&] { return cluster_.routed_nowhere("/idle") && cluster_.routed_nowhere("/ill"); }, seconds(20)));

  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/lost"); }, seconds(20)));
  ASSERT_FALSE(marathon().control("state", {{"app", "/lost"}, {"state", "TASK_UNREACHABLE"}}).is_null());
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_nowhere("/lost"); }, seconds(20))) << cluster_.logs();

  expect_reason("/lost", "its only task is not known to run");
  expect_reason("/red", "of another realm: \"red\"");
  expect_reason("/idle", "it has no instances: it is scaled to 0");
  expect_reason("/portless", "it has no port");
  expect_reason("/ill", "none of its 2 tasks is healthy");
  expect_reason("/badhost", "host \"a_b!\" of label subdomain");
  expect_reason("/badport", "its label chorale.port names none of its 1 ports: \"admin\"");
  expect_reason("/webb", "Marathon has no app and no pod of this id");
  EXPECT_THAT(explained("webb").output, HasSubstr("next Did you mean /web?"));
  EXPECT_THAT(explained("/ill").output, HasSubstr("out ill."));

  EXPECT_THAT(explained("/shut").output,
              HasSubstr("next Correct its label chorale.allow: until then nobody is let in."));
  const Proxy::Ran dup = explained("/dup");
  EXPECT_EQ(dup.exit_code, 0) << dup.output;
  EXPECT_THAT(dup.output, AllOf(HasSubstr("hosts mine"), HasSubstr("conflict host web is /web's")));
  const Proxy::Ran web = explained("/web");
  EXPECT_EQ(web.exit_code, 0) << web.output;
  EXPECT_THAT(web.output, AllOf(StartsWith("/web is routed: all of its 2 tasks serve it"), HasSubstr("path /web"),
                                HasSubstr(std::to_string(follower_->nginx().port()) + "/web/"),
                                HasSubstr(" is committed, made "), HasSubstr("was asked now (1 request)")));
  EXPECT_EQ(page("%2Fdup").at("conflicts").at(0).at("owner"), "/web");
}

TEST_F(ClusterExplainTest, APodIsExplainedAsAnAppIs) {
  auto pod = labelled({});
  pod["healthChecks"] = 1;
  ASSERT_TRUE(marathon().create_pod("/pod", 1, pod));
  ASSERT_TRUE(wait_until([&] { return explained("/pod").exit_code == 0; }, seconds(20))) << cluster_.logs();
  EXPECT_THAT(explained("/pod").output, StartsWith("pod /pod is routed: its task serves it"));
  EXPECT_EQ(page("/pod").at("pod"), true);
}

// Tasks that do not run yet, that are lost, and an answer that is half.
TEST_F(ClusterExplainTest, ATaskThatDoesNotRunYetIsOut) {
  ASSERT_FALSE(marathon().control("settings", {{"step_delay", "120s"}}).is_null());
  ASSERT_TRUE(marathon().create("/slow", 1, labelled({})));
  ASSERT_TRUE(wait_until([&] { return marathon().tasks("/slow").size() == 1; }, seconds(10)));
  expect_reason("/slow", "its only task is not running yet");
  EXPECT_THAT(explained("/slow").output, HasSubstr(": TASK_STAGING"));
}

TEST_F(ClusterExplainTest, WithoutMarathonItSaysWhatIsCommitted) {
  marathon().kill();
  const Proxy::Ran web = explained("/web");
  EXPECT_EQ(web.exit_code, 0) << web.output;
  EXPECT_THAT(web.output, AllOf(StartsWith("/web is routed, with 2 servers; Marathon cannot be asked: "),
                                HasSubstr("is committed, made ")));
  const Proxy::Ran other = explained("/other");
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.output, StartsWith("/other is not routed; Marathon cannot be asked: "));
  EXPECT_EQ(page("/web").at("routed"), true);
}

// Each asks Marathon: more would be a way to make an agent do so.
TEST_F(ClusterExplainTest, AtMostFourAreWorkedOnAtATime) {
  marathon().pause();
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 5; ++i) {
    answers.push_back(std::async(std::launch::async, [port = follower_->admin_port()] {
      HttpCall call;
      call.port = port;
      call.target = "/v1/explain?app=/web";
      call.timeout = seconds(9);
      return http_call(call).status;
    }));
  }
  std::map<int, int> counts;
  for (auto& answer : answers) ++counts[answer.get()];
  marathon().resume();
  EXPECT_EQ(counts[200], 4);
  EXPECT_EQ(counts[503], 1);
  EXPECT_EQ(page("/web").at("routed"), true) << "those are over";
}

TEST_F(ClusterExplainTest, WithoutZookeeperItSaysWhatThisProxyServes) {
  cluster_.zookeeper().kill();
  ASSERT_TRUE(wait_until(
      [&] {
        const auto said = page("/web");
        return said.is_object() &&
               said.at("notes").dump().find("what this proxy has applied last") != std::string::npos;
      },
      seconds(20)));
  EXPECT_EQ(page("/web").at("routed"), true);
  const Proxy::Ran web = explained("/web");
  EXPECT_EQ(web.exit_code, 3) << web.output;
  EXPECT_THAT(web.output, AllOf(StartsWith("/web is routed: all of its 2 tasks serve it"),
                                HasSubstr("ZooKeeper cannot be reached"), HasSubstr(" old")));
  const Proxy::Ran routes = follower_->run("routes", "/web");
  EXPECT_EQ(routes.exit_code, 3);
  EXPECT_THAT(routes.output, AllOf(HasSubstr("What this proxy has applied last, "), HasSubstr("\npath    /web\n")));
  marathon().kill();
  EXPECT_THAT(explained("/web").output, StartsWith("/web is routed, with 2 servers; Marathon cannot be asked"));
}

TEST_F(ClusterExplainTest, WithoutALeaderItSaysWhatWaitsForOne) {
  Proxy* leader = cluster_.leader();
  ASSERT_NE(leader, nullptr);
  for (Proxy* proxy : {follower_, leader}) proxy->kill_agent();
  ASSERT_TRUE(marathon().create("/later", 1, labelled({})));
  ASSERT_TRUE(marathon().settled(seconds(10)));
  const auto says_it = [&] {
    const Proxy::Ran ran = explained("/later");
    return ran.exit_code == 1 && ran.output.find("/later is not routed yet") == 0 &&
           ran.output.find("NO LEADER " + leader->id() + " led last") != std::string::npos;
  };
  EXPECT_TRUE(wait_until(says_it, seconds(20))) << explained("/later").output;
  EXPECT_THAT(explained("/web").output, StartsWith("/web is routed: all of its 2 tasks serve it"));
}

// It is committed, and on this proxy nobody is served.
TEST_F(ClusterExplainTest, AProxyWhoseNginxIsDownPromisesNothing) {
  EXPECT_THAT(explained("/web").output, AllOf(HasSubstr(" url http"), Not(HasSubstr("this proxy"))));
  follower_->nginx().stop();
  const std::string verdict =
      "/web is routed: all of its 2 tasks serve it; this proxy does not serve it: its Nginx is down";
  EXPECT_TRUE(wait_until([&] { return explained("/web").output.starts_with(verdict); }, seconds(20)))
      << explained("/web").output;
  EXPECT_THAT(explained("/web").output, AllOf(HasSubstr(" url (then) "), HasSubstr("chorale check")));
  EXPECT_EQ(page("/web").at("not_here"), "this proxy does not serve it: its Nginx is down");
}

// The last app is deleted while nobody listens: a loss that is held back.
TEST_F(ClusterExplainTest, ALossThatIsHeldBackIsNamedWithItsDigest) {
  ASSERT_FALSE(marathon().control("fault", {{"kind", "events"}, {"mode", "status"}, {"status", 503}}).is_null());
  ASSERT_FALSE(marathon().control("drop_streams").is_null());
  ASSERT_TRUE(marathon().destroy("/web"));
  const auto says_it = [&] {
    const auto said = page("/web");
    return said.is_object() && said.at("withheld").dump().find("\"HELD BACK\"") != std::string::npos;
  };
  ASSERT_TRUE(wait_until(says_it, seconds(30))) << page("/web").dump(2) << cluster_.logs();
  const Proxy::Ran ran = explained("/web");
  EXPECT_EQ(ran.exit_code, 0) << "its route is still there";
  EXPECT_THAT(ran.output, AllOf(StartsWith("/web is routed, but Marathon does not have it any more"),
                                HasSubstr("HELD BACK"), HasSubstr("If it is real: chorale accept ")));
}

TEST_F(ClusterExplainTest, RoutesAreShownWithTheirRevisionAndAge) {
  const auto routes = [&](const std::string& query) { return http_get(follower_->admin_port(), "/v1/routes" + query); };
  nlohmann::json all;
  const auto shows_what_is_applied = [&] {
    all = nlohmann::json::parse(routes("").body, nullptr, false);
    return all.is_object() && all.at("applied").at("digest") == follower_->health().at("Cluster").at("Digest");
  };
  ASSERT_TRUE(wait_until(shows_what_is_applied, seconds(10))) << all.dump(2);
  EXPECT_EQ(all.at("routes").at("apps").size(), 1U);
  EXPECT_GE(all.at("applied").at("age_s").get<int>(), 0);
  const auto web = nlohmann::json::parse(routes("?app=/web").body, nullptr, false);
  EXPECT_EQ(web.at("routes").at("apps").at(0).at("id"), "/web");
  EXPECT_EQ(routes("?app=%2Fno").status, 404);
}

}  // namespace
}  // namespace chorale::testing
