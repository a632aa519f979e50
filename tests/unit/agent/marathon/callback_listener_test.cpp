// Where Marathon posts its events, on a loopback socket: what is answered, and how it ends.
#include "agent/marathon/callback_listener.h"

#include "tests/unit/agent/marathon/callback_listener_scene.h"

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST_F(CallbackListenerTest, AnEventIsReadAndAnswered) {
  listen();
  EXPECT_EQ(exchange(request(kRunning, "Connection: close\r\n")),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  ASSERT_THAT(events_, SizeIs(1));
  EXPECT_EQ(events_[0].type, "status_update_event");
  EXPECT_EQ(events_[0].app, "/web");
  EXPECT_EQ(events_[0].task, "web.1");
  EXPECT_EQ(events_[0].state, "TASK_RUNNING");
  EXPECT_THAT(asked_, ElementsAre("127.0.0.1"));
}

TEST_F(CallbackListenerTest, AConnectionIsKeptForTheNextEvents) {
  listen();
  Caller& caller = call();
  caller.send(request(kRunning));
  ASSERT_TRUE(run_until([&] { return caller.answers("200") == 1; }));
  EXPECT_THAT(caller.received(), HasSubstr("Connection: keep-alive\r\n"));
  caller.send(request(R"({"eventType":"second"})") + request(R"({"eventType":"third"})"));  // both at once
  ASSERT_TRUE(run_until([&] { return caller.answers("200") == 3; }));
  ASSERT_THAT(events_, SizeIs(3));
  EXPECT_EQ(events_[1].type, "second");
  EXPECT_EQ(events_[2].type, "third");
  EXPECT_FALSE(caller.ended());
  EXPECT_THAT(asked_, SizeIs(1)) << "once for each connection";
}

TEST_F(CallbackListenerTest, ItMayComeByteByByte) {
  listen();
  Caller& caller = call();
  for (const char c : request(kRunning)) {
    caller.send(std::string(1, c));
    loop_.restart();
    loop_.poll();
  }
  ASSERT_TRUE(run_until([&] { return caller.answers("200") == 1; }));
  ASSERT_THAT(events_, SizeIs(1));
  EXPECT_EQ(events_[0].app, "/web");
  EXPECT_EQ(events_[0].state, "TASK_RUNNING");
}

TEST_F(CallbackListenerTest, ALongBodyIsReadToItsEnd) {
  listen();
  std::string body = R"({"plan":{"original":[)";
  while (body.size() < (1200U << 10U)) body += R"({"id":"/no","cmd":"a \"quoted\" one","ports":[1,2]},)";
  body += R"(0]},"eventType":"deployment_info","appId":"/at-the-end"})";
  EXPECT_THAT(exchange(request(body, "Connection: close\r\n")), StartsWith("HTTP/1.1 200 OK\r\n"));
  ASSERT_THAT(events_, SizeIs(1));
  EXPECT_EQ(events_[0].type, "deployment_info");
  EXPECT_EQ(events_[0].app, "/at-the-end");
}

TEST_F(CallbackListenerTest, ChunksAreOneBody) {
  listen();
  const std::string head =
      "POST /v1/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_THAT(exchange(head + "d\r\n{\"eventType\":\r\n3\r\n\"x\"\r\n1\r\n}\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 200 OK\r\n"));
  ASSERT_THAT(events_, SizeIs(1));
  EXPECT_EQ(events_[0].type, "x");
}

TEST_F(CallbackListenerTest, WhoAsksFirstIsToldToGoOn) {
  listen();
  Caller& caller = call();
  caller.send("POST /v1/events HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 17\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return !caller.received().empty(); }));
  EXPECT_EQ(caller.received(), "HTTP/1.1 100 Continue\r\n\r\n");
  caller.send(R"({"eventType":"x"})");
  ASSERT_TRUE(run_until([&] { return caller.answers("200") == 1; }));
  EXPECT_THAT(events_, SizeIs(1));
}

TEST_F(CallbackListenerTest, WhatCannotBeReadIsAnEventAllTheSame) {
  listen();
  for (const char* body : {"", "{", "not json", R"({"appId":"/web"})", R"({"eventType":"x"}{"eventType":"y"})"}) {
    events_.clear();
    EXPECT_THAT(exchange(request(body, "Connection: close\r\n")), StartsWith("HTTP/1.1 200 OK\r\n")) << body;
    ASSERT_THAT(events_, SizeIs(1)) << body;
    EXPECT_EQ(events_[0].type, "unreadable") << body;
    EXPECT_EQ(events_[0].app, "") << body;
  }
}

TEST_F(CallbackListenerTest, OnlyOnePathAndOneMethod) {
  listen();
  EXPECT_THAT(exchange(request("{}", "", "POST /v1/eventsx")), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(exchange(request("{}", "", "POST /")), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(exchange(request("{}", "", "GET /v1/health")), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    const std::string answer = exchange(request("{}", "", method + std::string(" /v1/events")));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n")) << method;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  }
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_THAT(exchange(request(kRunning, "Connection: close\r\n", "POST /v1/events?chorale=a&epoch=1&agent=b")),
              StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(events_, SizeIs(1));
}

TEST_F(CallbackListenerTest, AStrangerIsToldSoAndNotListenedTo) {
  listen();
  allows_ = false;
  EXPECT_EQ(exchange(request(kRunning)), "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(refused_, ElementsAre("127.0.0.1"));
  EXPECT_THAT(events_, IsEmpty());
}

// Not even for as long as a caller's first byte may take.
TEST_F(CallbackListenerTest, ASilentStrangerIsSentAwaySoon) {
  listen();
  allows_ = false;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(exchange(""), "");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST_F(CallbackListenerTest, WhatIsNoRequestIsNotAnswered) {
  listen();
  EXPECT_EQ(exchange("SSH-2.0-OpenSSH\r\n\r\n"), "");
  EXPECT_EQ(exchange(request("{}", "X-Long: " + std::string(9U << 10U, 'x') + "\r\n")), "");
  EXPECT_THAT(events_, IsEmpty());
  expect_listening();
}

TEST_F(CallbackListenerTest, ItsEndClosesWhatIsInTheMiddleOfABody) {
  listen();
  Caller& caller = call();
  const std::string text = request(kRunning);
  caller.send(text.substr(0, text.size() - 5));
  ASSERT_TRUE(run_until([&] { return !asked_.empty(); }));
  loop_.restart();
  loop_.poll();
  listener_.reset();
  caller.send(text.substr(text.size() - 5));
  EXPECT_TRUE(run_until([&] { return caller.ended(); }));
  EXPECT_EQ(caller.received(), "");
  EXPECT_THAT(events_, IsEmpty());
  loop_.restart();
  loop_.run();  // nothing of it is left behind that would keep the loop
}

TEST_F(CallbackListenerTest, AnEventMayEndIt) {
  listen();
  on_event_ = [this] { listener_.reset(); };
  const auto port = listener_->port();
  Caller& caller = call();
  caller.send(request(kRunning) + request(kRunning));
  EXPECT_TRUE(run_until([&] { return caller.ended(); }));
  EXPECT_THAT(events_, SizeIs(1)) << "nothing is reported afterwards";
  tcp::socket socket(loop_);
  error_code error;
  socket.connect({asio::ip::address_v4::loopback(), port}, error);
  EXPECT_EQ(error, asio::error::connection_refused);
}

TEST_F(CallbackListenerTest, AnAddressThatCannotBeHadIsNamed) {
  listen();
  CallbackListenerOptions taken;
  taken.address = "127.0.0.1";
  taken.port = listener_->port();
  const auto second = CallbackListener(loop_, taken, {}).start();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "cannot listen for events on 127.0.0.1:" + std::to_string(taken.port) + ": Address already in use");
  CallbackListenerOptions wrong;
  wrong.address = "proxy-1";
  const auto named = CallbackListener(loop_, wrong, {}).start();
  ASSERT_FALSE(named);
  EXPECT_THAT(named.error().message, StartsWith("cannot listen for events on proxy-1:0: "));
  expect_listening();
}

}  // namespace
}  // namespace chorale::agent
