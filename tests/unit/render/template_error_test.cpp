// What Template::compile refuses, with the file and the line where a person has to look.
#include <gtest/gtest.h>

#include "render/template.h"

namespace chorale::render {
namespace {

std::string error_of(const std::string& text, const Delimiters& delimiters = {}) {
  const auto compiled = Template::compile(text, "t", {delimiters, ""});
  return compiled ? "" : compiled.error().text();
}

TEST(TemplateErrorTest, EmptyTemplate) {
  EXPECT_EQ(error_of(""), "t: is empty");
  EXPECT_EQ(error_of(" \n\t\n"), "t: is empty");
}

TEST(TemplateErrorTest, UnknownName) {
  EXPECT_EQ(error_of("a\n{{nam}}"), "t:2: {{nam}}: unknown name: here are known realm, apps");
  EXPECT_EQ(error_of("{{#apps}}\n\n{{#servers}}{{ adress }}{{/servers}}{{/apps}}"),
            "t:3: {{ adress }}: unknown name: here are known address, host, port, task_id, version, weight, and the "
            "names of the sections around it");
  EXPECT_EQ(error_of("{{#ap}}{{/ap}}"), "t:1: {{#ap}}: unknown name: here are known realm, apps");
  for (const char* name : {"address", "labels", "labels.", "label.x", "id.x", ".", "env", "index"}) {
    EXPECT_NE(error_of("{{#apps}} {{" + std::string(name) + "}}{{/apps}}"), "") << name;
  }
}

TEST(TemplateErrorTest, KnownNamesAreThoseOfTheInnermostList) {
  const std::string known_in_app =
      "unknown name: here are known id, name, path, host, hosts, servers, ports, labels.*, env.*, health_path, retry, "
      "strip_prefix, keepalive, timeout, max_body, restricted, allow, auth, rate, ip_hash, sticky_cookie, "
      "https_redirect, has_headers, headers, "
      "and the names of the sections around it";
  EXPECT_EQ(error_of("{{#apps}}{{#labels.x}}{{nam}}{{/labels.x}}{{/apps}}"), "t:1: {{nam}}: " + known_in_app);
  EXPECT_EQ(error_of("{{#apps}}{{^servers}}{{nam}}{{/servers}}{{/apps}}"), "t:1: {{nam}}: " + known_in_app);
}

TEST(TemplateErrorTest, NameOutsideItsSection) {
  EXPECT_NE(error_of("{{#apps}}{{/apps}}{{id}}"), "");
  EXPECT_NE(error_of("{{#apps}}{{#servers}}{{/servers}} {{address}}{{/apps}}"), "");
  EXPECT_NE(error_of("{{#apps}}{{^servers}}{{address}}{{/servers}}{{/apps}}"), "");
  EXPECT_NE(error_of("{{^apps}}{{id}}{{/apps}}"), "");
  EXPECT_NE(error_of("{{#apps}}{{#hosts}}{{#servers}}{{.}}{{/servers}}{{/hosts}}{{/apps}}"), "");
}

TEST(TemplateErrorTest, SectionsThatDoNotMatch) {
  EXPECT_EQ(error_of("a\n{{#apps}}\n{{id}}"), "t:2: unclosed section {{#apps}}");
  EXPECT_EQ(error_of("a\n{{/apps}}"), "t:2: {{/apps}}: no section is open here");
  EXPECT_EQ(error_of("{{#apps}}\n{{#servers}}\n{{/apps}}\n{{/servers}}"),
            "t:3: {{/apps}}: the open section is {{#servers}} of line 2: expected {{/servers}}");
}

TEST(TemplateErrorTest, AFilteredSectionIsClosedByItsNameAlone) {
  EXPECT_EQ(error_of("{{#apps}}\n{{#labels.x | equals \"y\"}}\n{{/labels.x | equals \"y\"}}\n{{/apps}}"),
            "t:3: {{/labels.x | equals \"y\"}}: the open section is {{#labels.x | equals \"y\"}} of line 2: expected "
            "{{/labels.x}}, the name alone without its filters");
  EXPECT_EQ(error_of("<%#apps%>\n<%^ labels.x | equals \"y\" %><%/ labels.x|equals \"y\" %>", {"<%", "%>"}),
            "t:2: <%/ labels.x|equals \"y\" %>: the open section is <%^ labels.x | equals \"y\" %> of line 2: expected "
            "<%/ labels.x %>, the name alone without its filters");
  EXPECT_EQ(
      error_of("{{#apps}}{{#labels.x | equals \"y\"}}{{/labels.z}}{{/apps}}"),
      "t:1: {{/labels.z}}: the open section is {{#labels.x | equals \"y\"}} of line 1: expected {{/labels.x}}, the "
      "name alone without its filters");
  EXPECT_EQ(error_of("{{#apps}}{{#labels.x}}{{/labels.x | lower}}{{/apps}}"),
            "t:1: {{/labels.x | lower}}: the open section is {{#labels.x}} of line 1: expected {{/labels.x}}, the name "
            "alone without its filters");
  EXPECT_EQ(error_of("{{#apps}}{{#labels.x | equals \"y\"}}{{/labels.x}}{{/apps}}"), "");
}

TEST(TemplateErrorTest, TagsThatDoNotEnd) {
  EXPECT_EQ(error_of("a\n{{realm"), "t:2: unclosed tag: expected '}}'");
  EXPECT_EQ(error_of("a\n{{realm\nb }}"), "t:2: unclosed tag: expected '}}' on the same line");
  EXPECT_EQ(error_of("{{{realm}}"), "t:1: unclosed tag: expected '}}}'");
  EXPECT_EQ(error_of("a\n{{! never"), "t:2: unclosed tag: expected '}}'");
}

TEST(TemplateErrorTest, TagsWithoutAName) {
  EXPECT_EQ(error_of("{{}}"), "t:1: a tag without a name");
  EXPECT_EQ(error_of("{{# }}"), "t:1: a tag without a name");
}

TEST(TemplateErrorTest, Partials) {
  EXPECT_EQ(error_of("\n{{> other}}"), "t:2: partials are not supported: a template is one file");
}

TEST(TemplateErrorTest, ListsAndFlagsAreNoText) {
  EXPECT_EQ(error_of("{{apps}}"), "t:1: {{apps}}: apps is no text: use it as a section");
  EXPECT_EQ(error_of("{{#apps}}{{#ports}}{{udp}}{{/ports}}{{/apps}}"),
            "t:1: {{udp}}: udp is no text: use it as a section");
  EXPECT_NE(error_of("{{#apps}}{{#ports}}{{#udp}}{{.}}{{/udp}}{{/ports}}{{/apps}}"), "");
}

TEST(TemplateErrorTest, ListInsideItself) {
  EXPECT_EQ(error_of("{{#apps}}{{#servers}}\n{{#apps}}{{/apps}}{{/servers}}{{/apps}}"),
            "t:2: {{#apps}}: apps is already being walked through here");
  EXPECT_EQ(error_of("{{#apps}}{{id}}{{^apps}}{{/apps}}{{/apps}}"), "");
}

TEST(TemplateErrorTest, Delimiters) {
  EXPECT_EQ(error_of("x", {"", "}}"}), "t: delimiters must not be empty nor hold blanks or '='");
  for (const char* delimiter : {"", "{ {", "\t", "=", "<=", "\x7f", "\x1f"}) {
    EXPECT_NE(error_of("x", {delimiter, "}}"}), "") << delimiter;
    EXPECT_NE(error_of("x", {"{{", delimiter}), "") << delimiter;
  }
  for (const char* tag : {"{{=}}", "{{==}}", "{{=<%=}}", "{{=<% %>}}", "{{=< = =}}", "{{=a b c=}}"}) {
    EXPECT_EQ(error_of("\n" + std::string(tag)), "t:2: expected new delimiters as in '=<% %>='") << tag;
  }
}

TEST(TemplateErrorTest, ControlCharacters) {
  EXPECT_EQ(error_of("a\nb\x01"), "t:2: a control character, code 1");
  EXPECT_EQ(error_of("a\x1f"), "t:1: a control character, code 31");
  EXPECT_EQ(error_of("a\x7f"), "t:1: a control character, code 127");
  EXPECT_EQ(error_of("a\tb \r\n~\x80"), "");
}

TEST(TemplateErrorTest, LinesCountThroughComments) {
  EXPECT_EQ(error_of("{{! one\ntwo\n}}\n{{x}}"), "t:4: {{x}}: unknown name: here are known realm, apps");
}

}  // namespace
}  // namespace chorale::render
