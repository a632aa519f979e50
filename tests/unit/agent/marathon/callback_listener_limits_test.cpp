// What the listener for Marathon's events bounds: connections, silence, the time of a request.
#include "tests/unit/agent/marathon/callback_listener_scene.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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

}  // namespace
}  // namespace chorale::agent
