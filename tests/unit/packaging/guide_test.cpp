// The README and the guides against the product and against each other: no alert, label or name without its place, no
// link that leads nowhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "agent/core/leading/routes_ports.h"
#include "render/app_labels.h"
#include "render/template.h"
#include "tests/unit/packaging/program.h"

namespace chorale::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::vector<std::string> kDocuments{"../README.md", "guide/moving-from-nixy.md", "guide/operations.md",
                                          "guide/templates.md", "guide/zkcli.md"};

std::vector<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator one(text.begin(), text.end(), expression), end; one != end; ++one) {
    found.push_back((*one)[1].str());
  }
  return found;
}

// As GitHub makes them: small letters, blanks as '-', without other signs.
std::set<std::string> anchors_of(const std::string& document) {
  std::set<std::string> anchors;
  for (const std::string& line : lines_of(packaged(document))) {
    if (!line.starts_with("#")) continue;
    std::string anchor;
    for (const char c : line.substr(line.find_first_not_of("# "))) {
      if (c == ' ') anchor += '-';
      if (c == '-' || c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0) {
        anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
    anchors.insert(anchor);
  }
  return anchors;
}

// What the compiler of templates says of a mistake lists all that would have been right.
std::vector<std::string> known_in(const std::string& mistake) {
  const auto compiled = render::Template::compile("{{#apps}}" + mistake + "{{/apps}}", "t");
  if (compiled) return {};
  const std::string& text = compiled.error().message;
  const auto begin = std::min(text.find("are known "), text.find("known are "));
  if (begin == std::string::npos) return {};
  const auto end = text.find(", and the names");
  return all_matches(text.substr(begin, end - begin), "([a-z][a-z_]*)(?:\\.\\*)?(?=,|$)");
}

TEST(GuideTest, ReadmeStaysShort) { EXPECT_LE(lines_of(packaged("../README.md")).size(), 150U); }

TEST(GuideTest, EveryLinkLeadsSomewhere) {
  std::size_t links = 0;
  for (const std::string& document : kDocuments) {
    for (const std::string& link : all_matches(packaged(document), "\\]\\(([^)]+)\\)")) {
      if (link.starts_with("http")) continue;
      ++links;
      const auto hash = link.find('#');
      const std::string file = link.substr(0, hash);
      const std::filesystem::path directory = std::filesystem::path(document).parent_path();
      const std::string target = file.empty() ? document : (directory / file).lexically_normal().string();
      ASSERT_TRUE(std::filesystem::exists(std::filesystem::path(CHORALE_PACKAGING_DIR) / target))
          << link << " in " << document;
      if (hash != std::string::npos) {
        EXPECT_EQ(anchors_of(target).count(link.substr(hash + 1)), 1U) << link << " in " << document;
      }
    }
  }
  EXPECT_GT(links, 50U);
}

TEST(GuideTest, EveryGuideIsInTheReadme) {
  for (const auto& entry : std::filesystem::directory_iterator(CHORALE_PACKAGING_DIR "/guide")) {
    const std::string name = entry.path().filename();
    EXPECT_THAT(packaged("../README.md"), HasSubstr("packaging/guide/" + name));
    EXPECT_THAT(packaged("man/chorale.1"), HasSubstr(std::regex_replace(name, std::regex("-"), "\\-")));
    EXPECT_THAT(kDocuments, ::testing::Contains("guide/" + name)) << "add it to this test";
  }
}

TEST(GuideTest, EveryAlertSaysWhereToReadOn) {
  std::string headings;
  for (const std::string& line : lines_of(packaged("guide/operations.md"))) {
    if (line.starts_with("### ")) headings += line + ",";
  }
  const auto alerts = all_matches(packaged("monitoring/alerts.yml"), "alert: (\\w+)");
  EXPECT_THAT(alerts, ::testing::Not(IsEmpty()));
  for (const std::string& alert : alerts) EXPECT_TRUE(std::regex_search(headings, std::regex(alert + "\\b"))) << alert;
  for (const std::string& named : all_matches(headings, "(Chorale\\w+)")) {
    EXPECT_THAT(alerts, ::testing::Contains(named));
  }
}

TEST(GuideTest, TemplateManualHasEveryNameOfAnApp) {
  const std::string manual = packaged("guide/templates.md");
  const auto names = known_in("{{nonsense}}");
  EXPECT_GT(names.size(), 20U);
  for (const std::string& name : names) {
    EXPECT_TRUE(std::regex_search(manual, std::regex("`" + name + "(\\.\\*)?`"))) << name;
  }
}

TEST(GuideTest, TemplateManualHasEveryFilter) {
  const std::string manual = packaged("guide/templates.md");
  const auto filters = known_in("{{labels.x | nonsense}}");
  EXPECT_GT(filters.size(), 5U);
  for (const std::string& filter : filters)
    EXPECT_TRUE(std::regex_search(manual, std::regex("`" + filter + "\\b"))) << filter;
}

TEST(GuideTest, TemplateManualAndManPageHaveEveryLabel) {
  for (const std::string label :
       {render::kRetryLabel, render::kStripPrefixLabel, render::kKeepaliveLabel, render::kTimeoutLabel,
        render::kMaxBodyLabel, render::kAllowLabel, render::kAuthLabel, render::kRateLabel, render::kStickyLabel,
        render::kHttpsLabel, render::kWeightLabel, agent::kPortLabel}) {
    EXPECT_THAT(packaged("guide/templates.md"), HasSubstr("| `" + label + "` |"));
    EXPECT_THAT(packaged("man/chorale.1"), HasSubstr(label));
  }
}

}  // namespace
}  // namespace chorale::testing
