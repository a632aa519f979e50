// HttpServer with clients that misbehave, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "tests/harness/wait_until.h"
#include "tests/integration/raw_http.h"

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

TEST(HttpServerTest, BadRequestsGetAnErrorAndAreClosed) {
  RunningServer server(impatient(), echo);
  for (const std::string& bad : {
           std::string("\r\n\r\n"),
           std::string("nonsense\r\n\r\n"),
           std::string("GET / HTTP/9.9\r\nHost: p\r\n\r\n"),
           std::string("GET  / HTTP/1.1\r\nHost: p\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: p\r\nHost: q\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost p\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost : p\r\n\r\n"),
           std::string("GET /%00 HTTP/1.1\r\nHost: p\r\n\r\n"),
           std::string("GET http://p/ HTTP/1.1\r\nHost: p\r\n\r\n"),
           std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls client hello\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: -5\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
           std::string("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 99999999999999999999\r\n\r\n"),
           std::string(
               "POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string(
               "POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"),
       }) {
    RawClient client(server.port());
    client.send(bad);
    const std::string answer = client.read_to_end();
    EXPECT_TRUE(client.closed()) << bad;
    EXPECT_THAT(answer, AnyOf(StartsWith("HTTP/1.1 4"), StartsWith("HTTP/1.1 5"))) << bad;
    EXPECT_THAT(answer, Not(HasSubstr(" 200 "))) << bad;
  }
  EXPECT_THAT(exchange(server.port(), get("/ok")), HasSubstr("200 OK"));
}

TEST(HttpServerTest, LargeBodyIsRefusedUnread) {
  RunningServer server({}, echo);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 65537\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(exchange(server.port(), "POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" +
                                          std::string(0x20000, 'x') + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServerTest, EndlessHeaderIsCutWithoutCostingMemory) {
  RunningServer server({}, echo);
  const std::size_t before = resident_bytes();
  RawClient client(server.port());
  const std::string megabyte(1024 * 1024, 'x');
  client.send("GET / HTTP/1.1\r\nHost: p\r\nX: ");
  std::size_t sent = 0;
  while (sent < 200 && client.send(megabyte)) ++sent;
  EXPECT_LT(sent, 200U);  // the connection was closed under it
  EXPECT_LT(resident_bytes(), before + 16 * megabyte.size());

  RawClient modest(server.port());
  modest.send("GET / HTTP/1.1\r\nHost: p\r\nX: " + std::string(20'000, 'x'));
  EXPECT_THAT(modest.read_to_end(), StartsWith("HTTP/1.1 431 "));
}

TEST(HttpServerTest, DribblingClientIsCutOnTime) {
  RunningServer server(impatient(), echo);
  for (const std::string& start : {std::string("GET / HTTP/1.1\r\nX: "),
                                   std::string("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 60000\r\n\r\n")}) {
    RawClient client(server.port());
    const auto began = Clock::now();
    ASSERT_TRUE(client.send(start));
    const bool cut = testing::wait_until(
        [&] {
          client.send("x");
          client.read_until("", milliseconds(20));
          return client.closed();
        },
        kPatience);
    EXPECT_TRUE(cut);
    EXPECT_GE(Clock::now() - began, milliseconds(290));
    EXPECT_LT(Clock::now() - began, milliseconds(5'000));
  }
}

TEST(HttpServerTest, SilentClientIsClosedWhenIdleTooLong) {
  RunningServer server(impatient(), echo);
  RawClient client(server.port());
  EXPECT_THAT(client.read_to_end(), IsEmpty());
  EXPECT_TRUE(client.closed());
}

TEST(HttpServerTest, LongestWaitingClientGivesWayWhenThereAreTooMany) {
  HttpServerOptions options;
  options.max_connections = 3;
  RunningServer server(options, echo);
  std::vector<std::unique_ptr<RawClient>> kept;
  for (int i = 0; i < 3; ++i) {
    kept.push_back(std::make_unique<RawClient>(server.port()));
    ASSERT_TRUE(kept.back()->send(get("/x")));  // all are known to be accepted, in this order
    ASSERT_THAT(kept.back()->read_until(" here"), HasSubstr("200 OK"));
  }
  EXPECT_THAT(exchange(server.port(), get("/new")), HasSubstr("200 OK"));
  EXPECT_THAT(kept[0]->read_to_end(), IsEmpty());
  EXPECT_TRUE(kept[0]->closed());
  ASSERT_TRUE(kept[2]->send(get("/again")));
  EXPECT_THAT(kept[2]->read_until(" here"), HasSubstr("200 OK"));
}

// RLIMIT_NOFILE for the rest of a test.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit wanted = before_;
    wanted.rlim_cur = std::min(limit, before_.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &wanted);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

TEST(HttpServerTest, HealthAnswersBesideTwoThousandIdleClients) {
  const DescriptorLimit limit(10'000);
  RunningServer server({}, echo);
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 2'000; ++i) idle.push_back(std::make_unique<RawClient>(server.port()));
  const auto began = Clock::now();
  EXPECT_THAT(exchange(server.port(), get("/v1/health")), HasSubstr("200 OK"));
  EXPECT_LT(Clock::now() - began, milliseconds(2'000));
  ASSERT_TRUE(idle.front()->send(get("/x")));
  EXPECT_THAT(idle.front()->read_until(" here"), HasSubstr("200 OK"));
}

// The loop is held up while the client connects, so that the accept meets the exhausted limit for certain.
TEST(HttpServerTest, ServesAgainAfterDescriptorsRanOut) {
  RunningServer server({}, echo);
  std::promise<void> limited;
  server.post([done = limited.get_future().share()] { done.wait(); });
  RawClient client(server.port());
  ASSERT_TRUE(client.send(get("/waiting")));
  {
    const DescriptorLimit limit(3);  // below what is open: every accept fails with EMFILE
    limited.set_value();
    EXPECT_THAT(client.read_until(" here", milliseconds(400)), IsEmpty());
  }
  EXPECT_THAT(client.read_until(" here"), HasSubstr("200 OK"));
}

}  // namespace
}  // namespace chorale::agent
