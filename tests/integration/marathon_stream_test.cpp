// MarathonClient's event stream against every framing and every way to end.
#include <gmock/gmock.h>

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

constexpr std::string_view kHeader =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=utf-8\r\nConnection: close\r\n\r\n";

std::string sse(const std::string& type, const std::string& more = "") {
  return "event: " + type + "\r\ndata: {\"eventType\":\"" + type + "\"" + more + "}\r\n\r\n";
}

const std::string& attached() {
  static const std::string text = sse("event_stream_attached", R"(,"remoteAddress":"127.0.0.1")");
  return text;
}

// Sends the pieces, each in a segment of its own, and holds the stream open.
ScriptedServer::Script holding(std::vector<std::string> pieces) {
  return [pieces = std::move(pieces)](const std::string&, ScriptedConnection& connection) {
    for (const std::string& piece : pieces) {
      connection.send(piece);
    }
    connection.wait_for_close();
    return false;
  };
}

ScriptedServer::Script closing(std::string answer) {
  return [answer = std::move(answer)](const std::string&, ScriptedConnection& connection) {
    connection.send(answer);
    return false;
  };
}

class MarathonStreamTest : public MarathonFixture {
 protected:
  void open(const ScriptedServer& server, MarathonClientOptions options = {}) {
    start(std::move(options)).perform(OpenStream{server.url()});
  }
  std::string failure_of(const ScriptedServer& server, MarathonClientOptions options = {}) {
    open(server, std::move(options));
    const StreamFailed failed = wait_for<StreamFailed>();
    EXPECT_EQ(failed.endpoint, server.url());
    return failed.failure.message;
  }
};

TEST_F(MarathonStreamTest, DeliversEvents) {
  const ScriptedServer server(
      holding({std::string(kHeader), attached(), "\r", "\n",
               sse("status_update_event", R"(,"appId":"/a","taskId":"t","taskStatus":"TASK_RUNNING")")}));
  open(server);
  EXPECT_TRUE(reported_.empty()) << "never within perform()";
  const MarathonEvent event = wait_for<EventReceived>(2).event;
  EXPECT_EQ(event, (MarathonEvent{"status_update_event", "/a", "t", "TASK_RUNNING", std::nullopt}));
  EXPECT_EQ(count<StreamAttached>(), 1U);
  EXPECT_TRUE(std::holds_alternative<StreamAttached>(reported_.front()));
  EXPECT_EQ(wait_for<StreamAttached>().endpoint, server.url());
  EXPECT_EQ(count<EventReceived>(), 2U);
  EXPECT_EQ(server.heads().size(), 1U);
}

TEST_F(MarathonStreamTest, AsksAsJettyWantsIt) {
  const ScriptedServer server(holding({std::string(kHeader), attached()}));
  MarathonClientOptions options;
  options.authorization = fixed_authorization(basic_authorization("jo:pw"));
  open(server, options);
  (void)wait_for<StreamAttached>();
  const std::string head = server.heads().at(0);
  EXPECT_THAT(head, StartsWith("GET /v2/events HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nAccept: text/event-stream\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nAccept-Encoding: identity\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nAuthorization: Basic am86cHc=\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nHost: " + server.url().substr(7) + "\r\n"));
}

TEST_F(MarathonStreamTest, ReadsChunksCutAnywhere) {
  const std::string header = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string wire =
      header + "3\r\neve\r\n" + "f\r\nnt: one\r\ndata: \r\n" + "12\r\n{\"eventType\":\"o\"}\r\r\n" + "3\r\n\n\r\n\r\n";
  std::vector<std::string> bytes;
  for (const char c : wire) {
    bytes.emplace_back(1, c);
  }
  const ScriptedServer server(holding(std::move(bytes)));
  open(server);
  EXPECT_EQ(wait_for<EventReceived>().event.type, "o");
}

TEST_F(MarathonStreamTest, AttachesWithoutBeingToldAfterTwoSeconds) {
  const ScriptedServer server(holding({std::string(kHeader), sse("deployment_info")}));
  const auto start = std::chrono::steady_clock::now();
  open(server);
  EXPECT_EQ(wait_for<EventReceived>().event.type, "deployment_info");
  EXPECT_EQ(count<StreamAttached>(), 0U);
  EXPECT_EQ(wait_for<StreamAttached>().endpoint, server.url());
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST_F(MarathonStreamTest, SaysWhyThereIsNoStream) {
  const auto message = [this](const std::string& answer) {
    const ScriptedServer server(closing(answer));
    reported_.clear();
    return failure_of(server);
  };
  EXPECT_THAT(message(http_answer("401 Unauthorized", "", "WWW-Authenticate: Basic\r\n")),
              EndsWith("/v2/events: HTTP 401"));
  EXPECT_THAT(message(http_answer("503 Service Unavailable", "<html/>")), EndsWith("HTTP 503"));
  EXPECT_THAT(message(http_answer("200 OK", "<html/>", "Content-Type: text/html\r\n")),
              EndsWith("the answer is \"text/html\", expected text/event-stream"));
  EXPECT_THAT(message(http_answer("200 OK", "")), HasSubstr("expected text/event-stream"));
  EXPECT_THAT(message("SSH-2.0-OpenSSH\r\n\r\n"), HasSubstr("no valid answer"));
  EXPECT_THAT(message(""), HasSubstr("no valid answer"));
  EXPECT_THAT(message("HTTP/1.1 200 OK\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n"), HasSubstr("no valid answer"));
  EXPECT_THAT(message(std::string(kHeader)), HasSubstr("Marathon closed the stream"));
  EXPECT_THAT(
      message("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\neve"),
      HasSubstr("the stream broke"));
  EXPECT_EQ(count<StreamFailed>(), 1U);
}

TEST_F(MarathonStreamTest, AClosedPortIsAFailure) {
  std::string url;
  {
    const ScriptedServer server(closing(""));
    url = server.url();
  }
  start().perform(OpenStream{url});
  EXPECT_THAT(wait_for<StreamFailed>().failure.message, StartsWith("GET " + url + "/v2/events: cannot connect: "));
}

TEST_F(MarathonStreamTest, SilenceEndsTheStream) {
  const ScriptedServer server(holding({std::string(kHeader), attached()}));
  MarathonClientOptions options;
  options.stream_idle_timeout = Milliseconds(150);
  EXPECT_THAT(failure_of(server, options), HasSubstr("nothing received for 150 ms"));
  EXPECT_EQ(count<StreamAttached>(), 1U);
}

// Every heartbeat counts, also half of one.
TEST_F(MarathonStreamTest, HeartbeatsKeepTheStream) {
  std::atomic<bool> done{false};
  const ScriptedServer server([&](const std::string&, ScriptedConnection& connection) {
    connection.send(std::string(kHeader) + attached());
    for (int i = 0; i < 12; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the timing is what is tested
      connection.send(i % 2 == 0 ? "\r" : "\n");
    }
    done = true;
    connection.wait_for_close();
    return false;
  });
  MarathonClientOptions options;
  options.stream_idle_timeout = Milliseconds(400);
  open(server, options);
  EXPECT_TRUE(run_until([&] { return done.load(); }));
  EXPECT_EQ(count<StreamFailed>(), 0U);
  (void)wait_for<StreamFailed>();
}

TEST_F(MarathonStreamTest, FollowsTheRedirectToTheLeader) {
  const ScriptedServer leader(holding({std::string(kHeader), attached()}));
  const ScriptedServer standby(
      closing(http_answer("302 Found", "", "Location: " + leader.url() + "/v2/events?x=y\r\n")));
  MarathonClientOptions options;
  options.authorization = fixed_authorization(basic_authorization("jo:"));
  open(standby, options);
  EXPECT_EQ(wait_for<StreamAttached>().endpoint, standby.url()) << "the endpoint is known by its configured name";
  EXPECT_THAT(leader.heads().at(0), StartsWith("GET /v2/events?x=y HTTP/1.1\r\n"));
  EXPECT_THAT(leader.heads().at(0), HasSubstr("Authorization: Basic "));
  EXPECT_EQ(standby.heads().size() + leader.heads().size(), 2U);
}

TEST_F(MarathonStreamTest, ARedirectLoopEnds) {
  const ScriptedServer server(closing(http_answer("302 Found", "", "Location: /v2/events\r\n")));
  EXPECT_THAT(failure_of(server), HasSubstr("more than 5 redirects"));
}

TEST_F(MarathonStreamTest, ARedirectWithoutAPlaceIsAFailure) {
  const ScriptedServer server(closing(http_answer("302 Found", "")));
  EXPECT_THAT(failure_of(server), HasSubstr("redirected to \"\""));
}

TEST_F(MarathonStreamTest, WhatCannotBeReadIsReportedByKind) {
  const ScriptedServer server(holding(
      {std::string(kHeader) + "data: {no json\n\n" + "data: " + std::string(2000, 'x') + "\n\n" + sse("after")}));
  MarathonClientOptions options;
  options.max_event_bytes = 1000;
  open(server, options);
  EXPECT_EQ(wait_for<EventReceived>(3).event.type, "after");
  EXPECT_EQ(wait_for<EventReceived>(1).event.type, "unreadable");
  EXPECT_EQ(wait_for<EventReceived>(2).event.type, "oversized");
}

TEST_F(MarathonStreamTest, ABigEventDoesNotHoldUpTheRest) {
  const ScriptedServer server(
      holding({std::string(kHeader) + sse("deployment_info", ",\"plan\":\"" + std::string(5'000'000, 'x') + "\""),
               sse("after")}));
  open(server);
  (void)wait_for<EventReceived>(2);
  EXPECT_THAT((std::vector{wait_for<EventReceived>(1).event.type, wait_for<EventReceived>(2).event.type}),
              ::testing::UnorderedElementsAre("deployment_info", "after"));
}

TEST_F(MarathonStreamTest, AStormCostsLittle) {
  std::string storm(kHeader);
  constexpr std::size_t kEvents = 20'000;
  for (std::size_t i = 0; i < kEvents; ++i) {
    storm +=
        sse("status_update_event", R"(,"appId":"/a","taskId":"t","taskStatus":"TASK_RUNNING","filler":"0123456789")");
  }
  const ScriptedServer server(holding({storm}));
  start().perform(OpenStream{server.url()});
  std::size_t turns = 0;
  EXPECT_TRUE(run_until([&] {
    ++turns;
    return reported_.size() >= kEvents;
  }));
  EXPECT_EQ(count<EventReceived>(), kEvents);
  // Byte by byte, or 512 bytes at a time, it would be several thousand turns of the loop.
  EXPECT_LT(turns, storm.size() / 2048) << storm.size();
}

TEST_F(MarathonStreamTest, OpeningAgainReplacesTheStream) {
  const ScriptedServer first(holding({std::string(kHeader), attached()}));
  const ScriptedServer second(holding({std::string(kHeader), attached()}));
  open(first);
  (void)wait_for<StreamAttached>(1);
  client_->perform(OpenStream{second.url()});
  EXPECT_EQ(wait_for<StreamAttached>(2).endpoint, second.url());
  EXPECT_EQ(count<StreamFailed>(), 0U) << "what we close ourselves is no failure";
}

TEST_F(MarathonStreamTest, AReplacedStreamIsSilent) {
  const ScriptedServer server(holding({std::string(kHeader), attached(), sse("a"), sse("b")}));
  const ScriptedServer next(holding({std::string(kHeader)}));
  on_report_ = [&] {
    if (count<StreamAttached>() == 1) {
      client_->perform(OpenStream{next.url()});
    }
  };
  open(server);
  (void)wait_for<StreamAttached>();
  loop_.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(reported_.size(), 1U);
}

TEST_F(MarathonStreamTest, NothingIsReportedAfterDestruction) {
  const ScriptedServer server(holding({std::string(kHeader), attached(), sse("a"), sse("b"), sse("c")}));
  for (int round = 0; round < 30; ++round) {
    open(server);
    for (int step = 0; step < round / 2; ++step) {
      loop_.run_one_for(std::chrono::milliseconds(1));
    }
    client_.reset();
    const std::size_t reports = reported_.size();
    loop_.run_for(std::chrono::milliseconds(2));
    EXPECT_EQ(reported_.size(), reports);
  }
}

TEST_F(MarathonStreamTest, TheSinkMayDestroyTheClient) {
  const ScriptedServer server(holding({std::string(kHeader) + attached() + sse("a")}));
  on_report_ = [this] { client_.reset(); };
  open(server);
  EXPECT_TRUE(run_until([&] { return client_ == nullptr; }));
  loop_.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(reported_.size(), 1U);
}

}  // namespace
}  // namespace chorale::agent
