// The config file that is shipped documents what the code does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "agent/config/config.h"
#include "agent/config/config_settings.h"

namespace chorale::agent {
namespace {

std::string shipped() {
  std::ifstream stream(CHORALE_SHIPPED_CONFIG);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// "#key = value" -> "key = value"; comments in prose have a blank after their '#'.
std::string uncommented(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    result += (setting ? line.substr(1) : line) + "\n";
  }
  return result;
}

// The text with the line of one key that is commented out made a setting.
std::string with_key(const std::string& text, const std::string& key) {
  const auto line = text.find("\n#" + key + " = ");
  EXPECT_NE(line, std::string::npos) << key;
  return line == std::string::npos ? text : text.substr(0, line + 1) + text.substr(line + 2);
}

// A proxy that is not configured yet must not follow some Marathon by accident.
TEST(ShippedConfigTest, SetsNothing) {
  const auto settings = read_settings(shipped(), "chorale.toml");
  ASSERT_TRUE(settings) << settings.error();
  EXPECT_THAT(settings->by_key, ::testing::IsEmpty());
}

TEST(ShippedConfigTest, LacksMarathonAlone) {
  const auto loaded = parse_config(shipped(), "chorale.toml", {"proxy-1", {}});
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_THAT(loaded->warnings, ::testing::IsEmpty());
  EXPECT_THAT(missing_for_agent(loaded->config), ::testing::ElementsAre(::testing::HasSubstr("marathon")));
}

TEST(ShippedConfigTest, TwoKeysMakeAnAgentOfACluster) {
  const auto loaded =
      parse_config(with_key(with_key(shipped(), "marathon"), "zookeeper"), "chorale.toml", {"proxy-1", {}});
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_THAT(loaded->warnings, ::testing::IsEmpty());
  EXPECT_THAT(missing_for_agent(loaded->config), ::testing::IsEmpty());
  EXPECT_FALSE(loaded->config.standalone);
}

TEST(ShippedConfigTest, ShowsEveryKey) {
  const auto settings = read_settings(uncommented(shipped()), "chorale.toml");
  ASSERT_TRUE(settings) << settings.error();
  EXPECT_THAT(settings->warnings, ::testing::IsEmpty());
  for (const std::string_view key : known_keys()) EXPECT_TRUE(settings->by_key.contains(std::string(key))) << key;
}

TEST(ShippedConfigTest, ShowsTheTrueDefaults) {
  const auto defaults = parse_config("", "chorale.toml", {"proxy-1", {}});
  const auto loaded = parse_config(uncommented(shipped()), "chorale.toml", {"proxy-1", {}});
  ASSERT_TRUE(defaults);
  ASSERT_TRUE(loaded) << loaded.error();
  const Config& expected = defaults->config;
  const Config& shown = loaded->config;
  EXPECT_EQ(shown.id, expected.id);
  EXPECT_EQ(shown.xproxy, expected.xproxy);
  EXPECT_EQ(shown.realm, expected.realm);
  EXPECT_EQ(shown.nginx_config, expected.nginx_config);
  EXPECT_EQ(shown.nginx_template, expected.nginx_template);
  EXPECT_EQ(shown.nginx_cmd, expected.nginx_cmd);
  EXPECT_EQ(shown.nginx_ignore_check, expected.nginx_ignore_check);
  EXPECT_EQ(shown.nginx_pid, expected.nginx_pid);
  EXPECT_EQ(shown.left_delimiter, expected.left_delimiter);
  EXPECT_EQ(shown.right_delimiter, expected.right_delimiter);
  EXPECT_EQ(shown.listen_address, expected.listen_address);
  EXPECT_EQ(shown.listen_port, expected.listen_port);
  EXPECT_EQ(shown.state_dir, expected.state_dir);
  EXPECT_EQ(shown.session_timeout, expected.session_timeout);
  EXPECT_EQ(shown.stage_timeout, expected.stage_timeout);
  EXPECT_EQ(shown.min_reload_interval, expected.min_reload_interval);
  EXPECT_EQ(shown.resync_interval, expected.resync_interval);
  EXPECT_EQ(shown.health_memory, expected.health_memory);
  EXPECT_EQ(shown.shrink_limit, expected.shrink_limit);
  EXPECT_EQ(shown.repair_drift, expected.repair_drift);
  EXPECT_EQ(shown.expose_env, expected.expose_env);
  EXPECT_EQ(shown.ca_file, expected.ca_file);
  EXPECT_EQ(shown.statsd.sample_rate, expected.statsd.sample_rate);
}

}  // namespace
}  // namespace chorale::agent
