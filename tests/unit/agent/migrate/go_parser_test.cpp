// What Go itself would refuse, with its line and what was expected.
#include "agent/migrate/go_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// "line: message", or "" where the template can be read.
std::string parse_refusal(const std::string& text, const GoDelimiters& delimiters = {}) {
  const auto parsed = parse_go_template(text, delimiters);
  return parsed ? "" : std::to_string(parsed.error().line) + ": " + parsed.error().message;
}

GoTemplate parsed(const std::string& text, const GoDelimiters& delimiters = {}) {
  auto made = parse_go_template(text, delimiters);
  EXPECT_TRUE(made) << made.error().message;
  return made ? *std::move(made) : GoTemplate{};
}

// What is text at the top, with a '|' for each node between.
std::string texts(const std::string& text) {
  std::string all;
  for (const GoNode& node : parsed(text).nodes) all += node.kind == GoNode::Kind::kText ? node.text : "|";
  return all;
}

TEST(GoParserTest, UnclosedActionIsRefusedWithItsLine) {
  EXPECT_EQ(parse_refusal("a\nb {{ .Apps\nc"), "2: unclosed action: expected \"}}\"");
  EXPECT_EQ(parse_refusal("a\n{{/* b\n"), "2: unclosed action: expected \"*/}}\"");
  EXPECT_EQ(parse_refusal("{{/* b */ .Apps}}"), "1: unclosed action: expected \"*/}}\"");
  EXPECT_EQ(parse_refusal("<% .Apps", {"<%", "%>"}), "1: unclosed action: expected \"%>\"");
}

TEST(GoParserTest, UnclosedStructureIsRefusedWithTheLineItBeginsIn) {
  EXPECT_EQ(parse_refusal("\n{{range .Apps}}\na\n"),
            "2: unclosed {{range .Apps}}: expected {{end}} before the end of the file");
  EXPECT_EQ(parse_refusal("{{if 1}}a{{else}}b"), "1: unclosed {{if 1}}: expected {{end}} before the end of the file");
  EXPECT_EQ(parse_refusal("{{define \"a\"}}b"),
            "1: unclosed {{define \"a\"}}: expected {{end}} before the end of the file");
  EXPECT_EQ(parse_refusal("a\n{{end}}"), "2: unexpected {{end}}: no if, with, range, define or block is open here");
  EXPECT_EQ(parse_refusal("{{else}}"), "1: unexpected {{else}}: no if, with, range, define or block is open here");
  EXPECT_EQ(parse_refusal("{{if 1}}a{{else}}b\n{{else}}c{{end}}"), "2: a second {{else}}: expected {{end}}");
  EXPECT_EQ(parse_refusal("{{if 1}}{{else range 2}}{{end}}"), "1: unexpected range in {{else}}");
}

TEST(GoParserTest, UnknownFunctionIsRefusedAndTheKnownOnesAreNamed) {
  EXPECT_THAT(parse_refusal("a\n{{ upper .Xproxy }}"),
              AllOf(HasSubstr("2: unknown function upper: expected one of hasPrefix, hasSuffix, contains, split, join, "
                              "trim, replace, getenv, datetime, and, or, not"),
                    HasSubstr("in {{upper .Xproxy}}")));
}

TEST(GoParserTest, UndeclaredVariablesAreRefused) {
  EXPECT_EQ(parse_refusal("{{$a}}"), "1: undefined variable $a: expected one that is declared before in {{$a}}");
  EXPECT_EQ(parse_refusal("{{$a = 1}}"),
            "1: undefined variable $a: expected one that is declared before in {{$a = 1}}");
  EXPECT_EQ(parse_refusal("{{range $a := .Apps}}{{$a}}{{end}}{{$a}}"),
            "1: undefined variable $a: expected one that is declared before in {{$a}}");
  EXPECT_EQ(parse_refusal("{{if $a := 1}}{{$a}}{{else}}{{$a}}{{end}}{{$.Apps}}"), "");
  EXPECT_EQ(parse_refusal("{{$a := 1}}{{define \"b\"}}{{$a}}{{end}}"),
            "1: undefined variable $a: expected one that is declared before in {{$a}}");
  EXPECT_EQ(parse_refusal("{{$a := 1}}{{if 1}}{{$b := $a}}{{$b}}{{end}}{{$a}}"), "");
}

TEST(GoParserTest, WhatIsNoPipelineIsRefused) {
  EXPECT_EQ(parse_refusal("{{}}"), "1: an action without a value");
  EXPECT_EQ(parse_refusal("{{ }}"), "1: an action without a value");
  EXPECT_EQ(parse_refusal("{{.a | }}"), "1: expected a value in {{.a |}}");
  EXPECT_EQ(parse_refusal("{{(.a}}"), "1: unclosed parenthesis: expected \")\" in {{(.a}}");
  EXPECT_EQ(parse_refusal("{{.a)}}"), "1: unexpected ) in {{.a)}}");
  EXPECT_EQ(parse_refusal("{{\"a\" .b}}"), "1: expected a function or method before arguments in {{\"a\" .b}}");
  EXPECT_EQ(parse_refusal("{{print \"a\".b\"c\"}}"), "1: expected a blank before \"c\" in {{print \"a\".b\"c\"}}");
  EXPECT_EQ(parse_refusal("{{\"a}}"), "1: a text without its end: expected \"");
  EXPECT_EQ(parse_refusal("{{\"\\q\"}}"), "1: an escape that Go does not know in \"\\q\"");
  EXPECT_EQ(parse_refusal("{{'ab'}}"), "1: expected one ASCII character between single quotes");
  EXPECT_EQ(parse_refusal("{{.a ; .b}}"), "1: unexpected character ';' in an action");
  EXPECT_EQ(parse_refusal("{{if $a, $b := .c}}{{end}}"),
            "1: only a range declares two variables in {{if $a, $b := .c}}");
  EXPECT_EQ(parse_refusal("{{range ($a, $b := .c)}}{{end}}"),
            "1: only a range declares two variables in {{range ($a, $b := .c)}}");
  EXPECT_EQ(parse_refusal("{{range $a, $b .c}}{{end}}"),
            "1: expected \":=\" after two variables in {{range $a, $b .c}}");
  EXPECT_EQ(parse_refusal("{{if}}{{end}}"), "1: expected a value in {{if}}");
}

TEST(GoParserTest, CalledTemplatesAreDefinedSomewhere) {
  EXPECT_EQ(parse_refusal("a\n{{template \"b\"}}"), "2: template \"b\" is not defined: expected a {{define}} of it");
  EXPECT_EQ(parse_refusal("{{template \"b\"}}{{define \"b\"}}c{{end}}"), "");
  EXPECT_EQ(parse_refusal("{{block \"b\" .}}c{{end}}"), "");
  EXPECT_EQ(parse_refusal("{{template b}}"), "1: expected a name in quotes in {{template b}}");
  EXPECT_EQ(parse_refusal("{{block \"b\"}}c{{end}}"), "1: expected a value in {{block \"b\"}}");
}

TEST(GoParserTest, TrimMarkersTakeBlanksAway) {
  EXPECT_EQ(texts("a \n\t{{- 1 -}} \r\n b"), "a|b");
  EXPECT_EQ(texts("a {{- 1}} b"), "a| b");
  EXPECT_EQ(texts("a {{1 -}} b"), "a |b");
  EXPECT_EQ(texts("a {{-1}} b"), "a | b") << "a number";
  EXPECT_EQ(texts("a {{- /* c */ -}} b"), "ab");
  EXPECT_EQ(texts("a {{/* c\n d */}} b"), "a  b");
  EXPECT_EQ(texts("a {{1 -}}{{2}} b"), "a || b") << "as far as the next action";
}

TEST(GoParserTest, LinesOfStructureAloneAreNoText) {
  EXPECT_EQ(texts("a\n  {{- /* c */}}\nb\n"), "a\nb\n");
  EXPECT_EQ(texts("a\n  {{$x := 1}}{{$y := 2}} \nb\n"), "a\n||b\n");
  EXPECT_EQ(texts("a\n  {{1}}\nb\n"), "a\n  |\nb\n") << "a value is text";
  EXPECT_EQ(texts("a\n  {{if 1}}b{{end}}\nc"), "a\n  |\nc");
  EXPECT_EQ(texts("a;\n{{- if 1 -}}\nb\n{{- end -}}\nc"), "a;\n|c") << "trimmed on both sides, and nothing is joined";
  EXPECT_EQ(texts("a\n{{- if 1 -}}\nb\n{{- end -}}\nc"), "a|c") << "words are joined, as Go does";
  EXPECT_EQ(texts("a\n{{$x := 1}}"), "a\n|") << "the last line has no end";
}

TEST(GoParserTest, DelimitersMeanNothingInTexts) {
  const GoTemplate made = parsed("{{print \"}}\" `}}\n` '}'}}a");
  ASSERT_EQ(made.nodes.size(), 2U);
  const auto& operands = made.nodes[0].pipe.commands.at(0).operands;
  ASSERT_EQ(operands.size(), 4U);
  EXPECT_EQ(operands[1].text, "}}");
  EXPECT_EQ(operands[2].text, "}}\n");
  EXPECT_EQ(operands[3].text, "125");
  EXPECT_EQ(made.nodes[0].pipe.source, "print \"}}\" `}} ` '}'");
}

TEST(GoParserTest, EscapesAreGos) {
  const GoTemplate made = parsed(R"({{"a\t\"\\\x41\101\u00e9\U0001F600\n"}})");
  EXPECT_EQ(made.nodes[0].pipe.commands.at(0).operands.at(0).text, "a\t\"\\AA\u00e9\U0001F600\n");
}

TEST(GoParserTest, FieldsBelongToWhatStandsBeforeThem) {
  const GoTemplate made = parsed("{{print $.a.b .c (index .d 0).e .}}");
  const auto& operands = made.nodes[0].pipe.commands.at(0).operands;
  ASSERT_EQ(operands.size(), 5U);
  EXPECT_EQ(operands[1].fields, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(operands[2].fields, (std::vector<std::string>{"c"}));
  EXPECT_EQ(operands[3].fields, (std::vector<std::string>{"e"}));
  EXPECT_EQ(operands[4].kind, GoOperand::Kind::kDot);
}

TEST(GoParserTest, LinesAreCountedThroughEverything) {
  const GoTemplate made = parsed("a\n{{/* b\n\n */}}\n{{print `\n`}}\n{{.c}}");
  EXPECT_EQ(made.nodes.back().line, 7);
  EXPECT_EQ(parse_refusal("{{/*\n*/}}\n{{print \"a\"\n.b}}\n{{nope}}").substr(0, 3), "5: ");
}

}  // namespace
}  // namespace chorale::agent
