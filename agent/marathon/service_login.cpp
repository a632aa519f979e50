#include "agent/marathon/service_login.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "agent/base/http_client.h"
#include "agent/base/log.h"
#include "agent/base/secret_file.h"
#include "agent/base/watched_file.h"
#include "agent/base/worker.h"

namespace chorale::agent {
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::chrono::minutes kOwnTokenLife{5};  // to log in with, and nothing else

class ServiceLogin final : public Authorization, public std::enable_shared_from_this<ServiceLogin> {
 public:
  ServiceLogin(boost::asio::io_context& loop, boost::asio::thread_pool& workers, AuthorizationOptions options)
      : options_(std::move(options)),
        worker_(loop, workers),
        timer_(loop),
        file_(loop, workers, options_.service_account_file, kMaxSecretBytes, [this](const auto& text) { take(text); }) {
    take(file_.text());
  }

  void get(Done done) override {
    if (is_good()) return done(token_authorization(token_));
    if (!asking_ && !trouble()) ask();
    if (!asking_) return done(tl::unexpected(*trouble()));
    waiting_.push_back(std::move(done));
  }

  bool renew(const std::string& refused) override {
    if (!is_good() || token_authorization(token_) != refused) return is_good() || asking_;
    if (steady_clock::now() - since_ < options_.refused_not_before) return false;
    log_info("Marathon refuses the token of " + options_.service_account_file + ": logging in again");
    token_.clear();
    ask();
    return asking_;
  }

  std::optional<Failure> trouble() const override { return file_trouble_ ? file_trouble_ : login_trouble_; }

 private:
  [[nodiscard]] bool is_good() const { return !token_.empty() && steady_clock::now() < end_; }

  void take(const WatchedFile::Text& text) {
    auto account = text.and_then([this](const std::string& json) {
      return parse_service_account(json).map_error(
          [this](const Failure& why) { return Failure{options_.service_account_file + ": " + why.message}; });
    });
    file_trouble_.reset();
    if (!account) {
      file_trouble_ = Failure{"marathon_service_account_file " + account.error().message};
      return log_warning(file_trouble_->message);
    }
    account_ = *std::move(account);
    ask();
  }

  // An answer to an earlier question counts no more: it was asked for another account, or is the same.
  void ask() {
    if (!account_) return;
    asking_ = true;
    worker_.run(
        [account = *account_, tls = options_.tls, limit = options_.login_limit] { return log_in(account, tls, limit); },
        [this, number = ++question_](tl::expected<std::string, Failure> token) {
          if (number != question_) return;
          const auto self = shared_from_this();  // who is answered may be its last owner
          asking_ = false;
          if (!token) return failed(token.error());
          succeeded(*std::move(token));
        });
  }

  void ask_after(Milliseconds delay) {
    timer_.expires_after(delay);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) ask();
    });
  }

  void succeeded(std::string token) {
    if (login_trouble_) log_info("logged in at " + account_->login_endpoint.text() + " again");
    login_trouble_.reset();
    token_ = std::move(token);
    since_ = steady_clock::now();
    timer_.cancel();
    const auto end = end_of_token(token_);
    const auto life = end ? std::chrono::duration_cast<Milliseconds>(*end - system_clock::now()) : Milliseconds(0);
    // One without an end, or whose end has passed by this host's clock, is used until it is refused.
    end_ = life > Milliseconds(0) ? since_ + life : steady_clock::time_point::max();
    if (life > Milliseconds(0)) ask_after(renewed_after(life));
    answer_all();
  }

  void failed(Failure why) {
    if (!login_trouble_ || login_trouble_->message != why.message) log_warning(why.message);
    login_trouble_ = std::move(why);
    ask_after(options_.login_again);
    answer_all();
  }

  void answer_all() {
    for (Done& done : std::exchange(waiting_, {})) get(std::move(done));
  }

  const AuthorizationOptions options_;
  Worker worker_;
  boost::asio::steady_timer timer_;
  std::optional<ServiceAccount> account_;  // the last good one
  std::string token_;
  steady_clock::time_point since_{};
  steady_clock::time_point end_{};
  std::optional<Failure> file_trouble_;
  std::optional<Failure> login_trouble_;
  std::vector<Done> waiting_;
  std::uint64_t question_ = 0;
  bool asking_ = false;
  WatchedFile file_;
};

}  // namespace

Milliseconds renewed_after(Milliseconds life) { return life - std::min<Milliseconds>(life / 5, std::chrono::hours(1)); }

std::string token_authorization(const std::string& token) { return "token=" + token; }

tl::expected<std::string, Failure> log_in(const ServiceAccount& account, const TlsFiles& tls, Milliseconds limit) {
  const auto failed = [&](const std::string& why) {
    return tl::unexpected(Failure{"cannot log in at " + account.login_endpoint.text() + ": " + why});
  };
  const auto body = login_request(account, system_clock::now() + kOwnTokenLife);
  if (!body) return failed(body.error().message);
  HttpQuestion question{limit};
  question.method = "POST";
  question.body = *body;
  question.content_type = "application/json";
  question.tls = tls;
  const auto answer = ask_http(account.login_endpoint, question);
  if (!answer) return failed(answer.error().message);
  if (answer->status == 401 || answer->status == 403) {
    return failed("HTTP " + std::to_string(answer->status) + "; does the private_key belong to this uid there?");
  }
  if (answer->status != 200) return failed("HTTP " + std::to_string(answer->status));
  auto token = parse_login_answer(answer->body);
  if (!token) return failed(token.error().message);
  return token;
}

std::shared_ptr<Authorization> make_service_login(boost::asio::io_context& loop, boost::asio::thread_pool& workers,
                                                  AuthorizationOptions options) {
  return std::make_shared<ServiceLogin>(loop, workers, std::move(options));
}

}  // namespace chorale::agent
