// A quoted value in the wrong place would let a label write directives: see render/quote_check.h.
#include "render/quote_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "render/template.h"

namespace chorale::render {
namespace {

constexpr const char* kNotWhole = "must be a whole parameter: put a blank before it";
constexpr const char* kGlued = "must be a whole parameter: put a blank or a ';' behind it";
constexpr const char* kRound = " (at the beginning of a section, behind the end of its round before)";
constexpr const char* kInQuotes = "stands inside quotes of the template, but is quoted itself: remove those";
constexpr const char* kOpenQuote = "a quote or a comment begins or ends within this section and not again";

std::string error_in_app(const std::string& text) {
  const auto compiled = Template::compile("{{#apps}}\n" + text + "\n{{/apps}}", "t");
  if (compiled) return "";
  const std::string& message = compiled.error().message;
  return message.substr(message.find(": ") + 2);
}

TEST(QuoteCheckTest, WholeParametersMayBeQuoted) {
  for (const char* text : {"set $x {{labels.x}};",
                           "{{labels.x}}",
                           "a\n\t{{labels.x}}\n;",
                           "a {b {{labels.x}}; }",
                           "a;{{labels.x}};",
                           "if ($a) { {{labels.x}}; }",
                           "a \"b\" 'c' {{labels.x}};",
                           "# it's {{labels.x}}\nb {{labels.x}};",
                           "a \"\\\"\" {{labels.x}};",
                           "a don't {{labels.x}};",
                           "a {{#labels.x}}{{labels.x}}{{/labels.x}}{{^labels.x}}other{{/labels.x}};",
                           "log_format f '\"${a}\"' {{labels.x}};",
                           "a#b {{labels.x}};",
                           "a\t{{labels.x}};",
                           "a\r{{labels.x}};",
                           "a 'b'\n{{labels.x}};",
                           "a {};; {{labels.x}};",
                           "a;;{{labels.x}};",
                           "a {}{{labels.x}};",
                           "# a \\\n{{labels.x}};"}) {
    EXPECT_EQ(error_in_app(text), "") << text;
  }
}

TEST(QuoteCheckTest, PartOfAWordMayNotBeQuoted) {
  for (const char* text :
       {"server_name foo-{{labels.x}};", "a {{name}}{{labels.x}};", "a \"b\"{{labels.x}};", "a \\ {{labels.x}};",
        "a ${b{{labels.x}};", "a @{b}{{labels.x}};", "a x={{health_path}};", "a b'{{labels.x}}';"}) {
    EXPECT_EQ(error_in_app(text), kNotWhole) << text;
  }
}

// Nginx reads a quoted parameter to its end; what follows without a blank is an error, as soon as the label needs
// quotes.
TEST(QuoteCheckTest, NothingIsGluedToAQuotedParameter) {
  for (const char* text :
       {"server_name {{labels.x}}-foo;", "a {{labels.x}}.b;", "a {{labels.x}}\"b\";", "a {{labels.x}}$b;",
        "a {{labels.x}}{{labels.y}};", "a {{labels.x}}{{name}};", "a {{labels.x}}{{{labels.y}}};",
        "a {{labels.x}}{{#labels.y}}-b{{/labels.y}};", "a {{labels.x}}{{^labels.y}}b{{/labels.y}};", "a {{labels.x}}#b",
        "a {{labels.x}}{{#labels.y}} {{/labels.y}}b;", "a {{labels.x}}{{#labels.y}}{{name}}{{/labels.y}};",
        "a {{#labels.x}}{{labels.x}}{{/labels.x}}-b;", "a {{labels.x}}}", "a {{labels.x}}\\;",
        "a {{#labels.x}}{{labels.x}}{{/labels.x}}{{#labels.x}}b{{/labels.x}};"}) {
    EXPECT_EQ(error_in_app(text), kGlued) << text;
  }
  for (const char* text :
       {"a {{labels.x}} b;", "a {{labels.x}}\tb;", "a {{labels.x}}\r\nb;", "if ($a = {{labels.x}}) {}",
        "a {{labels.x}}{{=<% %>=}}{ b; }<%={{ }}=%>", "a {{name}}-b;", "a {{{labels.x}}}-b;", "a b-{{{labels.x}}};",
        "# {{labels.x}}-b", "a {{labels.x}}{{! why }};", "a {{labels.x}}{{^labels.x}}b{{/labels.x}};",
        "a {{labels.x}}{{#labels.y}};{{/labels.y}} b",
        "a {{#labels.x}}{{labels.x}}{{/labels.x}}{{^labels.x}}b{{/labels.x}};",
        "a {{^labels.x}}b{{/labels.x}}{{#labels.x}}c{{/labels.x}};"}) {
    EXPECT_EQ(error_in_app(text), "") << text;
  }
  const auto compiled = Template::compile("{{#apps}}\n\nserver_name {{labels.x}}-b;\n{{/apps}}", "t");
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().text(), std::string("t:3: {{labels.x}}: ") + kGlued);
}

// The second round begins where the first one ended.
TEST(QuoteCheckTest, RoundsOfASectionAreNotGluedToEachOther) {
  for (const char* text : {"a {{#ports}}{{name}}{{/ports}};", "a {{#ports}}{{#tcp}}{{name}}{{/tcp}}{{/ports}};",
                           "a {{#labels.x | split \",\"}}{{.}}{{/labels.x}};", "a {{#ports}}{{name}} b{{/ports}};"}) {
    EXPECT_THAT(error_in_app(text), ::testing::EndsWith(kRound)) << text;
  }
  for (const char* text :
       {"a {{#ports}}{{name}} {{/ports}};", "a{{#ports}} {{name}}{{/ports}};", "a {{#labels.x}}{{.}}{{/labels.x}};",
        "{{#ports}}a {{name}};{{/ports}}", "a {{#hosts}}{{.}} {{/hosts}};", "a {{#servers}}{{address}}{{/servers}};",
        "a {{^servers}}{{labels.x}}{{/servers}};"}) {
    EXPECT_EQ(error_in_app(text), "") << text;
  }
}

TEST(QuoteCheckTest, QuotesOfTheTemplateMayNotHoldQuotes) {
  for (const char* text :
       {"a \"b {{labels.x}} c\";", "a 'b {{labels.x}}';", "a \"{{labels.x}}\";", "a \"\\\" {{labels.x}}\";",
        "a \"\n{{labels.x}}\";", "a {{#labels.x}}\"{{.}}\"{{/labels.x}};", "a '\\' {{labels.x}}';",
        "a 'b\" {{labels.x}}';", "a \"b' {{labels.x}}\";"}) {
    EXPECT_EQ(error_in_app(text), kInQuotes) << text;
  }
  EXPECT_EQ(error_in_app("a \"{{name}} {{host}}\";"), "") << "bare values hold no quotes";
  EXPECT_EQ(error_in_app("a \"b {{{labels.x}}}\";"), "") << "raw is the author's own responsibility";
}

TEST(QuoteCheckTest, BraceOpensABlockUnlessItBelongsToAVariable) {
  const auto error_after = [](const std::string& text) {
    return error_in_app("{{=<% %>=}}" + text + "<%labels.x%>;}<%={{ }}=%>");
  };
  EXPECT_EQ(error_after("server{"), "");
  EXPECT_EQ(error_after("a ${"), kNotWhole);
  EXPECT_EQ(error_after("a @{"), kNotWhole);
  EXPECT_EQ(error_after("a b${"), kNotWhole);
  EXPECT_EQ(error_after("a b@{"), kNotWhole);
  EXPECT_EQ(error_after("a $<%name%>{"), "") << "the '$' does not stand before the brace";
}

TEST(QuoteCheckTest, ValueTakesTheEscapeBeforeIt) {
  EXPECT_EQ(error_in_app("a \\{{name}} {{labels.x}};"), "");
  EXPECT_EQ(error_in_app("a \\{{{labels.y}}} {{labels.x}};"), "");
  EXPECT_EQ(error_in_app("a {{{labels.y}}}{{labels.x}};"), kNotWhole);
}

TEST(QuoteCheckTest, EveryWayThroughSectionsIsCovered) {
  EXPECT_EQ(error_in_app("a foo{{#labels.y}} {{/labels.y}}{{labels.x}};"), kNotWhole);
  EXPECT_EQ(error_in_app("a {{#labels.y}}foo{{/labels.y}}{{labels.x}};"), kNotWhole);
  EXPECT_EQ(error_in_app("a {{#labels.y}}\"{{/labels.y}} {{labels.x}}"), kOpenQuote);
  EXPECT_EQ(error_in_app("a \"{{#labels.y}}\"{{/labels.y}} {{labels.x}}"), kOpenQuote);
  EXPECT_EQ(error_in_app("{{#labels.y}}# {{/labels.y}}\n{{labels.x}}"), kOpenQuote);
  EXPECT_EQ(error_in_app("# {{#labels.y}}\n{{/labels.y}} {{labels.x}}"), kOpenQuote);
  EXPECT_EQ(error_in_app("a {{#labels.y}}'{{/labels.y}} {{labels.x}}"), kOpenQuote);
  EXPECT_EQ(error_in_app("a '{{#labels.y}}'{{/labels.y}} {{labels.x}}"), kOpenQuote);
  EXPECT_EQ(error_in_app("a {{^labels.y}}foo{{/labels.y}}{{labels.x}};"), kNotWhole);
  EXPECT_EQ(error_in_app("a {{#labels.y}}{{#labels.z}}b {{/labels.z}}{{/labels.y}}{{labels.x}};"), "");
}

}  // namespace
}  // namespace chorale::render
