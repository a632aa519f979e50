// The shipped `stream` template on a real Nginx: TCP and UDP by service port.
#include <nlohmann/json.hpp>

#include "tests/harness/wait_until.h"
#include "tests/integration/echo_server.h"
#include "tests/integration/template_site.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

constexpr std::uint16_t kPort = 31'000;

class TemplateStreamTest : public TemplateSite {
 protected:
  static agent::MarathonApp app_on(const std::string& id, std::int32_t service_port,
                                   const std::string& protocol = "tcp", const Labels& labels = {},
                                   const std::vector<std::string>& addresses = {"127.0.1.1"}) {
    agent::MarathonApp made = app(id, labels, addresses);
    made.ports[0].service_port = service_port;
    made.ports[0].protocol = protocol;
    return made;
  }
  // What the server behind that service port says; "" if nobody does.
  static std::string tcp(std::uint16_t port) { return ask_by_tcp(port, "hello"); }

  const EchoServer one_{"one", "127.0.1.1", kPort};
  const EchoServer two_{"two", "127.0.1.2", kPort};
  const EchoServer three_{"three", "127.0.1.3", kPort, true};
};

TEST_F(TemplateStreamTest, TcpAndUdpAreServedByServicePort) {
  ASSERT_TRUE(one_.listens() && two_.listens() && three_.listens());
  ASSERT_TRUE(serve("stream", {app_on("/one", 10'001), app_on("/two", 10'002, "tcp", {}, {"127.0.1.2"}),
                               app_on("/three", 10'001, "udp", {}, {"127.0.1.3"})}))
      << complaint();
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(tcp(10'001), "one hello");
  EXPECT_EQ(tcp(10'002), "two hello");
  EXPECT_EQ(ask_by_udp(10'001, "hello"), "three hello");
  EXPECT_EQ(get("/").status, 503);
}

TEST_F(TemplateStreamTest, ServicePortOfAnotherIsLeftToIt) {
  ASSERT_TRUE(serve("stream", {app_on("/a", 10'001), app_on("/b", 10'001, "udp,tcp", {}, {"127.0.1.2"}),
                               app_on("/ssh", 22), app_on("/admin", proxy_.port()), app_on("/none", 0)}));
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(tcp(10'001), "one hello");
  EXPECT_EQ(reasons(), "/admin is served without service port " + std::to_string(proxy_.port()) +
                           ": the template listens on 10000 to 20000 alone\n"
                           "/b is served without service port 10001: it belongs to /a\n"
                           "/ssh is served without service port 22: the template listens on 10000 to 20000 alone\n");
}

TEST_F(TemplateStreamTest, LabelsKeepClientsOut) {
  ASSERT_TRUE(
      serve("stream", {app_on("/in", 10'001, "tcp", {{"chorale.allow", "127.0.0.0/8"}, {"chorale.timeout", "9s"}}),
                       app_on("/out", 10'002, "tcp", {{"chorale.allow", "10.0.0.0/8"}}),
                       app_on("/auth", 10'003, "tcp", {{"chorale.auth", "team"}}),
                       app_on("/udp", 10'004, "udp", {{"chorale.allow", "none"}}, {"127.0.1.3"})}))
      << complaint();
  EXPECT_EQ(tcp(10'001), "one hello");
  EXPECT_EQ(tcp(10'002), "");
  EXPECT_EQ(tcp(10'003), "") << "nobody can be asked for a password";
  EXPECT_EQ(ask_by_udp(10'004, "hello"), "");
}

TEST_F(TemplateStreamTest, StickyClientsStayWithTheirServer) {
  ASSERT_TRUE(
      serve("stream", {app_on("/a", 10'001, "tcp", {{"chorale.sticky", "ip_hash"}}, {"127.0.1.1", "127.0.1.2"})}));
  const std::string first = tcp(10'001);
  EXPECT_NE(first, "");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(tcp(10'001), first);
}

TEST_F(TemplateStreamTest, AccessLogNamesTheApp) {
  local_["access_log"] = (proxy_.directory() / "access.log").string() + " apps";
  ASSERT_TRUE(serve("stream", {app_on("/a", 10'001), app_on("/b", 10'001, "udp", {}, {"127.0.1.3"})}));
  EXPECT_EQ(tcp(10'001), "one hello");
  ASSERT_TRUE(wait_until([&] { return log().ends_with("\n"); }, seconds(5)));
  const auto entry = nlohmann::json::parse(log(), nullptr, false);
  ASSERT_TRUE(entry.is_object()) << log();
  EXPECT_EQ(entry.at("app"), "/a");
  EXPECT_EQ(entry.at("server"), "127.0.1.1:31000");
  EXPECT_EQ(entry.at("port"), 10'001);
}

TEST_F(TemplateStreamTest, BalancerMaySpeakTheProxyProtocol) {
  local_["listen_options"] = "proxy_protocol";
  ASSERT_TRUE(serve("stream", {app_on("/a", 10'001)}));
  EXPECT_EQ(ask_by_tcp(10'001, "PROXY TCP4 203.0.113.9 127.0.0.1 4711 10001\r\nhello"), "one hello");
  EXPECT_EQ(get("/").status, 503) << "the page of this host is asked without it";
}

TEST_F(TemplateStreamTest, ListensForIpv6UnlessToldOtherwise) {
  ASSERT_TRUE(serve("stream", {app_on("/a", 10'001)}));
  EXPECT_EQ(curl({"--max-time", "2", "telnet://[::1]:10001"}).find("connect"), std::string::npos);
  local_["ipv6"] = "#";
  ASSERT_TRUE(serve("stream", {app_on("/a", 10'001)}));
  EXPECT_NE(curl({"--max-time", "2", "telnet://[::1]:10001"}).find("connect"), std::string::npos);
  EXPECT_EQ(tcp(10'001), "one hello");
}

// As one file of a stream block of the user's own.
TEST_F(TemplateStreamTest, FormForConfDServesTheSame) {
  local_["listen_options"] = "proxy_protocol";
  ASSERT_TRUE(serve("stream-conf.d", {app_on("/one", 10'001)}));
  EXPECT_EQ(ask_by_tcp(10'001, "PROXY TCP4 203.0.113.9 127.0.0.1 4711 10001\r\nhello"), "one hello");
  local_["listen_options"] = "";
  local_["access_log"] = (proxy_.directory() / "access.log").string() + " apps";
  ASSERT_TRUE(serve("stream-conf.d", {app_on("/one", 10'001, "tcp", {{"chorale.allow", "127.0.0.0/8"}}),
                                      app_on("/out", 10'002, "tcp", {{"chorale.allow", "10.0.0.0/8"}}),
                                      app_on("/three", 10'001, "udp", {}, {"127.0.1.3"})}))
      << complaint();
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(tcp(10'001), "one hello");
  EXPECT_EQ(tcp(10'002), "");
  EXPECT_EQ(ask_by_udp(10'001, "hello"), "three hello");
  ASSERT_TRUE(wait_until([&] { return log().find("\"app\":\"/one\"") != std::string::npos; }, seconds(5))) << log();
  EXPECT_EQ(get("/").body, "foreign") << "the user's own server";
}

}  // namespace
}  // namespace chorale::testing
