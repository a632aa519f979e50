// Which app wrote which line: what turns the line number in Nginx's error into a culprit.
#include <gtest/gtest.h>

#include "render/template.h"
#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

RoutingState two_apps() { return RoutingState{"", {sample_app("/a"), sample_app("/b")}}; }

Rendered render(const std::string& text, const RoutingState& state = two_apps()) {
  const auto compiled = Template::compile(text, "t");
  EXPECT_TRUE(compiled) << compiled.error().text();
  const auto rendered = compiled->render(state);
  EXPECT_TRUE(rendered) << rendered.error().text();
  return *rendered;
}

// "line: app" for every line of the text.
std::string line_map(const Rendered& rendered) {
  std::string map;
  const auto lines = std::count(rendered.text.begin(), rendered.text.end(), '\n');
  for (int line = 1; line <= static_cast<int>(lines); ++line) map += app_at_line(rendered, line) + "|";
  return map;
}

void expect_line_starts(const Rendered& rendered) {
  std::size_t last = 0;
  for (const TextSection& section : rendered.sections) {
    EXPECT_TRUE(section.offset == 0 || rendered.text[section.offset - 1] == '\n') << section.offset;
    EXPECT_TRUE(section.offset > last || &section == &rendered.sections.front()) << section.offset;
    last = section.offset;
  }
}

TEST(TextSectionTest, EveryLoopOverTheAppsIsMapped) {
  const Rendered rendered = render("h\n{{#apps}}\n{{id}}\n}\n{{/apps}}\nm\n  {{#apps}}\n  {{id}}\n  {{/apps}}\nt\n");
  EXPECT_EQ(rendered.text, "h\n/a\n}\n/b\n}\nm\n  /a\n  /b\nt\n");
  EXPECT_EQ(line_map(rendered), "|/a|/a|/b|/b||/a|/b||");
  expect_line_starts(rendered);
  ASSERT_FALSE(rendered.sections.empty());
  EXPECT_EQ(rendered.sections.front(), (TextSection{2, "/a"}));
}

TEST(TextSectionTest, AppThatWritesNothingHasNoSection) {
  RoutingState state = two_apps();
  state.apps[1].labels["x"] = "1";
  const Rendered rendered = render("h\n{{#apps}}\n{{#labels.x}}\n{{id}}\n{{/labels.x}}\n{{/apps}}\nt\n", state);
  EXPECT_EQ(line_map(rendered), "|/b||");
  EXPECT_EQ(rendered.sections.size(), 2U);
  expect_line_starts(rendered);
}

TEST(TextSectionTest, NeighbouringLoopsLeaveNoGap) {
  const Rendered rendered = render("{{#apps}}\n{{id}}\n{{/apps}}\n{{#apps}}\n{{id}}\n{{/apps}}\n");
  EXPECT_EQ(line_map(rendered), "/a|/b|/a|/b|");
  expect_line_starts(rendered);
}

TEST(TextSectionTest, LineOfSeveralAppsBelongsToNone) {
  EXPECT_EQ(line_map(render("map {{#apps}}{{id}} {{/apps}}\nt\n")), "||");
  EXPECT_EQ(line_map(render("{{#apps}}{{id}}\n{{/apps}}\n")), "||");
}

TEST(TextSectionTest, InnerSectionsBelongToTheirApp) {
  const Rendered rendered = render("{{#apps}}\nu {\n{{#servers}}\n {{address}}\n{{/servers}}\n}\n{{/apps}}\nt\n");
  EXPECT_EQ(line_map(rendered), "/a|/a|/a|/b|/b|/b||");
  expect_line_starts(rendered);
}

TEST(TextSectionTest, NoAppsGiveNoSections) {
  EXPECT_TRUE(render("h\n{{#apps}}\nx\n{{/apps}}\nt\n", {}).sections.empty());
}

TEST(TextSectionTest, LinesOutsideTheTextBelongToNoApp) {
  const Rendered rendered = render("{{#apps}}\n{{id}}\n{{/apps}}\n");
  for (const int line : {-1, 0, 3, 4, 1'000}) EXPECT_EQ(app_at_line(rendered, line), "") << line;
  EXPECT_EQ(app_at_line(Rendered{}, 1), "");
  const Rendered open_ended{"a\n", {{0, "/a"}}};
  EXPECT_EQ(app_at_line(open_ended, 1), "/a");
  EXPECT_EQ(app_at_line(open_ended, 2), "");
}

}  // namespace
}  // namespace chorale::render
