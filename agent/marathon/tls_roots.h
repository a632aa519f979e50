// Whom Marathon's certificate has to be signed by. One rule for the event stream and for REST.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <optional>
#include <string>

#include "agent/core/types.h"

namespace chorale::agent {

// `ca_file`, or the system's roots where it is empty. A Failure only for a ca_file that cannot be read: without any
// root the handshake fails by itself, and says so.
[[nodiscard]] std::optional<Failure> trust_roots(boost::asio::ssl::context& context, const std::string& ca_file);

}  // namespace chorale::agent
