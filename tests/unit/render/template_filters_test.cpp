// What a tag may do with a text before it is written.
#include "render/template_filters.h"

#include <gtest/gtest.h>

#include "render/template.h"
#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

std::string through(const std::string& text, const std::map<std::string, std::string>& labels) {
  RoutingState state{"", {sample_app("/a/b")}};
  state.apps[0].labels = labels;
  const auto compiled = Template::compile("x {{#apps}}" + text + ";{{/apps}}", "t");
  if (!compiled) return compiled.error().text();
  const auto made = compiled->render(state);
  return made ? made->text.substr(2, made->text.size() - 3) : "does not render: " + made.error().text();
}

std::string label_through(const std::string& filters, const std::string& value) {
  return through("{{labels.x " + filters + "}}", {{"x", value}});
}

TEST(TemplateFiltersTest, TextsBecomeTexts) {
  EXPECT_EQ(label_through("| lower", "AbZ\xc3\x84"), "\"abz\xc3\x84\"");
  EXPECT_EQ(label_through("| upper", "aBz"), "\"ABZ\"");
  EXPECT_EQ(label_through("| trim \" /\"", " /a b/ "), "\"a b\"");
  EXPECT_EQ(label_through("| trim \"a\"", "aa"), "\"\"");
  EXPECT_EQ(label_through("| replace \".\" \"-\"", "a.b..c"), "\"a-b--c\"");
  EXPECT_EQ(label_through("| replace \"ab\" \"\"", "aabb"), "\"ab\"") << "what is left is not looked at again";
  EXPECT_EQ(label_through("|lower|replace \"a\" \"b\"|upper", "A"), "\"B\"");
  EXPECT_EQ(through("{{labels.x | lower}}", {}), "") << "as without the filter";
}

TEST(TemplateFiltersTest, WhatComesOutIsQuotedWhateverItWasMadeOf) {
  EXPECT_EQ(through("{{id | replace \"/\" \".\"}} {{host | upper}}", {}), "\".a.b\" \"B.A.EXAMPLE.COM\"");
  EXPECT_EQ(through("a{{id | lower}}", {}), "t:1: {{id | lower}}: must be a whole parameter: put a blank before it");
  EXPECT_EQ(through("{{{labels.x | upper}}}", {{"x", "a b"}}), "A B");
}

TEST(TemplateFiltersTest, TextsAreSplit) {
  EXPECT_EQ(through("x{{#labels.x | split \",\"}} {{.}}{{/labels.x}}", {{"x", "A, b,,c "}}), "x \"A\" \"b\" \"c\"");
  EXPECT_EQ(through("x{{#labels.x | split \"ab\"}} {{.}}{{/labels.x}}", {{"x", "1ab2aab"}}), "x \"1\" \"2a\"");
  EXPECT_EQ(through("{{#labels.x | split \",\"}}{{.}};{{/labels.x}}{{^labels.x | split \",\"}}none{{/labels.x}}", {}),
            "none");
  EXPECT_EQ(through("{{#labels.x | split \" \"}} {{. | upper}}{{/labels.x}}", {{"x", "a b"}}), " \"A\" \"B\"");
  EXPECT_EQ(through("{{labels.x | split \",\"}}", {}),
            "t:1: {{labels.x | split \",\"}}: labels.x is no text: use it as a section");
  EXPECT_EQ(through("{{#labels.x | split \" \"}} {{id}}{{/labels.x}}", {{"x", "a b"}}), " /a/b /a/b");
}

TEST(TemplateFiltersTest, ConditionsAreSections) {
  const auto is = [](const std::string& condition, const std::string& value) {
    return through("{{#labels.x | " + condition + "}}yes{{/labels.x}}{{^labels.x | " + condition + "}}no{{/labels.x}}",
                   {{"x", value}});
  };
  EXPECT_EQ(is("has_prefix \"ab\"", "abc"), "yes");
  EXPECT_EQ(is("has_prefix \"bc\"", "abc"), "no");
  EXPECT_EQ(is("has_suffix \"bc\"", "abc"), "yes");
  EXPECT_EQ(is("has_suffix \"ab\"", "abc"), "no");
  EXPECT_EQ(is("contains \"b\"", "abc"), "yes");
  EXPECT_EQ(is("contains \"d\"", "abc"), "no");
  EXPECT_EQ(is("equals \"abc\"", "abc"), "yes");
  EXPECT_EQ(is("equals \"ab\"", "abc"), "no");
  EXPECT_EQ(is("equals \"\"", ""), "yes");
  EXPECT_EQ(is("lower | equals \"abc\"", "ABC"), "yes");
  EXPECT_EQ(through("{{#labels.x | equals \"\"}}yes{{/labels.x}}", {}), "") << "a missing label equals nothing";
  EXPECT_EQ(through("{{#id | has_prefix \"/a/\"}}yes {{.}}{{/id}}", {}), "yes \"/a/b\"");
  EXPECT_EQ(through("{{#labels.x | trim \"-\"}}[ {{.}} ]{{/labels.x}}", {{"x", "-a-"}}), "[ \"a\" ]");
  EXPECT_EQ(through("{{#labels.x | trim \"-\"}}[ {{.}} ]{{/labels.x}}", {{"x", "--"}}), "") << "empty";
}

TEST(TemplateFiltersTest, WhatIsWrongIsNamed) {
  const auto wrong = [](const std::string& filters) {
    const std::string said = through("{{labels.x " + filters + "}}", {});
    const std::string place = "t:1: {{labels.x " + filters + "}}: ";
    return said.starts_with(place) ? said.substr(place.size()) : "?" + said;
  };
  EXPECT_EQ(
      wrong("| lowr"),
      "unknown filter 'lowr': known are lower, upper, trim, replace, split, has_prefix, has_suffix, contains, equals");
  EXPECT_EQ(wrong("|").substr(0, 17), "unknown filter ''");
  EXPECT_EQ(wrong("| lower \"a\""), "lower takes 0 arguments");
  EXPECT_EQ(wrong("| replace \"a\""), "replace takes 2 arguments");
  EXPECT_EQ(wrong("| trim a"), "the arguments of trim stand in double quotes");
  EXPECT_EQ(wrong("| trim \"a"), "a quote without its end");
  EXPECT_EQ(wrong("| split \"\""), "the first argument of split is empty");
  EXPECT_EQ(wrong("| replace \"a\" \"$\""),
            "an argument of replace has '$' at byte 1, expected no '$', which Nginx cannot escape");
  EXPECT_EQ(wrong("| equals \"a\" | lower"), "split and conditions stand last");
  EXPECT_EQ(wrong("| split \"a\" | lower"), "split and conditions stand last");
  EXPECT_EQ(through("{{#hosts | lower}}{{/hosts}}", {}),
            "t:1: {{#hosts | lower}}: hosts is no text: it has no filters");
  EXPECT_EQ(through("{{#strip_prefix | lower}}{{/strip_prefix}}", {}),
            "t:1: {{#strip_prefix | lower}}: strip_prefix is no text: it has no filters");
}

// Nobody's label may make the whole file fail.
TEST(TemplateFiltersTest, WhatCouldNotBeQuotedIsNothing) {
  EXPECT_EQ(label_through("| replace \"x\" \"\"", "@x{id}"), "");
  EXPECT_EQ(label_through("| replace \"x\" \"xxxxxxxxxx\"", std::string(1'000, 'x')), "");
  EXPECT_EQ(label_through("| trim \"\xc3\xa4\"", "\xc3\xb6"), "") << "half a character";
  EXPECT_EQ(through("{{#labels.x | replace \"x\" \"\" | contains \"id\"}}yes{{/labels.x}}", {{"x", "@x{id}"}}), "");
}

}  // namespace
}  // namespace chorale::render
