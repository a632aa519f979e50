// Every line of a rendered text leads back to the line of the template that wrote it.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "render/app_labels.h"
#include "render/template.h"
#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// "1 2 2 4": the template's line for each line of the text.
std::string sources(const std::string& text, const RoutingState& state) {
  const auto compiled = Template::compile(text, "t");
  if (!compiled) return compiled.error().text();
  const auto rendered = compiled->render(state);
  if (!rendered) return rendered.error().text();
  std::string all;
  for (std::size_t i = 1; i <= lines_of(rendered->text).size(); ++i) {
    all += (i > 1 ? " " : "") + std::to_string(compiled->line_of(state, static_cast<int>(i)));
  }
  return all;
}

RoutingState one_and_two() { return {"", {sample_app("/one"), sample_app("/two")}}; }

TEST(SourceMapTest, PlainTextIsItsOwnSource) { EXPECT_EQ(sources("a\n\nb\nc", one_and_two()), "1 2 3 4"); }

TEST(SourceMapTest, LinesOfASectionComeAgainForEachItem) {
  EXPECT_EQ(sources("head\n{{#apps}}\nfirst\nsecond {{id}}\nthird\n{{/apps}}\ntail\nlast\n", one_and_two()),
            "1 3 4 5 3 4 5 7 8");
}

TEST(SourceMapTest, SectionsThatAreNotRenderedAreSkipped) {
  EXPECT_EQ(sources("a\n{{#apps}}\n{{#env.X}}\nno\n{{/env.X}}\nyes\n{{^env.X}}\nelse\n{{/env.X}}\n{{/apps}}\nz\n",
                    {"", {sample_app("/one")}}),
            "1 6 8 11");
  EXPECT_EQ(sources("a\n{{#apps}}\nno\n{{/apps}}\nb\nc\n", {}), "1 5 6");
}

TEST(SourceMapTest, TagsWithinALineAndCommentsChangeNothing) {
  EXPECT_EQ(sources("a\n{{! a\n comment }}\nb {{realm}} {{! c }} d\ne\n{{#apps}}x {{id}}\n{{/apps}}f\n", {"r", {}}),
            "1 4 5 7");
  EXPECT_EQ(sources("{{#apps}}{{id}} {{/apps}}\nb\n", one_and_two()), "1 2");
}

TEST(SourceMapTest, LineThatIsNotThereHasNoSource) {
  const auto compiled = Template::compile("a\nb\n", "t");
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->line_of({}, 0), 0);
  EXPECT_EQ(compiled->line_of({}, -1), 0);
  EXPECT_EQ(compiled->line_of({}, 2), 2);
  EXPECT_EQ(compiled->line_of({}, 3), 0);
}

TEST(SourceMapTest, ShippedTemplateLeadsBackLineByLine) {
  std::ifstream file(CHORALE_SOURCE_DIR "/packaging/templates/path.mustache");
  std::stringstream text;
  text << file.rdbuf();
  const std::vector<std::string> source = lines_of(text.str());
  const auto compiled = Template::compile(text.str(), "path.mustache");
  ASSERT_TRUE(compiled);
  RoutingState state = sample_state();
  state.apps[1].labels[kRetryLabel] = "http_500";
  for (const RoutingState& one : {state, RoutingState{}}) {
    const std::vector<std::string> lines = lines_of(compiled->render(one)->text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const int line = compiled->line_of(one, static_cast<int>(i + 1));
      ASSERT_GT(line, 0) << lines[i];
      const std::string& wrote = source.at(static_cast<std::size_t>(line - 1));
      const std::string literal = wrote.substr(0, wrote.find("{{"));
      EXPECT_EQ(lines[i].substr(0, literal.size()), literal) << "line " << i + 1 << ": " << lines[i];
      EXPECT_TRUE(!lines[i].empty() || wrote.empty()) << "line " << i + 1 << " came of: " << wrote;
    }
  }
}

}  // namespace
}  // namespace chorale::render
