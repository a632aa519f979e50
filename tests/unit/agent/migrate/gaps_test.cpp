// What cannot be said is left out, marked in place, found with its line, and what is left can still be compiled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/migrate/translated.h"

namespace chorale::agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The reason why this action is left out of an app's section; the rest has to compile.
std::string reason_in_app(const std::string& source) {
  const auto made = translated_whole("{{range $id, $app := .Apps}}\na;\n" + source + "\n{{end}}\n");
  EXPECT_TRUE(render::Template::compile(made.text, "new")) << made.text;
  const auto marks = marks_of(made);
  EXPECT_EQ(marks.size(), 1U) << source << "\n" << body_of(made);
  return marks.empty() ? "" : marks.front();
}
std::string reason(const std::string& source) {
  const auto marks = marks_of(translated_whole(source));
  EXPECT_EQ(marks.size(), 1U) << source;
  return marks.empty() ? "" : marks.front();
}

TEST(GapsTest, DirectiveWithAGapIsACommentAsAWhole) {
  const auto made = translated_whole("{{range .Apps}}\n  x;\n  server_name {{index .Hosts 1}};\n  y;\n{{end}}\n");
  EXPECT_EQ(
      body_of(made),
      "{{#apps}}\n  x;\n"
      "  # chorale migrate: line 3 is left out: index .Hosts 1: one item cannot be picked, only walked through with "
      "range\n"
      "  # server_name ;\n"
      "  y;\n{{/apps}}\n");
  EXPECT_THAT(marks_of(made),
              ElementsAre("3: index .Hosts 1: one item cannot be picked, only walked through with {{range}}"));
}

// A line that is no whole directive must not take its neighbours with it.
TEST(GapsTest, PartOfADirectiveIsLeftOutAlone) {
  EXPECT_THAT(body_of(translated_whole("a b\n  {{.Pass}} c;\n")),
              AllOf(HasSubstr("\n   # chorale migrate: line 2 is left out"), HasSubstr("\n   c;\n")));
  EXPECT_THAT(body_of(translated_whole("{{.Realm}}\n{{.Pass}} c;\n")), HasSubstr("\n c;\n"));
  EXPECT_THAT(body_of(translated_whole("a { {{.Pass}}\n  c; }\n")), HasSubstr("\na { \n  c; }\n"));
  EXPECT_THAT(body_of(translated_whole("{{if .Realm}}a {{.Pass}};{{end}}\n")), HasSubstr("\n{{#realm}}a ;{{/realm}}\n"))
      << "a section ends on that line";
}

// There a '#' would be text, and the comment is one of Mustache's.
TEST(GapsTest, GapInQuotesIsMarkedByATag) {
  const auto made = translated_whole("a 'b\n{{.Pass}} c';\n");
  EXPECT_THAT(body_of(made), HasSubstr("a 'b\n{{! chorale migrate: line 2 is left out: .Pass: credentials"));
  EXPECT_THAT(body_of(made), HasSubstr("}}\n c';\n"));
  EXPECT_EQ(rendered(made, {}), "a 'b\n c';\n");
}

TEST(GapsTest, StructureIsLeftOutAsAWhole) {
  const auto made = translated_whole(
      "a;\n{{range $k, $v := .Apps}}\n{{range $v.Labels}}\nb {{.}};\n{{else}}\nc;\n{{end}}\nd;\n{{end}}\n");
  EXPECT_EQ(body_of(made),
            "a;\n{{#apps}}\n# chorale migrate: line 3 is left out: range $v.Labels: the keys of a map cannot be walked "
            "through: name each key\nd;\n{{/apps}}\n");
  EXPECT_EQ(marks_of(made).size(), 1U);
}

TEST(GapsTest, MarkHoldsNothingThatIsATag) {
  const auto made = translated_whole("{{print \"@{x} {{ }}\"}}\n");
  EXPECT_THAT(marks_of(made), ElementsAre(HasSubstr("1: {{: a text that begins a tag")));
  EXPECT_TRUE(render::Template::compile(made.text, "new")) << made.text;
  EXPECT_THAT(rendered(translated_whole("a {{print \"@{x}\"}};\nb;\n"), {}), Not(HasSubstr("@{")));
}

TEST(GapsTest, WhatSectionsCannotAskIsNamed) {
  EXPECT_THAT(reason("{{if .Apps}}a{{end}}b"),
              HasSubstr("1: if .Apps: a section on all apps is written once for each"));
  EXPECT_THAT(reason("{{if .Xproxy}}a{{end}}b"), HasSubstr("1: if .Xproxy: each proxy fills it in after"));
  EXPECT_THAT(reason("{{if eq (getenv \"A\") \"b\"}}a{{end}}b"), HasSubstr("each proxy fills it in after"));
  EXPECT_THAT(reason_in_app("{{if gt (len .Hosts) 1}}b{{end}}"),
              HasSubstr("3: if gt (len .Hosts) 1: numbers can be compared with 0"));
  EXPECT_THAT(reason_in_app("{{if eq (len .Tasks) 1}}b{{end}}"), HasSubstr("how many there are cannot be asked"));
  EXPECT_THAT(reason_in_app("{{if eq .Labels.a .Labels.b}}c{{end}}"), HasSubstr("cannot be compared with each other"));
  EXPECT_THAT(reason_in_app("{{if eq .Labels.a 1}}c{{end}}"), HasSubstr("values of these types"));
  EXPECT_THAT(reason_in_app("{{if lt .Labels.a \"b\"}}c{{end}}"), HasSubstr("only a number of the context"));
  EXPECT_THAT(reason_in_app("{{if eq .Labels.a \"$x\"}}c{{end}}"), HasSubstr("an argument of equals"));
  EXPECT_THAT(reason_in_app("{{if eq .Labels.a \"\\\"\"}}c{{end}}"), HasSubstr("holds no double quote"));
  EXPECT_THAT(reason_in_app("{{if .Labels}}c{{end}}"), HasSubstr("whether a map has any key"));
  EXPECT_THAT(reason_in_app("{{if (index .PortDefinitions 0).Port}}c{{end}}"), HasSubstr("it is a value of one port"));
}

TEST(GapsTest, WhatCannotBeWalkedThroughIsNamed) {
  EXPECT_THAT(reason_in_app("{{range $.Apps}}b{{end}}"), HasSubstr("3: range $.Apps: apps are already being walked"));
  EXPECT_THAT(reason_in_app("{{range .Labels.a}}b{{end}}"), HasSubstr("it is no list that Chorale knows"));
  EXPECT_THAT(reason_in_app("{{range .Tasks}}{{range .Ports}}{{.}}{{end}}{{end}}"), HasSubstr("the ports of one task"));
  EXPECT_THAT(reason_in_app("{{range .Tasks}}{{range $app.PortDefinitions}}b{{end}}{{end}}"),
              HasSubstr("put the {{range}} over .Tasks into"));
  EXPECT_THAT(reason_in_app("{{range .Tasks}}{{range $app.Tasks}}b{{end}}{{end}}"),
              HasSubstr("tasks are already being"));
  EXPECT_THAT(reason_in_app("{{range split .Labels.a \",\"}}{{range split $app.Labels.b \",\"}}c{{end}}{{end}}"),
              HasSubstr("parts are already being walked"));
  EXPECT_THAT(reason_in_app("{{range .Tasks}}b{{break}}{{end}}"), HasSubstr("a section is walked through to its end"));
}

TEST(GapsTest, WhatHasNoNameIsNamed) {
  EXPECT_THAT(reason("{{.Pass}};"), HasSubstr("credentials do not belong in nginx.conf"));
  EXPECT_THAT(reason("{{.User}};"), HasSubstr("credentials do not belong in nginx.conf"));
  EXPECT_THAT(reason("{{.LastUpdates.LastSync}};"), HasSubstr("depends on routes alone"));
  EXPECT_THAT(reason("{{.Nope}};"), HasSubstr("1: .Nope: Nixy has no field .Nope here"));
  EXPECT_THAT(reason("{{.Statsd.Nope}};"), HasSubstr("no field .Nope"));
  EXPECT_THAT(reason("{{.Realm.Nope}};"), HasSubstr("have fields such as .Nope"));
  EXPECT_THAT(reason("{{.Apps}};"), HasSubstr("a list is no text"));
  EXPECT_THAT(reason("{{split \"a\" \"b\"}};"), HasSubstr("a list is no text"));
  EXPECT_THAT(reason("{{.}};"), HasSubstr("it is no text: name one of its fields"));
  EXPECT_THAT(reason("{{nil}};"), HasSubstr("it has no value"));
  EXPECT_THAT(reason("{{len .Apps}};"), HasSubstr("how many there are cannot be written"));
  EXPECT_THAT(reason("{{1.5}};"), HasSubstr("only whole decimal numbers"));
  EXPECT_THAT(reason_in_app("{{.Nope}};"), HasSubstr("no field .Nope"));
  EXPECT_THAT(reason_in_app("{{index .Labels \"a|b\"}};"), HasSubstr("a key with these characters"));
  EXPECT_THAT(reason_in_app("{{index .Labels $id}};"), HasSubstr("a key has to be written out"));
  EXPECT_THAT(reason_in_app("{{(index .PortDefinitions 0).Protocol}};"), HasSubstr("the .Protocol of one port"));
  EXPECT_THAT(reason_in_app("{{range .Container.PortMappings}}{{.ContainerPort}}{{end}}"),
              HasSubstr("no .ContainerPort"));
  EXPECT_THAT(reason_in_app("{{range .Tasks}}{{.SlaveID}}{{end}}"), HasSubstr("Chorale's servers have no .SlaveID"));
  EXPECT_THAT(reason_in_app("{{range $i, $t := .Tasks}}{{$i}}{{end}}"), HasSubstr("items are not counted"));
  EXPECT_THAT(reason_in_app("{{range $i, $h := .Hosts}}{{if $i}}, {{end}}a{{end}}"),
              HasSubstr("items are not counted"));
  EXPECT_THAT(reason_in_app("{{range $i, $h := .Hosts}}{{if $i}} {{else}}b{{end}}a{{end}}"),
              HasSubstr("items are not counted"));
  EXPECT_THAT(reason_in_app("{{range $i, $h := .Hosts}}{{if gt $i 0}}, {{end}}a{{end}}"),
              HasSubstr("items are not counted"));
  EXPECT_THAT(reason_in_app("{{range $i, $h := .Hosts}}{{if eq $i 0}}b{{end}}a{{end}}"),
              HasSubstr("items are not counted"));
  EXPECT_THAT(reason_in_app("{{index (split .Labels.a \",\") 0}};"), HasSubstr("one part of a text cannot be picked"));
  EXPECT_THAT(reason_in_app("{{range .Tasks}}{{index .Ports 0}} {{index .Ports 1}}{{end}}"),
              HasSubstr("servers are listed by port"));
  EXPECT_THAT(reason_in_app("{{range $i, $p := .PortDefinitions}}{{range $app.Tasks}}{{index .Ports 0}}{{end}}{{end}}"),
              HasSubstr("servers are listed by port"));
}

// In Mustache the innermost section's names win.
TEST(GapsTest, NameThatMeansSomethingElseHereIsNamed) {
  EXPECT_THAT(reason_in_app("{{range .Tasks}}{{index $app.Hosts 0}}{{end}}"),
              HasSubstr("the host is theirs and not the app's"));
  EXPECT_THAT(reason_in_app("{{range .Hosts}}{{if $app.Labels.a}}{{.}}{{end}}{{end}}"),
              HasSubstr("within a section on another value \".\" is that value"));
  EXPECT_THAT(reason_in_app("{{range .PortDefinitions}}{{(index $app.PortDefinitions 0).Port}}{{end}}"),
              HasSubstr("another port than that of the {{range}} around it"));
}

TEST(GapsTest, WhatFunctionsCannotDoIsNamed) {
  EXPECT_THAT(reason("{{datetime}};"), HasSubstr("Chorale writes no time"));
  EXPECT_THAT(reason("{{datetime.Unix}};"), HasSubstr("the result of datetime has no fields"));
  EXPECT_THAT(reason("{{html .Realm}};"), HasSubstr("Chorale has no function like html"));
  EXPECT_THAT(reason("{{js .Realm}};"), HasSubstr("no function like js"));
  EXPECT_THAT(reason("{{urlquery .Realm}};"), HasSubstr("no function like urlquery"));
  EXPECT_THAT(reason("{{call .Realm}};"), HasSubstr("no function like call"));
  EXPECT_THAT(reason("{{slice .Realm 1}};"), HasSubstr("no function like slice"));
  EXPECT_THAT(reason("{{printf \"%x\" 1}};"), HasSubstr("of printf's verbs"));
  EXPECT_THAT(reason("{{printf \"%s\"}};"), HasSubstr("of printf's verbs"));
  EXPECT_THAT(reason("{{printf \"a\" 1}};"), HasSubstr("more arguments than verbs"));
  EXPECT_THAT(reason("{{getenv \"A-B\"}};"), HasSubstr("a name of [local]"));
  EXPECT_THAT(reason("{{getenv .Realm}};"), HasSubstr("getenv takes the name"));
  EXPECT_THAT(reason("{{trim .Realm}};"), HasSubstr("trim takes a text and constant characters"));
  EXPECT_THAT(reason("{{hasPrefix .Realm .Realm}};"), HasSubstr("hasPrefix takes a text and a constant text"));
  EXPECT_THAT(reason("{{contains .Xproxy \"a\"}};"), HasSubstr("contains can be done for texts of apps"));
  EXPECT_THAT(reason("{{eq 1}};"), HasSubstr("eq takes two arguments"));
  EXPECT_THAT(reason("{{ne 1 2 3}};"), HasSubstr("ne takes two arguments"));
  EXPECT_THAT(reason("{{not 1 2}};"), HasSubstr("not takes one argument"));
  EXPECT_THAT(reason("{{len .Realm}};"), HasSubstr("how long a text of an app is"));
  EXPECT_THAT(reason("{{.Realm \"a\"}};"), HasSubstr("it is no function, and takes no arguments"));
  EXPECT_THAT(reason_in_app("{{replace .Labels.a \"b\" \"c\" 1}};"), HasSubstr("expected -1"));
  EXPECT_THAT(reason_in_app("{{replace .Labels.a \"\" \"c\" -1}};"), HasSubstr("replace needs a text to replace"));
  EXPECT_THAT(reason_in_app("{{join .Hosts \",\"}};"), HasSubstr("hosts can be joined by blanks alone"));
  EXPECT_THAT(reason_in_app("{{join .Tasks \" \"}};"), HasSubstr("join can be done for .Hosts"));
  EXPECT_THAT(reason_in_app("{{range split .Labels.a \"\"}}b{{end}}"), HasSubstr("a text to split at"));
  EXPECT_THAT(reason("{{range .MergeAppsByLabel \"a\"}}{{end}}{{range .MergeAppsByLabel \"b\"}}{{end}}"),
              HasSubstr("by one label for the whole template, here by a"));
  EXPECT_THAT(reason("{{range .MergeAppsByLabel}}{{end}}"), HasSubstr("MergeAppsByLabel takes one label"));
}

TEST(GapsTest, UrlsWithCredentialsAreNotWritten) {
  NixyFacts facts;
  facts.marathon = {"http://user:secret@a:8080"};
  const auto made = translated_whole("{{range .Marathon}}{{.}}{{end}}", facts);
  EXPECT_THAT(marks_of(made), ElementsAre(HasSubstr("these URLs hold credentials")));
  EXPECT_THAT(made.text, Not(HasSubstr("secret")));
}

TEST(GapsTest, VariableThatASectionChangesIsNamed) {
  EXPECT_THAT(reason_in_app("{{$x := 1}}{{if .Labels.a}}{{$x = 2}}{{end}}"), HasSubstr("a variable cannot be changed"));
  EXPECT_THAT(reason_in_app("{{$x := index .Hosts 1}}b {{$x}};"), HasSubstr("one item cannot be picked"));
  EXPECT_EQ(in_app("{{$x := index .Hosts 1}}a"), "a") << "one that is not used needs no hand";
}

TEST(GapsTest, TemplatesThatCallThemselvesEnd) {
  EXPECT_THAT(reason("{{define \"a\"}}b{{template \"a\" .}}{{end}}{{template \"a\" .}}"),
              HasSubstr("templates that call themselves have no end"));
}

TEST(GapsTest, TooManyWaysEnd) {
  std::string source;
  std::string end;
  for (int i = 0; i < 40; ++i) {
    source += "{{if or .Labels.a" + std::to_string(i) + " .Labels.b" + std::to_string(i) + "}}c";
    end += "{{end}}";
  }
  const auto made = translated_whole("{{range .Apps}}" + source + end + "{{end}}");
  EXPECT_THAT(marks_of(made), Not(ElementsAre()));
  EXPECT_LT(made.text.size(), 20'000'000U);
}

// A branch that is written twice is found once.
TEST(GapsTest, EachGapIsFoundOnce) {
  const auto made = translated_whole("{{range .Apps}}{{if or .Labels.a .Labels.b}}{{index .Hosts 1}}{{end}}{{end}}");
  EXPECT_EQ(marks_of(made).size(), 1U);
}

TEST(GapsTest, FindingsAreSortedByLine) {
  const auto made = translated_whole("{{define \"a\"}}{{.Pass}}{{end}}\n{{.User}}\n{{template \"a\" $}}\n");
  EXPECT_THAT(marks_of(made), ElementsAre(HasSubstr("1: .Pass"), HasSubstr("2: .User")));
}

}  // namespace
}  // namespace chorale::agent
