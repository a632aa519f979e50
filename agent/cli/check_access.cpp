// `chorale check`: the files that give access to Marathon, and logging in with them.
#include <string>
#include <utility>

#include "agent/base/exit_code.h"
#include "agent/base/secret_file.h"
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

// What `parse` makes of the file; nullopt: nothing, which is reported.
template <class Parse>
auto read_file_of(CheckReport& report, const std::string& key, const std::string& file, Parse parse) {
  auto read = read_text_file(file, kMaxSecretBytes).and_then([&](const std::string& text) {
    return parse(text).map_error([&](const Failure& why) { return Failure{file + ": " + why.message}; });
  });
  if (!read) report.fail("marathon", key + " " + safe(read.error().message), kExitUsage);
  return read ? std::optional(*std::move(read)) : std::nullopt;
}

std::optional<std::string> authorization_by_login(CheckReport& report, const Config& config) {
  const std::string& file = config.marathon_service_account_file;
  const auto account = read_file_of(report, "marathon_service_account_file", file, parse_service_account);
  if (!account) return std::nullopt;
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
  if (const std::string& file = config.marathon_auth_file; !file.empty()) {
    return read_file_of(report, "marathon_auth_file", file, parse_auth_line);
  }
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
