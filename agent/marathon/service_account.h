// A DC/OS service account: the file that DC/OS keeps as its secret, the question that logs in with it, and the token
// that comes back (DC/OS: "Service account authentication", /acs/api/v1/auth/login). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/types.h"
#include "agent/base/url.h"

namespace chorale::agent {

struct ServiceAccount {
  std::string uid;
  std::string private_key;  // RSA, in PEM
  Url login_endpoint;

  bool operator==(const ServiceAccount&) const = default;
};

// {"scheme":"RS256","uid":"...","private_key":"-----BEGIN ...","login_endpoint":"https://..."}. No error repeats a
// value.
[[nodiscard]] tl::expected<ServiceAccount, Failure> parse_service_account(std::string_view json);

// The body of the question: the uid, and a token of our own that is good until `end`, signed by RS256.
[[nodiscard]] tl::expected<std::string, Failure> login_request(const ServiceAccount& account,
                                                               std::chrono::system_clock::time_point end);

// {"token":"..."}: what it answers.
[[nodiscard]] tl::expected<std::string, Failure> parse_login_answer(std::string_view body);

// `exp` of a JWT, whose signature is its reader's business; nullopt: it has none.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> end_of_token(std::string_view token);

}  // namespace chorale::agent
