// What an app asks for by its labels, in each shipped template for HTTP, on a real Nginx.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/harness/loopback.h"
#include "tests/harness/wait_until.h"
#include "tests/integration/template_site.h"

namespace chorale::testing {
namespace {

class TemplateLabelsTest : public TemplateSite, public ::testing::WithParamInterface<const char*> {
 protected:
  [[nodiscard]] bool by_path() const { return std::string(GetParam()).starts_with("path"); }
  [[nodiscard]] bool serve_apps(const std::vector<agent::MarathonApp>& apps) { return serve(GetParam(), apps); }

  // GET of an app's page, as this template has it: by path or by host.
  [[nodiscard]] HttpReply ask(const std::string& app, const std::string& page = "/page",
                              const Labels& headers = {}) const {
    return by_path() ? get("/" + app + page, "", headers) : get(page, app, headers);
  }
  [[nodiscard]] std::string url(const std::string& app) const {
    const std::string root = "http://127.0.0.1:" + std::to_string(proxy_.port());
    return root + (by_path() ? "/" + app + "/" : "/");
  }
  // By which Chorale's own pages are reached: where the default server is another's, they have a name.
  [[nodiscard]] std::string own_host() const {
    return !by_path() && !block_of(GetParam()).empty() ? "proof.chorale.invalid" : "any";
  }
};
INSTANTIATE_TEST_SUITE_P(Templates, TemplateLabelsTest,
                         ::testing::Values("path", "vhost", "full", "path-conf.d", "vhost-conf.d", "full-conf.d"),
                         name_of_template);

TEST_P(TemplateLabelsTest, AppSeesWhatTheClientAskedFor) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({app("/web")})) << complaint();
  EXPECT_EQ(complaint(), "");
  const std::string prefix = by_path() ? "/web" : "";
  EXPECT_EQ(ask("web", "/a%2Fb?c=d").body, "127.0.1.1 " + prefix + "/a%2Fb?c=d prefix= conn=close n=1");
  EXPECT_EQ(ask("web", "/", {{"X-Forwarded-Prefix", "/theirs"}}).body,
            "127.0.1.1 " + prefix + "/ prefix= conn=close n=1")
      << "an app may build its links with it";
  const HttpReply reply = ask("web");
  EXPECT_EQ(reply.headers.at("x-proxy"), "proxy-1");
  EXPECT_FALSE(reply.headers.contains("set-cookie"));
  EXPECT_EQ(get("/nobody/", "nobody").status, 503);
}

// Kept without servers, it keeps its place and harms nobody.
TEST_P(TemplateLabelsTest, AppWithoutServersIsAnswered503) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  policy_.keep_empty = true;
  ASSERT_TRUE(
      serve_apps({app("/closed", {{"chorale.allow", "192.0.2.0/24"}}, {}), app("/idle", {}, {}),
                  app("/sticky", {{"chorale.sticky", "cookie:c"}, {"chorale.keepalive", "4"}}, {}), app("/web")}))
      << complaint();
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(rendered().text.find("location /idle/ {") != std::string::npos, by_path());
  for (const char* idle : {"closed", "idle", "sticky"}) EXPECT_EQ(ask(idle).status, 503) << idle;
  EXPECT_EQ(ask("web").status, 200);
}

class TemplateHostsTest : public TemplateLabelsTest {};
INSTANTIATE_TEST_SUITE_P(Templates, TemplateHostsTest,
                         ::testing::Values("vhost", "full", "vhost-conf.d", "full-conf.d"), name_of_template);

TEST_P(TemplateHostsTest, AppHasAllItsHosts) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({app("/web"), app("/shop", {{"subdomain", "shop.example.com store"}})}));
  for (const char* host : {"web", "web.any.domain", "shop.example.com", "store", "store.any"}) {
    EXPECT_EQ(get("/page", host).status, 200) << host;
  }
  EXPECT_EQ(get("/page", "any.web").status, 503);
}

TEST_P(TemplateHostsTest, PortMayHaveHostsOfItsOwnBehindTheSameDoors) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  NginxInstance admin;
  std::ofstream(admin.config_file()) << admin.config(
      "admin", "", "  server { listen 127.0.1.1:31001; location / { return 202; } }\n");
  ASSERT_TRUE(admin.start());
  const auto two_ports = [](const std::string& id, Labels labels) {
    labels["chorale.1.host"] = id.substr(1) + "-admin.example.com";
    agent::MarathonApp made = app(id, labels);
    made.ports.resize(2);
    made.tasks[0].ports = {kServerPort, 31'001};
    return made;
  };
  ASSERT_TRUE(serve_apps({two_ports("/closed", {{"chorale.allow", "192.0.2.0/24"}}),
                          two_ports("/limited", {{"chorale.rate", "1000"}, {"chorale.keepalive", "4"}}),
                          two_ports("/web", {{"chorale.sticky", "ip_hash"}})}))
      << complaint();
  EXPECT_EQ(complaint(), "");
  for (const char* open : {"web", "limited"}) {
    EXPECT_EQ(get("/", open).status, 200);
    EXPECT_EQ(get("/", open + std::string("-admin.example.com")).status, 202);
  }
  EXPECT_EQ(get("/", "closed").status, 403);
  EXPECT_EQ(get("/", "closed-admin.example.com").status, 403);
}

TEST_P(TemplateLabelsTest, AddressesOutsideAreKeptOut) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(
      serve_apps({app("/in", {{"chorale.allow", "127.0.0.0/8, ::1"}}), app("/out", {{"chorale.allow", "10.0.0.0/8"}}),
                  app("/none", {{"chorale.allow", "none"}}), app("/wrong", {{"chorale.allow", "127.0.0.0/33"}})}));
  EXPECT_EQ(ask("in").status, 200);
  EXPECT_EQ(ask("out").status, 403);
  EXPECT_EQ(ask("none").status, 403);
  EXPECT_EQ(ask("wrong").status, 403) << "a misspelt network must not open the app";
  EXPECT_NE(reasons().find("/wrong is served to nobody, since its label chorale.allow has a word"), std::string::npos);
}

TEST_P(TemplateLabelsTest, PasswordIsAskedFor) {
  std::ofstream(files_.path() / "auth" / "team") << "jo:{PLAIN}secret\n";
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({app("/shut", {{"chorale.auth", "team"}}), app("/lost", {{"chorale.auth", "gone"}})}));
  EXPECT_EQ(ask("shut").status, 401);
  EXPECT_EQ(ask("shut", "/page", {{"Authorization", "Basic am86c2VjcmV0"}}).status, 200);
  EXPECT_EQ(ask("shut", "/page", {{"Authorization", "Basic am86b3RoZXI="}}).status, 401);
  EXPECT_NE(ask("lost", "/page", {{"Authorization", "Basic am86c2VjcmV0"}}).status, 200) << "there is no such file";
  EXPECT_EQ(complaint(), "") << "nor does that harm anybody else";
}

TEST_P(TemplateLabelsTest, RateIsLimitedPerApp) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({app("/slow", {{"chorale.rate", "1"}}), app("/fast")}));
  std::map<int, int> answers;
  for (int i = 0; i < 6; ++i) ++answers[ask("slow").status];
  EXPECT_GE(answers[200], 2);
  EXPECT_GE(answers[429], 3);
  EXPECT_EQ(ask("fast").status, 200);
}

TEST_P(TemplateLabelsTest, BodyAndTimeAreBounded) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({app("/small", {{"chorale.max_body", "10"}}), app("/large")}));
  std::ofstream(files_.path() / "body") << "more than ten bytes";
  const auto posted = [&](const std::string& to) {
    return curl({"--data-binary", "@" + (files_.path() / "body").string(), "-o", "/dev/null", "-w", "%{http_code}",
                 "-H", "Host: " + to, url(to)});
  };
  EXPECT_EQ(posted("small"), "413");
  EXPECT_EQ(posted("large"), "200");
  EXPECT_NE(render(GetParam(), {app("/quick", {{"chorale.timeout", "700ms"}})}).find("proxy_read_timeout 700ms;"),
            std::string::npos);
}

TEST_P(TemplateLabelsTest, HeadersAreAddedAndTheProxysStays) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({app("/web", {{"chorale.header.X-Frame-Options", "DENY"},
                                       {"chorale.header.X-Team", "a; b \"c\" {d}"},
                                       {"chorale.header.X-Proxy", "mine"}})}));
  const HttpReply reply = ask("web", "/broken");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.headers.at("x-frame-options"), "DENY");
  EXPECT_EQ(reply.headers.at("x-team"), "a; b \"c\" {d}");
  EXPECT_EQ(reply.headers.at("x-proxy"), "proxy-1");
  EXPECT_NE(reasons().find("/web is served without its label chorale.header.X-Proxy: it names a header that"),
            std::string::npos);
}

TEST_P(TemplateLabelsTest, PlainHttpIsRedirectedToHttps) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({app("/safe", {{"chorale.https", "redirect"}}), app("/web")}));
  const HttpReply reply = ask("safe", "/page?a=b");
  EXPECT_EQ(reply.status, 308);
  EXPECT_EQ(reply.headers.at("location"), by_path() ? "https://127.0.0.1/safe/page?a=b" : "https://safe/page?a=b");
  EXPECT_EQ(ask("safe", "/page", {{"X-Forwarded-Proto", "https"}}).status, 200) << "a balancer in front ends TLS";
  EXPECT_EQ(ask("web").status, 200);
}

TEST_P(TemplateLabelsTest, StickyClientsStayWithTheirServer) {
  const std::vector<std::string> servers{"127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4"};
  ASSERT_TRUE(start_servers(servers));
  ASSERT_TRUE(serve_apps({app("/cookie", {{"chorale.sticky", "cookie:route"}, {"chorale.header.X-A", "b"}}, servers),
                          app("/address", {{"chorale.sticky", "ip_hash"}}, servers), app("/none", {}, servers)}));
  const auto server_of = [](const HttpReply& reply) { return reply.body.substr(0, reply.body.find(' ')); };
  std::map<std::string, int> seen;
  for (int client = 0; client < 12; ++client) {
    const HttpReply first = ask("cookie");
    ASSERT_TRUE(first.headers.contains("set-cookie")) << first.body;
    EXPECT_EQ(first.headers.at("x-proxy"), "proxy-1");
    const std::string cookie = first.headers.at("set-cookie");
    ASSERT_TRUE(cookie.starts_with("route=")) << cookie;
    EXPECT_TRUE(cookie.ends_with("; Path=/; HttpOnly")) << cookie;
    ++seen[server_of(first)];
    for (int i = 0; i < 5; ++i) {
      const HttpReply next = ask("cookie", "/page", {{"Cookie", cookie.substr(0, cookie.find(';'))}});
      EXPECT_EQ(server_of(next), server_of(first));
      EXPECT_FALSE(next.headers.contains("set-cookie"));
    }
  }
  EXPECT_GE(seen.size(), 2U) << "all clients at one server: no balance";
  std::map<std::string, int> by_address;
  for (int i = 0; i < 8; ++i) ++by_address[server_of(ask("address"))];
  EXPECT_EQ(by_address.size(), 1U);
  EXPECT_FALSE(ask("none").headers.contains("set-cookie"));
}

TEST_P(TemplateLabelsTest, ConnectionsToServersAreKeptOnRequest) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({app("/kept", {{"chorale.keepalive", "8"}}), app("/closed")}));
  int reused = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string body = ask("kept").body;
    EXPECT_NE(body.find(" conn= n="), std::string::npos) << body;
    if (!body.ends_with(" n=1")) ++reused;
    EXPECT_TRUE(ask("closed").body.ends_with(" conn=close n=1"));
  }
  EXPECT_GE(reused, 8) << "each worker keeps its own";
}

TEST_P(TemplateLabelsTest, AccessLogNamesAppServerAndTimes) {
  local_["access_log"] = (proxy_.directory() / "access.log").string() + " apps";
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({app("/web")})) << complaint();
  EXPECT_EQ(ask("web", "/page?q=%22").status, 200);
  EXPECT_EQ(get("/nobody", own_host()).status, 503);
  std::vector<nlohmann::json> entries;
  const std::size_t most = own_host() == "any" ? 3 : 2;
  const auto written = [&] {  // after the answer; "/" of start() is the first, where the default server is Chorale's
    entries.clear();
    std::istringstream lines(log());
    for (std::string line; std::getline(lines, line);) entries.push_back(nlohmann::json::parse(line, nullptr, false));
    return entries.size() == most;
  };
  ASSERT_TRUE(wait_until(written, std::chrono::seconds(5))) << log();
  for (const nlohmann::json& entry : entries) ASSERT_TRUE(entry.is_object()) << log();
  // Each worker writes its own.
  const auto entry_of = [&](const std::string& uri) {
    const auto found =
        std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.at("uri") == uri; });
    return found == entries.end() ? nlohmann::json::object() : *found;
  };
  const nlohmann::json one = entry_of(by_path() ? "/web/page?q=%22" : "/page?q=%22");
  EXPECT_EQ(one.at("app"), "/web");
  EXPECT_EQ(one.at("status"), 200);
  EXPECT_EQ(one.at("server"), "127.0.1.1:31000");
  EXPECT_EQ(one.at("server_status"), "200");
  EXPECT_TRUE(one.at("seconds").is_number());
  EXPECT_EQ(entry_of("/nobody").at("app"), "");
  EXPECT_EQ(entry_of("/nobody").at("status"), 503);
}

TEST_P(TemplateLabelsTest, ClientsAddressComesFromTheBalancer) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  const std::vector<agent::MarathonApp> apps{app("/web", {{"chorale.allow", "203.0.113.0/24"}})};
  ASSERT_TRUE(serve_apps(apps));
  EXPECT_EQ(ask("web", "/page", {{"X-Forwarded-For", "203.0.113.9"}}).status, 403) << "everybody can write that";
  local_["real_ip"] = "set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;";
  ASSERT_TRUE(serve_apps(apps));
  EXPECT_EQ(ask("web", "/page", {{"X-Forwarded-For", "203.0.113.9"}}).status, 200);
  EXPECT_EQ(ask("web").status, 403);

  local_["real_ip"] = "set_real_ip_from 127.0.0.0/8; real_ip_header proxy_protocol;";
  local_["listen_options"] = "proxy_protocol";
  ASSERT_TRUE(serve_apps(apps));
  EXPECT_EQ(complaint(), "");
  const std::string request = std::string("GET ") + (by_path() ? "/web/" : "/") + " HTTP/1.0\r\nHost: web\r\n\r\n";
  const auto asked_by = [&](const std::string& client) {
    const std::string line = "PROXY TCP4 " + client + " 127.0.0.1 4711 80\r\n";
    return testing::ask(proxy_.port(), line + request, std::chrono::seconds(5)).substr(0, 12);
  };
  EXPECT_EQ(asked_by("203.0.113.9"), "HTTP/1.1 200");
  EXPECT_EQ(asked_by("198.51.100.9"), "HTTP/1.1 403");
}

TEST_P(TemplateLabelsTest, StatusAnswersThisHostAlone) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({}));
  EXPECT_NE(get("/.chorale/nginx_status", own_host()).body.find("Active connections"), std::string::npos);
  const std::string from_another =
      curl({"--interface", "127.0.0.9", "-H", "Host: " + own_host(), "-o", "/dev/null", "-w", "%{http_code}",
            "http://127.0.0.1:" + std::to_string(proxy_.port()) + "/.chorale/nginx_status"});
  EXPECT_EQ(from_another, "404");
}

TEST_P(TemplateLabelsTest, ListensForIpv6) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve_apps({app("/web")}));
  HttpCall call;
  call.host = "::1";
  call.port = proxy_.port();
  call.target = by_path() ? "/web/page" : "/page";
  call.headers["Host"] = "web";
  EXPECT_EQ(http_call(call).status, 200);
  local_["ipv6"] = "#";
  ASSERT_TRUE(serve_apps({app("/web")}));
  EXPECT_EQ(http_call(call).status, 0);
  EXPECT_EQ(ask("web").status, 200);
}

}  // namespace
}  // namespace chorale::testing
