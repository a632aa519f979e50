// chorale.toml and chorale.toml(5) say what the parser does: keys, types, ranges, defaults, names from the environment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "agent/config/config.h"
#include "agent/config/config_settings.h"
#include "tests/unit/packaging/man_page.h"
#include "tests/unit/packaging/program.h"

namespace chorale::testing {
namespace {

using agent::HostFacts;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

constexpr const char* kFile = "chorale.toml";

struct DescribedKey {
  std::string key;   // "statsd.addr"
  std::string type;  // "duration"
  std::string body;
};

const HostFacts& host() {
  static const HostFacts facts{"proxy-1", {}};
  return facts;
}

// Entries of the man page such as "session_timeout = duration"; under "SECTION [statsd]" the section is in the key.
std::vector<DescribedKey> described_keys() {
  static const std::regex kHeading("SECTION \\[(.*)\\]");
  std::vector<DescribedKey> keys;
  for (const ManEntry& entry : parse_man_page(packaged("man/chorale.toml.5")).entries) {
    const auto equals = entry.tag.find(" = ");
    if (equals == std::string::npos) continue;
    std::smatch heading;
    const std::string prefix = std::regex_match(entry.section, heading, kHeading) ? heading[1].str() + "." : "";
    keys.push_back({prefix + entry.tag.substr(0, equals), entry.tag.substr(equals + 3), entry.body});
  }
  return keys;
}

// A file that sets one key; a dotted one in its section.
std::string setting(const std::string& key, const std::string& value) {
  const auto dot = key.find('.');
  if (dot == std::string::npos) return key + " = " + value + "\n";
  return "[" + key.substr(0, dot) + "]\n" + key.substr(dot + 1) + " = " + value + "\n";
}

std::string refusal(const std::string& key, const std::string& value) {
  const auto loaded = agent::parse_config(setting(key, value), kFile, host());
  return loaded ? "" : loaded.error();
}

// "#key = value   # why" -> value, for every key that the shipped file shows, sections dotted.
std::map<std::string, std::string> shown_values() {
  static const std::regex kSetting("#?([a-z_]+) = (\"[^\"]*\"|\\[[^\\]]*\\]|[^ #]+) *(#.*)?");
  static const std::regex kSection("#?\\[([a-z]+)\\]");
  std::map<std::string, std::string> values;
  std::string prefix;
  for (const std::string& line : lines_of(packaged("chorale.toml"))) {
    std::smatch parts;
    if (std::regex_match(line, parts, kSection)) prefix = parts[1].str() + ".";
    if (std::regex_match(line, parts, kSetting)) values[prefix + parts[1].str()] = parts[2].str();
  }
  return values;
}

TEST(ConfigTextsTest, ShippedFileShowsEveryKeyAndNoOther) {
  std::vector<std::string> shown;
  for (const auto& [key, value] : shown_values()) {
    if (!key.starts_with("local.")) shown.push_back(key);
  }
  EXPECT_THAT(shown, UnorderedElementsAreArray(agent::known_keys()));
}

TEST(ConfigTextsTest, ManPageDescribesEveryKeyOnceAndNoOther) {
  std::vector<std::string> described;
  for (const DescribedKey& key : described_keys()) described.push_back(key.key);
  EXPECT_THAT(described, UnorderedElementsAreArray(agent::known_keys()));
}

// What the parser expects where it finds a date, which no key wants. A key that it does not read would be accepted.
TEST(ConfigTextsTest, ManPageNamesTheTypes) {
  const std::map<std::string, std::string> expected{{"string", "expected a string in quotes"},
                                                    {"flag", "expected true or false"},
                                                    {"duration", "expected a duration"},
                                                    {"list", "expected a string or an array of strings"}};
  for (const DescribedKey& key : described_keys()) {
    const std::string error = refusal(key.key, "1979-05-27");
    if (key.type == "number") {
      EXPECT_TRUE(std::regex_search(error, std::regex("expected a (whole )?number"))) << key.key << ": " << error;
    } else {
      ASSERT_TRUE(expected.contains(key.type)) << key.key << " = " << key.type;
      EXPECT_THAT(error, HasSubstr(expected.at(key.type))) << key.key;
    }
  }
}

TEST(ConfigTextsTest, ManPageNamesTheRanges) {
  static const std::regex kRange("Range: (from [0-9a-z]+ to [0-9a-z]+)\\.");
  const std::map<std::string, std::string> far_out{
      {"duration", "\"8000h\""}, {"number", "1000000"}, {"string", "\"1000000\""}};
  for (const DescribedKey& key : described_keys()) {
    std::smatch range;
    const bool has_range = std::regex_search(key.body, range, kRange);
    EXPECT_TRUE(has_range || (key.type != "duration" && key.type != "number")) << key.key;
    if (!has_range) continue;
    EXPECT_THAT(refusal(key.key, far_out.at(key.type)), HasSubstr(range[1].str())) << key.key;
  }
}

// What the shipped file shows are the true defaults (ShippedConfigTest); words stand where it can only show an example.
TEST(ConfigTextsTest, ManPageNamesTheDefaults) {
  static const std::regex kDefault("^Default: (\"[^\"]*\"|\\[\\]|[0-9.]*[0-9]|true|false)\\.(?: |$)");
  static const std::regex kWords("^Default: (none|the host's name|nixy\\. and the host's name)[.;]");
  const auto shown = shown_values();
  for (const DescribedKey& key : described_keys()) {
    std::smatch value;
    if (std::regex_search(key.body, value, kDefault)) {
      ASSERT_TRUE(shown.contains(key.key)) << key.key;
      EXPECT_EQ(value[1].str(), shown.at(key.key)) << key.key;
    } else {
      EXPECT_TRUE(std::regex_search(key.body, kWords)) << key.key << ": " << key.body;
    }
  }
}

TEST(ConfigTextsTest, BothTextsNameTheBuiltInLocalValues) {
  std::vector<std::string> built_in;
  for (const auto& [name, value] : agent::local_values({})) built_in.push_back(name);
  std::vector<std::string> described;
  for (const ManEntry& entry : parse_man_page(packaged("man/chorale.toml.5")).entries) {
    if (entry.section == "SECTION [local]") described.push_back(entry.tag);
  }
  EXPECT_THAT(described, UnorderedElementsAreArray(built_in));

  const std::string file = packaged("chorale.toml");
  const auto begin = file.find("Built in: ");
  ASSERT_NE(begin, std::string::npos);
  const std::string list = file.substr(begin, file.find("\n#[local]", begin) - begin);
  for (const std::string& name : built_in) EXPECT_THAT(list, HasSubstr(name));
}

TEST(ConfigTextsTest, VariablesThatAreNamedAreRead) {
  static const std::regex kVariable("CHORALE_[A-Z][A-Z_]*");
  for (const std::string_view name : {"chorale.toml", "man/chorale.1", "man/chorale.toml.5"}) {
    const std::string text = packaged(name);
    std::map<std::string, std::string> environment;
    for (std::sregex_iterator it(text.begin(), text.end(), kVariable), end; it != end; ++it) {
      environment.emplace(it->str(), "value");
    }
    EXPECT_FALSE(environment.empty()) << name;
    agent::Settings settings;
    agent::override_from_environment(settings, environment);
    EXPECT_THAT(settings.warnings, IsEmpty()) << name;
    EXPECT_EQ(settings.by_key.size(), environment.size()) << name;
  }
}

// The examples of the man page are TOML that is read without a warning.
TEST(ConfigTextsTest, ExamplesAreRead) {
  std::string example;
  bool inside = false;
  int read = 0;
  for (const std::string& line : lines_of(packaged("man/chorale.toml.5"))) {
    if (line == ".EX") {
      example.clear();
      inside = true;
    } else if (line == ".EE") {
      const auto loaded = agent::parse_config(example, kFile, host());
      ASSERT_TRUE(loaded) << loaded.error();
      EXPECT_THAT(loaded->warnings, IsEmpty());
      EXPECT_THAT(agent::missing_for_agent(loaded->config), IsEmpty());
      inside = false;
      ++read;
    } else if (inside) {
      example += std::regex_replace(line, std::regex("\\\\-"), "-") + "\n";
    }
  }
  EXPECT_EQ(read, 2);
}

}  // namespace
}  // namespace chorale::testing
