// `chorale check`: the files that give access to Marathon, and logging in with them.
#include <string>
#include <utility>

#include "agent/base/exit_code.h"
#include "agent/base/text_file.h"
#include "agent/base/tls_roots.h"
#include "agent/cli/check_parts.h"
#include "agent/cli/table.h"
#include "agent/marathon/requests.h"
#include "agent/marathon/service_login.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::milliseconds kLoginPatience{5'000};

bool check_tls_files(CheckReport& report, const TlsFiles& files) {
  if (files == TlsFiles{}) return true;
  auto context = client_context();
  if (const auto failure = use_files(context, files)) {
    report.fail("marathon", failure->message, kExitUsage);
    return false;
  }
  if (files.cert_file.empty()) return true;
  const auto pem = read_text_file(files.cert_file);
  report.ok("marathon", "marathon_cert_file " + files.cert_file + " is valid until " +
                            (pem ? end_of_certificate(*pem) : std::string("an unknown time")));
  return true;
}

std::optional<std::string> authorization_by_file(CheckReport& report, const std::string& file) {
  const auto value =
      read_text_file(file, kMaxSecretBytes).and_then([](const auto& text) { return parse_auth_line(text); });
  if (value) return *value;
  report.fail("marathon", "marathon_auth_file " + file + ": " + value.error().message, kExitUsage);
  return std::nullopt;
}

std::optional<std::string> authorization_by_login(CheckReport& report, const Config& config) {
  const std::string& file = config.marathon_service_account_file;
  const auto account =
      read_text_file(file, kMaxSecretBytes).and_then([](const auto& text) { return parse_service_account(text); });
  if (!account) {
    report.fail("marathon", "marathon_service_account_file " + file + ": " + account.error().message, kExitUsage);
    return std::nullopt;
  }
  if (!account->login_endpoint.tls) {
    report.warn("marathon", "login_endpoint in " + file + " is no https:// URL: Marathon's token is sent in clear");
  }
  const auto token = log_in(*account, config.tls, kLoginPatience);
  if (!token) {
    report.fail("marathon", safe(token.error().message), kExitUnreachable);
    return std::nullopt;
  }
  report.ok("marathon", "logged in at " + account->login_endpoint.text() + " as " + safe(account->uid));
  return token_authorization(*token);
}

}  // namespace

std::optional<std::string> check_access(CheckReport& report, const Config& config) {
  if (!check_tls_files(report, config.tls)) return std::nullopt;
  if (!config.marathon_auth_file.empty()) return authorization_by_file(report, config.marathon_auth_file);
  if (!config.marathon_service_account_file.empty()) return authorization_by_login(report, config);
  return config.user.empty() ? std::string() : basic_authorization(config.user + ":" + config.pass);
}

HttpQuestion question_to_marathon(const Config& config, const std::string& authorization,
                                  std::chrono::milliseconds limit) {
  HttpQuestion question{limit};
  question.authorization = authorization;
  question.tls = config.tls;
  return question;
}

}  // namespace chorale::agent
