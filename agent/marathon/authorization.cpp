#include "agent/marathon/authorization.h"

#include <algorithm>
#include <utility>

#include "agent/base/log.h"
#include "agent/base/secret_file.h"
#include "agent/base/watched_file.h"
#include "agent/marathon/requests.h"
#include "agent/marathon/service_login.h"

namespace chorale::agent {
namespace {

class FixedAuthorization final : public Authorization {
 public:
  explicit FixedAuthorization(std::string value) : value_(std::move(value)) {}
  void get(Done done) override { done(value_); }

 private:
  const std::string value_;
};

// The last good content of the file.
class FileAuthorization final : public Authorization {
 public:
  FileAuthorization(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const std::string& path)
      : path_(path), file_(loop, workers, path, kMaxSecretBytes, [this](const WatchedFile::Text& text) {
          take(text);
          if (trouble_) return log_warning(trouble_->message + "; the last good content stays in use");
          log_info("marathon_auth_file " + path_ + " has changed and is in use");
        }) {
    take(file_.text());
  }

  void get(Done done) override {
    if (value_.empty()) return done(tl::unexpected(*trouble_));
    done(value_);
  }
  bool renew(const std::string& refused) override { return value_ != refused; }
  std::optional<Failure> trouble() const override { return trouble_; }

 private:
  void take(const WatchedFile::Text& text) {
    auto value = text.and_then([this](const std::string& content) {
      return parse_auth_line(content).map_error(
          [this](const Failure& why) { return Failure{path_ + ": " + why.message}; });
    });
    trouble_ = value ? std::nullopt : std::optional(Failure{"marathon_auth_file " + value.error().message});
    if (value) value_ = *std::move(value);
  }

  const std::string path_;
  std::string value_;  // empty: there was no good one yet
  std::optional<Failure> trouble_;
  WatchedFile file_;
};

}  // namespace

std::shared_ptr<Authorization> fixed_authorization(std::string value) {
  return std::make_shared<FixedAuthorization>(std::move(value));
}

std::shared_ptr<Authorization> make_authorization(boost::asio::io_context& loop, boost::asio::thread_pool& workers,
                                                  AuthorizationOptions options) {
  if (!options.auth_file.empty()) return std::make_shared<FileAuthorization>(loop, workers, options.auth_file);
  if (!options.service_account_file.empty()) return make_service_login(loop, workers, std::move(options));
  return fixed_authorization(options.user.empty() ? "" : basic_authorization(options.user + ":" + options.password));
}

tl::expected<std::string, Failure> parse_auth_line(std::string_view content) {
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.remove_suffix(1);
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  const bool is_token = content.starts_with("Bearer ") || content.starts_with("token=");
  const auto colon = content.find(':');
  const bool is_user = colon != 0 && colon != std::string_view::npos;
  if ((!is_token && !is_user) || std::any_of(content.begin(), content.end(), is_control)) {
    return tl::unexpected(Failure{"expected one line user:password, or Bearer TOKEN, or token=TOKEN"});
  }
  return is_token ? std::string(content) : basic_authorization(content);
}

}  // namespace chorale::agent
