// The edges of chorale.toml: bounds that are still taken, what warns, what wins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/config/config.h"
#include "tests/unit/agent/config/loading.h"

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Kind = ConfigWarning::Kind;

std::vector<std::string> without_effect(const LoadedConfig& loaded) {
  std::vector<std::string> texts;
  for (const ConfigWarning& warning : loaded.warnings) {
    EXPECT_EQ(warning.kind, Kind::kNoEffect);
    texts.push_back(warning.text());
  }
  return texts;
}

TEST(ConfigEdgesTest, BoundsAreWithinTheRange) {
  const Config least = accepted("session_timeout = '1s'\nshrink_limit = 0\n[statsd]\nsample_rate = 1\n").config;
  EXPECT_EQ(least.session_timeout, milliseconds(1'000));
  EXPECT_EQ(accepted("keep_revisions = 1\ncollect_interval = '1s'\n").config.keep_revisions, 1);
  EXPECT_EQ(accepted("keep_revisions = 1000\ncollect_interval = '24h'\n").config.keep_revisions, 1'000);
  EXPECT_THAT(refused("keep_revisions = 0"), HasSubstr("1 to 1000"));
  EXPECT_THAT(refused("collect_interval = '999ms'"), HasSubstr("1s to 24h"));
  EXPECT_EQ(least.shrink_limit, 0.0);
  EXPECT_EQ(least.statsd.sample_rate, 1);
  const Config most = accepted("session_timeout = '10m'\nshrink_limit = 1.0\n[statsd]\nsample_rate = 100\n").config;
  EXPECT_EQ(most.session_timeout, milliseconds(600'000));
  EXPECT_EQ(most.shrink_limit, 1.0);
  EXPECT_EQ(most.statsd.sample_rate, 100);
  EXPECT_THAT(refused("session_timeout = '600001ms'"),
              EndsWith("expected a duration from 1s to 10m, found \"600001ms\""));
  EXPECT_THAT(refused("shrink_limit = -0.01"), EndsWith("expected a number from 0 to 1, found -0.01"));
  EXPECT_THAT(refused("shrink_limit = 1.01"), HasSubstr("from 0 to 1"));
}

TEST(ConfigEdgesTest, WhatNixyTakesIsTakenAndNamed) {
  for (const char* rate : {"0", "101", "-7"}) {
    const LoadedConfig loaded = accepted("[statsd]\nsample_rate = " + std::string(rate));
    EXPECT_EQ(loaded.config.statsd.sample_rate, 100);
    EXPECT_THAT(warned(loaded), ElementsAre("test.toml:2: statsd.sample_rate: " + std::string(rate) +
                                            " is not within 1 and 100; all messages are sent"));
  }
  EXPECT_THAT(warned(accepted("[statsd]\nsample_rate = 7")), IsEmpty());
  EXPECT_THAT(warned(accepted("", {{"CHORALE_STATSD_SAMPLE_RATE", "7"}})), IsEmpty());
  EXPECT_THAT(refused("[statsd]\nsample_rate = '7'"), HasSubstr("expected a whole number from 1 to 100"));

  const std::string paths = "nginx_config = 'nginx.conf'\nnginx_template = '../t/nginx.tmpl'\n";
  const auto there = parse_config(paths, "/etc/nixy/nixy.toml", {"proxy-1", {}});
  ASSERT_TRUE(there);
  EXPECT_EQ(there->config.nginx_config, "/etc/nixy/nginx.conf");
  EXPECT_EQ(there->config.nginx_template, "/etc/t/nginx.tmpl");
  EXPECT_THAT(warned(*there), ElementsAre("/etc/nixy/nixy.toml:1: nginx_config: a relative path is taken from this "
                                          "file's directory: /etc/nixy/nginx.conf",
                                          HasSubstr("/etc/nixy/nixy.toml:2: nginx_template: a relative path")));
  const auto here = parse_config(paths, "x/nixy.toml", {"proxy-1", {}, "/srv"});
  ASSERT_TRUE(here);
  EXPECT_EQ(here->config.nginx_config, "/srv/x/nginx.conf");
  EXPECT_EQ(here->warnings.front().kind, Kind::kTakenAsInNixy);
}

TEST(ConfigEdgesTest, EnvironmentIsReadAsTheKeysType) {
  EXPECT_FALSE(
      accepted("nginx_ignore_check = true", {{"CHORALE_NGINX_IGNORE_CHECK", "false"}}).config.nginx_ignore_check);
  EXPECT_THAT(refused("", {{"CHORALE_NGINX_IGNORE_CHECK", "yes"}}),
              EndsWith("expected true or false, found other text"));
  EXPECT_THAT(refused("", {{"CHORALE_STATSD_SAMPLE_RATE", "10x"}}), HasSubstr("statsd.sample_rate: expected a whole"));
  EXPECT_THAT(refused("", {{"CHORALE_SHRINK_LIMIT", "half"}}), HasSubstr("shrink_limit: expected a number"));
  EXPECT_THAT(accepted("", {{"CHORALE_EXPOSE_ENV", "A, B"}}).config.expose_env, ElementsAre("A", "B"));
  EXPECT_THAT(accepted("", {{"CHORALE_REALM", "blue"}}).config.routing.realm, ElementsAre("blue"));
}

TEST(ConfigEdgesTest, UnknownVariablesWarn) {
  const auto loaded = accepted("realm = 'y'", {{"CHORALE_FROBNICATE", "x"}, {"CHORALEX", "x"}, {"CHORALE_RELM", "x"}});
  ASSERT_EQ(loaded.warnings.size(), 2U);
  EXPECT_EQ(loaded.warnings[0].kind, Kind::kUnknownKey);
  EXPECT_EQ(loaded.warnings[0].text(), "environment variable CHORALE_FROBNICATE: names no key and is ignored");
  EXPECT_EQ(loaded.warnings[1].kind, Kind::kMistypedKey);
  EXPECT_THAT(loaded.warnings[1].text(), EndsWith("did you mean CHORALE_REALM?"));
}

TEST(ConfigEdgesTest, ListenAndPortOfTheEnvironmentWin) {
  const std::string both = "listen = '127.0.0.1:1'\nport = 1\n";
  EXPECT_EQ(accepted(both, {{"CHORALE_PORT", "2"}}).config.listen_port, 2);
  EXPECT_EQ(accepted(both, {{"CHORALE_LISTEN", "127.0.0.2:3"}}).config.listen_port, 3);
  EXPECT_THAT(refused("", {{"CHORALE_LISTEN", "127.0.0.2:3"}, {"CHORALE_PORT", "2"}}),
              AllOf(HasSubstr("CHORALE_PORT"), HasSubstr("port: contradicts listen (port 3)")));
  EXPECT_EQ(accepted("listen = '127.0.0.1:7'").config.listen_port, 7);
  EXPECT_THAT(refused("listen = '7'\nport = 8\n"), Not(HasSubstr("contradicts")));
  EXPECT_THAT(refused("listen = '127.0.0.1:7'\nport = 'x'\n"), Not(HasSubstr("contradicts")));
}

TEST(ConfigEdgesTest, WhatHasNoEffectWarns) {
  EXPECT_THAT(without_effect(accepted("pass = 'x'")), ElementsAre("test.toml:1: pass: has no effect without user"));
  EXPECT_THAT(without_effect(accepted("pass = 'x'\nuser = 'jo'")), IsEmpty());
  EXPECT_THAT(without_effect(accepted("zookeeper_auth_file = '/auth'")),
              ElementsAre(HasSubstr("zookeeper_auth_file: has no effect without zookeeper")));
  EXPECT_THAT(without_effect(accepted("zookeeper_auth_file = '/auth'\nzookeeper = 'zk://a:1'")), IsEmpty());
  EXPECT_THAT(without_effect(accepted("marathon = ['http://a', 'http://b', 'http://a:80/']")),
              ElementsAre(EndsWith("marathon: http://a is listed twice")));
  EXPECT_THAT(without_effect(accepted("callback_url = ''\ncallback_listen = ''\npublish_key_file = ''")), IsEmpty());
  EXPECT_THAT(without_effect(accepted("callback_listen = ':80'")), ElementsAre(HasSubstr("callback_listen")));
}

TEST(ConfigEdgesTest, LocalNamesAreNamesAndKeepTheirCase) {
  const Config config = accepted("[Local]\n_a1 = 'x'\nA = 'y'\na = 'z'\n").config;
  EXPECT_EQ(config.local, (std::map<std::string, std::string>{{"_a1", "x"}, {"A", "y"}, {"a", "z"}}));
  for (const char* name : {"1a", "a-b", "\"\"", "\"a b\""}) {
    EXPECT_THAT(refused("[local]\n" + std::string(name) + " = 'x'\n"), HasSubstr("expected a name of letters")) << name;
  }
  EXPECT_THAT(refused("[local]\na = 1.5\n"), HasSubstr("local.a: expected a string in quotes, found a number"));
}

TEST(ConfigEdgesTest, StatsdHasANamespaceWhereItIsOn) {
  EXPECT_EQ(accepted("").config.statsd.name_space, "");
  EXPECT_EQ(accepted("[statsd]\naddr = 'a:1'\nnamespace = 'x'").config.statsd.name_space, "x");
  for (const char* wrong : {"a", ":1", "a:", "a:x"}) {
    EXPECT_THAT(refused("[statsd]\naddr = '" + std::string(wrong) + "'"), HasSubstr("expected host:port")) << wrong;
  }
  EXPECT_THAT(refused("statsd = 'a:1'"), HasSubstr("statsd: expected a section"));
}

TEST(ConfigEdgesTest, DelimitersAndCommandsAreChecked) {
  for (const char* wrong : {"", "<% ", "{{="}) {
    EXPECT_THAT(refused("right_delimiter = '" + std::string(wrong) + "'"), HasSubstr("expected a delimiter")) << wrong;
  }
  EXPECT_THAT(refused("nginx_cmd = []"), HasSubstr("nginx_cmd: expected a command"));
  EXPECT_THAT(refused("nginx_cmd = ['', '-t']"), HasSubstr("nginx_cmd: expected a command"));
  EXPECT_THAT(refused("nginx_template = ''"), EndsWith("nginx_template: expected a path, found nothing"));
  EXPECT_THAT(refused("nginx_config = ''"), EndsWith("nginx_config: expected a path, found nothing"));
  EXPECT_THAT(refused("reload_on = ['/a', 'b']"), EndsWith("expected an absolute path, found \"b\""));
  EXPECT_EQ(accepted("drift = 'repair'").config.repair_drift, true);
}

TEST(ConfigEdgesTest, UnusableTypesAreNamed) {
  EXPECT_THAT(refused("marathon = [1]"), EndsWith("found an array with an integer in it"));
  EXPECT_THAT(refused("realm = 1979-05-27"), EndsWith("expected a string or an array of strings, found a date"));
  EXPECT_THAT(refused("realm = true"), EndsWith("found true"));
  EXPECT_THAT(refused("realm = false"), EndsWith("found false"));
  EXPECT_THAT(refused("realm = \"x\nport = 1\n"), HasSubstr("is a closing quote missing?"));
  EXPECT_THAT(refused("realm = = 1"), Not(HasSubstr("is a closing quote missing?")));
  EXPECT_THAT(accepted("[other]\na = 1\n").warnings.at(0).text(), HasSubstr("unknown key 'other' is ignored"));
}

TEST(ConfigEdgesTest, FiftyErrorsAreListed) {
  std::string text = "[local]\n";
  for (int i = 0; i < 50; ++i) text += "\"-" + std::to_string(i) + "\" = 'x'\n";
  EXPECT_THAT(refused(text), AllOf(Not(HasSubstr("more")), Not(EndsWith("\n"))));
  const std::string errors = refused(text + "\"-50\" = 'x'\n\"-51\" = 'x'\n");
  EXPECT_THAT(errors, EndsWith("\n... and 2 more"));
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 50);
}

TEST(ConfigEdgesTest, AgentOfAClusterLacksMarathonAlone) {
  EXPECT_THAT(missing_for_agent(accepted("zookeeper = 'zk://a:1'").config),
              ElementsAre(AllOf(HasSubstr("marathon is not set"), Not(HasSubstr("stands alone")))));
}

}  // namespace
}  // namespace chorale::agent
