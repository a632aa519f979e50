// The page that says what a worker serves: how it gets into a file, where it is asked for, and what counts as an
// answer.
#include "agent/nginx/proof_page.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "agent/base/process.h"
#include "agent/nginx/proof.h"
#include "tests/harness/loopback.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

const std::string kMark(32, 'a');

std::string in_server(const std::string& lines) {
  return "http {\n  server { listen 1; }\n  server {\n    " + lines + "\n    @{proof}\n  }\n}\n";
}
std::optional<ProofPage> page_in(const std::string& lines) {
  const auto text = fill_in(in_server(lines), {});
  EXPECT_TRUE(text);
  return find_proof_page(text.value_or(""));
}
std::string asked_at(const std::string& lines) {
  const auto page = page_in(lines);
  return page ? page->host + " at " + page->address + " " + std::to_string(page->port) : "nowhere";
}

TEST(ProofPageTest, MarkIsThatOfTheText) {
  const auto one = page_in("listen 80; set $a 1;");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->mark.size(), 32U);
  EXPECT_EQ(page_in("listen 80; set $a 1;"), one) << "equal text, equal file, no reload";
  EXPECT_NE(page_in("listen 80; set $a 2;")->mark, one->mark);
  EXPECT_NE(fill_in("@{proof}@{a}", {{"a", "1"}}).value(), fill_in("@{proof}@{a}", {{"a", "2"}}).value());
}

TEST(ProofPageTest, ItsValueCannotBeSetAndItAddsNoLine) {
  const std::string text = in_server("listen 80;");
  const auto filled = fill_in(text, {{"proof", "return 200 \"mine\";"}});
  ASSERT_TRUE(filled);
  EXPECT_EQ(*filled, fill_in(text, {}).value());
  EXPECT_EQ(std::count(filled->begin(), filled->end(), '\n'), std::count(text.begin(), text.end(), '\n'));
  EXPECT_EQ(fill_in("plain @{a}", {{"a", "b"}}).value(), "plain b");
  EXPECT_FALSE(fill_in("@{proof} @{unset}", {}));
}

TEST(ProofPageTest, IsAskedWhereItsServerListens) {
  EXPECT_EQ(asked_at("listen 8080 default_server; server_name _;"), "chorale at 127.0.0.1 8080");
  EXPECT_EQ(asked_at("listen *:81; listen 82;"), "chorale at 127.0.0.1 81");
  EXPECT_EQ(asked_at("listen 0.0.0.0:81;"), "chorale at 127.0.0.1 81");
  EXPECT_EQ(asked_at("listen localhost:81;"), "chorale at 127.0.0.1 81");
  EXPECT_EQ(asked_at("listen 10.0.0.5;"), "chorale at 10.0.0.5 80");
  EXPECT_EQ(asked_at("listen [::]:81;"), "chorale at ::1 81");
  EXPECT_EQ(asked_at("listen [fd00::5];"), "chorale at fd00::5 80");
  EXPECT_EQ(asked_at(""), "chorale at 127.0.0.1 80");
  EXPECT_EQ(asked_at("listen 80; server_name *.a ~b .c \"\" www.example.org d;"), "www.example.org at 127.0.0.1 80");
}

TEST(ProofPageTest, OnlyPlainHttpIsAsked) {
  EXPECT_EQ(asked_at("listen 443 ssl; listen 81;"), "chorale at 127.0.0.1 81");
  EXPECT_EQ(asked_at("listen unix:/run/x; listen 81;"), "chorale at 127.0.0.1 81");
  EXPECT_EQ(asked_at("listen 443 ssl;"), "nowhere");
  EXPECT_EQ(asked_at("listen 80 proxy_protocol;"), "nowhere");
  EXPECT_EQ(asked_at("listen 443 quic;"), "nowhere");
  EXPECT_EQ(asked_at("listen other.example:80;"), "nowhere");
  EXPECT_EQ(asked_at("listen 99999;"), "nowhere");
}

TEST(ProofPageTest, TextWithoutThePageHasNone) {
  EXPECT_FALSE(find_proof_page(fill_in("http { server { listen 80; } }", {}).value()));
  EXPECT_FALSE(find_proof_page("# /.chorale/proof\nserver { listen 80; location / { return 200 \"$pid x\"; } }"));
  EXPECT_FALSE(find_proof_page("server { location = /.chorale/proof { if (a) { return 404; } } }"));
}

TEST(ProofPageTest, AnswerIsAPidAndAMark) {
  const auto answer = parse_proof_answer("42 " + kMark);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->pid, 42);
  EXPECT_EQ(answer->mark, kMark);
  for (const std::string& other :
       {kMark, "42" + kMark, "42 " + kMark + "a", "-1 " + kMark, std::string("42 "), std::string()}) {
    EXPECT_FALSE(parse_proof_answer(other)) << other;
  }
}

// Answers every connection with what it is told to.
class Scripted {
 public:
  Scripted() : thread_([this] { serve(); }) {}
  ~Scripted() {
    ended_ = true;
    thread_.join();
  }
  void say(const std::string& body, const std::string& status = "200 OK") {
    const std::lock_guard lock(mutex_);
    body_ = body;
    status_ = status;
  }
  [[nodiscard]] ProofPage page() const { return {"127.0.0.1", testing::port_of(listener_), "chorale", kMark}; }
  [[nodiscard]] int asked() const { return asked_; }

 private:
  void serve() {
    while (!ended_) {
      pollfd waiting{listener_.descriptor(), POLLIN, 0};
      if (poll(&waiting, 1, 10) <= 0) continue;
      const testing::Socket client(accept(listener_.descriptor(), nullptr, nullptr));
      char buffer[1024];
      if (recv(client.descriptor(), buffer, sizeof(buffer), 0) <= 0) continue;
      ++asked_;
      const std::lock_guard lock(mutex_);
      const std::string answer =
          "HTTP/1.1 " + status_ + "\r\nContent-Length: " + std::to_string(body_.size()) + "\r\n\r\n" + body_;
      send(client.descriptor(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  testing::Socket listener_ = testing::listen_on_any_port();
  std::mutex mutex_;
  std::string body_;
  std::string status_;
  std::atomic<bool> ended_{false};
  std::atomic<int> asked_{0};
  std::thread thread_;
};

class ProofByPageTest : public ::testing::Test {
 protected:
  // A reload that replaces the workers, and what the page has said by then.
  ReloadFinished reload(Milliseconds timeout) {
    const ReloadRequest request{
        {{nginx_.pid_file()}, {nginx_.error_log()}}, "nginx", {"nginx"}, "nginx.conf", timeout, {}, server_.page()};
    const auto proof = Proof::begin(request, kNeverStopped);
    EXPECT_TRUE(proof);
    if (!proof) return {};
    std::optional<ReloadFinished> result;
    EXPECT_TRUE(testing::wait_until([&] { return (result = (*proof)->observe()).has_value(); }, Milliseconds(10'000)));
    return result.value_or(ReloadFinished());
  }

  FakeNginx nginx_;
  Scripted server_;
};

TEST_F(ProofByPageTest, NewWorkerWithTheMarkProvesItWithOneRequest) {
  server_.say("1 " + kMark);
  const ReloadFinished result = reload(Milliseconds(10'000));
  EXPECT_EQ(result.result, ReloadFinished::Result::kProven) << result.reason;
  EXPECT_EQ(server_.asked(), 1);
}

TEST_F(ProofByPageTest, NewWorkersOfAnotherFileProveNothing) {
  server_.say("1 " + std::string(32, 'b'));
  const ReloadFinished result = reload(Milliseconds(500));
  EXPECT_EQ(result.result, ReloadFinished::Result::kUnproven);
  EXPECT_NE(result.reason.find("process 1 serves another file"), std::string::npos) << result.reason;
  EXPECT_LE(server_.asked(), 7) << "asked every 100 ms";
}

TEST_F(ProofByPageTest, AnOldWorkerWithTheMarkProvesNothing) {
  server_.say(std::to_string(workers_of(nginx_.pid()).serving.front()) + " " + kMark);
  EXPECT_EQ(reload(Milliseconds(500)).result, ReloadFinished::Result::kUnproven);
}

TEST_F(ProofByPageTest, OtherAnswersProveNothingAndAreNamed) {
  server_.say("welcome");
  const ReloadFinished result = reload(Milliseconds(300));
  EXPECT_EQ(result.result, ReloadFinished::Result::kUnproven);
  EXPECT_NE(result.reason.find("/.chorale/proof: \"welcome\""), std::string::npos) << result.reason;
}

TEST(ProofAskTest, TheRightWordsWithAnotherStatusAreNoAnswer) {
  Scripted server;
  server.say("1 " + kMark, "404 Not Found");
  const auto answer = ask(server.page(), Milliseconds(10'000));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "HTTP 404");
}

TEST(ProofAskTest, ClosedPortsAndSilenceAreErrorsWithinTheLimit) {
  auto listener = testing::listen_on_any_port();
  const std::uint16_t port = testing::port_of(listener);
  EXPECT_EQ(ask({"127.0.0.1", port, "chorale", kMark}, Milliseconds(100)).error().message, "no answer within 100 ms");
  listener = testing::Socket();
  EXPECT_NE(ask({"127.0.0.1", port, "chorale", kMark}, Milliseconds(100)).error().message.find("refused"),
            std::string::npos);
}

}  // namespace
}  // namespace chorale::agent
