// The equivalents of Nixy's four templates need no hand, and give what Nixy gave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "agent/cli/comparison.h"
#include "agent/core/leading/routes.h"
#include "agent/marathon/apps_parser.h"
#include "render/local_values.h"
#include "tests/unit/agent/migrate/translated.h"

namespace chorale::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NixyTemplatesTest : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string file(const std::string& name) {
    std::ifstream stream(CHORALE_SOURCE_DIR "/tests/nixy/" + name);
    EXPECT_TRUE(stream) << name;
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static TranslatedTemplate template_of(const std::string& name) { return translated_whole(file(name + ".tmpl")); }
  static std::string expected() { return file(std::string(GetParam()) + ".expected"); }

  static render::RoutingState routes() {
    const auto apps = parse_apps(file("apps.json"));
    EXPECT_TRUE(apps) << apps.error().message;
    if (!apps) return {};
    HealthMemory memory;
    return build_routes(*apps, {}, RoutePolicy{}, memory, {}).state;
  }
  static std::string made() {
    const std::string text = rendered(template_of(GetParam()), routes());
    const auto filled = render::fill_in_local_values(text, {{"xproxy", "proxy-1"}});
    EXPECT_TRUE(filled) << filled.error().text();
    return filled.value_or("");
  }

  // Blanks between words and the quotes around them mean nothing to Nginx.
  static std::string words_of(std::string text) {
    std::erase(text, '"');
    std::istringstream stream(text);
    std::string words;
    for (std::string word; stream >> word;) words += word + "\n";
    return words;
  }
};

TEST_P(NixyTemplatesTest, NeedsNoHand) { EXPECT_THAT(marks_of(template_of(GetParam())), IsEmpty()); }

TEST_P(NixyTemplatesTest, GivesNixysUpstreams) {
  const auto upstreams = upstreams_of(expected());
  EXPECT_THAT(upstreams, ::testing::Not(IsEmpty()));
  EXPECT_EQ(upstreams_of(made()), upstreams);
}

TEST_P(NixyTemplatesTest, GivesNixysText) { EXPECT_EQ(words_of(made()), words_of(expected())); }

// Else an app could not be told by the line that Nginx refuses.
TEST_P(NixyTemplatesTest, EachAppWritesWholeLines) {
  const auto compiled = render::Template::compile(template_of(GetParam()).text, "new");
  ASSERT_TRUE(compiled) << compiled.error().text();
  const auto text = compiled->render(routes());
  ASSERT_TRUE(text);
  std::vector<std::string> apps;
  for (const render::TextSection& section : text->sections) {
    if (!section.app.empty()) apps.push_back(section.app);
  }
  EXPECT_THAT(apps, Contains("/project/app"));
  EXPECT_THAT(apps, Contains("/resolver"));
}

INSTANTIATE_TEST_SUITE_P(Four, NixyTemplatesTest, ::testing::Values("vhost", "path", "stream", "merge"),
                         [](const auto& one) { return std::string(one.param); });

TEST_F(NixyTemplatesTest, NotesNameWhatDiffers) {
  EXPECT_THAT(notes_of(template_of("vhost")), IsEmpty());
  EXPECT_THAT(notes_of(template_of("path")), IsEmpty());
  EXPECT_THAT(notes_of(template_of("stream")), IsEmpty());
  const TranslatedTemplate merged = template_of("merge");
  EXPECT_THAT(notes_of(merged),
              ElementsAre(HasSubstr("1: datetime: left out"), HasSubstr("13: labels.service: where the port"),
                          HasSubstr("14: labels.service: written as it is")));
  EXPECT_EQ(merged.needs.merge_label, "service");
}

}  // namespace
}  // namespace chorale::agent
