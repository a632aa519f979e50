// What is written by hand in chorale.toml(5) and in the frame of chorale.toml. The keys come from the key table
// (config_texts --check).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>

#include "agent/config/config.h"
#include "agent/config/config_settings.h"
#include "tests/unit/packaging/program.h"

namespace chorale::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kFile = "chorale.toml";

TEST(ConfigTextsTest, BothTextsNameTheBuiltInLocalValues) {
  const std::string manual = packaged("man/chorale.toml.5");
  const std::string file = packaged("chorale.toml");
  const auto section = manual.find(".SH \"SECTION [local]\"\n");
  const auto list = file.find("Built in: ");
  ASSERT_NE(section, std::string::npos);
  ASSERT_NE(list, std::string::npos);
  for (const auto& [name, value] : agent::local_values({}, "")) {
    EXPECT_THAT(manual.substr(section), HasSubstr(".TP\n.B " + name + "\n"));
    EXPECT_THAT(file.substr(list, file.find("\n#[local]", list) - list), HasSubstr(name));
  }
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
      const auto loaded = agent::parse_config(example, kFile, {"proxy-1", {}});
      ASSERT_TRUE(loaded) << loaded.error().message;
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
