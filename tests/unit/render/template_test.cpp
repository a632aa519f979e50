#include "render/template.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "render/app_labels.h"
#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

std::string rendered(const std::string& text, const RoutingState& state = sample_state(),
                     const Delimiters& delimiters = {}) {
  const auto compiled = Template::compile(text, "t", {delimiters, ""});
  if (!compiled) return "does not compile: " + compiled.error().text();
  const auto result = compiled->render(state);
  return result ? result->text : "does not render: " + result.error().text();
}

TEST(TemplateTest, BareValuesStandAsTheyAre) {
  EXPECT_EQ(rendered("{{#apps}}{{id}} {{name}} {{path}} {{host}}|{{/apps}}"),
            "/shop/cart cart.shop /shop/cart cart.shop.example.com|/web web /web web.example.com|");
  EXPECT_EQ(rendered("{{#apps}}{{#servers}}{{address}} {{host}} {{port}} {{weight}}|{{/servers}}{{/apps}}"),
            "10.0.0.1:31000 10.0.0.1 31000 1|10.0.0.2:31001 10.0.0.2 31001 1|10.0.0.1:31000 10.0.0.1 31000 1|");
}

TEST(TemplateTest, LabelsAndEnvAreOneQuotedParameter) {
  EXPECT_EQ(rendered("{{#apps}}{{#labels.owner}}set $o {{labels.owner}};{{/labels.owner}}{{/apps}}"),
            "set $o \"jo; return 200 pwned\";");
  EXPECT_EQ(rendered("{{#apps}}[ {{labels.com.example.team}} {{env.APP_ENV}} ]{{/apps}}"),
            R"([ "a \"b\" \\ c" "prod" ][   ])");
}

TEST(TemplateTest, APortHasHostsOfItsOwn) {
  RoutingState state = sample_state();
  state.apps[0].ports[1].hosts = {"metrics.example.com", "m"};
  EXPECT_EQ(rendered("{{#apps}}{{#ports}}{{index}}:{{^port_host}}{{host}}{{/port_host}}{{#port_host}}{{port_host}}={{/"
                     "port_host}}{{#port_hosts}}{{.}} {{/port_hosts}}|{{/ports}}{{/apps}}",
                     state),
            "0:cart.shop.example.com|1:metrics.example.com=metrics.example.com m |0:web.example.com|");
}

TEST(TemplateTest, AnAppWithoutServersHasASectionOfItsOwn) {
  RoutingState state = sample_state();
  state.apps[0].main_port = 1;
  state.apps[1].ports[0].servers.clear();
  EXPECT_EQ(
      rendered("{{#apps}}{{name}}:{{#servers}}{{address}}{{/servers}}{{^servers}}none{{/servers}}|{{/apps}}", state),
      "cart.shop:[2001:db8::1]:31002|web:none|");
}

TEST(TemplateTest, RetryHoldsOnlyKnownConditions) {
  RoutingState state{"", {sample_app("/a")}};
  const std::string text = "x {{#apps}}{{#retry}}[{{retry}}]{{/retry}}{{/apps}}";
  EXPECT_EQ(rendered(text, state), "x ");
  state.apps[0].labels[kRetryLabel] = "http_500 non_idempotent";
  EXPECT_EQ(rendered(text, state), "x [http_500 non_idempotent]");
  state.apps[0].labels[kRetryLabel] = "timeout,error";
  EXPECT_EQ(rendered(text, state), "x ") << "every app has these";
  state.apps[0].labels[kRetryLabel] = "http_500; return 200";
  EXPECT_EQ(
      rendered(text, state),
      "does not render: t:1: app /a: the value of {{retry}} has a word that is none of http_500, http_502, http_503, "
      "http_504, http_403, http_404, http_429, non_idempotent");
}

TEST(TemplateTest, NothingIsEscapedForHtml) {
  RoutingState state = sample_state();
  state.apps[0].labels["owner"] = "<a & 'b'>";
  EXPECT_EQ(rendered("x{{#apps}} {{labels.owner}}{{/apps}}", state), "x \"<a & 'b'>\" ");
}

TEST(TemplateTest, OnlyATripleTagIsRaw) {
  const auto compiled = Template::compile("a\n{{#apps}}{{{labels.owner}}}{{& env.APP_ENV }}{{labels.x}}{{/apps}}", "t");
  ASSERT_FALSE(compiled) << "the quoted tag follows another one";
  const auto raw = Template::compile("a\n{{#apps}}{{{labels.owner}}}\n{{& env.APP_ENV }}{{/apps}}", "t");
  ASSERT_TRUE(raw) << raw.error().text();
  EXPECT_EQ(raw->render(sample_state())->text, "a\njo; return 200 pwned\nprod\n");
  EXPECT_EQ(raw->raw_tags(), (std::vector<std::string>{"line 2: {{{labels.owner}}}", "line 3: {{& env.APP_ENV }}"}));
}

TEST(TemplateTest, TextFromOutsideIsQuotedUnlessPlain) {
  EXPECT_EQ(rendered("# {{realm}}"), "# eu-1");
  RoutingState state = sample_state();
  state.realm = "eu 1";
  EXPECT_EQ(rendered("# {{realm}}", state), "# \"eu 1\"");
  EXPECT_EQ(rendered("{{#apps}}{{#health_path}}{{health_path}};{{/health_path}}{{/apps}}"), "\"/health?full=1\";");
  EXPECT_EQ(rendered("{{#apps}} {{#ports}} {{name}}{{/ports}}{{/apps}}"), "  http \"\"  \"\"");
  EXPECT_EQ(rendered("{{#apps}}{{#servers}} {{task_id}} {{version}}\n{{/servers}}{{/apps}}",
                     RoutingState{"", {sample_app("/a")}}),
            " task-31000 2026-01-02T03:04:05.678Z\n");
}

TEST(TemplateTest, MissingKeyIsAFalseSectionAndAnEmptyOneIsTrue) {
  EXPECT_EQ(rendered("{{#apps}}{{#labels.empty}}yes{{/labels.empty}}{{^labels.empty}}no{{/labels.empty}} {{/apps}}"),
            "yes no ");
}

TEST(TemplateTest, EmptyTextAndZeroAreFalse) {
  EXPECT_EQ(rendered("{{#apps}}{{#health_path}}h{{/health_path}}{{^health_path}}-{{/health_path}}{{/apps}}"), "h-");
  EXPECT_EQ(rendered("{{#apps}}{{#ports}}{{#service_port}}s{{/service_port}}{{^service_port}}-{{/service_port}}"
                     "{{/ports}}{{/apps}}"),
            "s--");
}

TEST(TemplateTest, OnlyNumbersAreFalseIfZero) {
  RoutingState state{"", {sample_app("/a")}};
  Port& port = state.apps[0].ports[0];
  port.name = "0";
  port.servers[0].weight = 0;
  port.servers[0].port = 0;
  EXPECT_EQ(rendered("x{{#apps}}{{#ports}}{{#name}}name {{/name}}{{#index}}index {{/index}}{{#service_port}}service "
                     "{{/service_port}}{{#servers}}{{#weight}}weight {{/weight}}{{#port}}port{{/port}}{{/servers}}"
                     "{{/ports}}{{/apps}}",
                     state),
            "xname ");
  port.index = 1;
  port.service_port = 1;
  port.servers[0].weight = 1;
  port.servers[0].port = 1;
  EXPECT_EQ(rendered("x{{#apps}}{{#ports}}{{#index}}index {{/index}}{{#service_port}}service {{/service_port}}"
                     "{{#servers}}{{#weight}}weight {{/weight}}{{#port}}port{{/port}}{{/servers}}{{/ports}}{{/apps}}",
                     state),
            "xindex service weight port");
}

TEST(TemplateTest, ValueThatNeedsNoQuotesIsLettersDigitsAndAFewMarks) {
  std::string plain;
  for (char c = ' '; c <= '~'; ++c) {
    if (c != '$' && rendered("# {{realm}}", RoutingState{std::string(1, c), {}}) == std::string("# ") + c) plain += c;
  }
  EXPECT_EQ(plain, "-./0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");
}

TEST(TemplateTest, SectionOnAValueHidesNoNames) {
  EXPECT_EQ(
      rendered("{{#apps}}{{#labels.owner}}{{id}} {{#health_path}}{{name}}{{/health_path}}{{/labels.owner}}{{/apps}}"),
      "/shop/cart cart.shop");
}

TEST(TemplateTest, DotIsTheItemOrTheValue) {
  EXPECT_EQ(rendered("server_name{{#apps}}{{#hosts}} {{.}}{{/hosts}}{{/apps}};"),
            "server_name cart.shop.example.com *.cart.example.com web.example.com;");
  EXPECT_EQ(rendered("{{#apps}}{{#labels.owner}} {{.}} {{{.}}}{{/labels.owner}}{{/apps}}"),
            " \"jo; return 200 pwned\" jo; return 200 pwned");
}

TEST(TemplateTest, PortsHaveTheirOwnServersAndLabels) {
  EXPECT_EQ(rendered("{{#apps}}{{#ports}}{{index}}{{#servers}} {{address}}{{/servers}} {{labels.scrape}}\n"
                     "{{/ports}}{{/apps}}"),
            "0 10.0.0.1:31000 10.0.0.2:31001 \n1 [2001:db8::1]:31002 \"yes\"\n0 10.0.0.1:31000 \n");
}

TEST(TemplateTest, PortsFallBackToTheLabelsOfTheirApp) {
  RoutingState state = sample_state();
  state.apps[0].labels["scrape"] = "app";
  EXPECT_EQ(rendered("{{#apps}}{{#ports}} {{labels.scrape}}{{/ports}}{{/apps}}", state), " \"app\" \"yes\" ");
}

TEST(TemplateTest, PortKnowsItsProtocols) {
  RoutingState state = sample_state();
  state.apps[1].ports[0].protocol = "udp,tcp";
  EXPECT_EQ(rendered("{{#apps}}{{#ports}}{{#tcp}}t{{/tcp}}{{#udp}}u{{/udp}} {{protocol}};{{/ports}}{{/apps}}", state),
            "t tcp;u udp;tu \"udp,tcp\";");
}

TEST(TemplateTest, InnerSectionsSeeOuterNames) {
  EXPECT_EQ(rendered("{{#apps}}{{#ports}}{{#servers}}{{id}}:{{index}}:{{port}} {{/servers}}{{/ports}}{{/apps}}"),
            "/shop/cart:0:31000 /shop/cart:0:31001 /shop/cart:1:31002 /web:0:31000 ");
}

TEST(TemplateTest, NeighbouringListsOfEqualLengthDoNotMix) {
  EXPECT_EQ(rendered("{{#apps}}{{#ports}}{{index}}{{/ports}}{{#servers}}{{port}}{{/servers}}{{#hosts}}({{.}}){{/hosts}}"
                     "{{/apps}}",
                     RoutingState{"", {sample_state().apps[0]}}),
            "013100031001(cart.shop.example.com)(*.cart.example.com)");
}

TEST(TemplateTest, EmptyListIsFalse) {
  EXPECT_EQ(rendered("a{{#apps}}{{id}}{{/apps}}{{^apps}}none{{/apps}}", RoutingState{}), "anone");
}

TEST(TemplateTest, LinesOfTagsAloneLeaveNoLine) {
  EXPECT_EQ(rendered("a\n{{! a comment\nof two lines }}\n  {{#apps}}  \nx {{name}}\n  {{#labels.no}}\ny\n"
                     "  {{/labels.no}}\n{{/apps}}\nz\n"),
            "a\nx cart.shop\nx web\nz\n");
  EXPECT_EQ(rendered("a\r\n{{#apps}}\r\n{{name}}\r\n{{/apps}}\r\nz"), "a\r\ncart.shop\r\nweb\r\nz");
  EXPECT_EQ(rendered("a\n\nb {{! not alone }}\n\n{{#apps}}{{/apps}}"), "a\n\nb \n\n");
  EXPECT_EQ(rendered("{{#apps}}\n{{#servers}}{{^labels.x}}\n{{id}}\n{{/labels.x}}{{/servers}}\n{{/apps}}",
                     RoutingState{"", {sample_app("/a")}}),
            "/a\n");
}

TEST(TemplateTest, DelimitersMayDiffer) {
  EXPECT_EQ(
      rendered("{{x}} <%#apps%><%name%> <%{labels.owner}%><%&env.APP_ENV%>|<%/apps%>", sample_state(), {"<%", "%>"}),
      "{{x}} cart.shop jo; return 200 pwnedprod|web |");
  EXPECT_EQ(rendered("{{=<< >>=}}<<#apps>>{{id}} <<id>> <</apps>><<={{ }}=>>{{realm}}"),
            "{{id}} /shop/cart {{id}} /web eu-1");
}

TEST(TemplateTest, ValueThatMayNotStandIsAnErrorThatNamesItsApp) {
  RoutingState state = sample_state();
  state.apps[1].labels["owner"] = "$host";
  EXPECT_EQ(rendered("a\n{{#apps}} {{labels.owner}} {{/apps}}", state),
            "does not render: t:2: app /web: the value of {{labels.owner}} has '$' at byte 1, expected no '$', which "
            "Nginx cannot escape");
  EXPECT_EQ(rendered("{{#apps}}{{{labels.owner}}}{{/apps}}", state).substr(0, 15), "does not render");
  EXPECT_EQ(rendered("{{#apps}}{{id}} {{/apps}}", state), "/shop/cart /web ") << "a label that no template uses";
}

TEST(TemplateTest, ValueOfNoAppThatMayNotStandIsAnError) {
  EXPECT_EQ(rendered("a\n# {{realm}}", RoutingState{"a\nb", {}}),
            "does not render: t:2: the value of {{realm}} has 0x0a at byte 2, expected no control characters");
}

TEST(TemplateTest, FirstErrorIsTheOneThatIsNamed) {
  RoutingState state = sample_state();
  state.apps[0].labels["owner"] = "\t";
  state.apps[1].labels["owner"] = "$host";
  EXPECT_EQ(
      rendered("{{#apps}} {{labels.owner}} {{/apps}}", state),
      "does not render: t:1: app /shop/cart: the value of {{labels.owner}} has 0x09 at byte 1, expected no control "
      "characters");
}

TEST(TemplateTest, EmptyResultIsAnError) {
  EXPECT_EQ(rendered("{{#apps}}{{id}}{{/apps}}\n \t\n", RoutingState{}), "does not render: t: renders to nothing");
}

TEST(TemplateTest, RendersInManyThreadsAtOnce) {
  const auto compiled =
      Template::compile("{{#apps}}{{id}}{{#servers}} {{address}} {{labels.owner}};{{/servers}}{{/apps}}", "t");
  ASSERT_TRUE(compiled);
  const std::string expected = compiled->render(sample_state())->text;
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::vector<int> equal(4, 0);
  for (int& count : equal) {
    threads.emplace_back([&compiled, &expected, &count] {
      for (int i = 0; i < 50; ++i) count += compiled->render(sample_state())->text == expected ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(equal, (std::vector<int>{50, 50, 50, 50}));
}

}  // namespace
}  // namespace chorale::render
