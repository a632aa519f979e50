// MarathonClient's requests against answers that no good server gives.
#include <gmock/gmock.h>
#include <zlib.h>

#include "agent/marathon/requests.h"
#include "tests/integration/marathon_fixture.h"
#include "tests/integration/scripted_server.h"

namespace chorale::agent {
namespace {

using chorale::testing::http_answer;
using chorale::testing::ScriptedConnection;
using chorale::testing::ScriptedServer;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kApps = R"({"apps":[{"id":"/a","tasks":[{"id":"t","host":"h","ports":[1]}]}]})";

ScriptedServer::Script always(std::string answer) {
  return [answer = std::move(answer)](const std::string&, ScriptedConnection& connection) {
    connection.send(answer);
    return true;
  };
}

ScriptedServer::Script once(std::string answer) {
  return [answer = std::move(answer)](const std::string&, ScriptedConnection& connection) {
    connection.send(answer);
    return false;
  };
}

std::string gzipped(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class MarathonRestTest : public MarathonFixture {
 protected:
  AppsFetched fetch(const ScriptedServer& server, MarathonClientOptions options = {}) {
    start(std::move(options)).perform(FetchApps{7, server.url()});
    return wait_for<AppsFetched>();
  }
  static std::string message_of(const AppsFetched& fetched) {
    EXPECT_FALSE(fetched.apps);
    return fetched.apps ? "" : fetched.apps.error().message;
  }
};

TEST_F(MarathonRestTest, FetchesAllApps) {
  const ScriptedServer server(always(http_answer("200 OK", kApps)));
  const AppsFetched fetched = fetch(server);
  EXPECT_EQ(fetched.fetch, 7U);
  EXPECT_EQ(fetched.endpoint, server.url());
  ASSERT_TRUE(fetched.apps) << fetched.apps.error().message;
  EXPECT_EQ(fetched.apps->at("/a").tasks.at(0).host, "h");
  const std::string head = server.heads().at(0);
  EXPECT_THAT(head, StartsWith("GET /v2/apps?embed=apps.tasks&embed=apps.counts&embed=apps.deployments HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("Accept:application/json\r\n"));
  EXPECT_THAT(head, HasSubstr("gzip"));
  EXPECT_THAT(head, Not(HasSubstr("Authorization")));
  EXPECT_EQ(server.heads().size(), 1U);
}

TEST_F(MarathonRestTest, FetchesOneApp) {
  const ScriptedServer server(always(http_answer("200 OK", R"({"app":{"id":"/a/ä","tasks":[]}})")));
  start().perform(FetchApp{3, server.url(), "/a/ä"});
  const AppFetched fetched = wait_for<AppFetched>();
  ASSERT_TRUE(fetched.result) << fetched.result.error().message;
  EXPECT_EQ(fetched.result->value().id, "/a/ä");
  EXPECT_THAT(server.heads().at(0), StartsWith("GET /v2/apps/a/%C3%A4 HTTP/1.1\r\n"));
}

TEST_F(MarathonRestTest, AnAppThatMarathonDoesNotKnowIsNoFailure) {
  const ScriptedServer server(always(http_answer("404 Not Found", R"({"message":"App '/a' does not exist"})")));
  start().perform(FetchApp{3, server.url(), "/a"});
  const AppFetched fetched = wait_for<AppFetched>();
  ASSERT_TRUE(fetched.result) << fetched.result.error().message;
  EXPECT_EQ(*fetched.result, std::nullopt);
}

TEST_F(MarathonRestTest, AnAnswerAboutAnotherAppIsAFailure) {
  const ScriptedServer server(always(http_answer("200 OK", R"({"app":{"id":"/b","tasks":[]}})")));
  start().perform(FetchApp{3, server.url(), "/a"});
  EXPECT_FALSE(wait_for<AppFetched>().result);
}

TEST_F(MarathonRestTest, PingSaysWhatIsWrong) {
  const ScriptedServer good(always(http_answer("200 OK", "pong\n")));
  const ScriptedServer bad(always(http_answer("502 Bad Gateway", "<html>Could not determine the leader</html>")));
  start().perform(PingEndpoint{good.url()});
  EXPECT_EQ(wait_for<EndpointPinged>(1).failure, std::nullopt);
  client_->perform(PingEndpoint{bad.url()});
  const EndpointPinged pinged = wait_for<EndpointPinged>(2);
  ASSERT_TRUE(pinged.failure);
  EXPECT_EQ(pinged.failure->message, "GET " + bad.url() + "/ping: HTTP 502");
}

TEST_F(MarathonRestTest, AnErrorIsNamedWithMarathonsMessage) {
  const ScriptedServer server(always(http_answer("503 Service Unavailable", R"({"message":"Too many\nE requests!"})")));
  EXPECT_EQ(message_of(fetch(server)), "GET " + server.url() + "/v2/apps: HTTP 503 \"Too many\\x0aE requests!\"");
}

TEST_F(MarathonRestTest, AListWithAnErrorStatusIsNotBelieved) {
  const ScriptedServer server(always(http_answer("500 Internal Server Error", R"({"apps":[]})")));
  EXPECT_THAT(message_of(fetch(server)), EndsWith("HTTP 500"));
}

TEST_F(MarathonRestTest, WrongShapeIsAFailureThatNamesTheUrl) {
  const ScriptedServer server(always(http_answer("200 OK", R"({"message":"starting"})")));
  EXPECT_THAT(message_of(fetch(server)), StartsWith("GET " + server.url() + "/v2/apps: no \"apps\" in it"));
}

TEST_F(MarathonRestTest, TruncatedBodiesAreFailures) {
  const std::string body(kApps);
  const std::string packed = gzipped(kApps);
  const std::string length = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size() + 1) + "\r\n\r\n";
  for (const std::string& answer :
       {length + body, length + body.substr(0, 20),
        std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n") + body.substr(0, 20),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n46\r\n" + body + "\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + body.substr(0, 5) + "\r\n",
        http_answer("200 OK", packed.substr(0, packed.size() / 2), "Content-Encoding: gzip\r\n"),
        http_answer("200 OK", "no gzip at all", "Content-Encoding: gzip\r\n"), std::string("HTTP/1.1 200 OK\r\n"),
        std::string("SSH-2.0-OpenSSH\r\n\r\n"), std::string()}) {
    const ScriptedServer server(once(answer));
    reported_.clear();
    EXPECT_FALSE(fetch(server).apps) << answer;
  }
}

TEST_F(MarathonRestTest, ReadsChunkedGzipped) {
  std::string apps = R"({"apps":[)";
  for (int i = 0; i < 20'000; ++i) {
    apps += (i == 0 ? "" : ",") + std::string(R"({"id":"/app-)") + std::to_string(i) + R"(","cmd":"sleep","tasks":[]})";
  }
  const std::string packed = gzipped(apps + "]}");
  const ScriptedServer server([&](const std::string&, ScriptedConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::size_t at = 0; at < packed.size(); at += 5000) {
      const std::string piece = packed.substr(at, 5000);
      std::array<char, 20> size{};
      std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
      connection.send(size.data() + piece + "\r\n");
    }
    connection.send("0\r\n\r\n");
    return true;
  });
  const AppsFetched fetched = fetch(server);
  ASSERT_TRUE(fetched.apps) << fetched.apps.error().message;
  EXPECT_EQ(fetched.apps->size(), 20'000U);
}

TEST_F(MarathonRestTest, ABodyOverTheLimitIsAFailure) {
  const std::string bomb = gzipped(std::string(3'000'000, ' ') + std::string(kApps));
  const ScriptedServer server(always(http_answer("200 OK", bomb, "Content-Encoding: gzip\r\n")));
  MarathonClientOptions options;
  options.max_body_bytes = 1'000'000;
  EXPECT_THAT(message_of(fetch(server, options)), HasSubstr("longer than 1000000 bytes"));
}

TEST_F(MarathonRestTest, ASilentServerIsGivenUp) {
  const ScriptedServer server([](const std::string&, ScriptedConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    connection.wait_for_close();
    return false;
  });
  MarathonClientOptions options;
  options.list_timeout = Milliseconds(200);
  EXPECT_THAT(message_of(fetch(server, options)), HasSubstr("no complete answer within 200 ms"));
}

TEST_F(MarathonRestTest, AClosedPortIsAFailure) {
  std::string url;
  {
    const ScriptedServer server(always(""));
    url = server.url();
  }
  start().perform(FetchApps{1, url});
  EXPECT_THAT(message_of(wait_for<AppsFetched>()), StartsWith("GET " + url + "/v2/apps: "));
}

TEST_F(MarathonRestTest, AnEndpointThatIsNoUrlIsAFailureLater) {
  start().perform(FetchApps{1, "marathon:8080"});
  EXPECT_TRUE(reported_.empty()) << "never within perform()";
  EXPECT_THAT(message_of(wait_for<AppsFetched>()), HasSubstr("expected http:// or https://"));
}

TEST_F(MarathonRestTest, KeepsTheConnection) {
  const ScriptedServer server(always(http_answer("200 OK", kApps)));
  start();
  for (std::size_t i = 1; i <= 20; ++i) {
    client_->perform(FetchApps{i, server.url()});
    EXPECT_TRUE(wait_for<AppsFetched>(i).apps);
  }
  // Not exactly one: cpprest gives a socket back a moment after it gave us the answer.
  EXPECT_LT(server.connections(), 10);
}

// Jetty closes idle sockets after 30 s, without a word.
TEST_F(MarathonRestTest, AStaleConnectionCostsNothing) {
  const ScriptedServer server(once(http_answer("200 OK", kApps)));
  start();
  for (std::size_t i = 1; i <= 20; ++i) {
    client_->perform(FetchApps{i, server.url()});
    const AppsFetched fetched = wait_for<AppsFetched>(i);
    ASSERT_TRUE(fetched.apps) << i << ": " << fetched.apps.error().message;
  }
}

TEST_F(MarathonRestTest, CredentialsFollowARedirectAndStayOutOfTexts) {
  const ScriptedServer leader([](const std::string& head, ScriptedConnection& connection) {
    connection.send(head.find("Authorization:Basic am86cHc=\r\n") != std::string::npos
                        ? http_answer("403 Forbidden", R"({"message":"jo may not"})")
                        : http_answer("401 Unauthorized", ""));
    return true;
  });
  const ScriptedServer standby(
      always(http_answer("307 Temporary Redirect", "", "Location: " + leader.url() + "/v2/apps\r\n")));
  MarathonClientOptions options;
  options.authorization = fixed_authorization(basic_authorization("jo:pw"));
  EXPECT_EQ(message_of(fetch(standby, options)), "GET " + leader.url() + "/v2/apps: HTTP 403 \"jo may not\"");
  EXPECT_THAT(standby.heads().at(0), HasSubstr("Authorization:Basic am86cHc=\r\n"));
  EXPECT_EQ(standby.heads().size() + leader.heads().size(), 2U);
}

TEST_F(MarathonRestTest, PasswordWithoutAUserIsNotSent) {
  const ScriptedServer server(always(http_answer("200 OK", kApps)));
  MarathonClientOptions options;
  options.authorization = make_authorization(loop_, workers_, {.user = "", .password = "pw"});
  ASSERT_TRUE(fetch(server, options).apps);
  EXPECT_THAT(server.heads().at(0), Not(HasSubstr("Authorization")));
}

TEST_F(MarathonRestTest, ARedirectLoopEnds) {
  const ScriptedServer server(always(http_answer("302 Found", "", "Location: /again\r\n")));
  EXPECT_THAT(message_of(fetch(server)), HasSubstr("more than 5 redirects"));
  EXPECT_EQ(server.heads().size(), 6U);
}

TEST_F(MarathonRestTest, NothingIsReportedAfterDestruction) {
  const ScriptedServer server(always(http_answer("200 OK", kApps)));
  for (int round = 0; round < 30; ++round) {
    start();
    for (std::uint64_t i = 0; i < 5; ++i) {
      client_->perform(FetchApps{i, server.url()});
      client_->perform(PingEndpoint{server.url()});
    }
    // Every round is destroyed at another point of the exchange.
    for (int step = 0; step < round; ++step) {
      loop_.run_one_for(std::chrono::milliseconds(1));
    }
    client_.reset();
    const std::size_t reports = reported_.size();
    loop_.run_for(std::chrono::milliseconds(2));
    EXPECT_EQ(reported_.size(), reports);
  }
}

TEST_F(MarathonRestTest, TheSinkMayDestroyTheClient) {
  const ScriptedServer server(always(http_answer("200 OK", kApps)));
  on_report_ = [this] { client_.reset(); };
  start().perform(FetchApps{1, server.url()});
  client_->perform(FetchApps{2, server.url()});
  EXPECT_TRUE(run_until([&] { return client_ == nullptr; }));
  loop_.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(reported_.size(), 1U);
}

}  // namespace
}  // namespace chorale::agent
