// Whatever the owner of an app writes into its definition: nothing but the app itself changes, Nginx accepts the file,
// and all other apps serve. Every value in every place, in each shipped template and in one that uses every name.
#include <chrono>
#include <set>

#include "tests/harness/loopback.h"
#include "tests/integration/template_site.h"

namespace chorale::testing {
namespace {

using agent::MarathonApp;

const std::vector<std::string>& hostile_values() {
  static const std::vector<std::string> kValues{
      "",
      " ",
      ";",
      "}",
      "{}",
      "{",
      "; } server { listen 127.0.0.1:1; ",
      "x; return 200 pwned; #",
      "1; return 200 pwned",
      "\"",
      "'",
      "\"; return 200 pwned; \"",
      "'; return 200 pwned; '",
      "\\",
      "\\\"",
      "\\\\\"; }",
      "a\\",
      "$",
      "$host",
      "${host}",
      "$http_authorization",
      "a\nb",
      "\r\nSet-Cookie: a=b",
      "\t",
      std::string("a\0b", 3),
      std::string(5'000, 'x'),
      std::string(5'000, '\\'),
      std::string(4'090, '1'),
      "@{id}",
      "@{",
      "@{nginx_pid}",
      "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
      "\xff\xfe",
      "\xc0\xaf",
      "\x7f",
      "~ ^/.*",
      "~* .",
      "= /",
      "^~ /",
      "@named",
      "~(",
      "*",
      "*.*",
      "*.com",
      "_",
      ".",
      "..",
      "include /etc/passwd;",
      "include",
      "# comment",
      "{{id}}",
      "{{{labels.x}}}",
      "{{/apps}}",
      "\x01"
      "1\x02",
      "../../etc/passwd",
      "/etc/passwd",
      "good",
      "good.example.com",
      "http://good",
      "unix:/tmp/x",
      "127.0.0.1:22",
      "0",
      "-1",
      "00000000001",
      "99999999999999999999",
      "1e9",
      "true",
      "none none",
      "all",
      "cookie:a;",
      "cookie:$host",
      "off",
      "on",
      "default_server",
      "ssl_certificate /etc/passwd",
  };
  return kValues;
}

// Labels with names of their own, those that choose hosts, and any other.
const std::vector<std::string>& label_names() {
  static const std::vector<std::string> kNames{"chorale.strip_prefix",
                                               "chorale.retry",
                                               "chorale.timeout",
                                               "chorale.max_body",
                                               "chorale.keepalive",
                                               "chorale.sticky",
                                               "chorale.allow",
                                               "chorale.auth",
                                               "chorale.rate",
                                               "chorale.https",
                                               "chorale.header.X-A",
                                               "subdomain",
                                               "moxy_subdomain",
                                               "owner",
                                               "chorale.header.Set-Cookie"};
  return kNames;
}

// A template that has every kind of name in every place where it may stand.
std::string every_context() {
  return R"(pid @{nginx_pid};
error_log @{nginx_error_log};
# {{realm}}
events {}
http {
    access_log off;
    server_names_hash_bucket_size 512;
    server_names_hash_max_size 8192;
    server {
        listen @{http_port} default_server;
        return 503;
    }
{{#apps}}
    upstream {{name}} {
{{#servers}}
        server {{address}} weight={{weight}}; # {{task_id}} {{version}}
{{/servers}}
    }
    # {{labels.owner}}
    # {{env.SHOWN}}
    server {
        listen @{http_port};
        server_name {{#hosts}}{{.}} {{/hosts}}{{^hosts}}{{host}}{{/hosts}};
        set $owner {{labels.owner}}{{^labels.owner}}""{{/labels.owner}};
        set $shown {{env.SHOWN}}{{^env.SHOWN}}""{{/env.SHOWN}};
        add_header X-Owner {{labels.owner}}{{^labels.owner}}""{{/labels.owner}};
        add_header X-Health {{health_path}};
{{#ports}}
        add_header X-Port-{{index}} {{name}};
        add_header X-Protocol {{protocol}};
        add_header X-Label {{labels.owner}}{{^labels.owner}}""{{/labels.owner}};
{{/ports}}
        location {{path}}/ {
            return 200 {{labels.owner}}{{^labels.owner}}""{{/labels.owner}};
        }
        location / {
            proxy_pass http://{{name}};
        }
    }
{{/apps}}
}
)";
}

class TemplateInjectionTest : public TemplateSite, public ::testing::WithParamInterface<const char*> {
 protected:
  [[nodiscard]] std::string source() const {
    const std::string name = GetParam();
    return name == "every" ? every_context() : text_of_file(shipped_template(name));
  }

  // The rendered text that belongs to none of these apps.
  [[nodiscard]] std::string text_of_others(const std::set<std::string>& apps) const {
    const std::string& text = rendered().text;
    std::string others = text.substr(0, rendered().sections.empty() ? text.size() : rendered().sections[0].offset);
    for (std::size_t i = 0; i < rendered().sections.size(); ++i) {
      const auto& [begin, app] = rendered().sections[i];
      const bool is_last = i + 1 == rendered().sections.size();
      const std::size_t end = is_last ? text.size() : rendered().sections[i + 1].offset;
      if (!apps.contains(app)) others += text.substr(begin, end - begin);
    }
    return others;
  }
};
INSTANTIATE_TEST_SUITE_P(Templates, TemplateInjectionTest,
                         ::testing::Values("path", "vhost", "full", "stream", "every", "path-conf.d", "vhost-conf.d",
                                           "full-conf.d", "stream-conf.d"),
                         name_of_template);

// One app for each value in each place: "/evil-<number>".
std::vector<MarathonApp> evil_apps(const MarathonApp& plain) {
  std::vector<MarathonApp> apps;
  const auto next = [&]() -> MarathonApp& {
    apps.push_back(plain);
    apps.back().id = "/evil-" + std::to_string(apps.size());
    apps.back().ports[0].service_port = 11'000 + static_cast<std::int32_t>(apps.size());
    return apps.back();
  };
  for (const std::string& value : hostile_values()) {
    for (const std::string& label : label_names()) next().labels[label] = value;
    next().labels["chorale.header." + value] = "x";
    next().labels["chorale." + value] = "x";
    next().labels["chorale.0.host"] = value;
    next().labels["chorale." + value + ".host"] = "x";
    next().labels["chorale.port"] = value;
    next().labels[value] = value;
    next().env["SHOWN"] = value;
    next().health_path = value;
    next().ports[0].name = value;
    next().ports[0].protocol = value;
    next().ports[0].labels["owner"] = value;
    next().tasks[0].id = value;
    next().tasks[0].version = value;
    next().tasks[0].host = value;
  }
  for (const std::int32_t port : {-1, 0, 22, 80, 9'999, 10'000, 20'001, 65'536, 2'147'483'647}) {
    next().ports[0].service_port = port;
  }
  return apps;
}

TEST_P(TemplateInjectionTest, NothingButTheAppItselfChanges) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  policy_.expose_env = {"SHOWN"};
  template_ = GetParam();
  MarathonApp plain = app("/evil");
  MarathonApp good = app("/good");
  good.ports[0].service_port = 10'000;
  MarathonApp last = app("/zz");
  last.ports[0].service_port = 10'999;

  std::vector<MarathonApp> apps = evil_apps(plain);
  std::set<std::string> evil;
  for (const MarathonApp& one : apps) evil.insert(one.id);
  for (const std::string& value : hostile_values()) {
    MarathonApp named = plain;
    named.id = "/" + value;
    if (named.id != good.id) apps.push_back(named);
    evil.insert(named.id);
    named.id = "/evil/" + value;
    apps.push_back(named);
    evil.insert(named.id);
  }
  evil.erase(good.id);
  ASSERT_GT(apps.size(), 1'500U);

  ASSERT_NE(render_text(source(), {good, last}), "");  // they are served, and keep what they have
  const std::string alone = text_of_others({});
  apps.push_back(good);
  apps.push_back(last);
  const std::string text = render_text(source(), apps);
  ASSERT_NE(text, "");
  EXPECT_EQ(text_of_others(evil), alone);

  ASSERT_TRUE(serve_text(text)) << complaint();
  EXPECT_EQ(complaint(), "");
  if (template_.starts_with("stream")) {
    const std::string answer = ask(10'000, "GET /page HTTP/1.0\r\n\r\n", std::chrono::seconds(5));
    EXPECT_NE(answer.find("127.0.1.1 /page "), std::string::npos) << answer;
    return;
  }
  for (const std::string name : {"good", "zz"}) {
    const bool by_path = template_.starts_with("path");
    const HttpReply reply = by_path ? get("/" + name + "/page") : get("/page", name);
    EXPECT_EQ(reply.status, 200) << name;
    EXPECT_NE(reply.body.find("/page prefix="), std::string::npos) << reply.body;
    EXPECT_FALSE(reply.headers.contains("set-cookie"));
    EXPECT_FALSE(reply.headers.contains("x-a"));
  }
}

class TemplateDoorTest : public TemplateInjectionTest {};
INSTANTIATE_TEST_SUITE_P(Templates, TemplateDoorTest,
                         ::testing::Values("path", "vhost", "full", "path-conf.d", "vhost-conf.d", "full-conf.d"),
                         name_of_template);

TEST_P(TemplateDoorTest, ClientsAreKeptOutWhateverTheLabelSays) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  std::vector<MarathonApp> apps;
  for (const std::string& value : hostile_values()) {
    for (const char* label : {"chorale.allow", "chorale.auth"}) {
      apps.push_back(app("/shut-" + std::to_string(apps.size()), {{label, value}}));
    }
  }
  ASSERT_TRUE(serve(GetParam(), apps));
  for (const MarathonApp& one : apps) {
    const bool by_path = template_.starts_with("path");
    const int status = by_path ? get(one.id + "/").status : get("/", one.id.substr(1)).status;
    EXPECT_TRUE(status == 401 || status == 403)
        << status << " " << one.labels.begin()->first << " = " << one.labels.begin()->second;
  }
}

}  // namespace
}  // namespace chorale::testing
