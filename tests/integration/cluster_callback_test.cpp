// Marathon up to 1.4 posts its events to the leading agent: followed, handed over, lost, refused, missing.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/harness/loopback.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

RealCluster::Options options(const char* version = "1.4.13") {
  RealCluster::Options made;
  made.callbacks = true;
  made.simulator = {"--version", version};
  return made;
}

std::string encoded(const std::string& url) {
  std::string out;
  for (const char c : url)
    out += c == ':'   ? "%3A"
           : c == '/' ? "%2F"
           : c == '?' ? "%3F"
           : c == '=' ? "%3D"
           : c == '&' ? "%26"
                      : std::string(1, c);
  return out;
}

class ClusterCallbackTest : public ::testing::Test {
 protected:
  explicit ClusterCallbackTest(RealCluster::Options chosen = options()) : cluster_(std::move(chosen)) {}

  [[nodiscard]] std::vector<std::string> subscriptions() {
    const auto answer =
        nlohmann::json::parse(http_get(cluster_.marathon().port(), "/v2/eventSubscriptions").body, nullptr, false);
    return answer.is_object() ? answer.at("callbackUrls").get<std::vector<std::string>>() : std::vector<std::string>{};
  }
  int change_subscription(const std::string& method, const std::string& url) {
    HttpCall call;
    call.method = method;
    call.port = cluster_.marathon().port();
    call.target = "/v2/eventSubscriptions?callbackUrl=" + encoded(url);
    return http_call(call).status;
  }
  // One subscription, of this proxy's agent.
  [[nodiscard]] bool only(const Proxy& proxy) {
    const auto urls = subscriptions();
    return urls.size() == 1 &&
           urls[0].starts_with("http://127.0.0.1:" + std::to_string(proxy.callback_port()) + "/v1/events?chorale=") &&
           urls[0].ends_with("&agent=" + proxy.id());
  }
  [[nodiscard]] bool only_the_leaders() {
    const Proxy* leader = cluster_.leader();
    return leader != nullptr && only(*leader);
  }
  [[nodiscard]] HttpReply post(std::uint16_t port, std::string body, const std::string& target = "/v1/events") {
    HttpCall call;
    call.method = "POST";
    call.port = port;
    call.target = target;
    call.body = std::move(body);
    call.timeout = seconds(20);
    return http_call(call);
  }
  [[nodiscard]] std::string message() {
    const Proxy* leader = cluster_.leader();
    const auto health = leader == nullptr ? nlohmann::json() : leader->health();
    return health.is_object() ? health.at("Message").get<std::string>() : "";
  }
  // Routed although no list is asked for meanwhile: by events.
  void expect_followed(const std::string& app) {
    const auto lists = cluster_.marathon().requests("apps");
    ASSERT_TRUE(cluster_.marathon().create(app, 1));
    EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere(app); }, seconds(10))) << cluster_.logs();
    EXPECT_EQ(cluster_.marathon().requests("apps"), lists) << "it was found by polling";
  }

  RealCluster cluster_;
};

class ClusterCallbackDialectTest : public ClusterCallbackTest, public ::testing::WithParamInterface<const char*> {
 protected:
  ClusterCallbackDialectTest() : ClusterCallbackTest(options(GetParam())) {}
};

TEST_P(ClusterCallbackDialectTest, RoutesFollowEvents) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  MarathonSimulator& marathon = cluster_.marathon();
  ASSERT_TRUE(wait_until([&] { return only_the_leaders(); }, seconds(10))) << cluster_.logs();
  ASSERT_TRUE(wait_until([&] { return marathon.settled(seconds(1)); }, seconds(10)));
  expect_followed("/web");
  const auto lists = marathon.requests("apps");
  ASSERT_TRUE(marathon.kill_task("/web", 0, true));
  ASSERT_TRUE(marathon.destroy("/web"));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_nowhere("/web"); }, seconds(10))) << cluster_.logs();
  EXPECT_LE(marathon.requests("apps"), lists + 1);
  EXPECT_EQ(marathon.requests("events"), 0) << "the stream was opened as well";
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(10))) << message();
}

INSTANTIATE_TEST_SUITE_P(Versions, ClusterCallbackDialectTest, ::testing::Values("1.4.13", "1.3.14", "0.15.3"),
                         [](const auto& test) {
                           std::string name = "V" + std::string(test.param);
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST_F(ClusterCallbackTest, AnOrderlyHandoverLeavesOneSubscription) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  ASSERT_TRUE(wait_until([&] { return only_the_leaders(); }, seconds(10)));
  Proxy* first = cluster_.leader();
  ASSERT_NE(first, nullptr);
  const auto began = std::chrono::steady_clock::now();
  first->signal_agent(SIGTERM);
  // Nobody else takes it back so soon: it is gone before another agent leads.
  EXPECT_TRUE(wait_until([&] { return !only(*first); }, seconds(2)));
  ASSERT_TRUE(first->agent_ended(seconds(5)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(3));
  EXPECT_THAT(first->agent_log(), Not(HasSubstr("could not be taken back")));
  ASSERT_TRUE(wait_until(
      [&] { return cluster_.leader() != nullptr && cluster_.leader() != first && only_the_leaders(); }, seconds(15)))
      << cluster_.logs();
  EXPECT_THAT(cluster_.leader()->agent_log(), Not(HasSubstr("an earlier leader's subscription")));
  first->start_agent();
  ASSERT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
  expect_followed("/after");
  EXPECT_TRUE(only_the_leaders());
}

TEST_F(ClusterCallbackTest, AKilledLeadersSubscriptionIsTakenBackByTheNext) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  ASSERT_TRUE(wait_until([&] { return only_the_leaders(); }, seconds(10)));
  const std::string foreign = "http://127.0.0.1:9/v1/events?chorale=another&agent=elsewhere";
  ASSERT_EQ(change_subscription("POST", foreign), 200);
  Proxy* first = cluster_.leader();
  ASSERT_NE(first, nullptr);
  first->kill_agent();
  const auto two = [&] {
    const Proxy* leader = cluster_.leader();
    if (leader == nullptr || leader == first) return false;
    const auto urls = subscriptions();
    return urls.size() == 2 && std::count(urls.begin(), urls.end(), foreign) == 1 &&
           std::count_if(urls.begin(), urls.end(), [&](const auto& url) { return url.ends_with(leader->id()); }) == 1;
  };
  EXPECT_TRUE(wait_until(two, seconds(20))) << cluster_.logs();
  EXPECT_THAT(cluster_.leader()->agent_log(), HasSubstr("an earlier leader's subscription, which is taken back"));
  ASSERT_EQ(change_subscription("DELETE", foreign), 200);
  first->start_agent();
  ASSERT_TRUE(wait_until([&] { return cluster_.converged() && only_the_leaders(); }, seconds(20))) << cluster_.logs();
  expect_followed("/after");
}

TEST_F(ClusterCallbackTest, ALostSubscriptionIsRenewedAndWhatWasMissedIsMadeUpFor) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  ASSERT_TRUE(wait_until([&] { return only_the_leaders(); }, seconds(10)));
  const auto urls = subscriptions();
  ASSERT_EQ(urls.size(), 1U);
  ASSERT_EQ(change_subscription("DELETE", urls[0]), 200);
  ASSERT_TRUE(cluster_.marathon().create("/missed", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/missed"); }, seconds(20))) << cluster_.logs();
  EXPECT_TRUE(only_the_leaders());
  EXPECT_THAT(cluster_.leader()->agent_log(), HasSubstr("had lost the subscription"));
}

TEST_F(ClusterCallbackTest, AMarathonThatComesBackEmptyIsSubscribedToAgain) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  ASSERT_TRUE(wait_until([&] { return only_the_leaders(); }, seconds(10)));
  cluster_.marathon().kill();
  EXPECT_TRUE(wait_until([&] { return message().find("eventSubscriptions") != std::string::npos; }, seconds(30)))
      << message();
  ASSERT_TRUE(cluster_.marathon().start());
  EXPECT_TRUE(wait_until([&] { return only_the_leaders(); }, seconds(30))) << cluster_.logs();
  ASSERT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(30))) << message();
  expect_followed("/after");
}

std::size_t peak_memory(pid_t pid) {  // kB
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6));
  }
  return 0;
}

TEST_F(ClusterCallbackTest, AnEventOfManyMegabytesIsReadAndNotKept) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  ASSERT_TRUE(wait_until([&] { return only_the_leaders(); }, seconds(10)));
  Proxy* leader = cluster_.leader();
  ASSERT_NE(leader, nullptr);
  MarathonSimulator& marathon = cluster_.marathon();
  std::string group;
  while (group.size() < (20U << 20U)) group += R"({"id":"/no","cmd":"sleep 1 \"x\"","env":{"A":"b"},"ports":[1,2]},)";
  const std::string event = "{\"plan\":{\"apps\":[" + group + "{}]},\"eventType\":\"deployment_info\"}";
  const auto memory = peak_memory(leader->agent_pid());
  ASSERT_GT(memory, 0U);
  const auto lists = marathon.requests("apps");
  EXPECT_EQ(post(leader->callback_port(), event).status, 200);
  EXPECT_LT(peak_memory(leader->agent_pid()), memory + 8'000) << "kB";
  expect_followed("/web");
  EXPECT_EQ(marathon.requests("apps"), lists) << "it was not understood";
  // One that cannot be read is one all the same: the list is asked for.
  EXPECT_EQ(post(leader->callback_port(), event.substr(0, event.size() - 3)).status, 200);
  EXPECT_TRUE(wait_until([&] { return marathon.requests("apps") > lists; }, seconds(10))) << cluster_.logs();
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(10)));
}

// The status line of the answer to an event from that address of loopback.
std::string post_from(const char* address, std::uint16_t port) {
  const Socket socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in own{};
  own.sin_family = AF_INET;
  ::inet_pton(AF_INET, address, &own.sin_addr);
  sockaddr_in there = own;
  ::inet_pton(AF_INET, "127.0.0.1", &there.sin_addr);
  there.sin_port = htons(port);
  if (::bind(socket.descriptor(), reinterpret_cast<const sockaddr*>(&own), sizeof(own)) != 0) return "no address";
  if (::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&there), sizeof(there)) != 0) return "refused";
  const std::string request =
      "POST /v1/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 17\r\n\r\n{\"eventType\":\"x\"}";
  if (::send(socket.descriptor(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "not sent";
  const std::string answer = receive_all(socket, seconds(5));
  return answer.substr(0, answer.find("\r\n"));
}

TEST_F(ClusterCallbackTest, OnlyMarathonMayPostAndOnlyToTheLeader) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  ASSERT_TRUE(wait_until([&] { return only_the_leaders(); }, seconds(10)));
  Proxy* leader = cluster_.leader();
  ASSERT_NE(leader, nullptr);
  EXPECT_EQ(post_from("127.0.0.1", leader->callback_port()), "HTTP/1.1 200 OK");
  EXPECT_EQ(post_from("127.0.0.9", leader->callback_port()), "HTTP/1.1 403 Forbidden");
  EXPECT_THAT(leader->agent_log(), HasSubstr("an event from 127.0.0.9 is refused"));
  EXPECT_EQ(post(leader->callback_port(), "{}", "/v1/other").status, 404);
  EXPECT_EQ(http_get(leader->callback_port(), "/v1/events").status, 405);
  for (const auto& proxy : cluster_.proxies()) {
    if (proxy.get() == leader) continue;
    EXPECT_EQ(http_get(proxy->callback_port(), "/v1/events").status, 0);
  }
}

class ClusterSilentCallbackTest : public ClusterCallbackTest {
 protected:
  static RealCluster::Options alone() {
    RealCluster::Options made = options();
    made.proxies = 1;
    return made;
  }
  ClusterSilentCallbackTest() : ClusterCallbackTest(alone()) {}
};

TEST_F(ClusterSilentCallbackTest, WithoutEventsMarathonIsPolledAndHealthSaysSo) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/web", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web"); }, seconds(10)));
  Proxy& proxy = cluster_.proxy(0);
  proxy.signal_agent(SIGTERM);
  ASSERT_TRUE(proxy.agent_ended(seconds(5)));
  std::ifstream file(proxy.config_file());
  std::string config((std::istreambuf_iterator<char>(file)), {});
  config.insert(config.find("callback_url"), "callback_from = [\"10.0.0.0/8\"]\n");  // Marathon is not there
  proxy.start_agent_with(config);
  ASSERT_TRUE(wait_until([&] { return message().find("no event from Marathon") != std::string::npos; }, seconds(20)))
      << cluster_.logs();
  const std::string said = message();
  EXPECT_THAT(said, HasSubstr("lists every 10 s instead"));
  EXPECT_THAT(proxy.agent_log(), HasSubstr("an event from 127.0.0.1 is refused"));
  EXPECT_EQ(proxy.health_status(), 200);
  for (const char* app : {"/one", "/two"}) {
    ASSERT_TRUE(cluster_.marathon().create(app, 1));
    EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere(app); }, seconds(14))) << cluster_.logs();
  }
  EXPECT_EQ(message(), said);
  EXPECT_TRUE(only_the_leaders());
}

TEST_F(ClusterCallbackTest, CheckRefusesAUrlThatCannotLeadToTheAgent) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  Proxy& proxy = cluster_.proxy(0);
  std::ifstream file(proxy.config_file());
  const std::string config((std::istreambuf_iterator<char>(file)), {});
  const std::string port = std::to_string(proxy.callback_port());
  const auto checked = [&](const std::string& url, const std::string& more = "") {
    std::string text = config;
    const std::string own = "callback_url = \"http://127.0.0.1:" + port + "\"\n";
    text.replace(text.find(own), own.size(), "callback_url = \"" + url + "\"\n" + more);
    std::ofstream(proxy.config_file()) << text;
    return proxy.run("check");
  };
  const auto good = checked("http://127.0.0.1:" + port);
  EXPECT_EQ(good.exit_code, 0) << good.output;
  EXPECT_THAT(good.output, HasSubstr("callback_url http://127.0.0.1:" + port + " leads to this host"));
  for (const auto& [url, why] : std::vector<std::pair<std::string, std::string>>{
           {"http://127.0.0.1:9", "its port is 9, that of callback_listen " + port},
           {"https://127.0.0.1:" + port, "it is https"},
           {"http://0.0.0.0:" + port, "0.0.0.0 is no address that Marathon could call"},
           {"http://192.0.2.7:" + port, "192.0.2.7 is no address of this host"},
           {"http://127.0.0.8:" + port, "callback_listen is on 127.0.0.1 alone"},
           {"http://no.such.host.invalid:" + port, "does not resolve"}}) {
    const auto bad = checked(url);
    EXPECT_EQ(bad.exit_code, 2) << url << "\n" << bad.output;
    EXPECT_THAT(bad.output, HasSubstr(why)) << url;
    const auto behind = checked(url, "callback_from = [\"any\"]\n");
    EXPECT_EQ(behind.exit_code, 0) << url << "\n" << behind.output;
    EXPECT_THAT(behind.output, HasSubstr("is it passed on?")) << url;
  }
}

}  // namespace
}  // namespace chorale::testing
