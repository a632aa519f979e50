// A site's nixy.toml and templates, moved over by the program itself, checked, rendered and served by a real Nginx.
#include <fstream>
#include <regex>

#include "tests/harness/loopback.h"
#include "tests/integration/echo_server.h"
#include "tests/integration/template_site.h"

namespace chorale::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kPort = 31'000;

// One app of Marathon's answer: its tasks listen on kPort of these addresses.
struct SiteApp {
  std::string id;
  std::string labels;  // as JSON
  int service_port = 10'001;
  std::string protocol = "tcp";
  std::vector<std::string> addresses{"127.0.1.1"};
};

class MigrateTest : public TemplateSite {
 protected:
  // A template of tests/nixy on this proxy's own port, with a pid file of its own.
  std::string site_template(const std::string& name) {
    std::string text = text_of_file(CHORALE_NIXY_DIR "/" + name + ".tmpl");
    text = std::regex_replace(text, std::regex("\\b7000\\b"), "127.0.0.1:" + std::to_string(proxy_.port()));
    return "pid " + proxy_.pid_file() + ";\nerror_log " + proxy_.error_log() + ";\n" + text;
  }
  // So that this proxy answers, as start() waits for.
  [[nodiscard]] std::string page_of_this_host() const {
    return "http {\n    access_log off;\n    server {\n        listen 127.0.0.1:" + std::to_string(proxy_.port()) +
           ";\n        location / { return 200 \"this host\"; }\n    }\n}\n";
  }

  // Moves over nixy.toml with this template. "" is what it says when nothing needs a hand.
  std::string migrate(const std::string& text, const std::string& delimiters = "") {
    std::ofstream(old_ / "nginx.tmpl") << text;
    std::ofstream(old_ / "nixy.toml")
        << "port = \"0\"\nxproxy = \"proxy-1\"\nmarathon = [\"http://127.0.0.1:1\"]\nnginx_config = \""
        << proxy_.config_file() << "\"\nnginx_template = \"nginx.tmpl\"\nnginx_cmd = \"" << proxy_.command() << "\"\n"
        << delimiters;
    const std::string said = run({"sh", "-c",
                                  std::string(CHORALE_BINARY) + " migrate " + (old_ / "nixy.toml").string() + " -o " +
                                      new_.string() + " 2>&1 || echo failed"});
    return std::regex_search(said, std::regex("to do: |failed")) ? said : "";
  }
  std::string check() {
    return run({"sh", "-c", "CHORALE_ID=proxy-1 " + std::string(CHORALE_BINARY) + " check -f " + config() + " 2>&1"});
  }
  // Marathon's answer, rendered by the new files, is what the proxy serves.
  bool serve_apps(const std::vector<SiteApp>& apps) {
    std::string all;
    for (const SiteApp& app : apps) {
      std::string tasks;
      for (const std::string& address : app.addresses) {
        tasks += std::string(tasks.empty() ? "" : ",") + "{\"id\":\"" + address + "\",\"appId\":\"" + app.id +
                 "\",\"host\":\"" + address + "\",\"ports\":[" + std::to_string(kPort) +
                 "],\"state\":\"TASK_RUNNING\",\"startedAt\":\"2026-01-01T00:00:00.000Z\"}";
      }
      all += std::string(all.empty() ? "" : ",") + "{\"id\":\"" + app.id + "\",\"labels\":{" + app.labels +
             "},\"portDefinitions\":[{\"port\":" + std::to_string(app.service_port) + ",\"protocol\":\"" +
             app.protocol + "\"}],\"tasks\":[" + tasks + "]}";
    }
    std::ofstream(new_ / "apps.json") << "{\"apps\":[" << all << "]}";
    return serve_text(run({"env", "CHORALE_ID=proxy-1", CHORALE_BINARY, "render", "-f", config(), "--apps",
                           (new_ / "apps.json").string()}));
  }
  [[nodiscard]] std::string config() const { return (new_ / "chorale.toml").string(); }
  static void expect_accepted(const std::string& said) {
    for (const char* state : {"a state without apps", "a sample state", "a sample state with labels"}) {
      EXPECT_NE(said.find("ok    nginx: " + std::string(state) + " passes nginx -t"), std::string::npos) << said;
    }
    EXPECT_EQ(said.find("config: /"), said.find("ok    config: /") + 6) << said;
  }

  const fs::path old_ = [this] {
    fs::create_directory(files_.path() / "old");
    return files_.path() / "old";
  }();
  const fs::path new_ = files_.path() / "new";
};

TEST_F(MigrateTest, AppsAreServedByHost) {
  ASSERT_TRUE(start_servers({"127.0.1.1", "127.0.1.2"}));
  ASSERT_EQ(migrate(site_template("vhost")), "");
  expect_accepted(check());
  ASSERT_TRUE(
      serve_apps({{"/shop", ""}, {"/team/web", R"("subdomain":"web www.example.org")", 10'002, "tcp", {"127.0.1.2"}}}));
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(get("/a", "shop").body.substr(0, 12), "127.0.1.1 /a");
  EXPECT_EQ(get("/a", "shop.example.org").body.substr(0, 12), "127.0.1.1 /a");
  EXPECT_EQ(get("/a", "www.example.org").body.substr(0, 12), "127.0.1.2 /a");
  EXPECT_EQ(get("/a", "web").body.substr(0, 12), "127.0.1.2 /a");
  const HttpReply nobody = get("/a", "nobody");
  EXPECT_EQ(nobody.status, 503);
  EXPECT_EQ(nobody.headers.at("x-proxy"), "proxy-1");
}

TEST_F(MigrateTest, AppsAreServedByPath) {
  ASSERT_TRUE(start_servers({"127.0.1.1", "127.0.1.2"}));
  ASSERT_EQ(migrate(site_template("path")), "");
  expect_accepted(check());
  ASSERT_TRUE(serve_apps({{"/shop", R"("internal":"127.0.0.0/8")"},
                          {"/shop/cart", R"("internal":"192.0.2.0/24")", 10'002, "tcp", {"127.0.1.2"}},
                          {"/web", "", 10'003, "tcp", {"127.0.1.2"}}}));
  EXPECT_EQ(get("/shop/a").body.substr(0, 17), "127.0.1.1 /shop/a") << "the path is passed on";
  EXPECT_EQ(get("/web/a").body.substr(0, 16), "127.0.1.2 /web/a");
  EXPECT_EQ(get("/shop/cart/a").status, 403) << "the label's network is another";
}

// `;` in a label ended the directive with Nixy.
TEST_F(MigrateTest, LabelOfAPathAppCannotWriteDirectives) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_EQ(migrate(site_template("path")), "");
  ASSERT_TRUE(serve_apps({{"/web", ""}}));
  std::ofstream(new_ / "bad.json")
      << R"({"apps":[{"id":"/web","labels":{"internal":"all; return 200"},"tasks":[{"id":"a",)"
      << R"("host":"127.0.1.1","ports":[31000],"state":"TASK_RUNNING","startedAt":"x"}]}]})";
  const std::string text = run(
      {"env", "CHORALE_ID=proxy-1", CHORALE_BINARY, "render", "-f", config(), "--apps", (new_ / "bad.json").string()});
  EXPECT_NE(text.find("allow \"all; return 200\";"), std::string::npos) << text;
}

TEST_F(MigrateTest, AppsAreServedByTcpAndUdp) {
  const EchoServer one("one", "127.0.1.1", kPort);
  const EchoServer two("two", "127.0.1.2", kPort, true);
  ASSERT_TRUE(one.listens() && two.listens());
  ASSERT_EQ(migrate(site_template("stream") + page_of_this_host()), "");
  expect_accepted(check());
  ASSERT_TRUE(serve_apps({{"/one", ""}, {"/two", "", 10'002, "udp", {"127.0.1.2"}}})) << complaint();
  EXPECT_EQ(ask_by_tcp(10'001, "hello"), "one hello");
  EXPECT_EQ(ask_by_udp(10'002, "hello"), "two hello");
}

TEST_F(MigrateTest, AppsWithTheirLabelAreServedUnderItsName) {
  const EchoServer one("one", "127.0.1.1", kPort);
  const EchoServer two("two", "127.0.1.2", kPort);
  ASSERT_TRUE(one.listens() && two.listens());
  (void)migrate(site_template("merge") + page_of_this_host());
  EXPECT_EQ(text_of_file(new_ / "nginx.conf.mustache").find("left out"), std::string::npos);
  expect_accepted(check());
  ASSERT_TRUE(serve_apps({{"/one", R"("kind":"stream","service":"first")"},
                          {"/two", R"("kind":"stream")", 10'002, "tcp", {"127.0.1.2"}},
                          {"/three", R"("service":"third")", 10'003, "tcp", {"127.0.1.2"}}}))
      << complaint();
  EXPECT_NE(text_of_file(proxy_.config_file()).find("upstream first-0 {"), std::string::npos);
  EXPECT_EQ(ask_by_tcp(10'001, "hello"), "one hello");
  EXPECT_EQ(ask_by_tcp(10'002, "hello"), "two hello");
  EXPECT_EQ(ask_by_tcp(10'003, "hello"), "") << "its kind is no stream";
}

TEST_F(MigrateTest, OtherDelimitersAreServedAsWell) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  std::string text = site_template("vhost");
  text = std::regex_replace(text, std::regex("\\{\\{"), "<%");
  text = std::regex_replace(text, std::regex("\\}\\}"), "%>");
  ASSERT_EQ(migrate(text, "left_delimiter = \"<%\"\nright_delimiter = \"%>\"\n"), "");
  expect_accepted(check());
  ASSERT_TRUE(serve_apps({{"/shop", ""}}));
  EXPECT_EQ(get("/a", "shop").body.substr(0, 12), "127.0.1.1 /a");
}

// What is left out is a comment for Nginx, and the rest serves.
TEST_F(MigrateTest, TemplateWithGapsServesTheRest) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  std::string text = site_template("vhost");
  text = std::regex_replace(
      text, std::regex("        listen 127"),
      "        set $b \"{{index $one.Hosts 1}}\";\n        {{- range $k, $v := $one.Labels}}\n        set $l {{$v}};\n"
      "        {{- end}}\n        listen 127");
  EXPECT_NE(migrate(text).find("to do: "), std::string::npos);
  expect_accepted(check());
  ASSERT_TRUE(serve_apps({{"/shop", ""}}));
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(get("/a", "shop").body.substr(0, 12), "127.0.1.1 /a");
  EXPECT_NE(text_of_file(proxy_.config_file()).find("# chorale migrate: line "), std::string::npos);
}

}  // namespace
}  // namespace chorale::testing
