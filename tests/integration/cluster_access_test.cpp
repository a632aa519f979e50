// Marathon behind TLS that demands a certificate, and Marathon that demands the token of a DC/OS service account: what
// goes wrong with access is named, takes no route away, and no secret leaves its file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/harness/certificates.h"
#include "tests/harness/loopback.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/secret_scan.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

class ClusterAccessTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  [[nodiscard]] RealCluster& cluster() { return *cluster_; }

  void begin(RealCluster::Options options) {
    options.proxies = 2;
    cluster_ = std::make_unique<RealCluster>(std::move(options));
    ASSERT_TRUE(cluster_->start()) << cluster_->logs();
    ASSERT_TRUE(cluster_->marathon().create("/first", 1));
    ASSERT_TRUE(wait_until([&] { return served("/first"); }, seconds(20))) << cluster_->logs();
  }
  [[nodiscard]] bool served(const std::string& app) {
    return cluster().routed_everywhere(app) && cluster().converged();
  }
  // Every agent says so, is degraded, and goes on serving.
  [[nodiscard]] bool everybody_says(const std::string& text) {
    for (const auto& proxy : cluster().proxies()) {
      const auto health = proxy->health();
      if (!health.is_object() || health.value("Status", "") != "degraded") return false;
      if (health.dump().find(text) == std::string::npos) return false;
    }
    return true;
  }
  [[nodiscard]] std::string healths() {
    std::string all;
    for (const auto& proxy : cluster().proxies()) all += proxy->health().dump(2) + "\n";
    return all + cluster().logs();
  }

  TempDir directory_{"access"};
  std::unique_ptr<RealCluster> cluster_;
};

class ClusterCertificateTest : public ClusterAccessTest {
 protected:
  void SetUp() override {
    write_secret_file(path("ca.pem"), authority_.certificate());
    const PemIdentity server = authority_.issue("IP:127.0.0.1");
    write_secret_file(path("server.pem"), server.certificate);
    write_secret_file(path("server.key"), server.key);
    show(authority_.issue("DNS:agent"));
    RealCluster::Options options;
    options.marathon_front = [this](std::uint16_t port) { return start_front(port); };
    options.more_config = "ca_file = \"" + path("ca.pem") + "\"\nmarathon_cert_file = \"" + path("cert.pem") +
                          "\"\nmarathon_key_file = \"" + path("key.pem") + "\"\n";
    begin(std::move(options));
  }

  std::string start_front(std::uint16_t marathon) {
    const std::uint16_t port = pick_port();
    const std::string server =
        "  server {\n    listen 127.0.0.1:" + std::to_string(port) + " ssl;\n    ssl_certificate " +
        path("server.pem") + ";\n    ssl_certificate_key " + path("server.key") + ";\n    ssl_client_certificate " +
        path("ca.pem") + ";\n    ssl_verify_client on;\n    location / {\n      proxy_pass http://127.0.0.1:" +
        std::to_string(marathon) +
        ";\n      proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n      proxy_buffering off;\n"
        "      proxy_read_timeout 1h;\n    }\n  }\n";
    std::ofstream(front_.config_file()) << front_.config("front", "", server);
    EXPECT_TRUE(front_.start());
    return "https://127.0.0.1:" + std::to_string(port);
  }
  // Every connection ends, and new ones are needed.
  void restart_front() {
    front_.kill();
    ASSERT_TRUE(front_.start());
  }
  void show(const PemIdentity& identity) {
    key_ = identity.key.substr(identity.key.find('\n') + 1, 48);
    write_secret_file(path("cert.pem"), identity.certificate);
    write_secret_file(path("key.pem"), identity.key);
  }
  void expect_named(const PemIdentity& identity, const std::string& text) {
    show(identity);
    restart_front();
    EXPECT_TRUE(wait_until([&] { return everybody_says(text); }, seconds(40))) << text << "\n" << healths();
    EXPECT_TRUE(cluster().routed_everywhere("/first"));
    EXPECT_EQ(leaked_secrets(cluster(), {{key_}}), "");
  }

  TestAuthority authority_{"authority"};
  NginxInstance front_;
  std::string key_;  // a line of it
};

TEST_F(ClusterCertificateTest, WrongAndExpiredOnesAreNamedAndReplacedWithoutARestart) {
  Proxy& proxy = cluster().proxy(0);
  EXPECT_THAT(proxy.run("check").output,
              HasSubstr("ok    marathon: marathon_cert_file " + path("cert.pem") + " is valid until 20"));
  expect_named(TestAuthority("another").issue("DNS:agent"), "HTTP 400");
  EXPECT_TRUE(everybody_says("is the certificate of marathon_cert_file accepted there?")) << healths();
  expect_named(authority_.issue("DNS:agent", -7'200, -60),
               "marathon_cert_file " + path("cert.pem") + ": the certificate has expired, at 20");
  const Proxy::Ran expired = proxy.run("check");
  EXPECT_EQ(expired.exit_code, 2) << expired.output;
  EXPECT_THAT(expired.output,
              HasSubstr("fail  marathon: marathon_cert_file " + path("cert.pem") + ": the certificate has expired"));
  expect_named({authority_.issue("DNS:agent").certificate, authority_.issue("DNS:agent").key},
               "it is not the key of the certificate");

  show(authority_.issue("DNS:agent"));
  EXPECT_TRUE(wait_until([&] { return cluster().converged(); }, seconds(40))) << healths();
  ASSERT_TRUE(cluster().marathon().create("/second", 1));
  EXPECT_TRUE(wait_until([&] { return served("/second"); }, seconds(20))) << healths();
  EXPECT_EQ(leaked_secrets(cluster(), {{key_}}), "");
}

class ClusterServiceAccountTest : public ClusterAccessTest {
 protected:
  void SetUp() override { begin_with({}); }
  void begin_with(RealCluster::Options options) {
    write_secret_file(path("public.pem"), key_.open);
    const std::vector<std::string> more = options.simulator;
    options.simulator = {"--service-account", "chorale", "--public-key-file", path("public.pem"), "--token-life", "6s"};
    options.simulator.insert(options.simulator.end(), more.begin(), more.end());
    options.marathon_front = [this](std::uint16_t port) {
      const std::string marathon = "http://127.0.0.1:" + std::to_string(port);
      write_secret_file(path("account.json"), nlohmann::json{{"scheme", "RS256"},
                                                             {"uid", "chorale"},
                                                             {"private_key", key_.secret},
                                                             {"login_endpoint", marathon + "/acs/api/v1/auth/login"}}
                                                  .dump());
      return marathon;
    };
    options.more_config = "marathon_service_account_file = \"" + path("account.json") + "\"\n";
    begin(std::move(options));
  }
  // A JWT begins with {" in base64.
  [[nodiscard]] PlantedSecrets planted() const { return {{"eyJ", key_.secret.substr(key_.secret.find('\n') + 1, 48)}}; }

  const PemKeyPair key_ = make_rsa_key();
};

TEST_F(ClusterServiceAccountTest, TokensAreRenewedBeforeTheyEnd) {
  const auto logins = [&] { return cluster().marathon().requests("login"); };
  ASSERT_TRUE(wait_until([&] { return logins() >= 8; }, seconds(60))) << logins();
  EXPECT_TRUE(cluster().converged()) << healths();
  EXPECT_THAT(cluster().logs(), Not(HasSubstr("HTTP 401")));
  ASSERT_TRUE(cluster().marathon().create("/second", 1));
  EXPECT_TRUE(wait_until([&] { return served("/second"); }, seconds(20))) << healths();
  const Proxy::Ran check = cluster().proxy(0).run("check");
  EXPECT_THAT(check.output, HasSubstr("ok    marathon: logged in at "));
  EXPECT_THAT(check.output, Not(HasSubstr("HTTP 401")));
  EXPECT_EQ(leaked_secrets(cluster(), planted()), "");
}

TEST_F(ClusterServiceAccountTest, LoginThatFailsIsNamedAndTakesNoRouteAway) {
  ASSERT_TRUE(cluster().marathon().fault("login", "status"));
  ASSERT_FALSE(cluster().marathon().control("revoke_tokens").is_null());
  ASSERT_FALSE(cluster().marathon().control("drop_streams").is_null());
  EXPECT_TRUE(wait_until([&] { return everybody_says("cannot log in at http://127.0.0.1:"); }, seconds(40)))
      << healths();
  ASSERT_TRUE(cluster().marathon().create("/second", 1));
  EXPECT_TRUE(cluster().routed_everywhere("/first"));
  EXPECT_EQ(leaked_secrets(cluster(), planted()), "");
  ASSERT_TRUE(cluster().marathon().clear_faults());
  EXPECT_TRUE(wait_until([&] { return served("/second"); }, seconds(40))) << healths();
}

// Marathon 1.4 posts its events; the requests about the subscription carry the token as well.
class ClusterSubscriberTest : public ClusterServiceAccountTest {
 protected:
  void SetUp() override {
    RealCluster::Options options;
    options.simulator = {"--version", "1.4.7"};
    options.callbacks = true;
    begin_with(std::move(options));
  }
};

TEST_F(ClusterSubscriberTest, SubscribesWithTheToken) {
  EXPECT_GE(cluster().marathon().requests("subscriptions"), 2);
  EXPECT_EQ(cluster().marathon().requests("events"), 0);
  EXPECT_THAT(cluster().logs(), Not(HasSubstr("HTTP 401")));
  EXPECT_EQ(leaked_secrets(cluster(), planted()), "");
}

}  // namespace
}  // namespace chorale::testing
