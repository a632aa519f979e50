// Whom MarathonClient trusts, for the stream and for requests alike.
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/ssl/context.hpp>
#include <fstream>

#include "agent/base/http_client.h"
#include "tests/harness/temp_dir.h"
#include "tests/integration/marathon_fixture.h"
#include "tests/integration/scripted_server.h"

namespace chorale::agent {
namespace {

using chorale::testing::http_answer;
using chorale::testing::ScriptedConnection;
using chorale::testing::ScriptedServer;
using ::testing::HasSubstr;

struct Identity {
  std::string certificate;
  std::string key;
};

std::string drained(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

// A self-signed certificate for one alternative name ("DNS:localhost", "IP:127.0.0.1").
Identity made_for(const char* alternative_name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("marathon"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_name);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, key, EVP_sha256());
  BIO* certificate_text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_text, certificate);
  BIO* key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return Identity{drained(certificate_text), drained(key_text)};
}

std::shared_ptr<boost::asio::ssl::context> server_context(const Identity& identity) {
  auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
  context->use_certificate_chain(boost::asio::buffer(identity.certificate));
  context->use_private_key(boost::asio::buffer(identity.key), boost::asio::ssl::context::pem);
  return context;
}

bool marathon(const std::string& head, ScriptedConnection& connection) {
  if (head.starts_with("GET /v2/events ")) {
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
        "data: {\"eventType\":\"event_stream_attached\"}\r\n\r\n");
    connection.wait_for_close();
    return false;
  }
  connection.send(http_answer("200 OK", R"({"apps":[{"id":"/a","tasks":[]}]})"));
  return true;
}

class MarathonTlsTest : public MarathonFixture {
 protected:
  MarathonClientOptions trusting(const Identity& identity) const {
    MarathonClientOptions options;
    options.tls.ca_file = (directory_.path() / "ca.pem").string();
    std::ofstream(options.tls.ca_file) << identity.certificate;
    return options;
  }
  // Both kinds of request to that URL.
  void ask(const std::string& url, MarathonClientOptions options) {
    start(std::move(options));
    client_->perform(FetchApps{1, url});
    client_->perform(OpenStream{url});
  }
  void expect_both_refused() {
    const AppsFetched fetched = wait_for<AppsFetched>();
    ASSERT_FALSE(fetched.apps);
    rest_message_ = fetched.apps.error().message;
    stream_message_ = wait_for<StreamFailed>().failure.message;
    EXPECT_EQ(count<StreamAttached>(), 0U);
  }

  chorale::testing::TempDir directory_{"marathon_tls"};
  std::string rest_message_;
  std::string stream_message_;
};

TEST_F(MarathonTlsTest, TrustsTheConfiguredRoot) {
  const Identity identity = made_for("DNS:localhost");
  const ScriptedServer server(marathon, server_context(identity));
  ask(server.url("localhost"), trusting(identity));
  const AppsFetched fetched = wait_for<AppsFetched>();
  EXPECT_TRUE(fetched.apps) << fetched.apps.error().message;
  (void)wait_for<StreamAttached>();
  EXPECT_EQ(count<StreamFailed>(), 0U);
}

TEST_F(MarathonTlsTest, CommandLineTrustsTheSame) {
  const Identity identity = made_for("DNS:localhost");
  const ScriptedServer server(marathon, server_context(identity));
  HttpQuestion question{std::chrono::seconds(10)};
  question.tls = trusting(identity).tls;
  const auto answer = ask_http(*parse_url(server.url("localhost") + "/v2/apps"), question);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_THAT(answer->body, HasSubstr("\"/a\""));
  EXPECT_THAT(ask_http(*parse_url(server.url()), question).error().message, HasSubstr("TLS handshake: "))
      << "another name than the certificate's";
}

TEST_F(MarathonTlsTest, TrustsAnAddressInTheCertificate) {
  const Identity identity = made_for("IP:127.0.0.1");
  const ScriptedServer server(marathon, server_context(identity));
  ask(server.url(), trusting(identity));
  const AppsFetched fetched = wait_for<AppsFetched>();
  EXPECT_TRUE(fetched.apps) << fetched.apps.error().message;
  (void)wait_for<StreamAttached>();
}

TEST_F(MarathonTlsTest, RefusesAnotherName) {
  const Identity identity = made_for("DNS:marathon.example.com");
  const ScriptedServer server(marathon, server_context(identity));
  ask(server.url("localhost"), trusting(identity));
  expect_both_refused();
  EXPECT_TRUE(server.heads().empty()) << "no byte of a request, and no credentials, before the name is proven";
}

TEST_F(MarathonTlsTest, RefusesAnUnknownRoot) {
  const Identity identity = made_for("DNS:localhost");
  const ScriptedServer server(marathon, server_context(identity));
  ask(server.url("localhost"), MarathonClientOptions{});
  expect_both_refused();
  EXPECT_TRUE(server.heads().empty());
}

TEST_F(MarathonTlsTest, NamesACaFileThatCannotBeRead) {
  const ScriptedServer server(marathon, server_context(made_for("DNS:localhost")));
  MarathonClientOptions options;
  options.tls.ca_file = "/nonexistent/ca.pem";
  ask(server.url("localhost"), options);
  expect_both_refused();
  EXPECT_THAT(rest_message_, HasSubstr("ca_file /nonexistent/ca.pem"));
  EXPECT_THAT(stream_message_, HasSubstr("ca_file /nonexistent/ca.pem"));
}

// The stream's first socket is gone by then: under ASan, closing it again was a use after free.
TEST_F(MarathonTlsTest, RedirectToTlsWithACaFileThatCannotBeReadEndsTheStreamOnly) {
  const ScriptedServer secure(marathon, server_context(made_for("DNS:localhost")));
  const ScriptedServer plain([&](const std::string&, ScriptedConnection& connection) {
    connection.send("HTTP/1.1 302 Found\r\nLocation: " + secure.url("localhost") +
                    "/v2/events\r\nContent-Length: 0\r\n\r\n");
    return true;
  });
  MarathonClientOptions options;
  options.tls.ca_file = "/nonexistent/ca.pem";
  ask(plain.url("localhost"), options);
  EXPECT_THAT(wait_for<StreamFailed>().failure.message, HasSubstr("ca_file /nonexistent/ca.pem"));
  EXPECT_EQ(secure.connections(), 0);
}

}  // namespace
}  // namespace chorale::agent
