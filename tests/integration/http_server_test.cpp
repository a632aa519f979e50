// HttpServer with ordinary clients and extraordinary handlers, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "tests/harness/wait_until.h"
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

// A server whose every page is `text`, live.
struct LiveServer {
  explicit LiveServer(HttpServerOptions options = {})
      : server(options, [text = text](const HttpRequest& /*request*/, const HttpServer::Respond& respond) {
          respond(HttpResponse{200, "text/event-stream", "", {}, text});
        }) {}
  void set(const std::string& news) {
    server.post([text = text, news] { text->set(news); });
  }
  // On the server's loop.
  std::size_t listeners() {
    std::promise<std::size_t> count;
    server.post([&] { count.set_value(text->listeners()); });
    return count.get_future().get();
  }

  const std::shared_ptr<LiveText> text = std::make_shared<LiveText>([] { return "beat\n\n"; });
  RunningServer server;
};

TEST(HttpServerTest, LiveTextGoesOnUntilTheClientLeaves) {
  LiveServer live;
  auto client = std::make_unique<RawClient>(live.server.port());
  ASSERT_TRUE(client->send(get("/x")));
  EXPECT_THAT(client->read_until("\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("event-stream"),
                                                    Not(HasSubstr("Content-Length")), HasSubstr("no-store")));
  live.set("one\n\n");
  EXPECT_EQ(client->read_until("\n\n"), "one\n\n");
  live.set("two\n\n");
  EXPECT_EQ(client->read_until("\n\n"), "two\n\n");
  EXPECT_EQ(live.listeners(), 1U);

  RawClient late(live.server.port());
  ASSERT_TRUE(late.send(get("/x")));
  EXPECT_THAT(late.read_until("two\n\n"), HasSubstr("two\n\n"));  // what is there already

  client.reset();
  EXPECT_TRUE(testing::wait_until([&] { return live.listeners() == 1; }, kPatience));
}

TEST(HttpServerTest, LiveTextInOtherWordsIsForWhoComesNow) {
  HttpServerOptions options;
  options.heartbeat = milliseconds(20);
  LiveServer live(options);
  RawClient early(live.server.port());
  ASSERT_TRUE(early.send(get("/x")));
  live.set("one\n\n");
  EXPECT_THAT(early.read_until("one\n\n"), EndsWith("one\n\n"));
  live.server.post([text = live.text] { text->reword("other words\n\n"); });
  RawClient late(live.server.port());
  ASSERT_TRUE(late.send(get("/x")));
  EXPECT_THAT(late.read_until("words\n\n"), HasSubstr("other words\n\n"));
  EXPECT_EQ(early.read_until("beat\n\n"), "beat\n\n");
  live.set("two\n\n");
  EXPECT_THAT(early.read_until("two\n\n"), Not(HasSubstr("words")));
}

TEST(HttpServerTest, LiveTextWithoutNewsBeats) {
  HttpServerOptions options;
  options.heartbeat = milliseconds(20);
  options.idle_timeout = options.header_timeout = milliseconds(50);
  LiveServer live(options);
  RawClient client(live.server.port());
  ASSERT_TRUE(client.send(get("/x") + "whatever else it sends"));
  for (int i = 0; i < 10; ++i) EXPECT_THAT(client.read_until("beat\n\n"), EndsWith("beat\n\n"));
  live.set("one\n\n");
  EXPECT_THAT(client.read_until("one\n\n"), EndsWith("one\n\n"));
}

TEST(HttpServerTest, HeadOfALiveTextEnds) {
  LiveServer live;
  EXPECT_THAT(exchange(live.server.port(), get("/x", "HEAD")), HasSubstr("200 OK"));
  EXPECT_EQ(live.listeners(), 0U);
}

// It is cut off where it takes nothing for write_timeout, and holds one text until then.
TEST(HttpServerTest, ListenerThatReadsNothingIsCutOff) {
  HttpServerOptions options;
  options.write_timeout = milliseconds(100);
  LiveServer live(options);
  RawClient client(live.server.port());
  ASSERT_TRUE(client.send(get("/x")));
  ASSERT_TRUE(testing::wait_until([&] { return live.listeners() == 1; }, kPatience));
  live.set(std::string(64 * 1024 * 1024, 'x'));
  EXPECT_TRUE(testing::wait_until([&] { return live.listeners() == 0; }, kPatience));
}

// A slow one gets the newest text, not all of them.
TEST(HttpServerTest, SlowListenerSkipsWhatIsOld) {
  LiveServer live;
  RawClient client(live.server.port());
  ASSERT_TRUE(client.send(get("/x")));
  client.read_until("\r\n\r\n");
  const std::string filling(4 * 1024 * 1024, 'x');
  live.set(filling);  // more than the sockets hold
  for (int i = 0; i < 100; ++i) live.set("text " + std::to_string(i) + "\n\n");
  EXPECT_EQ(live.listeners(), 1U);
  std::string all = client.read_until("text 99\n\n");
  EXPECT_EQ(all.size(), filling.size() + std::string("text 99\n\n").size());
}

TEST(HttpServerTest, ServerEndsWhileClientsListen) {
  auto live = std::make_unique<LiveServer>();
  RawClient client(live->server.port());
  ASSERT_TRUE(client.send(get("/x")));
  client.read_until("\r\n\r\n");
  live.reset();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.closed());
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
