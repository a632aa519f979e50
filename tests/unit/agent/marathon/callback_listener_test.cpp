// Where Marathon posts its events, on a loopback socket: what is answered, what is bounded, how it ends.
#include "agent/marathon/callback_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kRunning =
    R"({"eventType":"status_update_event","appId":"/web","taskId":"web.1","taskStatus":"TASK_RUNNING"})";

std::string request(const std::string& body, const std::string& more = "",
                    const std::string& start = "POST /v1/events") {
  return start + " HTTP/1.1\r\nHost: a\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

// Somebody who calls, on the loop of the test.
class Caller {
 public:
  Caller(asio::io_context& loop, std::uint16_t port) : socket_(loop) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    read();
  }
  void send(std::string text) {
    const auto kept = std::make_shared<std::string>(std::move(text));
    asio::async_write(socket_, asio::buffer(*kept), [kept](const error_code& /*error*/, std::size_t /*bytes*/) {});
  }
  void close() {
    error_code ignored;
    socket_.close(ignored);
  }
  [[nodiscard]] const std::string& received() const { return received_; }
  [[nodiscard]] bool ended() const { return ended_; }  // by the other side
  [[nodiscard]] std::size_t answers(const std::string& status) const {
    std::size_t count = 0;
    for (auto at = received_.find("HTTP/1.1 " + status); at != std::string::npos;
         at = received_.find("HTTP/1.1 " + status, at + 1)) {
      ++count;
    }
    return count;
  }

 private:
  void read() {
    socket_.async_read_some(asio::buffer(piece_), [this](const error_code& error, std::size_t bytes) {
      if (error == asio::error::operation_aborted) return;
      ended_ = static_cast<bool>(error);
      if (error) return;
      received_.append(piece_.data(), bytes);
      read();
    });
  }

  tcp::socket socket_;
  std::array<char, 4096> piece_{};
  std::string received_;
  bool ended_ = false;
};

class CallbackListenerTest : public ::testing::Test {
 protected:
  void listen(CallbackListenerOptions options = {}) {
    options.address = "127.0.0.1";
    CallbackListener::Callbacks callbacks;
    callbacks.allows = [this](const auto& address) {
      asked_.push_back(address.to_string());
      return allows_;
    };
    callbacks.event = [this](MarathonEvent event) {
      events_.push_back(std::move(event));
      if (on_event_) on_event_();
    };
    callbacks.refused = [this](const auto& address) { refused_.push_back(address.to_string()); };
    listener_ = std::make_unique<CallbackListener>(loop_, options, std::move(callbacks));
    const auto started = listener_->start();
    ASSERT_TRUE(started) << started.error().message;
    ASSERT_NE(listener_->port(), 0);
  }
  [[nodiscard]] Caller& call() {
    callers_.push_back(std::make_unique<Caller>(loop_, listener_->port()));
    return *callers_.back();
  }
  // Sends it over a connection of its own, and returns what comes back until the listener ends it.
  [[nodiscard]] std::string exchange(const std::string& text) {
    Caller& caller = call();
    caller.send(text);
    EXPECT_TRUE(run_until([&] { return caller.ended(); })) << text.substr(0, 200);
    return caller.received();
  }
  template <class Done>
  [[nodiscard]] bool run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  // Over another connection, so that whatever was sent before has been looked at.
  void expect_listening() {
    const auto before = events_.size();
    EXPECT_THAT(exchange(request(kRunning, "Connection: close\r\n")), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(events_.size(), before + 1);
  }

  asio::io_context loop_;
  std::unique_ptr<CallbackListener> listener_;
  std::vector<std::unique_ptr<Caller>> callers_;
  bool allows_ = true;
  std::vector<std::string> asked_;
  std::vector<std::string> refused_;
  std::vector<MarathonEvent> events_;
  std::function<void()> on_event_;
};

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
  EXPECT_THAT(refused_, IsEmpty());
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
  EXPECT_THAT(events_, IsEmpty());
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
  const std::string close = "Connection: close\r\n";
  EXPECT_THAT(exchange(request("{}", "", "POST /v1/eventsx")), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(exchange(request("{}", "", "POST /")), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(exchange(request("{}", "", "GET /v1/health")), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    const std::string answer = exchange(request("{}", "", method + std::string(" /v1/events")));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n")) << method;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  }
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_THAT(exchange(request(kRunning, close, "POST /v1/events?chorale=a&epoch=1&agent=b")),
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

TEST_F(CallbackListenerTest, ConnectionsAreBoundedStrangersApart) {
  CallbackListenerOptions options;
  options.max_connections = 2;
  options.max_strangers = 1;
  options.idle_timeout = Milliseconds(60'000);
  listen(options);
  Caller& first = call();
  Caller& second = call();
  for (Caller* caller : {&first, &second}) {
    caller->send(request(kRunning));
    ASSERT_TRUE(run_until([&] { return caller->answers("200") == 1; }));
  }
  EXPECT_EQ(exchange(request(kRunning)), "") << "one too many";
  EXPECT_THAT(events_, SizeIs(2));
  // They take no room from strangers, nor strangers from them.
  allows_ = false;
  Caller& stranger = call();
  ASSERT_TRUE(run_until([&] { return asked_.size() == 4; }));
  EXPECT_EQ(exchange(request(kRunning)), "") << "a second stranger";
  stranger.send(request(kRunning));
  ASSERT_TRUE(run_until([&] { return stranger.answers("403") == 1; }));
  allows_ = true;
  EXPECT_EQ(exchange(request(kRunning)), "");
  first.close();
  // Its place is free as soon as the listener has seen it go.
  Caller* next = nullptr;
  ASSERT_TRUE(run_until([&] {
    if (next == nullptr || next->ended()) {
      next = &call();
      next->send(request(kRunning));
    }
    return next->answers("200") == 1;
  }));
  EXPECT_FALSE(second.ended());
}

TEST_F(CallbackListenerTest, ManyCallersAreHeardAtOnce) {
  listen();
  for (int i = 0; i < 60; ++i) call().send(request(kRunning).substr(0, 40));
  for (const auto& caller : callers_) caller->send(request(kRunning).substr(40));
  EXPECT_TRUE(run_until([&] { return events_.size() == 60; }));
  for (const auto& caller : callers_) {
    EXPECT_TRUE(run_until([&] { return caller->answers("200") == 1; }));
  }
}

CallbackListenerOptions impatient(Milliseconds idle, Milliseconds silence, Milliseconds request) {
  CallbackListenerOptions options;
  options.idle_timeout = idle;
  options.silence_timeout = silence;
  options.request_timeout = request;
  return options;
}

TEST_F(CallbackListenerTest, WhoFallsSilentInARequestIsGivenUp) {
  listen(impatient(Milliseconds(60'000), Milliseconds(100), Milliseconds(60'000)));
  EXPECT_EQ(exchange("POST /v1/eve"), "");
  EXPECT_EQ(exchange(request(kRunning).substr(0, request(kRunning).size() - 1)), "");
  EXPECT_THAT(events_, IsEmpty());
  Caller& kept = call();
  kept.send(request(kRunning));
  ASSERT_TRUE(run_until([&] { return kept.answers("200") == 1; }));
  EXPECT_EQ(exchange("POST /v1/eve"), "") << "another one falls silent meanwhile";
  EXPECT_FALSE(kept.ended()) << "between two requests there is more time";
}

TEST_F(CallbackListenerTest, AKeptConnectionThatIsNotUsedIsClosed) {
  listen(impatient(Milliseconds(100), Milliseconds(60'000), Milliseconds(60'000)));
  EXPECT_EQ(exchange(""), "");
  EXPECT_THAT(exchange(request(kRunning)), HasSubstr("Connection: keep-alive"));
  EXPECT_THAT(events_, SizeIs(1));
}

TEST_F(CallbackListenerTest, WhoSendsWithoutEndIsGivenUp) {
  listen(impatient(Milliseconds(60'000), Milliseconds(60'000), Milliseconds(200)));
  Caller& kept = call();
  kept.send(request(kRunning));
  ASSERT_TRUE(run_until([&] { return kept.answers("200") == 1; }));
  Caller& endless = call();
  endless.send("POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n[");
  EXPECT_TRUE(run_until([&] {
    endless.send(" ");
    return endless.ended();
  }));
  EXPECT_EQ(endless.received(), "");
  EXPECT_THAT(events_, SizeIs(1));
  // The time counts from each request's first byte, not from the connection's.
  kept.send(request(kRunning));
  EXPECT_TRUE(run_until([&] { return kept.answers("200") == 2; }));
}

TEST_F(CallbackListenerTest, ACallerThatGoesAwayLeavesItsPlace) {
  CallbackListenerOptions options;
  options.max_connections = 1;
  listen(options);
  Caller& caller = call();
  caller.send(request(kRunning).substr(0, 100));
  ASSERT_TRUE(run_until([&] { return !asked_.empty(); }));
  caller.close();
  Caller* next = nullptr;
  EXPECT_TRUE(run_until([&] {
    if (next == nullptr || next->ended()) {
      next = &call();
      next->send(request(kRunning));
    }
    return next->answers("200") == 1;
  }));
  EXPECT_THAT(events_, SizeIs(1)) << "half an event is none";
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
