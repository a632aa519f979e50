// Each construct of Go's text/template that can be said in Mustache.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/migrate/translated.h"

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ConstructsTest, RangeOverAppsIsASection) {
  EXPECT_EQ(translated("{{range .Apps}}a{{end}}"), "{{#apps}}a{{/apps}}");
  EXPECT_EQ(translated("{{range $a := .Apps}}{{index $a.Hosts 0}}{{end}}"), "{{#apps}}{{host}}{{/apps}}");
  EXPECT_EQ(translated("{{range $id, $a := .Apps}}{{$id}} {{index $a.Hosts 0}}{{end}}"),
            "{{#apps}}{{id}} {{host}}{{/apps}}");
  EXPECT_EQ(translated("{{range .Apps}}a{{else}}b{{end}}"), "{{#apps}}a{{/apps}}{{^apps}}b{{/apps}}");
  EXPECT_EQ(translated("{{range $.Apps}}{{range .Hosts}}{{$.Realm}} {{end}}{{end}}"),
            "{{#apps}}{{#hosts}}{{realm}} {{/hosts}}{{/apps}}");
}

TEST(ConstructsTest, TagsOnLinesOfTheirOwnStayOnLinesOfTheirOwn) {
  EXPECT_EQ(translated("a {\n    {{- range .Apps}}\n    b;\n    {{- else }}\n    c;\n  {{end}}\n}\n"),
            "a {\n{{#apps}}\n    b;\n{{/apps}}\n{{^apps}}\n    c;\n{{/apps}}\n}\n");
  EXPECT_EQ(in_app("\n{{- if .Labels.a}}\nb;\n{{- else if .Labels.c}}\nd;\n{{- end}}\n"),
            "\n{{#labels.a | lower}}\nb;\n{{/labels.a}}\n{{^labels.a | lower}}\n{{#labels.c | lower}}\nd;\n"
            "{{/labels.c}}\n{{/labels.a}}\n");
}

TEST(ConstructsTest, SectionBeginsWhereItsFirstBranchWouldHave) {
  EXPECT_EQ(in_app("\n{{if .Labels.a}}\n{{else}} b\n{{end}}\n"), "\n{{^labels.a | lower}}\n b\n{{/labels.a}}\n");
  EXPECT_EQ(in_app("\n{{if .Labels.a}} b\n{{else}}\nc\n{{end}}\n"),
            "\n{{#labels.a | lower}} b\n{{/labels.a}}\n{{^labels.a | lower}}\nc\n{{/labels.a}}\n");
}

// Else Mustache would take "{{{" for the beginning of a raw tag.
TEST(ConstructsTest, BraceBeforeATagStaysABrace) {
  EXPECT_EQ(translated("a {\n{{- range .Apps}} b;{{end}}}"), "a { {{#apps}} b;{{/apps}}}");
}

TEST(ConstructsTest, HostsAreWalkedThroughOrTheFirstIsNamed) {
  EXPECT_EQ(in_app("{{range $app.Hosts}}{{.}} {{.}}.* {{end}}"), "{{#hosts}}{{.}} {{.}}.* {{/hosts}}");
  EXPECT_EQ(in_app("{{range $h := $app.Hosts}}{{$h}} {{end}}"), "{{#hosts}}{{.}} {{/hosts}}");
  EXPECT_EQ(in_app("{{index .Hosts 0}}"), "{{host}}");
}

TEST(ConstructsTest, TasksAreServersOfThePortThatIsAskedFor) {
  EXPECT_EQ(in_app("{{range .Tasks}}{{.Host}}:{{index .Ports 0}};{{end}}"), "{{#servers}}{{address}};{{/servers}}");
  EXPECT_EQ(in_app("{{range .Tasks}}{{.Host}} {{index .Ports 0}};{{end}}"),
            "{{#servers}}{{host}} {{port}};{{/servers}}");
  EXPECT_EQ(in_app("{{range .Tasks}}{{.Host}}:80;{{end}}"), "{{#servers}}{{host}}:80;{{/servers}}");
  EXPECT_EQ(
      in_app("\n{{range .Tasks}}\n{{.Host}}:{{index .Ports 1}};\n{{end}}\n"),
      "\n{{#ports}}\n{{#index | equals \"1\"}}\n{{#servers}}\n{{address}};\n{{/servers}}\n{{/index}}\n{{/ports}}\n");
  EXPECT_EQ(in_app("{{range $i, $p := .PortDefinitions}}{{range $t := $app.Tasks}}{{$t.Host}}:{{index $t.Ports $i}};"
                   "{{end}}{{end}}"),
            "{{#ports}}{{#servers}}{{address}};{{/servers}}{{/ports}}");
  EXPECT_EQ(in_app("{{range .Tasks}}{{.ID}} {{.Version}} {{.AppID}} {{.State}};{{end}}"),
            "{{#servers}}{{task_id}} {{version}} {{id}} TASK_RUNNING;{{/servers}}");
  EXPECT_EQ(in_app("{{range .Tasks}}a{{with .Labels.weight}} weight={{.}}{{end}}{{end}}"), "{{#servers}}a{{/servers}}")
      << "Nixy's tasks have labels within MergeAppsByLabel alone";
}

TEST(ConstructsTest, PortsHaveIndexServicePortAndProtocol) {
  EXPECT_EQ(in_app("{{range $i, $p := .PortDefinitions}}{{$i}} {{$p.Port}} {{$p.Name}} {{$p.Labels.a}};{{end}}"),
            "{{#ports}}{{index}} {{service_port}} {{name}} {{labels.a}};{{/ports}}");
  EXPECT_EQ(in_app("{{range .Container.PortMappings}}{{.ServicePort}};{{end}}"),
            "{{#ports}}{{service_port}};{{/ports}}");
  EXPECT_EQ(in_app("{{range .PortDefinitions}}{{.Protocol}}{{end}}"),
            "{{#ports}}{{#tcp}}tcp{{/tcp}}{{^tcp}}udp{{/tcp}}{{/ports}}");
  EXPECT_EQ(in_app("{{range .PortDefinitions}}{{if eq .Protocol \"tcp\"}}a{{else}}b {{.Protocol}}{{end}}{{end}}"),
            "{{#ports}}{{#tcp}}a{{/tcp}}{{^tcp}}b udp{{/tcp}}{{/ports}}");
  EXPECT_EQ(in_app("{{range .PortDefinitions}}{{if ne \"udp\" .Protocol}}a{{end}}{{end}}"),
            "{{#ports}}{{#tcp}}a{{/tcp}}{{/ports}}");
  EXPECT_EQ(
      in_app("{{range $i, $p := .PortDefinitions}}{{if $i}}a{{end}}{{if eq $i 1}}b{{end}}{{if .Port}}c{{end}}{{end}}"),
      "{{#ports}}{{#index}}a{{/index}}{{#index | equals \"1\"}}b{{/index}}"
      "{{#service_port}}c{{/service_port}}{{/ports}}");
  EXPECT_EQ(in_app("{{(index .PortDefinitions 1).Port}};"),
            "{{#ports}}{{#index | equals \"1\"}}{{service_port}}{{/index}}{{/ports}};");
  EXPECT_EQ(in_app("{{range .Tasks}}{{index .ServicePorts 0}};{{end}}"),
            "{{#servers}}{{#ports}}{{#index | equals \"0\"}}{{service_port}}{{/index}}{{/ports}};{{/servers}}");
}

TEST(ConstructsTest, LabelsAndEnvAreNamedByFieldOrIndex) {
  EXPECT_EQ(in_app("a {{.Labels.team}};"), "a {{labels.team}};");
  EXPECT_EQ(in_app("a {{index .Labels \"com.example/x\"}};"), "a {{labels.com.example/x}};");
}

TEST(ConstructsTest, EnvIsExposed) {
  const auto made = translated_whole("{{range .Apps}}a {{.Env.STAGE}};b {{index .Env \"ZONE\"}};{{end}}");
  EXPECT_EQ(body_of(made), "{{#apps}}a {{env.STAGE}};b {{env.ZONE}};{{/apps}}");
  EXPECT_THAT(made.needs.env, ElementsAre("STAGE", "ZONE"));
}

// Go asks whether the text is empty, a section on a label whether it is there.
TEST(ConstructsTest, IfAsksForTheText) {
  EXPECT_EQ(in_app("{{if .Labels.a}}b{{end}}"), "{{#labels.a | lower}}b{{/labels.a}}");
  EXPECT_EQ(in_app("{{if .Labels.a}}b{{else}}c{{end}}"),
            "{{#labels.a | lower}}b{{/labels.a}}{{^labels.a | lower}}c{{/labels.a}}");
  EXPECT_EQ(in_app("{{if .Labels.a}}{{else}}c{{end}}"), "{{^labels.a | lower}}c{{/labels.a}}");
  EXPECT_EQ(in_app("a{{if .Labels.a}}{{end}}"), "a");
  EXPECT_EQ(in_app("{{if .Labels.a}}b{{else if .Labels.c}}d{{else}}e{{end}}"),
            "{{#labels.a | lower}}b{{/labels.a}}{{^labels.a | lower}}{{#labels.c | lower}}d{{/labels.c}}"
            "{{^labels.c | lower}}e{{/labels.c}}{{/labels.a}}");
  EXPECT_EQ(translated("{{if .Realm}}a{{end}}"), "{{#realm}}a{{/realm}}");
}

TEST(ConstructsTest, WhatIsKnownBeforehandIsNoSection) {
  EXPECT_EQ(translated("{{if true}}a{{else}}b{{end}}{{if 0}}c{{else}}d{{end}}{{if \"\"}}e{{end}}{{if nil}}f{{end}}"),
            "ad");
  EXPECT_EQ(in_app("{{if .Tasks}}a{{end}}{{if .Hosts}}b{{end}}{{if gt (len .Tasks) 0}}c{{end}}"), "abc");
  EXPECT_EQ(in_app("{{if .Labels.a}}{{if .Labels.a}}b{{else}}c{{end}}{{else}}{{if .Labels.a}}d{{end}}e{{end}}"),
            "{{#labels.a | lower}}b{{/labels.a}}{{^labels.a | lower}}e{{/labels.a}}");
}

TEST(ConstructsTest, AndOrAndNotBecomeSectionsInSections) {
  EXPECT_EQ(in_app("{{if and .Labels.a .Labels.b}}c{{else}}d{{end}}"),
            "{{#labels.a | lower}}{{#labels.b | lower}}c{{/labels.b}}{{^labels.b | lower}}d{{/labels.b}}{{/labels.a}}"
            "{{^labels.a | lower}}d{{/labels.a}}");
  EXPECT_EQ(in_app("{{if or .Labels.a .Labels.b}}c{{else}}d{{end}}"),
            "{{#labels.a | lower}}c{{/labels.a}}{{^labels.a | lower}}{{#labels.b | lower}}c{{/labels.b}}"
            "{{^labels.b | lower}}d{{/labels.b}}{{/labels.a}}");
  EXPECT_EQ(in_app("{{if not .Labels.a}}c{{else}}d{{end}}"),
            "{{#labels.a | lower}}d{{/labels.a}}{{^labels.a | lower}}c{{/labels.a}}");
  EXPECT_EQ(in_app("{{if not (not .Labels.a)}}c{{end}}"), "{{#labels.a | lower}}c{{/labels.a}}");
  EXPECT_EQ(in_app("{{if and true .Labels.a}}c{{end}}{{if or false .Labels.a}}d{{end}}{{if or true .Labels.a}}e{{end}}"
                   "{{if and false .Labels.a}}f{{end}}"),
            "{{#labels.a | lower}}c{{/labels.a}}{{#labels.a | lower}}d{{/labels.a}}e");
}

TEST(ConstructsTest, OrGivesTheFirstTextThatIsNotEmpty) {
  EXPECT_EQ(in_app("a {{or .Labels.a \"10s\"}};"),
            "a {{#labels.a | lower}}{{labels.a}}{{/labels.a}}{{^labels.a | lower}}10s{{/labels.a}};");
  EXPECT_EQ(in_app("a {{and .Labels.a \"10s\"}};"),
            "a {{#labels.a | lower}}10s{{/labels.a}}{{^labels.a | lower}}{{{labels.a}}}{{/labels.a}};")
      << "raw: in front of it stands a word, or so it must be taken";
  EXPECT_EQ(in_app("{{if or .Labels.a \"\"}}b{{end}}"), "{{#labels.a | lower}}b{{/labels.a}}");
}

TEST(ConstructsTest, WithNamesTheValue) {
  EXPECT_EQ(in_app("{{with .Labels.a}}b {{.}};{{end}}"), "{{#labels.a | lower}}b {{labels.a}};{{/labels.a}}");
  EXPECT_EQ(
      in_app("{{with $x := .Labels.a}}b {{$x}} {{$id}};{{else}}c {{$app.Labels.d}};{{end}}"),
      "{{#labels.a | lower}}b {{labels.a}} {{id}};{{/labels.a}}{{^labels.a | lower}}c {{labels.d}};{{/labels.a}}");
  EXPECT_EQ(in_app("{{with .Labels}}b {{.a}};{{end}}"), "b {{labels.a}};");
}

TEST(ConstructsTest, VariablesStandForTheirValue) {
  EXPECT_EQ(in_app("{{$x := .Labels.a}}b {{$x}};"), "b {{labels.a}};");
  EXPECT_EQ(in_app("{{$x := .Labels.a}}{{$x = .Labels.b}}b {{$x}};"), "b {{labels.b}};");
  EXPECT_EQ(in_app("{{$x := 1}}{{if .Labels.a}}{{$x := 2}}{{$x}}{{end}}{{$x}}"),
            "{{#labels.a | lower}}2{{/labels.a}}1");
  EXPECT_EQ(in_app("{{$t := .Tasks}}{{range $t}}{{.Host}} {{end}}"), "{{#servers}}{{host}} {{/servers}}");
}

TEST(ConstructsTest, ComparisonsAreConditions) {
  EXPECT_EQ(in_app("{{if eq .Labels.a \"b\"}}c{{end}}"), "{{#labels.a | equals \"b\"}}c{{/labels.a}}");
  EXPECT_EQ(in_app("{{if eq \"b\" .Labels.a}}c{{end}}"), "{{#labels.a | equals \"b\"}}c{{/labels.a}}");
  EXPECT_EQ(in_app("{{if ne .Labels.a \"b\"}}c{{end}}"), "{{^labels.a | equals \"b\"}}c{{/labels.a}}");
  EXPECT_EQ(in_app("{{if eq .Labels.a \"\"}}c{{end}}"), "{{^labels.a | lower}}c{{/labels.a}}");
  EXPECT_EQ(in_app("{{if ne .Labels.a \"\"}}c{{end}}"), "{{#labels.a | lower}}c{{/labels.a}}");
  EXPECT_EQ(in_app("{{if eq .Labels.a \"b\" \"d\"}}c{{end}}"),
            "{{#labels.a | equals \"b\"}}c{{/labels.a}}{{^labels.a | equals \"b\"}}{{#labels.a | equals \"d\"}}c"
            "{{/labels.a}}{{/labels.a}}");
  EXPECT_EQ(in_app("{{if eq $id \"/a\"}}c{{end}}"), "{{#id | equals \"/a\"}}c{{/id}}");
  EXPECT_EQ(in_app("{{if eq (eq .Labels.a \"b\") false}}c{{end}}"), "{{^labels.a | equals \"b\"}}c{{/labels.a}}");
  EXPECT_EQ(translated("{{if eq 1 1}}a{{end}}{{if eq \"x\" \"y\"}}b{{end}}{{if ne true false}}c{{end}}"), "ac");
  EXPECT_EQ(in_app("{{eq .Labels.a \"b\"}}"),
            "{{#labels.a | equals \"b\"}}true{{/labels.a}}{{^labels.a | equals \"b\"}}false{{/labels.a}}");
}

TEST(ConstructsTest, TextThatIsOneThingIsNoOther) {
  EXPECT_EQ(
      in_app("{{if eq .Labels.a \"b\"}}1{{else if eq .Labels.a \"c\"}}2{{else}}3{{end}}"),
      "{{#labels.a | equals \"b\"}}1{{/labels.a}}{{^labels.a | equals \"b\"}}{{#labels.a | equals \"c\"}}2{{/labels.a}}"
      "{{^labels.a | equals \"c\"}}3{{/labels.a}}{{/labels.a}}");
  EXPECT_EQ(
      in_app("{{if eq .Labels.a \"b\"}}1{{if eq .Labels.a \"c\"}}2{{end}}{{if eq .Labels.d \"c\"}}3{{end}}{{end}}"),
      "{{#labels.a | equals \"b\"}}1{{#labels.d | equals \"c\"}}3{{/labels.d}}{{/labels.a}}");
  EXPECT_EQ(in_app("{{if ne .Labels.a \"b\"}}{{if eq .Labels.a \"c\"}}2{{end}}{{end}}"),
            "{{^labels.a | equals \"b\"}}{{#labels.a | equals \"c\"}}2{{/labels.a}}{{/labels.a}}");
  EXPECT_EQ(in_app("{{if eq (trim .Labels.a \" \") \"b\"}}{{if eq .Labels.a \"c\"}}2{{end}}{{end}}"),
            "{{#labels.a | trim \" \" | equals \"b\"}}{{#labels.a | equals \"c\"}}2{{/labels.a}}{{/labels.a}}")
      << "trimmed and as it is are two texts";
  EXPECT_EQ(in_app("{{if eq .Labels.a \"b\"}}{{if contains .Labels.a \"c\"}}2{{end}}{{end}}"),
            "{{#labels.a | equals \"b\"}}{{#labels.a | contains \"c\"}}2{{/labels.a}}{{/labels.a}}")
      << "another question";
}

TEST(ConstructsTest, BlanksBetweenItemsAreWrittenBeforeEach) {
  EXPECT_EQ(in_app("s{{range $i, $h := .Hosts}}{{if $i}} {{end}}{{$h}}{{end}};"), "s{{#hosts}} {{.}}{{/hosts}};");
}

TEST(ConstructsTest, NumbersAreComparedWithNothing) {
  const auto in_port = [](const std::string& source) {
    const std::string text =
        in_app("{{range $i, $p := .PortDefinitions}}{{if " + source + "}}a{{else}}b{{end}}{{end}}");
    return text.substr(10, text.size() - 20);
  };
  const std::string nonzero = "{{^index | equals \"0\"}}a{{/index}}";
  const std::string zero = "{{#index | equals \"0\"}}a{{/index}}";
  const std::string tail_a = "{{#index | equals \"0\"}}a{{/index}}{{^index | equals \"0\"}}b{{/index}}";
  const std::string tail_b = "{{#index | equals \"0\"}}b{{/index}}{{^index | equals \"0\"}}a{{/index}}";
  for (const char* is_zero : {"lt $i 1", "le $i 0", "gt 1 $i", "ge 0 $i", "eq $i 0", "not (ne 0 $i)"}) {
    EXPECT_EQ(in_port(is_zero), tail_a) << is_zero;
  }
  for (const char* is_not : {"ge $i 1", "gt $i 0", "le 1 $i", "lt 0 $i", "ne $i 0"})
    EXPECT_EQ(in_port(is_not), tail_b) << is_not;
  for (const char* never : {"lt $i 0", "gt 0 $i"}) EXPECT_EQ(in_port(never), "b") << never;
  for (const char* always : {"ge $i 0", "le 0 $i"}) EXPECT_EQ(in_port(always), "a") << always;
  EXPECT_EQ(translated("{{if lt 1 2}}a{{end}}{{if le 2 2}}b{{end}}{{if gt 2 2}}c{{end}}{{if ge 2 2}}d{{end}}"
                       "{{if lt 2 2}}e{{end}}{{if le 3 2}}f{{end}}{{if ge 1 2}}g{{end}}{{if gt 3 2}}h{{end}}"),
            "abdh");
}

TEST(ConstructsTest, LengthsAreKnownOrAskedWhetherThereIsAny) {
  EXPECT_EQ(translated("{{len \"abc\"}}{{len (split \"a,b\" \",\")}}"), "32");
  EXPECT_EQ(translated("{{if eq (len .Apps) 0}}a{{end}}{{if not .Apps}}b{{end}}{{if lt (len .Apps) 1}}c{{end}}"),
            "{{^apps}}a{{/apps}}{{^apps}}b{{/apps}}{{^apps}}c{{/apps}}");
  EXPECT_EQ(in_app("{{if len .Tasks}}a{{end}}{{if eq 0 (len .Hosts)}}b{{end}}"), "a");
}

TEST(ConstructsTest, HealthChecksAreThePathOfTheFirst) {
  EXPECT_EQ(in_app("{{range .HealthChecks}}a {{.Path}};{{else}}b{{end}}"),
            "{{#health_path}}a {{health_path}};{{/health_path}}{{^health_path}}b{{/health_path}}");
  EXPECT_EQ(in_app("{{if .HealthChecks}}a {{(index .HealthChecks 0).Path}};{{end}}"),
            "{{#health_path}}a {{health_path}};{{/health_path}}");
}

TEST(ConstructsTest, RootFieldsAreConstantsOrOfTheProxy) {
  NixyFacts facts;
  facts.port = "6000";
  facts.marathon = {"http://a:8080", "http://b:8080"};
  facts.nginx_config = "/a.conf";
  facts.nginx_template = "/a.tmpl";
  facts.nginx_cmd = "nginx -q";
  facts.nginx_ignore_check = true;
  facts.statsd_address = "s:1";
  facts.statsd_namespace = "n";
  facts.statsd_sample_rate = 10;
  EXPECT_EQ(translated("{{.Xproxy}} {{.Realm}} {{.Port}}"), "@{xproxy} {{realm}} ") << "no port";
  EXPECT_EQ(translated("{{.Port}} {{.NginxConfig}} {{.NginxTemplate}} {{.NginxCmd}} {{.NginxIgnoreCheck}}", facts),
            "6000 /a.conf /a.tmpl nginx -q true");
  EXPECT_EQ(translated("{{.Statsd.Addr}} {{.Statsd.Namespace}} {{.Statsd.SampleRate}}", facts), "s:1 n 10");
  EXPECT_EQ(
      translated("{{range $i, $m := .Marathon}}{{$i}}={{$m}} {{end}}{{index .Marathon 1}} {{len .Marathon}}", facts),
      "0=http://a:8080 1=http://b:8080 http://b:8080 2");
  EXPECT_EQ(translated("{{range .Marathon}}a{{else}}b{{end}}"), "b");
  facts.delimiters = {"<%", "%>"};
  EXPECT_EQ(translated("<%if eq .LeftDelimiter \"<%\"%>a<%end%><%if eq .RightDelimiter \"%>\"%>b<%end%>", facts), "ab");
}

TEST(ConstructsTest, DefinedTemplatesAreWrittenWhereTheyAreCalled) {
  EXPECT_EQ(translated("{{define \"up\"}}up {{index .Hosts 0}};{{end}}{{range .Apps}}{{template \"up\" .}}{{end}}"),
            "{{#apps}}up {{host}};{{/apps}}");
  EXPECT_EQ(translated("{{block \"a\" .Realm}}b {{.}};{{end}}"), "b {{realm}};");
  EXPECT_EQ(translated("{{template \"a\"}}{{define \"a\"}}b{{end}}"), "b");
  EXPECT_EQ(
      translated("{{range .Apps}}{{template \"a\" .Hosts}}{{end}}{{define \"a\"}}{{range $}}{{.}} {{end}}{{end}}"),
      "{{#apps}}{{#hosts}}{{.}} {{/hosts}}{{/apps}}");
}

TEST(ConstructsTest, CommentsAreGone) { EXPECT_EQ(translated("a{{/* b */}}c\n{{- /* d\n e */}}\nf\n"), "ac\nf\n"); }

TEST(ConstructsTest, PipelinesHandTheirValueOn) {
  EXPECT_EQ(in_app("{{\"b\" | eq .Labels.a}}").substr(0, 26), "{{#labels.a | equals \"b\"}}");
  EXPECT_EQ(in_app("{{if .Labels.a | not}}b{{end}}"), "{{^labels.a | lower}}b{{/labels.a}}");
  EXPECT_EQ(translated("{{\"a\" | printf \"%s-%s\" \"b\"}}"), "b-a");
}

TEST(ConstructsTest, OtherDelimitersStay) {
  NixyFacts facts;
  facts.delimiters = {"<%", "%>"};
  const auto made = translated_whole("<%range .Apps%>a <%.Labels.x%>; {{b}} x-<%.Labels.y%><%end%>", facts);
  EXPECT_THAT(marks_of(made), IsEmpty());
  EXPECT_EQ(body_of(made), "<%#apps%>a <%labels.x%>; {{b}} x-<%{labels.y}%><%/apps%>");
  EXPECT_EQ(made.delimiters.left, "<%");
}

TEST(ConstructsTest, DelimitersThatChoraleRefusesAreReplaced) {
  NixyFacts facts;
  facts.delimiters = {"<%=", "=%>"};
  const auto made = translated_whole("{{<%=range .Apps=%>a<%=end=%>", facts);
  EXPECT_EQ(made.delimiters.left, "[[") << "neither {{ nor <% can stand for themselves then";
  EXPECT_EQ(body_of(made), "{{[[#apps]]a[[/apps]]");
}

TEST(ConstructsTest, MergedAppsAreApps) {
  const auto made = translated_whole(
      "{{range .MergeAppsByLabel \"svc\"}}{{range .Tasks}}s{{with .Labels.weight}} weight={{.}}{{end}};{{end}}{{end}}");
  EXPECT_THAT(marks_of(made), IsEmpty());
  EXPECT_EQ(body_of(made), "{{#apps}}{{#servers}}s{{#weight}} weight={{weight}}{{/weight}};{{/servers}}{{/apps}}");
  EXPECT_EQ(made.needs.merge_label, "svc");
}

}  // namespace
}  // namespace chorale::agent
