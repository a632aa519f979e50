#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "agent/config/config.h"
#include "render/local_values.h"
#include "tests/unit/agent/config/loading.h"

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(ConfigTest, EmptyFileGivesTheDefaults) {
  const auto loaded = accepted("");
  EXPECT_THAT(loaded.warnings, IsEmpty());
  const Config& config = loaded.config;
  EXPECT_TRUE(config.standalone);
  EXPECT_EQ(config.zookeeper.root.text(), "/chorale");  // of the tree in its own memory
  EXPECT_EQ(config.id, "proxy-1");
  EXPECT_EQ(config.xproxy, "proxy-1");
  EXPECT_EQ(config.listen_address, "0.0.0.0");
  EXPECT_EQ(config.listen_port, 8000);
  EXPECT_EQ(config.nginx_config, "/etc/nginx/nginx.conf");
  EXPECT_THAT(config.nginx_cmd, ElementsAre("nginx"));
  EXPECT_EQ(config.session_timeout, milliseconds(10'000));
  EXPECT_EQ(config.keep_revisions, 20);
  EXPECT_EQ(config.collect_interval, milliseconds(600'000));
  EXPECT_TRUE(config.repair_drift);
  EXPECT_FALSE(config.nixy_metrics);
  EXPECT_FALSE(config.log_json);
  EXPECT_THAT(missing_for_agent(config),
              ElementsAre(AllOf(HasSubstr("test.toml: marathon is not set"), HasSubstr("zookeeper = "))));
}

// The file that Nixy ships, with everything switched on.
TEST(ConfigTest, NixysFileIsRead) {
  const auto loaded = accepted(R"(
port = "6000"
xproxy = "hostname"
marathon = ["http://example01:8080", "http://example02:8080/"]
user = "jo"
pass = "secret"
realm = "blue"
nginx_config = "/etc/nginx/nixy.conf"
nginx_template = "/etc/nginx/nginx.tmpl"
nginx_cmd = "sudo  openresty"
nginx_ignore_check = true
left_delimiter = "<%"
right_delimiter = "%>"
[statsd]
addr = "localhost:8125"
namespace = "nixy.my_mesos_cluster"
sample_rate = 50
)");
  EXPECT_THAT(loaded.warnings, IsEmpty());
  const Config& config = loaded.config;
  EXPECT_EQ(config.listen_port, 6000);
  EXPECT_EQ(config.listen_address, "0.0.0.0");
  EXPECT_EQ(config.xproxy, "hostname");
  EXPECT_THAT(config.marathon, ElementsAre("http://example01:8080", "http://example02:8080"));
  EXPECT_EQ(config.user, "jo");
  EXPECT_EQ(config.pass, "secret");
  EXPECT_THAT(config.routing.realm, ElementsAre("blue"));
  EXPECT_EQ(config.nginx_config, "/etc/nginx/nixy.conf");
  EXPECT_EQ(config.nginx_template, "/etc/nginx/nginx.tmpl");
  EXPECT_THAT(config.nginx_cmd, ElementsAre("sudo", "openresty"));
  EXPECT_TRUE(config.nginx_ignore_check);
  EXPECT_EQ(config.left_delimiter, "<%");
  EXPECT_EQ(config.right_delimiter, "%>");
  EXPECT_EQ(config.statsd.address, "localhost:8125");
  EXPECT_EQ(config.statsd.name_space, "nixy.my_mesos_cluster");
  EXPECT_EQ(config.statsd.sample_rate, 50);
  EXPECT_THAT(missing_for_agent(config), IsEmpty());
}

TEST(ConfigTest, ChoralesOwnKeysAreRead) {
  const Config config = accepted(R"(
zookeeper = "zk://jo:hunter2@master-1:2181,master-2:2181/proxies"
id = "proxy-7"
listen = "[::1]:9000"
nginx_pid = "/run/other.pid"
state_dir = "/srv/chorale"
session_timeout = "4s"
stage_timeout = "0"
keep_revisions = 5
collect_interval = "1m"
min_reload_interval = "250ms"
resync_interval = "2m"
health_memory = "1h"
shrink_limit = 0.25
drift = "report"
expose_env = ["DC", "TIER"]
nixy_metrics = true
log_format = "json"
ca_file = "/etc/ssl/marathon.pem"
[local]
Datacenter = "fra1"
weight = 3
)")
                            .config;
  EXPECT_FALSE(config.standalone);
  EXPECT_EQ(config.zookeeper.hosts, "master-1:2181,master-2:2181");
  EXPECT_EQ(config.zookeeper.credentials, "jo:hunter2");
  EXPECT_EQ(config.zookeeper.root.text(), "/proxies");
  EXPECT_EQ(config.id, "proxy-7");
  EXPECT_EQ(config.listen_address, "::1");
  EXPECT_EQ(config.listen_port, 9000);
  EXPECT_EQ(config.session_timeout, milliseconds(4'000));
  EXPECT_EQ(config.stage_timeout, milliseconds(0));
  EXPECT_EQ(config.keep_revisions, 5);
  EXPECT_EQ(config.collect_interval, milliseconds(60'000));
  EXPECT_EQ(config.min_reload_interval, milliseconds(250));
  EXPECT_EQ(config.resync_interval, milliseconds(120'000));
  EXPECT_EQ(config.health_memory, milliseconds(3'600'000));
  EXPECT_DOUBLE_EQ(config.shrink_limit, 0.25);
  EXPECT_FALSE(config.repair_drift);
  EXPECT_TRUE(config.nixy_metrics);
  EXPECT_TRUE(config.log_json);
  EXPECT_THAT(config.expose_env, ElementsAre("DC", "TIER"));
  EXPECT_EQ(config.local.at("Datacenter"), "fra1");
  EXPECT_EQ(config.local.at("weight"), "3");
}

TEST(ConfigTest, KeysAreMatchedWithoutRegardToCase) {
  const Config config =
      accepted("Port = 6001\nMARATHON = \"http://a:8080, http://b:8080\"\n[Statsd]\nAddr = \"a:1\"\n").config;
  EXPECT_EQ(config.listen_port, 6001);
  EXPECT_THAT(config.marathon, ElementsAre("http://a:8080", "http://b:8080"));
  EXPECT_EQ(config.statsd.address, "a:1");
  EXPECT_EQ(config.statsd.name_space, "nixy.proxy-1");
  EXPECT_THAT(refused("port = 1\nPort = 2\n"),
              AllOf(HasSubstr("port: set twice"), HasSubstr("test.toml:1"), HasSubstr("test.toml:2")));
}

TEST(ConfigTest, UnknownKeysWarnAndNameTheNearestKnownOne) {
  const auto loaded = accepted(
      "realm = \"x\"\nngnix_config = \"/x\"\nfrobnicate = 1\nnginx_config = \"/y\"\n[statsd]\nadress = \"a:1\"\n"
      "addr = \"a:1\"\n");
  EXPECT_THAT(warned(loaded), ElementsAre(HasSubstr("test.toml:3: unknown key 'frobnicate'"),
                                          HasSubstr("test.toml:2: unknown key 'ngnix_config' is ignored; did you mean "
                                                    "'nginx_config'?"),
                                          AllOf(HasSubstr("test.toml:6"), HasSubstr("did you mean 'statsd.addr'?"))));
  EXPECT_EQ(loaded.warnings[0].kind, ConfigWarning::Kind::kUnknownKey);
  EXPECT_THAT(loaded.warnings[0].message, Not(HasSubstr("did you mean")));
  EXPECT_EQ(loaded.warnings[1].kind, ConfigWarning::Kind::kMistypedKey);
  EXPECT_EQ(loaded.warnings[1].where, "test.toml:2");
}

// What was meant would keep its default: without `zookeeper` an agent runs standalone and looks well.
TEST(ConfigTest, AMisspeltKeyThatIsSetNowhereElseIsAnError) {
  EXPECT_THAT(refused("zookeper = \"zk://a:2181/x\"\n"),
              Eq("test.toml:1: unknown key 'zookeper'; did you mean 'zookeeper'? That one is set nowhere"));
  EXPECT_THAT(refused("ngnix_config = \"/x\""), HasSubstr("did you mean 'nginx_config'?"));
  EXPECT_THAT(refused("[statsd]\nadr = \"a:1\""), HasSubstr("did you mean 'statsd.addr'?"));
  EXPECT_THAT(warned(accepted("zookeper = \"zk://a:2181/x\"", {{"CHORALE_ZOOKEEPER", "zk://a:2181/x"}})),
              ElementsAre(HasSubstr("did you mean 'zookeeper'?")));
  // Near, but not so near: it may be anything.
  for (const char* near : {"dc = \"fra1\"", "host = \"a\"", "prot = 1"}) {
    EXPECT_THAT(warned(accepted(near)), ElementsAre(HasSubstr("is ignored"))) << near;
  }
}

TEST(ConfigTest, ErrorsOfTheLaterKeysSayWhereAndWhatWasExpected) {
  EXPECT_EQ(refused("keep_revisions = 2.5"),
            "test.toml:1: keep_revisions: expected a whole number from 1 to 1000, found a number with a fraction");
  EXPECT_EQ(refused("keep_revisions = '20'"),
            "test.toml:1: keep_revisions: expected a whole number from 1 to 1000, found a string");
  EXPECT_EQ(refused("\ncollect_interval = '25h'"),
            "test.toml:2: collect_interval: expected a duration from 1s to 24h, found \"25h\"");
  EXPECT_EQ(refused("reload_on = ['/a', 5]"),
            "test.toml:1: reload_on: expected a string or an array of strings, found an array with an integer in it");
  EXPECT_EQ(refused("reload_on = ['/a', true]"),
            "test.toml:1: reload_on: expected a string or an array of strings, found an array with a boolean in it");
  EXPECT_EQ(refused("reload_on = 'a'"), "test.toml:1: reload_on: expected an absolute path, found \"a\"");
  EXPECT_EQ(
      refused("", {{"CHORALE_KEEP_REVISION", "5"}}),
      "environment variable CHORALE_KEEP_REVISION: names no key; did you mean CHORALE_KEEP_REVISIONS? That one is "
      "set nowhere");
}

TEST(ConfigTest, AKeyUnderLocalIsAnError) {
  EXPECT_EQ(refused("[local]\nZookeeper = 'zk://a:2181/x'\n"),
            "test.toml:2: local.Zookeeper: 'zookeeper' is a key of the agent, not a local value; it belongs above the "
            "line [local]");
  EXPECT_EQ(refused("[local]\nproof = 'x'\n"),
            "test.toml:2: local.proof: Chorale itself fills that one in; expected another name");
  EXPECT_EQ(accepted("[local]\nProof = 'x'\n").config.local.size(), 1U);
  EXPECT_THAT(
      refused("[local]\nhttp_port = \"80\"\nzookeeper = \"zk://a:2181/x\"\n"),
      HasSubstr("test.toml:3: local.zookeeper: 'zookeeper' is a key of the agent, not a local value; it belongs "
                "above the line [local]"));
}

TEST(ConfigTest, ANumberOutOfItsRangeIsNamed) {
  EXPECT_THAT(refused("shrink_limit = 1.5"), HasSubstr("expected a number from 0 to 1, found 1.5"));
  EXPECT_THAT(refused("keep_revisions = 1001"), HasSubstr("found 1001"));
}

TEST(ConfigTest, WrongTypesNameFileLineAndWhatWasExpected) {
  const std::string errors = refused(R"(realm = 5
nginx_ignore_check = "yes"
session_timeout = 10
marathon = [1, 2]
shrink_limit = "half"
local = "x"
)");
  EXPECT_THAT(errors, HasSubstr("test.toml:1: realm: expected a string or an array of strings, found a number"));
  EXPECT_THAT(errors, HasSubstr("test.toml:2: nginx_ignore_check: expected true or false, found a string"));
  EXPECT_THAT(errors, HasSubstr("test.toml:3: session_timeout: expected a duration in quotes with its unit"));
  EXPECT_THAT(errors, HasSubstr("test.toml:4: marathon: expected a string or an array of strings"));
  EXPECT_THAT(errors, HasSubstr("test.toml:5: shrink_limit: expected a number from 0 to 1"));
  EXPECT_THAT(errors, HasSubstr("test.toml:6: local: expected a section"));
}

TEST(ConfigTest, RealmIsOneNameOrAList) {
  EXPECT_THAT(accepted("realm = \"prod, test\"").config.routing.realm, ElementsAre("prod, test"));
  EXPECT_THAT(accepted("realm = [\"prod\", \"blue\"]").config.routing.realm, ElementsAre("blue", "prod"));
  EXPECT_THAT(accepted("realm = [\"a,b\"]").config.routing.realm, ElementsAre("a,b"));
  EXPECT_THAT(accepted("realm = \"\"").config.routing.realm, IsEmpty());
  EXPECT_THAT(accepted("realm = []").config.routing.realm, IsEmpty());
  EXPECT_THAT(refused("realm = [\"a\", \"\"]"), HasSubstr("realm: expected names of realms, found an empty one"));
  EXPECT_THAT(refused("realm = [\"a\", \"b,c\"]"), HasSubstr("realm: a realm with a comma in its name"));
  EXPECT_THAT(refused("realm = [\"a\", \"b$c\"]"), HasSubstr("test.toml:1: realm: "));
}

TEST(ConfigTest, ErrorsNeverRepeatWhatMayBeAPassword) {
  EXPECT_THAT(refused("pass = 4711"), Not(HasSubstr("4711")));
  EXPECT_THAT(refused("pass = 47.11"), Not(HasSubstr("47.11")));
}

TEST(ConfigTest, RangesAreChecked) {
  for (const char* wrong : {"session_timeout = \"999ms\"",
                            "session_timeout = \"11m\"",
                            "shrink_limit = 1.5",
                            "shrink_limit = -1",
                            "shrink_limit = nan",
                            "port = 65536",
                            "port = \"http\"",
                            "listen = \"localhost:80\"",
                            "nginx_cmd = \" \"",
                            "nginx_config = \"\"",
                            "realm = \"a$b\"",
                            "left_delimiter = \"\"",
                            "drift = \"ignore\"",
                            "state_dir = \"here\"",
                            "id = \"a/b\"",
                            "id = \"localhost\"",
                            "[statsd]\naddr = \"8125\"",
                            "[local]\n\"a-b\" = \"x\"",
                            "[local]\na = []",
                            "marathon = \"http://a?path\"",
                            "zookeeper = \"master-1:2181\"",
                            "event_source = \"poll\""}) {
    EXPECT_THAT(refused(wrong), HasSubstr("test.toml:")) << wrong;
  }
}

TEST(ConfigTest, HostCalledLocalhostNeedsAnId) {
  EXPECT_THAT(refused("", {}, "localhost.localdomain"), HasSubstr("id: not set, and this host's name will not do"));
  EXPECT_EQ(accepted("id = \"proxy-1\"", {}, "localhost.localdomain").config.id, "proxy-1");
}

TEST(ConfigTest, ListenAndPortMustAgree) {
  EXPECT_EQ(accepted("listen = \"127.0.0.1:6000\"\nport = \"6000\"\n").config.listen_port, 6000);
  EXPECT_THAT(refused("listen = \"127.0.0.1:6000\"\nport = 6001\n"),
              HasSubstr("test.toml:2: port: contradicts listen"));
}

TEST(ConfigTest, CredentialsAreGivenOnce) {
  EXPECT_THAT(refused("zookeeper = \"zk://jo:hunter2@a:2181/x\"\nzookeeper_auth_file = \"/etc/auth\"\n"),
              AllOf(HasSubstr("zookeeper_auth_file: contradicts"), Not(HasSubstr("hunter2"))));
}

TEST(ConfigTest, ErrorsNeverRepeatSecrets) {
  EXPECT_THAT(refused("zookeeper = \"zk://jo:hunter2@a:port/x\"\n"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refused("zookeeper = \"zk://jo:hun/ter2@a:2181/x\"\n"), Not(HasSubstr("ter2")));
  EXPECT_THAT(refused("pass = [\"hunter2\"]\n"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refused("marathon = [\"http://jo:hunter2@a:port\"]\n"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refused("marathon = [\"http://jo:hun/ter2@a:8080\"]\n"), Not(HasSubstr("ter2")));
}

TEST(ConfigTest, StandaloneAgentLeadsItself) {
  EXPECT_FALSE(accepted("lead = false\nzookeeper = \"zk://a:2181/chorale\"\n").config.lead);
  const LoadedConfig alone = accepted("lead = false\n");
  EXPECT_TRUE(alone.config.lead);
  EXPECT_THAT(warned(alone), ElementsAre(HasSubstr("lead: has no effect without zookeeper")));
}

TEST(ConfigTest, ObserverHasNoUseForWhatConcernsNginx) {
  EXPECT_TRUE(accepted("").config.apply);
  EXPECT_FALSE(accepted("apply = false\n").config.apply);
  const std::string keys = "reload_on = [\"/a\"]\ndrift = \"report\"\n";
  EXPECT_THAT(warned(accepted(keys)), IsEmpty());
  EXPECT_THAT(warned(accepted("apply = false\n" + keys)),
              ElementsAre(HasSubstr("reload_on: has no effect with apply = false"),
                          HasSubstr("drift: has no effect with apply = false")));
}

TEST(ConfigTest, WhatThisVersionLacksIsSaid) {
  EXPECT_THAT(refused("publish_key_file = \"/etc/key\""), HasSubstr("not supported by this version"));
}

TEST(ConfigTest, EnvironmentOverridesTheFile) {
  const auto loaded = accepted("marathon = \"http://a:8080\"\nlisten = \"127.0.0.1:1\"\nshrink_limit = 0.1\n",
                               {{"CHORALE_MARATHON", "http://b:8080,http://c:8080"},
                                {"CHORALE_PORT", "7000"},
                                {"CHORALE_SHRINK_LIMIT", "0.9"},
                                {"CHORALE_NGINX_IGNORE_CHECK", "true"},
                                {"CHORALE_STATSD_SAMPLE_RATE", "10"},
                                {"CHORALE_SESSION_TIMEOUT", "3s"},
                                {"HOME", "/root"}});
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_THAT(loaded.config.marathon, ElementsAre("http://b:8080", "http://c:8080"));
  EXPECT_EQ(loaded.config.listen_address, "127.0.0.1");
  EXPECT_EQ(loaded.config.listen_port, 7000);
  EXPECT_DOUBLE_EQ(loaded.config.shrink_limit, 0.9);
  EXPECT_TRUE(loaded.config.nginx_ignore_check);
  EXPECT_EQ(loaded.config.statsd.sample_rate, 10);
  EXPECT_EQ(loaded.config.session_timeout, milliseconds(3'000));
}

TEST(ConfigTest, EnvironmentListenWinsOverTheFilesPort) {
  EXPECT_EQ(accepted("port = 6000", {{"CHORALE_LISTEN", "127.0.0.1:7000"}}).config.listen_port, 7000);
}

TEST(ConfigTest, EnvironmentErrorsNameTheVariable) {
  EXPECT_THAT(refused("", {{"CHORALE_SESSION_TIMEOUT", "10"}}),
              HasSubstr("environment variable CHORALE_SESSION_TIMEOUT: session_timeout: expected a duration"));
  EXPECT_THAT(refused("", {{"CHORALE_MARATON", "x"}}), HasSubstr("did you mean CHORALE_MARATHON?"));
}

TEST(ConfigTest, BrokenTomlNamesItsLine) {
  EXPECT_THAT(refused("realm = \"x\"\nport = = 1\n"), HasSubstr("test.toml:2: this is not TOML"));
  EXPECT_THAT(refused(std::string(5'000, '[')), HasSubstr("this is not TOML"));
  EXPECT_THAT(refused("realm = \"\xff\xfe\"\n"), HasSubstr("this is not TOML"));
}

TEST(ConfigTest, LocalSectionOverridesBuiltInValues) {
  Config config = accepted("[local]\nhttp_port = 8080\ndc = \"fra1\"\n").config;
  auto values = local_values(config, "www-data");
  EXPECT_EQ(values.at("http_port"), "8080");
  EXPECT_EQ(values.at("dc"), "fra1");
  EXPECT_EQ(values.at("id"), "proxy-1");
  EXPECT_EQ(values.at("nginx_pid"), "/run/nginx.pid");
  EXPECT_EQ(values.at("nginx_user"), "www-data");
  EXPECT_EQ(values.at("https_port"), "443");
  EXPECT_EQ(values.at("access_log"), "off");
  EXPECT_EQ(values.at("real_ip") + values.at("listen_options"), "");
  EXPECT_EQ(values.at("auth_dir"), "/etc/chorale/auth");
  EXPECT_EQ(values.at("cert_dir"), "/etc/chorale/certs");
  EXPECT_EQ(accepted("[local]\nnginx_user = \"web\"\n").config.local.at("nginx_user"), "web");
  config.nginx_pid = "/run/other.pid";
  EXPECT_EQ(local_values(config, "www-data").at("nginx_pid"), "/run/other.pid");
}

TEST(ConfigTest, AnAddressOfItsOwnListensNowhereElse) {
  const auto ipv6 = [](const char* text) { return local_values(accepted(text).config, "").at("ipv6"); };
  EXPECT_EQ(ipv6("[local]\nhttp_port = \"127.0.0.1:8080\"\n"), "#") << "the line for IPv6 is a comment";
  EXPECT_EQ(ipv6("[local]\nipv6 = \"#\"\n"), "#");
  const bool has_ipv6 = std::ifstream("/proc/net/if_inet6").good();
  EXPECT_EQ(ipv6("[local]\nhttp_port = 8080\n"), has_ipv6 ? "" : "#");
}

TEST(ConfigTest, TheProxysAddressIsTheHostUnlessHttpPortNamesOne) {
  const auto address = [](const std::string& local) {
    return proxy_address(accepted("[local]\nhostname = \"proxy-1\"\n" + local).config);
  };
  EXPECT_EQ(address(""), "proxy-1");
  EXPECT_EQ(address("http_port = \"8080\"\n"), "proxy-1:8080");
  EXPECT_EQ(address("http_port = \"10.0.0.9:8080\"\n"), "10.0.0.9:8080");
}

TEST(ConfigTest, ValuesOfEveryAgentAreNoSecretsAndThoseOfLocalAre) {
  for (const auto& [name, value] : local_values({}, "")) EXPECT_TRUE(render::is_built_in_value(name)) << name;
  EXPECT_FALSE(render::is_built_in_value("dc"));
  EXPECT_FALSE(render::uses_local_secrets("@{id} @{http_port}"));
  EXPECT_TRUE(render::uses_local_secrets("@{id} @{dc}"));
}

TEST(ConfigTest, AClusterOnThisMachineIsKnownByAnyOfItsAddresses) {
  const auto on_loopback = [](const std::string& text) { return reaches_cluster_on_loopback(accepted(text).config); };
  EXPECT_TRUE(on_loopback("marathon = ['http://10.0.0.1:8080', 'http://localhost:8080']"));
  EXPECT_TRUE(on_loopback("marathon = 'https://[::1]:8443'"));
  EXPECT_TRUE(on_loopback("marathon = 'http://a:8080'\nzookeeper = 'zk://b:2181,127.0.0.1:2182/chorale'"));
  EXPECT_FALSE(on_loopback("marathon = 'http://localhost.example:8080'\nzookeeper = 'zk://10.0.0.1:2181/127.0.0.1'"));
  EXPECT_FALSE(on_loopback("marathon = 'http://10.0.0.1:8080'"));
}

}  // namespace
}  // namespace chorale::agent
