// The certificate that MarathonClient shows, and the command line with it.
#include <gmock/gmock.h>

#include <boost/asio/ssl/context.hpp>
#include <filesystem>

#include "agent/base/http_client.h"
#include "tests/harness/certificates.h"
#include "tests/integration/marathon_access_fixture.h"
#include "tests/integration/scripted_server.h"

namespace chorale::agent {
namespace {

using chorale::testing::http_answer;
using chorale::testing::PemIdentity;
using chorale::testing::ScriptedConnection;
using chorale::testing::ScriptedServer;
using chorale::testing::TestAuthority;
using chorale::testing::write_secret_file;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class MarathonCertificateTest : public MarathonAccessTest {
 protected:
  MarathonCertificateTest() {
    write_secret_file(path("ca.pem"), authority_.certificate());
    show(authority_.issue("DNS:agent"));
  }

  void show(const PemIdentity& identity) {
    write_secret_file(path("cert.pem"), identity.certificate);
    write_secret_file(path("key.pem"), identity.key);
  }
  [[nodiscard]] TlsFiles files() const { return {path("ca.pem"), path("cert.pem"), path("key.pem")}; }
  // Demands a certificate of the authority's.
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> demanding() const {
    namespace ssl = boost::asio::ssl;
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    const PemIdentity server = authority_.issue("DNS:localhost");
    context->use_certificate_chain(boost::asio::buffer(server.certificate));
    context->use_private_key(boost::asio::buffer(server.key), ssl::context::pem);
    context->add_certificate_authority(boost::asio::buffer(authority_.certificate()));
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    return context;
  }
  static bool answer_all(const std::string& head, ScriptedConnection& connection) {
    if (head.starts_with("GET /v2/events ")) {
      connection.send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
          "data: {\"eventType\":\"event_stream_attached\"}\r\n\r\n");
      connection.wait_for_close();
      return false;
    }
    connection.send(http_answer("200 OK", kOneApp, "Connection: close\r\n"));
    return false;
  }
  // What both kinds of request, and the command line, say is wrong.
  std::vector<std::string> refusals(const ScriptedServer& server, const TlsFiles& tls) {
    MarathonClientOptions options;
    options.tls = tls;
    start(std::move(options));
    const std::size_t fetched = count<AppsFetched>() + 1;
    const std::size_t failed = count<StreamFailed>() + 1;
    client_->perform(FetchApps{fetched, server.url("localhost")});
    client_->perform(OpenStream{server.url("localhost")});
    HttpQuestion question{seconds(10)};
    question.tls = tls;
    const auto answer = ask_http(*parse_url(server.url("localhost")), question);
    return {message_of(wait_for<AppsFetched>(fetched)), wait_for<StreamFailed>(failed).failure.message,
            answer ? "answered" : answer.error().message};
  }

  TestAuthority authority_{"authority"};
};

TEST_F(MarathonCertificateTest, IsShownByEveryRequest) {
  const ScriptedServer server(answer_all, demanding());
  start_with({.tls = files()});
  const AppsFetched fetched = fetch(server.url("localhost"));
  EXPECT_TRUE(fetched.apps) << fetched.apps.error().message;
  client_->perform(OpenStream{server.url("localhost")});
  (void)wait_for<StreamAttached>();
  HttpQuestion question{seconds(10)};
  question.tls = files();
  const auto answer = ask_http(*parse_url(server.url("localhost")), question);
  EXPECT_TRUE(answer) << answer.error().message;
}

TEST_F(MarathonCertificateTest, MissingAndForeignOnesAreRefusedByTheServer) {
  const ScriptedServer server(answer_all, demanding());
  TlsFiles none = files();
  none.cert_file.clear();
  none.key_file.clear();
  EXPECT_THAT(refusals(server, none),
              ElementsAre(HasSubstr("does it demand a certificate (marathon_cert_file)?"),
                          HasSubstr("alert certificate required"), HasSubstr("alert certificate required")));
  show(TestAuthority("another").issue("DNS:agent"));
  EXPECT_THAT(refusals(server, files()),
              ElementsAre(HasSubstr("is the certificate of marathon_cert_file accepted there?"),
                          HasSubstr("alert unknown ca"), HasSubstr("alert unknown ca")));
  EXPECT_TRUE(server.heads().empty());
}

TEST_F(MarathonCertificateTest, FilesThatCannotBeUsedAreNamed) {
  const ScriptedServer server(answer_all, demanding());
  const PemIdentity good = authority_.issue("DNS:agent");
  show(authority_.issue("DNS:agent", -7'200, -3'600));
  EXPECT_THAT(refusals(server, files()),
              Each(HasSubstr("marathon_cert_file " + path("cert.pem") + ": the certificate has expired, at 20")));
  show(authority_.issue("DNS:agent", 3'600, 7'200));
  EXPECT_THAT(refusals(server, files()), Each(HasSubstr("the certificate is not valid before 20")));
  show({good.certificate, authority_.issue("DNS:agent").key});
  EXPECT_THAT(refusals(server, files()),
              Each(HasSubstr("marathon_key_file " + path("key.pem") + ": it is not the key of the certificate in " +
                             path("cert.pem"))));
  show({good.certificate, "s3cret"});
  EXPECT_THAT(refusals(server, files()),
              Each(AllOf(HasSubstr("marathon_key_file " + path("key.pem") + ": no private key in PEM"),
                         Not(HasSubstr("s3cret")))));
  show({"s3cret", good.key});
  EXPECT_THAT(refusals(server, files()),
              Each(HasSubstr("marathon_cert_file " + path("cert.pem") + ": no certificate")));
  std::filesystem::remove(path("key.pem"));
  EXPECT_THAT(refusals(server, files()), Each(HasSubstr("marathon_key_file " + path("key.pem") + ": No such file")));
  std::filesystem::remove(path("cert.pem"));
  EXPECT_THAT(refusals(server, files()), Each(HasSubstr("marathon_cert_file " + path("cert.pem") + ": No such file")));
  EXPECT_TRUE(server.heads().empty());
}

// An expired one is replaced: the client lives on.
TEST_F(MarathonCertificateTest, ReplacedFilesAreShownFromTheNextConnectionOn) {
  const ScriptedServer server(answer_all, demanding());
  show(authority_.issue("DNS:agent", -7'200, -3'600));
  start_with({.tls = files()});
  EXPECT_THAT(message_of(fetch(server.url("localhost"))), HasSubstr("has expired"));
  show(authority_.issue("DNS:agent"));
  const AppsFetched fetched = fetch(server.url("localhost"));
  EXPECT_TRUE(fetched.apps) << fetched.apps.error().message;
}

}  // namespace
}  // namespace chorale::agent
