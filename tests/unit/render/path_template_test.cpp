// The shipped template: what a user gets without writing one.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "render/app_labels.h"
#include "render/local_values.h"
#include "render/template.h"
#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

// What every agent offers without a [local] section: render/decisions/0001-built-in-local-values.md.
const std::set<std::string> kBuiltIns{"proof",          "xproxy",     "id",        "hostname",        "http_port",
                                      "https_port",     "nginx_user", "nginx_pid", "nginx_error_log", "access_log",
                                      "listen_options", "real_ip",    "ipv6",      "auth_dir",        "cert_dir"};

std::string shipped(const std::string& name) {
  std::ifstream file(CHORALE_SOURCE_DIR "/packaging/templates/" + name + ".mustache");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Template path_template() {
  auto compiled = Template::compile(shipped("path"), "path.mustache");
  EXPECT_TRUE(compiled) << compiled.error().text();
  return *std::move(compiled);
}

std::string render_path(const RoutingState& state) {
  const auto rendered = path_template().render(state);
  EXPECT_TRUE(rendered) << rendered.error().text();
  return rendered ? rendered->text : "";
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(PathTemplateTest, AppIsServedUnderItsId) {
  const std::string text = render_path(RoutingState{"", {sample_app("/hello-world")}});
  EXPECT_TRUE(holds(text,
                    "    upstream hello-world {\n"
                    "        zone apps 64m;\n"
                    "        random two least_conn;\n"
                    "        server 10.0.0.1:31000 weight=1 max_fails=2 fail_timeout=10s;\n"
                    "    }\n"))
      << text;
  EXPECT_TRUE(holds(text,
                    "        location /hello-world/ {\n"
                    "            set $app /hello-world;\n"
                    "            proxy_pass http://hello-world;\n"
                    "        }\n"))
      << text;
}

TEST(PathTemplateTest, AppChoosesWhichAnswersAreAskedForAgain) {
  App web = sample_app("/web");
  web.labels[kRetryLabel] = "http_502,  http_503 error";
  const std::string text = render_path(RoutingState{"", {sample_app("/plain"), web}});
  EXPECT_TRUE(holds(text, "\n    proxy_next_upstream error timeout invalid_header;\n")) << text;
  EXPECT_TRUE(holds(text,
                    "            set $app /web;\n"
                    "            proxy_next_upstream error timeout invalid_header http_502 http_503;\n"
                    "            proxy_pass http://web;\n"))
      << text;
  EXPECT_TRUE(holds(text, "            set $app /plain;\n            proxy_pass ")) << text;
}

TEST(PathTemplateTest, WithoutAppsEverythingIsAnswered503) {
  const std::string text = render_path(RoutingState{});
  EXPECT_TRUE(holds(text, "location / {\n            return 503;\n"));
  EXPECT_FALSE(holds(text, "\n    upstream "));
  EXPECT_FALSE(holds(text, "proxy_pass "));
  EXPECT_TRUE(holds(text, "set $app_prefix \"\";")) << "Nginx refuses a variable that nothing sets";
}

TEST(PathTemplateTest, NamesTheProxyInEveryAnswer) {
  EXPECT_TRUE(holds(render_path(RoutingState{}), "add_header X-Proxy \"@{xproxy}\" always;"));
}

TEST(PathTemplateTest, NeedsOnlyWhatEveryAgentOffers) {
  for (const std::string& name : local_value_names(path_template().text())) {
    const bool is_example = name == "name";  // in a comment that leaves no line
    EXPECT_TRUE(is_example || kBuiltIns.contains(name)) << name;
  }
  std::map<std::string, std::string> values;
  for (const std::string& name : kBuiltIns) values[name] = "x";
  EXPECT_TRUE(fill_in_local_values(render_path(sample_state()), values));
}

// What a label asks for is the same in each of them.
TEST(ShippedTemplatesTest, TreatAppsAlike) {
  const auto part = [](const std::string& text, const std::string& from, const std::string& to) {
    const std::size_t begin = text.find(from);
    const std::size_t end = text.find(to, begin);
    EXPECT_TRUE(begin != std::string::npos && end != std::string::npos) << from;
    return begin == std::string::npos ? "" : text.substr(begin, end - begin);
  };
  const std::string path = shipped("path");
  for (const char* name : {"vhost", "full"}) {
    const std::string text = shipped(name);
    EXPECT_EQ(part(text, "{{#https_redirect}}", "            proxy_pass"),
              part(path, "{{#https_redirect}}", "{{^strip_prefix}}"))
        << name;
    EXPECT_EQ(part(text, "    upstream {{name}} {", "    # What no app"),
              part(path, "    upstream {{name}} {", "    # What no app"))
        << name;
    EXPECT_EQ(part(text, "    client_max_body_size", "    map $http_upgrade"),
              part(path, "    client_max_body_size", "    map $http_upgrade"))
        << name;
    EXPECT_EQ(part(text, "            return 503;\n{{/servers}}", "{{#https_redirect}}"),
              part(path, "            return 503;\n{{/servers}}", "{{#https_redirect}}"))
        << name;
  }
}

// A label that keeps clients out keeps them out of a port with a host of its own, too.
TEST(ShippedTemplatesTest, TreatPortsWithHostsAsTheirApps) {
  for (const char* name : {"vhost", "full"}) {
    const std::string text = shipped(name);
    const std::size_t ports = text.find("{{#ports}}\n{{#port_host}}\n");
    ASSERT_NE(ports, std::string::npos) << name;
    const auto block = [&](std::size_t from, const std::string& begin, const std::string& end) {
      const std::size_t at = text.find(begin, from);
      return at == std::string::npos ? "" : text.substr(at, text.find(end, at) - at);
    };
    const auto as_of_app = [](std::string of_port) {
      for (const std::string& own : {std::string("_{{port_host}}"), std::string("{{port_host}}")}) {
        for (std::size_t at = 0; (at = of_port.find(own, at)) != std::string::npos;) {
          of_port.replace(at, own.size(), "{{name}}");
        }
      }
      return of_port;
    };
    const std::string app_upstream = block(0, "    upstream {{name}} {", "{{/apps}}");
    EXPECT_FALSE(app_upstream.empty());
    EXPECT_EQ(as_of_app(block(ports, "    upstream _{{port_host}} {", "    server {\n        listen")), app_upstream)
        << name;
    const std::string app_location = block(0, "        set $app {{id}};", "{{/apps}}");
    EXPECT_NE(app_location.find("auth_basic"), std::string::npos);
    EXPECT_EQ(as_of_app(block(ports, "        set $app {{id}};", "{{/port_host}}\n{{/ports}}")), app_location) << name;
  }
}

TEST(ShippedTemplatesTest, NeedOnlyWhatEveryAgentOffersAndHaveNoRawTags) {
  for (const char* name : {"path", "vhost", "full", "stream"}) {
    const auto compiled = Template::compile(shipped(name), name);
    ASSERT_TRUE(compiled) << compiled.error().text();
    EXPECT_TRUE(compiled->raw_tags().empty()) << name;
    const auto rendered = compiled->render(sample_state());
    ASSERT_TRUE(rendered) << rendered.error().text();
    for (const std::string& value : local_value_names(rendered->text)) EXPECT_TRUE(kBuiltIns.contains(value)) << value;
  }
}

TEST(PathTemplateTest, HasNoRawTags) { EXPECT_TRUE(path_template().raw_tags().empty()); }

TEST(PathTemplateTest, EveryLineOfAnAppIsMappedToIt) {
  const auto rendered = path_template().render(RoutingState{"", {sample_app("/one"), sample_app("/two")}});
  ASSERT_TRUE(rendered);
  std::istringstream lines(rendered->text);
  std::string line;
  int mapped = 0;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string app = app_at_line(*rendered, number);
    const bool is_of_one = holds(line, "upstream one") || holds(line, "location /one/");
    const bool is_of_two = holds(line, "upstream two") || holds(line, "location /two/");
    const bool is_of_none = holds(line, "listen ") || holds(line, "worker_processes");
    EXPECT_TRUE(!is_of_one || app == "/one") << line;
    EXPECT_TRUE(!is_of_two || app == "/two") << line;
    EXPECT_TRUE(!is_of_none || app.empty()) << line;
    if (!app.empty()) ++mapped;
  }
  EXPECT_EQ(mapped, 2 * 9);
}

}  // namespace
}  // namespace chorale::render
