// HttpServer with ordinary clients and extraordinary handlers, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "tests/integration/raw_http.h"

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(HttpServerTest, AnswersCarrySecurityHeaders) {
  RunningServer server({}, echo);
  const std::string answer = exchange(server.port(), get("/a?b"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(answer, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(answer, EndsWith("GET /a [] here"));
}

TEST(HttpServerTest, ForwardedRequestIsNotFromLoopback) {
  RunningServer server({}, echo);
  EXPECT_THAT(exchange(server.port(), "GET /a HTTP/1.1\r\nHost: p\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n"),
              EndsWith("GET /a []"));
}

TEST(HttpServerTest, HeadHasTheLengthButNoBody) {
  RunningServer server({}, echo);
  const std::string answer = exchange(server.port(), get("/a", "HEAD"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 15\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServerTest, PipelinedRequestsAreAllAnsweredInOrder) {
  RunningServer server({}, echo);
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += get("/" + std::to_string(i));
  const std::string answers = exchange(server.port(), requests);
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = answers.find("GET /" + std::to_string(i) + " []", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST(HttpServerTest, KeptConnectionServesAgainAndOldProtocolCloses) {
  RunningServer server({}, echo);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(get("/x")));
    EXPECT_THAT(client.read_until(" here"), HasSubstr("200 OK"));
  }
  RawClient old(server.port());
  ASSERT_TRUE(old.send("GET /x HTTP/1.0\r\n\r\n"));
  EXPECT_THAT(old.read_to_end(), HasSubstr("200 OK"));
  EXPECT_TRUE(old.closed());
}

TEST(HttpServerTest, ExpectedContinueComesBeforeTheBody) {
  RunningServer server({}, echo);
  RawClient client(server.port());
  ASSERT_TRUE(client.send("POST /x HTTP/1.1\r\nHost: p\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(client.send("abc"));
  EXPECT_THAT(client.read_until(" here"), HasSubstr("POST /x [abc]"));
}

TEST(HttpServerTest, HandlersFaultsAreTheServersAnswers) {
  RunningServer server(impatient(), echo);
  EXPECT_THAT(exchange(server.port(), get("/throw")), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(exchange(server.port(), get("/never")), StartsWith("HTTP/1.1 504 "));
  EXPECT_THAT(exchange(server.port(), get("/ok")), HasSubstr("200 OK"));
}

TEST(HttpServerTest, LateAndSecondAnswersAreDropped) {
  std::vector<HttpServer::Respond> pending;  // the server's thread's
  RunningServer server(impatient(), [&](const HttpRequest& request, const HttpServer::Respond& respond) {
    if (request.path == "/late") pending.push_back(respond);
    if (request.path != "/late") respond({200, "text/plain", "own", {}});
    if (request.path == "/twice") respond({200, "text/plain", "second", {}});
  });
  RawClient client(server.port());
  ASSERT_TRUE(client.send(get("/late")));
  EXPECT_THAT(client.read_until("in time\n"), HasSubstr("504"));
  server.post([&] { pending.front()({200, "text/plain", "late", {}}); });
  ASSERT_TRUE(client.send(get("/twice") + get("/own")));
  client.finish();
  EXPECT_THAT(client.read_to_end(), AllOf(HasSubstr("own"), Not(HasSubstr("late")), Not(HasSubstr("second"))));
}

TEST(HttpServerTest, TakenPortIsAnErrorThatNamesIt) {
  RunningServer server({}, echo);
  boost::asio::io_context loop;
  HttpServerOptions options;
  options.address = "127.0.0.1";
  options.port = server.port();
  HttpServer second(loop, options, echo);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message,
              AllOf(HasSubstr("127.0.0.1:" + std::to_string(server.port())), HasSubstr("in use")));
}

}  // namespace
}  // namespace chorale::agent
