// What every request to Marathon carries in its Authorization header: one object for the whole agent. Loop thread only.
//
// The value is a secret: it stands in no text.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/tls_files.h"
#include "agent/base/types.h"

namespace chorale::agent {

class Authorization {
 public:
  using Done = std::function<void(tl::expected<std::string, Failure>)>;

  Authorization() = default;
  virtual ~Authorization() = default;
  Authorization(const Authorization&) = delete;
  Authorization& operator=(const Authorization&) = delete;

  // The header's value; empty: none is sent. `done` is called once: within this call where the answer is known, else on
  // the loop, and never after this object's end.
  virtual void get(Done done) = 0;
  // Marathon answered 401 to this value. True: another one is there or is being asked for, so that asking Marathon
  // again is worth it, once.
  [[nodiscard]] virtual bool renew(const std::string& /*refused*/) { return false; }
  // Why the next value could not be had, though the present one may still do.
  [[nodiscard]] virtual std::optional<Failure> trouble() const { return std::nullopt; }
};

// Always the same; empty: none.
[[nodiscard]] std::shared_ptr<Authorization> fixed_authorization(std::string value);

// Where the credentials come from: at most one of the three is set.
struct AuthorizationOptions {
  std::string user{};
  std::string password{};
  std::string auth_file{};             // see parse_auth_line()
  std::string service_account_file{};  // see service_account.h
  TlsFiles tls{};                      // to log in with
  Milliseconds login_limit{10'000};
  Milliseconds login_again{5'000};          // after one that failed
  Milliseconds refused_not_before{10'000};  // a token that is refused is renewed when it is as old as that
};
[[nodiscard]] std::shared_ptr<Authorization> make_authorization(boost::asio::io_context& loop,
                                                                boost::asio::thread_pool& workers,
                                                                AuthorizationOptions options);

// The header's value for the content of an auth_file: one line, "user:password", or "Bearer TOKEN" or "token=TOKEN",
// which are sent as they are. The error repeats nothing of it.
[[nodiscard]] tl::expected<std::string, Failure> parse_auth_line(std::string_view content);

}  // namespace chorale::agent
