// Who must have signed Marathon's certificate, and who we are: one rule for the event stream and for REST; and what
// else our TLS clients insist on.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <string>

#include "agent/base/tls_files.h"
#include "agent/base/types.h"

namespace chorale::agent {

// `ca_file`, or the system's roots where it is empty. A Failure only for a ca_file that cannot be read: without any
// root the handshake fails by itself, and says so.
[[nodiscard]] std::optional<Failure> trust_roots(boost::asio::ssl::context& context, const std::string& ca_file);

// trust_roots(), and our own certificate with its key. A Failure names the key of the configuration and the file: what
// cannot be read, a key of another certificate, a certificate that is not valid now.
[[nodiscard]] std::optional<Failure> use_files(boost::asio::ssl::context& context, const TlsFiles& files);

// The end of the first certificate in a PEM text, as in "2026-03-01T12:00:00Z"; "" where there is none.
[[nodiscard]] std::string end_of_certificate(const std::string& pem);

// TLS 1.2 or newer.
[[nodiscard]] boost::asio::ssl::context client_context();

// Sends the name along, and refuses every certificate that was not issued for it.
[[nodiscard]] std::optional<Failure> expect_host(boost::asio::ssl::stream<boost::asio::ip::tcp::socket>& stream,
                                                 const std::string& host);

}  // namespace chorale::agent
