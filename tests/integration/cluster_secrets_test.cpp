// Planted secrets, all of them: the values of [local] are in Nginx's own files, also once Nginx has stumbled over them,
// and passwords, tokens and keys in the operator's files alone.
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/harness/real_cluster.h"
#include "tests/harness/secret_scan.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

// Once Nginx reads the second one, it sees two directives.
const std::string kSecret = "sekrit0value";
const std::string kStumbles = "sekrit0value; drop4it on";

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ClusterSecretsTest : public ::testing::Test {
 protected:
  // Before the agents are started: the password of Marathon comes by their environment.
  ClusterSecretsTest() { ::setenv("CHORALE_PASS", "mara7hon", 1); }
  ~ClusterSecretsTest() override { ::unsetenv("CHORALE_PASS"); }

  static void write_private(const fs::path& file, const std::string& text) {
    std::ofstream(file) << text;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  }
  static RealCluster::Options options(const fs::path& directory) {
    const std::string file = directory / "nginx.conf.mustache";
    std::string text = text_of(CHORALE_TEMPLATE);
    text.replace(text.find("    absolute_redirect off;"), 0,
                 "    add_header X-Key @{api_key};\n    ssl_certificate @{tls_file};\n"
                 "    ssl_certificate_key @{tls_file};\n");
    std::ofstream(file) << text;
    const std::string tls = directory / "tls.pem";
    ChildProcess openssl({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=proxy", "-keyout",
                          tls, "-out", directory / "certificate"},
                         directory / "openssl.log");
    EXPECT_TRUE(openssl.wait(seconds(30)));
    write_private(tls, text_of(tls) + text_of(directory / "certificate"));
    write_private(directory / "token", "t0ken-of-the-api\n");
    write_private(directory / "auth", "jo:zoo5ecret\n");
    write_private(directory / "password", "mara7hon\n");
    // What each `nginx` of the last agent gets to see.
    const std::string look = directory / "look";
    std::ofstream(look) << "#!/bin/sh\n{ tr '\\0' '\\n' < /proc/$$/environ; tr '\\0' ' ' < /proc/$$/cmdline; "
                        << "grep core /proc/$$/limits; } >> " << (directory / "seen").string() << "\nexec \"$@\"\n";
    fs::permissions(look, fs::perms::owner_all);

    RealCluster::Options options;
    options.proxies = 2;
    options.nginx_template = file;
    options.simulator = {"--user", "mara", "--password-file", directory / "password"};
    options.more_config = "user = \"mara\"\nzookeeper_auth_file = \"" + (directory / "auth").string() +
                          "\"\nadmin_token_file = \"" + (directory / "token").string() + "\"\nreload_on = [\"" + tls +
                          "\"]\n";
    options.more_local = "api_key = \"" + kSecret + "\"\ntls_file = \"" + tls + "\"\n";
    options.last_nginx_cmd = look + " ";
    options.agent_cmd = {"prlimit", "--core=0:0"};  // as the unit says
    return options;
  }
  static void set_secret(Proxy& proxy, const std::string& value) {
    const std::string config =
        std::regex_replace(text_of(proxy.config_file()), std::regex("api_key = .*"), "api_key = \"" + value + "\"");
    std::ofstream(proxy.config_file()) << config;
    proxy.signal_agent(SIGHUP);
  }
  [[nodiscard]] PlantedSecrets planted() const {
    const std::string key = text_of(directory_.path() / "tls.pem");
    const std::size_t second_line = key.find('\n') + 1;
    return {{"mara7hon", "zoo5ecret", "t0ken-of-the-api", key.substr(second_line, 48)}, {kSecret, "drop4it"}};
  }
  void expect_no_secret_outside() {
    EXPECT_EQ(leaked_secrets(cluster_, planted()), "");
    const std::string seen = text_of(directory_.path() / "seen");
    EXPECT_NE(seen.find("nginx -p"), std::string::npos) << seen;
    for (const std::string& secret : planted().credentials) EXPECT_EQ(seen.find(secret), std::string::npos) << seen;
    EXPECT_EQ(seen.find(kSecret), std::string::npos) << seen;
  }

  TempDir directory_{"secrets"};
  RealCluster cluster_{options(directory_.path())};
};

TEST_F(ClusterSecretsTest, AValueOfLocalStaysOnItsProxy) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  Proxy& stumbler = cluster_.leader() == &cluster_.proxy(1) ? cluster_.proxy(0) : cluster_.proxy(1);
  ASSERT_NE(text_of(stumbler.nginx().config_file()).find(kSecret), std::string::npos) << "it is in use";
  ASSERT_EQ(http_get(stumbler.admin_port(), "/v1/config").status, 200);
  expect_no_secret_outside();

  set_secret(stumbler, kStumbles);
  const auto message = [&stumbler] { return stumbler.health().value("Message", ""); };
  ASSERT_TRUE(wait_until([&] { return message().find("unknown directive") != std::string::npos; }, seconds(15)))
      << message();
  ASSERT_TRUE(cluster_.marathon().create("/new", 1));
  const auto voted = [&stumbler] {
    return http_get(stumbler.admin_port(), "/v1/status").body.find("unknown directive") != std::string::npos;
  };
  ASSERT_TRUE(wait_until(voted, seconds(15)));
  expect_no_secret_outside();

  set_secret(stumbler, kSecret);
  EXPECT_TRUE(wait_until([&] { return stumbler.routes("/new") && cluster_.converged(); }, seconds(40)))
      << cluster_.logs();
  expect_no_secret_outside();
}

// The key file is damaged: Nginx says so, and its words reach health and log.
TEST_F(ClusterSecretsTest, WordsOfNginxAboutAKeyHoldNothingOfIt) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  const std::string whole = text_of(directory_.path() / "tls.pem");
  const PlantedSecrets before = planted();
  std::string damaged = whole;
  damaged.replace(damaged.find('\n') + 60, 8, "!!!!!!!!");
  write_private(directory_.path() / "tls.pem", damaged);
  const auto named = [&] {
    return cluster_.proxy(0).health().value("Message", "").find("tls.pem changed and is not loaded") !=
           std::string::npos;
  };
  EXPECT_TRUE(wait_until(named, seconds(20))) << cluster_.proxy(0).health().dump(2);
  EXPECT_EQ(leaked_secrets(cluster_, before), "");
  write_private(directory_.path() / "tls.pem", whole);
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(30))) << cluster_.logs();
  expect_no_secret_outside();
}

// A core would hold all of them.
TEST_F(ClusterSecretsTest, CoresAreNotWritten) {
  const std::string unit = text_of(fs::path(CHORALE_TEMPLATE).parent_path().parent_path() / "chorale.service");
  EXPECT_NE(unit.find("\nLimitCORE=0\n"), std::string::npos);
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  const std::regex none("Max core file size +0 +0 +bytes");
  for (const auto& proxy : cluster_.proxies()) {
    const std::string limits = text_of("/proc/" + std::to_string(proxy->agent_pid()) + "/limits");
    EXPECT_TRUE(std::regex_search(limits, none)) << limits;
  }
  const std::string seen = text_of(directory_.path() / "seen");
  EXPECT_TRUE(std::regex_search(seen, none)) << seen;
  expect_no_secret_outside();
}

// The look itself: what stands in each of its places is found there.
TEST_F(ClusterSecretsTest, TheScanFindsWhatIsThere) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  const std::string found = leaked_secrets(cluster_, {{"proxy-1"}});
  for (const char* place : {"znode /chorale/agents/proxy-1\n", "proxy-1 /v1/health\n", "proxy-1 /v1/status\n",
                            "agent-1.log", "/nginx.conf\n", "command line of process "}) {
    EXPECT_NE(found.find(place), std::string::npos) << place << " is missing in\n" << found;
  }
  const fs::path open = cluster_.proxy(0).nginx().directory() / "open";
  std::ofstream(open) << kSecret;
  fs::permissions(open, fs::perms::owner_read | fs::perms::others_read);
  EXPECT_EQ(leaked_secrets(cluster_, planted()),
            "file " + open.string() + " may be read by more than owner and group\n");
}

}  // namespace
}  // namespace chorale::testing
