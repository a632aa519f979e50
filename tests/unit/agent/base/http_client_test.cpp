// One question over HTTP against a server that says anything: what comes back, and what is an error.
#include "agent/base/http_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <thread>

#include "tests/harness/loopback.h"
#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::Socket;
using ::testing::StartsWith;

constexpr milliseconds kLong{10'000};
constexpr const char* kGood = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nhi";

// Takes one connection, reads until `end` has come, answers, and closes.
class OneAnswer {
 public:
  OneAnswer(Socket listener, std::string answer, std::string end = "\r\n\r\n")
      : listener_(std::move(listener)), thread_([this, answer = std::move(answer), end = std::move(end)] {
          pollfd waiting{listener_.descriptor(), POLLIN, 0};
          ::poll(&waiting, 1, static_cast<int>(kLong.count()));
          sockaddr_in peer{};
          socklen_t size = sizeof(peer);
          const Socket client(::accept(listener_.descriptor(), reinterpret_cast<sockaddr*>(&peer), &size));
          peer_ = ::inet_ntoa(peer.sin_addr);
          char buffer[4096];
          while (request_.find(end) == std::string::npos) {
            const ssize_t bytes = ::recv(client.descriptor(), buffer, sizeof(buffer), 0);
            if (bytes <= 0) return;
            request_.append(buffer, static_cast<std::size_t>(bytes));
          }
          ::send(client.descriptor(), answer.data(), answer.size(), MSG_NOSIGNAL);
        }) {}
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  [[nodiscard]] Url url() const {
    Url url;
    url.host = "127.0.0.1";
    url.port = std::to_string(testing::port_of(listener_));
    url.target = "/page?x=1";
    return url;
  }
  std::string request() {
    thread_.join();
    return request_;
  }
  // After request().
  [[nodiscard]] const std::string& peer() const { return peer_; }

 private:
  Socket listener_;
  std::string request_;
  std::string peer_;
  std::thread thread_;
};

std::string error_of(const std::string& answer, const HttpQuestion& question = {kLong}) {
  const OneAnswer server(testing::listen_on_any_port(), answer);
  const auto got = ask_http(server.url(), question);
  return got ? "no error" : got.error().message;
}

TEST(HttpClientTest, AsksAsToldAndReadsTheAnswer) {
  OneAnswer server(testing::listen_on_any_port(), kGood, "a body");
  HttpQuestion question{kLong};
  question.method = "POST";
  question.host = "other.example";
  question.authorization = "Basic am86cHc=";
  question.body = "a body";
  const auto answer = ask_http(server.url(), question);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200U);
  EXPECT_EQ(answer->date, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(answer->body, "hi");
  EXPECT_THAT(server.request(), AllOf(StartsWith("POST /page?x=1 HTTP/1.1\r\n"), HasSubstr("Host: other.example\r\n"),
                                      HasSubstr("Authorization: Basic am86cHc=\r\n"),
                                      HasSubstr("Connection: close\r\n"), HasSubstr("Content-Length: 6\r\n")));
}

TEST(HttpClientTest, ComesFromTheAddressThatItIsTold) {
  OneAnswer server(testing::listen_on_any_port(), kGood);
  HttpQuestion question{kLong};
  question.from = "127.0.0.3";
  EXPECT_TRUE(ask_http(server.url(), question));
  EXPECT_THAT(server.request(), HasSubstr("/page"));
  EXPECT_EQ(server.peer(), "127.0.0.3");
  question.from = "192.0.2.1";
  const auto nowhere = ask_http(server.url(), question);
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, StartsWith("cannot connect from there: "));
}

TEST(HttpClientTest, SaysNoMoreThanItWasTold) {
  OneAnswer server(testing::listen_on_any_port(), "HTTP/1.0 404 Not Found\r\n\r\nuntil the end");
  Url url = server.url();
  url.target.clear();
  const auto answer = ask_http(url, {kLong});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 404U);
  EXPECT_EQ(answer->date, "");
  EXPECT_EQ(answer->body, "until the end");
  EXPECT_EQ(server.request(), "GET / HTTP/1.1\r\nHost: " + url.authority() + "\r\nConnection: close\r\n\r\n");
}

TEST(HttpClientTest, AnswersAreBounded) {
  HttpQuestion small{kLong, 100};
  const auto sized = [](std::size_t size) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
  };
  EXPECT_EQ(error_of(sized(100), small), "no error");
  EXPECT_EQ(error_of(sized(101), small), "no readable answer: body limit exceeded");
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'), small),
            "no readable answer: body limit exceeded");
  EXPECT_EQ(error_of(sized(64 * 1024)), "no error");
  EXPECT_EQ(error_of(sized(64 * 1024 + 1)), "no readable answer: body limit exceeded");
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n"),
            "no readable answer: header limit exceeded");
}

TEST(HttpClientTest, WhatIsNoWholeAnswerIsAnError) {
  EXPECT_EQ(error_of(""), "no readable answer: end of stream");
  EXPECT_EQ(error_of("220 smtp ready\r\n"), "no readable answer: bad version");
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"), "no readable answer: partial message");
}

TEST(HttpClientTest, SilenceAndClosedPortsAreErrorsWithinTheLimit) {
  Socket silent = testing::listen_on_any_port();
  Url url;
  url.host = "127.0.0.1";
  url.port = std::to_string(testing::port_of(silent));
  EXPECT_EQ(ask_http(url, {milliseconds(100)}).error().message, "no answer within 100 ms");
  EXPECT_EQ(why_unreachable(url.host, url.port, kLong), std::nullopt);
  silent = Socket();
  EXPECT_EQ(ask_http(url, {kLong}).error().message, "cannot connect: Connection refused");
  EXPECT_EQ(why_unreachable(url.host, url.port, kLong)->message, "cannot connect: Connection refused");
  url.host = "no such host";
  EXPECT_THAT(ask_http(url, {kLong}).error().message, StartsWith("the name cannot be resolved: "));
}

TEST(HttpClientTest, NamesAreResolved) {
  OneAnswer server(testing::listen_on_any_port(), kGood);
  Url url = server.url();
  url.host = "localhost";
  const auto answer = ask_http(url, {kLong});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_THAT(server.request(), HasSubstr("Host: localhost:" + url.port + "\r\n"));
}

TEST(HttpClientTest, TlsNeedsRootsAndAPeerThatSpeaksIt) {
  const OneAnswer server(testing::listen_on_any_port(), kGood);
  Url url = server.url();
  url.tls = true;
  HttpQuestion question{kLong};
  question.tls.ca_file = "/no/such/file";
  EXPECT_THAT(ask_http(url, question).error().message, StartsWith("ca_file /no/such/file: "));
  question.tls.ca_file.clear();
  question.limit = milliseconds(200);  // this server waits for the end of a request's header
  EXPECT_THAT(ask_http(url, question).error().message, "no answer within 200 ms");
}

TEST(HttpClientTest, AsksOverAUnixSocket) {
  const testing::TempDir directory("http_client");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory.path() / "x.sock";
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  Socket listener(::socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_EQ(ask_http(path, "/page", {kLong}).error().message, "cannot connect: No such file or directory");
  ASSERT_EQ(::bind(listener.descriptor(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.descriptor(), 1), 0);
  OneAnswer server(std::move(listener), kGood);
  const auto answer = ask_http(path, "/page", {kLong});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "hi");
  EXPECT_THAT(server.request(), StartsWith("GET /page HTTP/1.1\r\nHost: localhost\r\n"));
  EXPECT_EQ(ask_http("/" + std::string(107, 'x'), "/page", {kLong}).error().message,
            "cannot connect: the path is too long for a socket");
}

}  // namespace
}  // namespace chorale::agent
