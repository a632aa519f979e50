// Nixy's own functions, and Go's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/migrate/translated.h"

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(FunctionsTest, HasPrefixIsACondition) {
  EXPECT_EQ(in_app("{{if hasPrefix .Labels.a \"b\"}}c{{end}}"), "{{#labels.a | has_prefix \"b\"}}c{{/labels.a}}");
  EXPECT_EQ(in_app("{{if hasPrefix .Labels.a \"\"}}c{{end}}"), "c") << "every text begins with nothing";
  EXPECT_EQ(translated("{{hasPrefix \"abc\" \"ab\"}} {{hasPrefix \"abc\" \"bc\"}}"), "true false");
  EXPECT_EQ(in_app("{{range .Hosts}}{{if hasPrefix . \"www.\"}}{{.}}; {{end}}{{end}}"),
            "{{#hosts}}{{#. | has_prefix \"www.\"}}{{.}}; {{/.}}{{/hosts}}");
}

// Nixy tested the prefix here: what was meant is offered, and said.
TEST(FunctionsTest, HasSuffixIsWhatItIsCalledAndSaysSo) {
  const auto made = translated_whole("{{range .Apps}}\n{{if hasSuffix .Labels.a \"b\"}}c{{end}}{{end}}");
  EXPECT_EQ(body_of(made), "{{#apps}}\n{{#labels.a | has_suffix \"b\"}}c{{/labels.a}}{{/apps}}");
  EXPECT_THAT(notes_of(made), ElementsAre(HasSubstr("2: hasSuffix: Nixy's looked at the beginning of the text")));
  EXPECT_THAT(body_of(translated_whole("{{hasSuffix \"abc\" \"bc\"}} {{hasSuffix \"abc\" \"ab\"}}")), "true false");
}

TEST(FunctionsTest, ContainsIsACondition) {
  EXPECT_EQ(in_app("{{if contains .Labels.a \"b\"}}c{{else}}d{{end}}"),
            "{{#labels.a | contains \"b\"}}c{{/labels.a}}{{^labels.a | contains \"b\"}}d{{/labels.a}}");
  EXPECT_EQ(translated("{{contains \"abc\" \"b\"}} {{contains \"abc\" \"d\"}} {{\"b\" | contains \"abc\"}}"),
            "true false true");
}

TEST(FunctionsTest, SplitIsWalkedThrough) {
  const auto made =
      translated_whole("{{range .Apps}}{{range split .Labels.a \",\"}}allow {{.}};{{else}}b{{end}}{{end}}");
  EXPECT_EQ(body_of(made),
            "{{#apps}}{{#labels.a | split \",\"}}allow {{.}};{{/labels.a}}{{^labels.a | split "
            "\",\"}}b{{/labels.a}}{{/apps}}");
  EXPECT_THAT(notes_of(made), ElementsAre(HasSubstr("split: Chorale's parts have no blanks around them")));
  EXPECT_EQ(translated("{{$u := split \"a:b::\" \":\"}}{{index $u 0}} {{index $u 1}} [{{index $u 3}}] {{len $u}}"),
            "a b [] 4");
  EXPECT_EQ(translated("{{range split \"abc\" \"\"}}{{.}} {{end}}"), "a b c ");
  EXPECT_EQ(in_app("{{if split .Labels.a \",\"}}b{{end}}"), "{{#labels.a | lower}}b{{/labels.a}}");
}

TEST(FunctionsTest, JoinWithBlanksIsASectionAndElseAReplacement) {
  EXPECT_EQ(in_app("server_name {{join $app.Hosts \" \"}};"), "server_name {{#hosts}}{{.}} {{/hosts}};");
  EXPECT_EQ(in_app("a {{join (split .Labels.a \",\") \" \"}};"), "a {{#labels.a | split \",\"}}{{.}} {{/labels.a}};");
  EXPECT_EQ(in_app("a {{join (split .Labels.a \",\") \"|\"}};"), "a {{labels.a | replace \",\" \"|\"}};");
  EXPECT_EQ(translated("{{join (split \"a,b,c\" \",\") \" - \"}}"), "a - b - c");
  EXPECT_EQ(in_app("{{if join .Hosts \" \"}}a{{end}}"), "a");
}

TEST(FunctionsTest, TrimIsAFilter) {
  EXPECT_EQ(in_app("a {{trim .Labels.a \"./\"}};"), "a {{labels.a | trim \"./\"}};");
  EXPECT_EQ(in_app("a {{trim .Labels.a \"\"}};"), "a {{labels.a}};");
  EXPECT_EQ(translated("{{trim \".app.test.\" \".\"}}[{{trim \"..\" \".\"}}]"), "app.test[]");
  EXPECT_EQ(in_app("{{if trim .Labels.a \" \"}}b{{end}}"), "{{#labels.a | trim \" \"}}b{{/labels.a}}");
}

TEST(FunctionsTest, ReplaceIsAFilterWhereItReplacesAll) {
  EXPECT_EQ(in_app("a {{replace .Labels.a \"/\" \".\" -1}};"), "a {{labels.a | replace \"/\" \".\"}};");
  EXPECT_EQ(in_app("a {{replace .Labels.a \"/\" \"\" -1}};"), "a {{labels.a | replace \"/\" \"\"}};");
  EXPECT_EQ(in_app("a {{replace .Labels.a \"/\" \".\" 0}};"), "a {{labels.a}};");
  EXPECT_EQ(in_app("a {{trim (replace .Labels.a \"/\" \".\" -1) \".\"}};"),
            "a {{labels.a | replace \"/\" \".\" | trim \".\"}};");
  EXPECT_EQ(translated("{{$h := \"app/test/com\"}}{{replace $h \"/\" \".\" -1}} {{replace $h \"/\" \".\" 1}}"),
            "app.test.com app.test/com");
}

TEST(FunctionsTest, GetenvIsALocalValue) {
  const auto made = translated_whole("a {{getenv \"DATACENTER\"}}-{{\"HOST\" | getenv}};");
  EXPECT_EQ(body_of(made), "a @{env_DATACENTER}-@{env_HOST};");
  EXPECT_THAT(made.needs.getenv, ElementsAre("DATACENTER", "HOST"));
}

TEST(FunctionsTest, DatetimeLeavesNothingInAComment) {
  const auto made = translated_whole("a;\n# made at {{datetime}}\nb;\n");
  EXPECT_EQ(body_of(made), "a;\n# made at \nb;\n");
  EXPECT_THAT(marks_of(made), ElementsAre());
  EXPECT_THAT(notes_of(made), ElementsAre(HasSubstr("2: datetime: left out: Chorale writes no time")));
}

TEST(FunctionsTest, PrintPutsItsArgumentsTogether) {
  EXPECT_EQ(translated("{{print \"a\" 1 2 true \"b\"}}"), "a1 2 trueb");
  EXPECT_EQ(translated("{{print (1)}}{{print +3 -4}}"), "13 -4");
  EXPECT_EQ(translated("{{println \"a\" 1}}"), "a 1\n");
  EXPECT_EQ(translated("{{printf \"%s:%d %v%% %q\" \"a\" 1 true \"b\"}}"), "a:1 true% \"b\"");
  EXPECT_EQ(in_app("{{print \"http://\" (index .Hosts 0)}};"), "http://{{host}};");
  EXPECT_EQ(in_app("up {{printf \"%s-x\" (index .Hosts 0)}};"), "up {{host}}-x;");
  EXPECT_EQ(in_app("{{range .Tasks}}{{printf \"server %s:%d;\" .Host (index .Ports 0)}}{{end}}"),
            "{{#servers}}server {{address}};{{/servers}}");
  EXPECT_EQ(in_app("{{if print .Labels.a \"\"}}b{{end}}"), "{{#labels.a | lower}}b{{/labels.a}}");
}

TEST(FunctionsTest, LogicOfConstantsIsKnown) {
  EXPECT_EQ(
      translated("{{or \"\" \"a\" \"b\"}} {{and \"a\" \"b\"}} {{not 1}} {{or 0 \"\"}}|{{and \"\" 1}}|{{and 1 2}}"),
      "a b false ||2");
}

}  // namespace
}  // namespace chorale::agent
