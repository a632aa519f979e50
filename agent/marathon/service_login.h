// Logging in with a DC/OS service account, and keeping its token fresh: it is renewed before it ends, when Marathon
// refuses it, and when the account's file changes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/tls_files.h"
#include "agent/base/types.h"
#include "agent/marathon/authorization.h"
#include "agent/marathon/service_account.h"

namespace chorale::agent {

// The token. Blocking: for the command line and for worker threads. The error names the endpoint, and no secret.
[[nodiscard]] tl::expected<std::string, Failure> log_in(const ServiceAccount& account, const TlsFiles& tls,
                                                        Milliseconds limit);
// When a token of that life is renewed: after four fifths of it, an hour before the end of one that lasts days.
[[nodiscard]] Milliseconds renewed_after(Milliseconds life);
// The value of the Authorization header.
[[nodiscard]] std::string token_authorization(const std::string& token);

// Loop thread only. REQUIRES: options.service_account_file is set.
[[nodiscard]] std::shared_ptr<Authorization> make_service_login(boost::asio::io_context& loop,
                                                                boost::asio::thread_pool& workers,
                                                                AuthorizationOptions options);

}  // namespace chorale::agent
