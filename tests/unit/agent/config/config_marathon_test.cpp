// Where Marathon is and how its events arrive, as the configuration says it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config/config.h"
#include "tests/unit/agent/config/loading.h"

namespace chorale::agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(ConfigMarathonTest, MarathonMayBeWhereItElectsItsLeader) {
  for (const char* text : {"marathon = \"zk://jo:hunter2@a:2181,b:2181/marathon\"\nmarathon_https = true\n",
                           "marathon = [\"zk://jo:hunter2@a:2181,b:2181/marathon\"]\nmarathon_https = true\n"}) {
    const Config config = accepted(text).config;
    ASSERT_TRUE(config.marathon_zookeeper);
    EXPECT_EQ(config.marathon_zookeeper->hosts, "a:2181,b:2181");
    EXPECT_EQ(config.marathon_zookeeper->root.text(), "/marathon");
    EXPECT_EQ(config.marathon_zookeeper->credentials, "jo:hunter2");
    EXPECT_TRUE(config.marathon_https);
    EXPECT_THAT(marathon_urls(config), IsEmpty());
    EXPECT_THAT(missing_for_agent(config), IsEmpty());
  }
  EXPECT_THAT(marathon_urls(accepted("marathon = [\"http://a:8080\"]\n").config), ElementsAre("http://a:8080"));
  EXPECT_THAT(refused("marathon = [\"zk://a:2181/marathon\", \"http://b:8080\"]"), HasSubstr("stands alone"));
  EXPECT_THAT(refused("marathon = [\"http://b:8080\", \"zk://a:2181/marathon\"]"), HasSubstr("stands alone"));
  EXPECT_THAT(refused("marathon = \"zk://a:2181\""), HasSubstr("expected the path of Marathon's tree"));
  EXPECT_THAT(refused("marathon = \"zk://a:2181/\""), HasSubstr("expected the path of Marathon's tree"));
  EXPECT_THAT(refused("marathon = \"zk://jo:hunter2@a/marathon\""), Not(HasSubstr("hunter2")));
  EXPECT_THAT(warned(accepted("marathon_https = true\n")), ElementsAre(HasSubstr("marathon_https: has no effect")));
}

// As Nixy takes them.
TEST(ConfigMarathonTest, UrlsMayHoldAPathAndOneKindOfCredentials) {
  const Config config = accepted("marathon = ['http://jo:hun%2Fter2@a:8080/m/', 'http://jo:hun%2Fter2@b']\n").config;
  EXPECT_THAT(marathon_urls(config), ElementsAre("http://a:8080/m", "http://b"));
  EXPECT_EQ(config.user, "jo");
  EXPECT_EQ(config.pass, "hun/ter2");
  for (const char* second : {"http://b", "http://jo:ter2@b", "http://mo:hun%2Fter2@b"}) {
    EXPECT_THAT(refused("marathon = ['http://jo:hun%2Fter2@a', '" + std::string(second) + "']"),
                AllOf(HasSubstr("test.toml:1: marathon: its URLs name different credentials"), Not(HasSubstr("ter2"))));
  }
  EXPECT_THAT(
      refused("marathon = 'http://jo:hunter2@a'\nuser = 'jo'\npass = 'hunter2'\n"),
      AllOf(HasSubstr("test.toml:2: user: contradicts the credentials in marathon"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(refused("marathon = 'http://jo:hunter2@a'\npass = 'hunter2'\n"),
              HasSubstr("test.toml:2: pass: contradicts the credentials in marathon"));
}

TEST(ConfigMarathonTest, OneKindOfCredentialsIsTaken) {
  const Config file = accepted("marathon_auth_file = '/etc/a'\n").config;
  EXPECT_EQ(file.marathon_auth_file, "/etc/a");
  const Config account = accepted("marathon_service_account_file = '/etc/s'\nmarathon_auth_file = ''\n").config;
  EXPECT_EQ(account.marathon_service_account_file, "/etc/s");
  EXPECT_THAT(refused("user = 'jo'\nmarathon_auth_file = '/a'\n"),
              HasSubstr("test.toml:2: marathon_auth_file: contradicts user"));
  EXPECT_THAT(refused("user = 'jo'\nmarathon_service_account_file = '/a'\n"),
              HasSubstr("test.toml:2: marathon_service_account_file: contradicts user"));
  EXPECT_THAT(refused("marathon_auth_file = '/a'\nmarathon_service_account_file = '/b'\n"),
              HasSubstr("test.toml:2: marathon_service_account_file: contradicts marathon_auth_file"));
  EXPECT_THAT(refused("marathon = 'http://jo:hunter2@a'\nmarathon_auth_file = '/a'\n"),
              AllOf(HasSubstr("test.toml:2: marathon_auth_file: contradicts the credentials in marathon"),
                    Not(HasSubstr("hunter2"))));
}

TEST(ConfigMarathonTest, CertificateAndKeyGoTogether) {
  const std::string https = "marathon = 'https://a'\n";
  const std::string both = "marathon_cert_file = '/c'\nmarathon_key_file = '/k'\nca_file = '/ca'\n";
  const LoadedConfig loaded = accepted(https + both);
  EXPECT_EQ(loaded.config.tls, (TlsFiles{"/ca", "/c", "/k"}));
  EXPECT_THAT(warned(loaded), IsEmpty());
  EXPECT_THAT(warned(accepted("marathon = 'zk://a:2181/m'\nmarathon_https = true\n" + both)), IsEmpty());
  EXPECT_THAT(warned(accepted("marathon = ['http://a']\n" + both)),
              ElementsAre("test.toml:2: marathon_cert_file: has no effect without https"));
  EXPECT_THAT(refused(https + "marathon_cert_file = '/c'\n"),
              HasSubstr("test.toml:2: marathon_cert_file: marathon_key_file is not set"));
  EXPECT_THAT(refused(https + "marathon_key_file = '/k'\n"),
              HasSubstr("test.toml:2: marathon_key_file: marathon_cert_file is not set"));
}

TEST(ConfigMarathonTest, MarathonsEnsembleOnLoopbackIsTheCluster) {
  EXPECT_TRUE(reaches_cluster_on_loopback(accepted("marathon = \"zk://a:2181,127.0.0.1:2181/marathon\"").config));
  EXPECT_FALSE(reaches_cluster_on_loopback(accepted("marathon = \"zk://a:2181/marathon\"").config));
}

TEST(ConfigMarathonTest, CallbacksAreReadAndNeedAUrl) {
  const Config plain = accepted("event_source = \"callback\"\ncallback_url = \"http://proxy-1:7000\"\n").config;
  EXPECT_TRUE(plain.event_callbacks);
  EXPECT_EQ(plain.callback_url, "http://proxy-1:7000");
  EXPECT_EQ(plain.callback_address, "0.0.0.0");
  EXPECT_EQ(plain.callback_port, 7000);
  EXPECT_THAT(plain.callback_from, IsEmpty());
  const Config full = accepted(
                          "event_source = \"callback\"\ncallback_url = \"https://lb/chorale/v1/events\"\n"
                          "callback_listen = \"10.0.0.1:7001\"\ncallback_from = [\"10.0.0.0/8\", \"::1\", \"any\"]\n")
                          .config;
  EXPECT_EQ(full.callback_address, "10.0.0.1");
  EXPECT_EQ(full.callback_port, 7001);
  EXPECT_THAT(full.callback_from, ElementsAre("10.0.0.0/8", "::1", "any"));
  EXPECT_EQ(accepted("event_source = 'callback'\ncallback_url = 'http://a'\n").config.callback_port, 80);
  EXPECT_FALSE(accepted("event_source = \"sse\"").config.event_callbacks);
  EXPECT_FALSE(accepted("").config.event_callbacks);
}

TEST(ConfigMarathonTest, CallbacksThatCannotWorkAreRefused) {
  EXPECT_THAT(refused("event_source = 'callback'"),
              HasSubstr("callback_url: not set; event_source = \"callback\" needs"));
  const std::string callback = "event_source = 'callback'\n";
  EXPECT_THAT(refused(callback + "callback_url = 'proxy-1:7000'"), HasSubstr("callback_url: "));
  EXPECT_THAT(refused(callback + "callback_url = 'http://u:hunter2@proxy-1:7000'"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refused(callback + "callback_url = 'http://a:7/x?y'"), HasSubstr("a URL without a query"));
  EXPECT_THAT(refused(callback + "callback_url = 'http://a:8000'"), HasSubstr("port 8000 is the admin API's"));
  EXPECT_THAT(refused(callback + "callback_url = 'http://a:7'\ncallback_listen = ':8000'"),
              HasSubstr("callback_listen: port 8000 is the admin API's"));
  EXPECT_THAT(refused(callback + "callback_url = 'http://a:7'\ncallback_listen = 'proxy-1:7'"),
              HasSubstr("callback_listen: "));
  EXPECT_THAT(refused(callback + "callback_url = 'http://a:0'"),
              AllOf(HasSubstr("callback_url: "), Not(HasSubstr("not set"))));
  EXPECT_THAT(refused("callback_from = ['10.0.0.0/33']"), HasSubstr("or \"any\""));
}

TEST(ConfigMarathonTest, CallbackKeysWithoutCallbacksHaveNoEffect) {
  EXPECT_THAT(warned(accepted("callback_url = \"http://x\"")), ElementsAre(HasSubstr("callback_url: has no effect")));
  EXPECT_THAT(warned(accepted("callback_from = [\"any\"]")), ElementsAre(HasSubstr("callback_from: has no effect")));
  EXPECT_THAT(warned(accepted("callback_url = \"\"\ncallback_listen = \"\"")), IsEmpty());
}

}  // namespace
}  // namespace chorale::agent
