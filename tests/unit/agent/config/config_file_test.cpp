// The config file that is shipped documents what the code does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "agent/config/config.h"
#include "agent/config/config_settings.h"
#include "agent/config/key_table.h"

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
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_THAT(settings->by_key, ::testing::IsEmpty());
}

TEST(ShippedConfigTest, LacksMarathonAlone) {
  const auto loaded = parse_config(shipped(), "chorale.toml", {"proxy-1", {}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(loaded->warnings, ::testing::IsEmpty());
  EXPECT_THAT(missing_for_agent(loaded->config), ::testing::ElementsAre(::testing::HasSubstr("marathon")));
}

// Anyone may read it: nothing that a parser quotes of the text.
TEST(RefusalWarningTest, NamesTheFirstErrorAndCountsTheOthers) {
  const std::string begin =
      "the configuration was refused when it was re-read at noon, the one of before stays in force: ";
  EXPECT_EQ(refusal_warning({"c.toml:1: keep_revisions: expected a number, found a string"}, "noon"),
            begin + "c.toml:1: keep_revisions: expected a number, found a string");
  EXPECT_EQ(refusal_warning({"c.toml:1: a\nc.toml:2: b\nc.toml:3: c"}, "noon"), begin + "c.toml:1: a (and 2 more)");
  EXPECT_EQ(refusal_warning({std::string(500, 'x')}, "noon"), begin + std::string(300, 'x') + "...");
  const auto refused = parse_config("pass = thesecret\n", "c.toml", {"proxy-1", {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refusal_warning(refused.error(), "noon"), begin + "c.toml:1: this is not TOML");
}

TEST(ShippedConfigTest, TwoKeysMakeAnAgentOfACluster) {
  const auto loaded =
      parse_config(with_key(with_key(shipped(), "marathon"), "zookeeper"), "chorale.toml", {"proxy-1", {}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(loaded->warnings, ::testing::IsEmpty());
  EXPECT_THAT(missing_for_agent(loaded->config), ::testing::IsEmpty());
  EXPECT_FALSE(loaded->config.standalone);
}

TEST(ShippedConfigTest, ShowsEveryKeyWithItsDefaultOrAnExample) {
  const auto settings = read_settings(uncommented(shipped()), "chorale.toml");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_THAT(settings->warnings, ::testing::IsEmpty());
  const HostFacts host{"proxy-7", {}};
  auto defaults = parse_config("", "chorale.toml", host);
  const auto shown = parse_config(uncommented(shipped()), "chorale.toml", host);
  ASSERT_TRUE(defaults);
  ASSERT_TRUE(shown) << shown.error().message;
  std::vector<std::string> examples;
  for (const Key& key : key_table()) {
    EXPECT_TRUE(settings->by_key.contains(std::string(key.name))) << key.name;
    if (!key.example.empty()) examples.emplace_back(key.name);
  }
  const ConfigChanges changes = take_changes(shown->config, defaults->config);
  EXPECT_EQ(changes.at_next_start, examples);
  EXPECT_THAT(changes.in_force, ::testing::ElementsAre("[local]"));
}

}  // namespace
}  // namespace chorale::agent
