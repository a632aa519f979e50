#include "render/template_scanner.h"

#include <gtest/gtest.h>

namespace chorale::render {
namespace {

// A token a line: line, kind, spelling or text, and "alone" for a tag that has its line for itself.
std::string scanned(std::string_view text) {
  const auto tokens = scan_template(text, "t", {});
  if (!tokens) return tokens.error().text();
  std::string list;
  for (const Token& token : *tokens) {
    const bool is_text = token.kind == TokenKind::kText;
    list += std::to_string(token.line) + (is_text ? " text " + token.text : " tag " + token.spelling) +
            (token.own_line ? " alone" : "") + "|";
  }
  return list;
}

TEST(TemplateScannerTest, TextIsCutIntoLines) {
  EXPECT_EQ(scanned("a\n\nb"), "1 text a\n|2 text \n|3 text b|");
  EXPECT_EQ(scanned(""), "");
}

TEST(TemplateScannerTest, TagsKeepTheirSpellingAndLine) {
  EXPECT_EQ(scanned("a {{ b }}\n{{{c}}}{{& d}}"), "1 text a |1 tag {{ b }}|1 text \n|2 tag {{{c}}}|2 tag {{& d}}|");
}

TEST(TemplateScannerTest, TagsAloneOnALineTakeItsBlanksAlong) {
  EXPECT_EQ(
      scanned(" {{#a}} {{! note }}\n{{b}} {{/a}}\n\n{{^a}}x{{/a}}"),
      "1 tag {{#a}} alone|2 tag {{b}}|2 text  |2 tag {{/a}}|2 text \n|3 text \n|4 tag {{^a}}|4 text x|4 tag {{/a}}|");
}

TEST(TemplateScannerTest, CommentsAndNewDelimitersLeaveNoToken) {
  EXPECT_EQ(scanned("a{{! note }}b\n{{=<% %>=}}\n<%c%>{{d}}"), "1 text a|1 text b\n|3 tag <%c%>|3 text {{d}}|");
  EXPECT_EQ(scanned("{{! only }}"), "");
}

TEST(TemplateScannerTest, TextWithoutTagsKeepsItsBlanks) { EXPECT_EQ(scanned(" \n \n"), "1 text  \n|2 text  \n|"); }

}  // namespace
}  // namespace chorale::render
