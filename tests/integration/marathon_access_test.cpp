// Who MarathonClient is to Marathon: credentials in files, and the token of a DC/OS service account.
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>

#include "agent/marathon/service_login.h"
#include "tests/harness/certificates.h"
#include "tests/integration/marathon_access_fixture.h"
#include "tests/integration/scripted_server.h"

namespace chorale::agent {
namespace {

using chorale::testing::http_answer;
using chorale::testing::ScriptedConnection;
using chorale::testing::ScriptedServer;
using chorale::testing::write_secret_file;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A JWT that ends so many seconds from now.
std::string token_ending_in(int life) {
  const auto end = system_clock::to_time_t(system_clock::now()) + life;
  // {"exp":1234567890}: 18 bytes, which need no padding.
  const std::string claims = R"({"exp":)" + std::to_string(end) + "}";
  static const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string encoded;
  for (std::size_t i = 0; i + 2 < claims.size(); i += 3) {
    const unsigned bits = static_cast<unsigned>(static_cast<unsigned char>(claims[i])) << 16U |
                          static_cast<unsigned>(static_cast<unsigned char>(claims[i + 1])) << 8U |
                          static_cast<unsigned>(static_cast<unsigned char>(claims[i + 2]));
    for (const unsigned shift : {18U, 12U, 6U, 0U}) encoded += kDigits[bits >> shift & 63U];
  }
  return "e30." + encoded + ".x";
}

std::string authorization_in(const std::string& head) {
  for (const char* name : {"Authorization: ", "Authorization:"}) {
    const auto at = head.find(name);
    if (at == std::string::npos) continue;
    const auto begin = at + std::string(name).size();
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  return "";
}

// Credentials in a file.

TEST_F(MarathonAccessTest, FileIsReadAgainAndTheLastGoodLineStays) {
  const ScriptedServer server([](const std::string&, ScriptedConnection& connection) {
    connection.send(http_answer("200 OK", kOneApp));
    return true;
  });
  const auto last = [&] { return authorization_in(server.heads().back()); };
  write_secret_file(path("auth"), "jo:pw\n");
  start_with({.auth_file = path("auth")});
  ASSERT_TRUE(fetch(server.url()).apps);
  EXPECT_EQ(last(), "Basic am86cHc=");
  EXPECT_FALSE(authorization_->trouble());
  EXPECT_FALSE(authorization_->renew("Basic am86cHc="));

  write_secret_file(path("auth"), "hunter2\n");
  ASSERT_TRUE(run_until([&] { return authorization_->trouble().has_value(); }));
  EXPECT_THAT(
      authorization_->trouble()->message,
      AllOf(HasSubstr("marathon_auth_file " + path("auth") + ": expected one line"), Not(HasSubstr("hunter2"))));
  ASSERT_TRUE(fetch(server.url()).apps);
  EXPECT_EQ(last(), "Basic am86cHc=");

  write_secret_file(path("auth"), "Bearer abc\n");
  ASSERT_TRUE(run_until([&] { return !authorization_->trouble(); }));
  EXPECT_TRUE(authorization_->renew("Basic am86cHc="));
  ASSERT_TRUE(fetch(server.url()).apps);
  EXPECT_EQ(last(), "Bearer abc");
}

TEST_F(MarathonAccessTest, NothingIsSentWithoutAnyGoodLine) {
  const ScriptedServer server([](const std::string&, ScriptedConnection&) { return false; });
  start_with({.auth_file = path("none")});
  EXPECT_THAT(message_of(fetch(server.url())), HasSubstr("marathon_auth_file " + path("none") + ": No such file"));
  client_->perform(OpenStream{server.url()});
  EXPECT_THAT(wait_for<StreamFailed>().failure.message, HasSubstr("marathon_auth_file"));
  EXPECT_EQ(server.connections(), 0);
}

// A service account.

class MarathonLoginTest : public MarathonAccessTest {
 protected:
  MarathonLoginTest() { write_account(login_.url() + "/login"); }

  void write_account(const std::string& endpoint, const std::string& uid = "chorale") {
    write_secret_file(path("account.json"),
                      nlohmann::json{{"uid", uid}, {"private_key", key_.secret}, {"login_endpoint", endpoint}}.dump());
  }
  [[nodiscard]] AuthorizationOptions options() const {
    AuthorizationOptions options;
    options.service_account_file = path("account.json");
    options.login_again = milliseconds(50);
    options.refused_not_before = milliseconds(0);
    return options;
  }
  [[nodiscard]] std::size_t logins() const { return login_.heads().size(); }
  // The token that the nth login gives, counted from 1.
  [[nodiscard]] std::string token(std::size_t nth) const {
    const std::lock_guard lock(mutex_);
    return tokens_.at(nth - 1);
  }

  const chorale::testing::PemKeyPair key_ = chorale::testing::make_rsa_key();
  mutable std::mutex mutex_;
  std::vector<std::string> tokens_;
  std::atomic<int> life_{100'000};    // seconds, of the next token
  std::atomic<bool> answers_{true};   // the login endpoint does
  std::atomic<std::size_t> good_{0};  // which token Marathon takes; 0: any
  std::atomic<int> refusals_{0};      // 401s of Marathon
  ScriptedServer login_{[this](const std::string&, ScriptedConnection& connection) {
    if (!answers_) {
      connection.send(http_answer("503 Service Unavailable", "s3cret", "Connection: close\r\n"));
      return false;
    }
    const std::lock_guard lock(mutex_);
    tokens_.push_back(token_ending_in(life_));
    connection.send(http_answer("200 OK", R"({"token":")" + tokens_.back() + std::to_string(tokens_.size()) + "\"}",
                                "Connection: close\r\n"));
    tokens_.back() += std::to_string(tokens_.size());
    return false;
  }};
  ScriptedServer marathon_{[this](const std::string& head, ScriptedConnection& connection) {
    bool taken = authorization_in(head).starts_with("token=");
    if (good_ != 0) {
      const std::lock_guard lock(mutex_);
      taken = tokens_.size() >= good_ && authorization_in(head) == "token=" + tokens_[good_ - 1];
    }
    if (!taken) {
      ++refusals_;
      connection.send(http_answer("401 Unauthorized", ""));
    } else if (head.starts_with("GET /v2/events ")) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
      connection.wait_for_close();
      return false;
    } else {
      connection.send(http_answer("200 OK", kOneApp));
    }
    return true;
  }};
};

TEST_F(MarathonLoginTest, OneLoginServesEveryRequest) {
  start_with(options());
  client_->perform(OpenStream{marathon_.url()});  // while nothing is known yet
  client_->perform(PingEndpoint{marathon_.url()});
  ASSERT_TRUE(fetch(marathon_.url()).apps);
  EXPECT_FALSE(wait_for<EndpointPinged>().failure);
  ASSERT_TRUE(run_until([&] { return marathon_.heads().size() == 3; }));
  for (const std::string& head : marathon_.heads()) EXPECT_EQ(authorization_in(head), "token=" + token(1));
  EXPECT_EQ(logins(), 1U);
  EXPECT_THAT(login_.heads().at(0),
              AllOf(HasSubstr("POST /login HTTP/1.1\r\n"), HasSubstr("Content-Type: application/json\r\n")));
  EXPECT_FALSE(authorization_->trouble());
}

TEST_F(MarathonLoginTest, TokenIsRenewedBeforeItEnds) {
  life_ = 4;
  start_with(options());
  ASSERT_TRUE(fetch(marathon_.url()).apps);
  life_ = 100'000;
  const auto end = system_clock::now() + seconds(4);
  const auto uses_the_next = [&] {
    return fetch(marathon_.url()).apps && authorization_in(marathon_.heads().back()) != "token=" + token(1);
  };
  ASSERT_TRUE(run_until(uses_the_next));
  EXPECT_LT(system_clock::now(), end);
  EXPECT_EQ(authorization_in(marathon_.heads().back()), "token=" + token(2));
  EXPECT_EQ(refusals_, 0);
}

TEST_F(MarathonLoginTest, RefusedTokenIsRenewedOnce) {
  start_with(options());
  ASSERT_TRUE(fetch(marathon_.url()).apps);
  good_ = 2;
  const AppsFetched fetched = fetch(marathon_.url());
  ASSERT_TRUE(fetched.apps) << fetched.apps.error().message;
  EXPECT_EQ(logins(), 2U);
  EXPECT_EQ(refusals_, 1);
  good_ = 3;
  client_->perform(OpenStream{marathon_.url()});
  ASSERT_TRUE(run_until([&] { return logins() == 3; }));
  ASSERT_TRUE(fetch(marathon_.url()).apps);
  EXPECT_EQ(count<StreamFailed>(), 0U);
  good_ = 99;
  EXPECT_THAT(message_of(fetch(marathon_.url())), HasSubstr("HTTP 401"));
  EXPECT_EQ(logins(), 4U) << "one for this request";
}

TEST_F(MarathonLoginTest, FreshTokenIsNotRenewedForARefusal) {
  AuthorizationOptions slow = options();
  slow.refused_not_before = seconds(3'600);
  start_with(std::move(slow));
  good_ = 99;
  for (int i = 0; i < 3; ++i) EXPECT_THAT(message_of(fetch(marathon_.url())), HasSubstr("HTTP 401"));
  client_->perform(OpenStream{marathon_.url()});
  EXPECT_THAT(wait_for<StreamFailed>().failure.message, HasSubstr("HTTP 401"));
  EXPECT_EQ(logins(), 1U);
}

TEST_F(MarathonLoginTest, WithoutALoginNothingIsSentAndTheReasonIsNamed) {
  answers_ = false;
  start_with(options());
  EXPECT_THAT(message_of(fetch(marathon_.url())),
              AllOf(HasSubstr("cannot log in at " + login_.url() + "/login: HTTP 503"), Not(HasSubstr("s3cret"))));
  ASSERT_TRUE(authorization_->trouble());
  EXPECT_TRUE(marathon_.heads().empty());
  answers_ = true;
  ASSERT_TRUE(run_until([&] { return !authorization_->trouble(); })) << "tried again without being asked";
  EXPECT_TRUE(fetch(marathon_.url()).apps);
}

TEST_F(MarathonLoginTest, LastTokenStaysInUseWhileTheLoginFails) {
  life_ = 6;
  start_with(options());
  ASSERT_TRUE(fetch(marathon_.url()).apps);
  answers_ = false;
  ASSERT_TRUE(run_until([&] { return authorization_->trouble().has_value(); }));
  EXPECT_TRUE(fetch(marathon_.url()).apps) << "it has not ended";
  ASSERT_TRUE(run_until([&] { return !fetch(marathon_.url()).apps; }));
  EXPECT_EQ(refusals_, 0) << "one that has ended is not sent";
}

TEST_F(MarathonLoginTest, TokenWithoutAnEndToComeIsUsedUntilItIsRefused) {
  life_ = -50;
  start_with(options());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(fetch(marathon_.url()).apps);
  EXPECT_EQ(logins(), 1U);
}

TEST_F(MarathonLoginTest, ChangedFileLogsInAnew) {
  start_with(options());
  ASSERT_TRUE(fetch(marathon_.url()).apps);
  write_secret_file(path("account.json"), "{");
  ASSERT_TRUE(run_until([&] { return authorization_->trouble().has_value(); }));
  EXPECT_THAT(authorization_->trouble()->message,
              HasSubstr("marathon_service_account_file " + path("account.json") + ": expected a JSON object"));
  EXPECT_TRUE(fetch(marathon_.url()).apps);
  write_account(login_.url() + "/other");
  ASSERT_TRUE(run_until([&] { return logins() == 2; }));
  EXPECT_THAT(login_.heads().back(), HasSubstr("POST /other "));
  EXPECT_FALSE(authorization_->trouble());
}

TEST_F(MarathonLoginTest, CommandLineNamesWhatIsWrong) {
  const auto account = parse_service_account(
      nlohmann::json{{"uid", "x"}, {"private_key", key_.secret}, {"login_endpoint", marathon_.url()}}.dump());
  ASSERT_TRUE(account);
  EXPECT_THAT(log_in(*account, {}, seconds(10)).error().message,
              HasSubstr("HTTP 401; does the private_key belong to this uid there?"));
  const ScriptedServer odd([](const std::string&, ScriptedConnection& connection) {
    connection.send(http_answer("200 OK", "{}", "Connection: close\r\n"));
    return false;
  });
  ServiceAccount elsewhere = *account;
  elsewhere.login_endpoint = *parse_url(odd.url());
  EXPECT_THAT(log_in(elsewhere, {}, seconds(10)).error().message, HasSubstr("the answer holds no token"));
}

}  // namespace
}  // namespace chorale::agent
