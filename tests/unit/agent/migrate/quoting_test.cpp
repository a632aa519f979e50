// Nixy wrote labels as they are; Chorale quotes them, so that they must stand where a parameter may.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/migrate/translated.h"

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(QuotingTest, WholeParameterStandsQuoted) {
  EXPECT_EQ(in_app("allow {{.Labels.a}};"), "allow {{labels.a}};");
  EXPECT_EQ(in_app("a {{.Labels.a}} b {{.Labels.b}}\n;"), "a {{labels.a}} b {{labels.b}}\n;");
  EXPECT_EQ(in_app("a {{.Labels.a}}{ b; }"), "a {{labels.a}}{ b; }");
  EXPECT_EQ(in_app("# team-{{.Labels.a}}\n"), "# team-{{labels.a}}\n") << "a comment harms nobody";
}

TEST(QuotingTest, PlacesAreFoundAsNginxFindsThem) {
  EXPECT_EQ(in_app("# it's\na {{.Labels.a}};"), "# it's\na {{labels.a}};") << "a comment ends with its line";
  EXPECT_EQ(in_app("b { c; }{{.Labels.a}} d;"), "b { c; }{{labels.a}} d;") << "behind a block begins a directive";
  EXPECT_EQ(in_app("b \"c\" {{.Labels.a}};"), "b \"c\" {{labels.a}};") << "quotes that are closed";
  EXPECT_EQ(in_app("b c{{.Labels.a}};").find("{{{"), 3U);
  for (const char* quoted : {"b \"c \\\" {{.Labels.a}}\";", "b \"it's {{.Labels.a}} d\";", "b 'c \" {{.Labels.a}}';",
                             "b c\\ {{.Labels.a}};", "b \"c # {{.Labels.a}}\";", "b c;d{{.Labels.a}};"}) {
    EXPECT_THAT(in_app(quoted), HasSubstr("{{{labels.a}}}")) << quoted;
  }
}

TEST(QuotingTest, QuotesOfTheTemplateGiveWay) {
  EXPECT_EQ(in_app("a \"{{.Labels.a}}\" always;"), "a {{labels.a}} always;");
  EXPECT_EQ(in_app("a '{{.Labels.a}}';"), "a {{labels.a}};");
}

TEST(QuotingTest, PartOfAWordIsRawAndNoted) {
  for (const char* source : {"a x-{{.Labels.a}};", "a {{.Labels.a}}-x;", "a \"x {{.Labels.a}}\";",
                             "a \"{{.Labels.a}} x\";", "a x\"{{.Labels.a}}\";", "a \"{{.Labels.a}}\"x;",
                             "a {{.Labels.a}}{{index .Hosts 0}};", "a {{index .Hosts 0}}{{.Labels.a}};",
                             "a{{if .Labels.b}} {{end}}{{.Labels.a}};", "a {{if .Labels.b}}c{{end}}{{.Labels.a}};"}) {
    const auto made = translated_whole(std::string("{{range .Apps}}") + source + "{{end}}");
    EXPECT_THAT(body_of(made), HasSubstr("{{{labels.a}}}")) << source;
    EXPECT_THAT(marks_of(made), IsEmpty());
    EXPECT_THAT(notes_of(made), ElementsAre(HasSubstr("1: labels.a: written as it is, as Nixy did"))) << source;
    EXPECT_TRUE(render::Template::compile(made.text, "new")) << made.text;
  }
}

TEST(QuotingTest, FilteredHostInAWordIsRaw) {
  const auto made = translated_whole("{{range .Apps}}{{range .Hosts}}a {{replace . \"b\" \"c\" -1}}.*;{{end}}{{end}}");
  EXPECT_THAT(body_of(made), HasSubstr("a {{{. | replace \"b\" \"c\"}}}.*;"));
  EXPECT_THAT(notes_of(made), IsEmpty()) << "no owner of an app can write a directive into it";
  const auto of_id = translated_whole("{{range $id, $app := .Apps}}x-{{replace $id \"/\" \"_\" -1}};{{end}}");
  EXPECT_THAT(body_of(of_id), HasSubstr("x-{{{id | replace \"/\" \"_\"}}};"));
  EXPECT_THAT(notes_of(of_id), IsEmpty());
}

// Within a section that asks about the host, it is quoted as any filtered text.
TEST(QuotingTest, HostWithinItsOwnConditionIsRawInAWord) {
  const auto made =
      translated_whole("{{range .Apps}}{{range .Hosts}}{{if hasPrefix . \"w\"}}a {{.}}.*;{{end}}{{end}}{{end}}");
  EXPECT_THAT(body_of(made), HasSubstr("{{#. | has_prefix \"w\"}}a {{{.}}}.*;{{/.}}"));
  EXPECT_TRUE(render::Template::compile(made.text, "new")) << made.text;
}

TEST(QuotingTest, BareNamesMayBePartsOfWords) {
  EXPECT_EQ(in_app("a x-{{index .Hosts 0}}-{{$id}};"), "a x-{{host}}-{{id}};");
}

TEST(QuotingTest, WhatIsRenderedIsWhatNixyWrote) {
  render::App app;
  app.id = "/a";
  app.name = "a";
  app.path = "/a";
  app.hosts = {"a"};
  app.labels = {{"net", "10.0.0.0/8"}, {"empty", ""}};
  app.ports.resize(1);
  const render::RoutingState state{"", {app}};
  EXPECT_EQ(rendered(translated_whole("{{range .Apps}}allow {{.Labels.net}};{{end}}"), state), "allow \"10.0.0.0/8\";");
  EXPECT_EQ(rendered(translated_whole("{{range .Apps}}x-{{.Labels.net}};{{end}}"), state), "x-10.0.0.0/8;");
  EXPECT_EQ(rendered(translated_whole("{{range .Apps}}a{{if .Labels.empty}}b{{end}}{{if .Labels.none}}c{{end}}"
                                      "{{if eq .Labels.none \"\"}}d{{end}}{{if .Labels.net}}e{{end}}{{end}}"),
                     state),
            "ade");
}

}  // namespace
}  // namespace chorale::agent
