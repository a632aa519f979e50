#include "agent/marathon/tls_roots.h"

#include <openssl/x509.h>

#include <filesystem>

namespace chorale::agent {
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

}  // namespace chorale::agent
