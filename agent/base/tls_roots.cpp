#include "agent/base/tls_roots.h"

#include <openssl/x509.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <ctime>
#include <filesystem>

#include "agent/base/pem.h"
#include "agent/base/text_file.h"

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

constexpr std::size_t kMaxPemBytes = 256U << 10U;

std::string text_of(const ASN1_TIME* time) {
  std::tm utc{};
  std::array<char, 32> text{};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return "an unreadable time";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::optional<Failure> use_identity(ssl::context& context, const TlsFiles& files) {
  const auto refused = [](const char* key, const std::string& why) { return Failure{std::string(key) + " " + why}; };
  const auto certificates = read_text_file(files.cert_file, kMaxPemBytes);
  if (!certificates) return refused("marathon_cert_file", certificates.error().message);
  const auto key_text = read_text_file(files.key_file, kMaxPemBytes);
  if (!key_text) return refused("marathon_key_file", key_text.error().message);
  const Certificate certificate = first_certificate(*certificates);
  if (!certificate) return refused("marathon_cert_file", files.cert_file + ": no certificate in PEM is in it");
  const PrivateKey key = private_key(*key_text);
  if (!key) {
    return refused("marathon_key_file", files.key_file + ": no private key in PEM without a passphrase is in it");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return refused("marathon_key_file",
                   files.key_file + ": it is not the key of the certificate in " + files.cert_file);
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) <= 0) {
    return refused("marathon_cert_file", files.cert_file + ": the certificate has expired, at " +
                                             text_of(X509_get0_notAfter(certificate.get())));
  }
  if (X509_cmp_current_time(X509_get0_notBefore(certificate.get())) > 0) {
    return refused("marathon_cert_file", files.cert_file + ": the certificate is not valid before " +
                                             text_of(X509_get0_notBefore(certificate.get())));
  }
  boost::system::error_code error;
  context.use_certificate_chain(boost::asio::buffer(*certificates), error);
  if (error) return refused("marathon_cert_file", files.cert_file + ": " + error.message());
  if (SSL_CTX_use_PrivateKey(context.native_handle(), key.get()) != 1) {
    return refused("marathon_key_file", files.key_file + ": it cannot be used");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Failure> use_files(ssl::context& context, const TlsFiles& files) {
  if (auto failure = trust_roots(context, files.ca_file)) return failure;
  return files.cert_file.empty() ? std::nullopt : use_identity(context, files);
}

std::string end_of_certificate(const std::string& pem) {
  const Certificate certificate = first_certificate(pem);
  return certificate ? text_of(X509_get0_notAfter(certificate.get())) : std::string();
}

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
