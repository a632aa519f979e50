#include "agent/base/tls_roots.h"

#include <openssl/x509.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <filesystem>

namespace chorale::agent {

namespace ssl = boost::asio::ssl;

namespace {

// Whether OpenSSL's built-in places lead anywhere: on Debian a directory, which it searches when it needs a root, on EL
// a file. A library that was built elsewhere looks where nothing is.
bool default_places_exist() {
  std::error_code error;
  const auto directory = std::filesystem::directory_iterator(X509_get_default_cert_dir(), error);
  return (!error && directory != std::filesystem::directory_iterator()) ||
         std::filesystem::exists(X509_get_default_cert_file(), error);
}

}  // namespace

std::optional<Failure> trust_roots(boost::asio::ssl::context& context, const std::string& ca_file) {
  boost::system::error_code error;
  if (!ca_file.empty()) {
    context.load_verify_file(ca_file, error);
    return error ? std::optional(Failure{"ca_file " + ca_file + ": " + error.message()}) : std::nullopt;
  }
  context.set_default_verify_paths(error);
  if (!default_places_exist()) {
    for (const char* bundle : {"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"}) {
      context.load_verify_file(bundle, error);
    }
  }
  return std::nullopt;
}

ssl::context client_context() {
  ssl::context context(ssl::context::tls_client);
  context.set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                      ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  return context;
}

std::optional<Failure> expect_host(ssl::stream<boost::asio::ip::tcp::socket>& stream, const std::string& host) {
  boost::system::error_code error;
  stream.set_verify_mode(ssl::verify_peer, error);
  if (!error) {
    stream.set_verify_callback(ssl::host_name_verification(host), error);
  }
  if (error) {
    return Failure{"cannot set up TLS: " + error.message()};
  }
  boost::asio::ip::make_address(host, error);
  const bool is_name = error.failed();  // an address is never sent as a server name (RFC 6066)
  if (is_name && SSL_set_tlsext_host_name(stream.native_handle(), host.c_str()) != 1) {
    return Failure{"cannot set up TLS: no room for the server name"};
  }
  return std::nullopt;
}

}  // namespace chorale::agent
