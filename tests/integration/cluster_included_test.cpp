// Chorale as one file of conf.d, on a proxy that is set up as Debian's package does it, with a site of the user's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tests/harness/loopback.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

std::string file_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_text(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::set<std::string> files_in(const fs::path& path) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_regular_file()) names.insert(entry.path().filename());
  }
  return names;
}

class ClusterIncludedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"conf.d", "sites-enabled"}) fs::create_directory(directory() / name);
    write_text(directory() / "conf.d" / "gzip.conf", "gzip_types text/css;\n");
    write_text(directory() / "sites-enabled" / "default",
               "server {\n\tlisten 127.0.0.1:" + std::to_string(nginx().port()) +
                   " default_server;\n\tserver_name _;\n\tlocation / { return 200 foreign; }\n}\n");
    main_ = "user www-data;\nworker_processes 2;\npid " + nginx().pid_file() + ";\nerror_log " + nginx().error_log() +
            ";\ninclude modules-enabled/*.conf;\n\nevents {\n\tworker_connections 768;\n}\n\nhttp {\n"
            "\tsendfile on;\n\ttcp_nopush on;\n\ttypes_hash_max_size 2048;\n\tinclude /etc/nginx/mime.types;\n"
            "\tdefault_type application/octet-stream;\n\tssl_protocols TLSv1.2 TLSv1.3; # Dropping SSLv3, ref: POODLE\n"
            "\taccess_log " +
            (directory() / "access.log").string() + ";\n\tgzip on;\n\tinclude conf.d/*.conf;\n\tinclude " +
            (directory() / "sites-enabled").string() + "/*;\n}\n\n#mail {\n#\t# See sample authentication script at:\n";
    write_text(nginx().config_file(), main_);
    ASSERT_TRUE(nginx().start()) << file_text(nginx().error_log());
    ASSERT_TRUE(marathon_.start());
    ASSERT_TRUE(marathon_.create("/one", 2));
    write_template(shipped("path-conf.d"));
  }

  // `more`: further lines, before [local].
  [[nodiscard]] std::string config(const std::string& more = {}) {
    return "marathon = \"" + marathon_.url() + "\"\nid = \"proxy-1\"\nlisten = \"127.0.0.1:0\"\nnginx_config = \"" +
           target().string() + "\"\nnginx_template = \"" + template_file().string() + "\"\nnginx_cmd = \"" +
           nginx().command() + "\"\nnginx_pid = \"" + nginx().pid_file() + "\"\nstate_dir = \"" +
           (proxy_.directory() / "state").string() + "\"\nsession_timeout = \"2s\"\n" + more +
           "\n[local]\nhttp_port = \"127.0.0.1:" + std::to_string(port_) + "\"\n" + local_;
  }
  [[nodiscard]] static std::string shipped(const std::string& name) {
    return file_text(CHORALE_PACKAGING_TEMPLATES "/" + name + ".mustache");
  }
  // By host, on the user's own port.
  [[nodiscard]] std::string by_host(const std::string& host) {
    HttpCall call;
    call.port = port_;
    call.headers = {{"Host", host}};
    return http_call(call).body;
  }
  void write_template(const std::string& text) {
    write_text(proxy_.directory() / "next", text);
    fs::rename(proxy_.directory() / "next", template_file());
  }
  [[nodiscard]] Proxy::Ran check(const std::string& text) {
    write_text(proxy_.config_file(), text);
    return proxy_.run("check");
  }
  [[nodiscard]] NginxInstance& nginx() { return proxy_.nginx(); }
  [[nodiscard]] const fs::path& directory() { return proxy_.nginx().directory(); }
  [[nodiscard]] fs::path target() { return directory() / place_ / "chorale.conf"; }
  [[nodiscard]] fs::path template_file() const { return proxy_.directory() / "chorale.mustache"; }
  [[nodiscard]] bool routes(const std::string& app) const {
    const HttpReply reply = http_get(port_, app + "/page");
    return reply.status == 200 && reply.body.find("app=" + app + " ") != std::string::npos;
  }
  [[nodiscard]] bool routed(const std::string& app) {
    return wait_until([&] { return routes(app); }, seconds(20));
  }

  Proxy proxy_{Proxy::Options{}};
  MarathonSimulator marathon_{MarathonSimulator::Options{{"--backends"}}};
  std::uint16_t port_ = pick_port();
  std::string place_ = "conf.d";
  std::string local_;  // further lines of [local]
  std::string main_;
};

// Over a file of another program's, with requests to the user's own site all the time.
TEST_F(ClusterIncludedTest, RoutesAppsBesideTheUsersOwnSiteWhichGoesOn) {
  const std::string foreign = "# nixy's\n";
  write_text(target(), foreign);
  std::atomic<bool> end{false};
  std::atomic<int> asked{0};
  std::atomic<int> failed{0};
  std::thread visitor([&] {
    while (!end) {
      ++asked;
      if (nginx().answer() != "foreign") ++failed;
    }
  });
  proxy_.start_agent_with(config());
  EXPECT_TRUE(routed("/one")) << proxy_.agent_log();
  EXPECT_TRUE(marathon_.create("/two", 1));
  EXPECT_TRUE(routed("/two")) << proxy_.agent_log();
  EXPECT_TRUE(marathon_.destroy("/two"));
  EXPECT_TRUE(wait_until([&] { return http_get(port_, "/two/").status == 503; }, seconds(20))) << proxy_.agent_log();
  end = true;
  visitor.join();
  EXPECT_GT(asked, 10);
  EXPECT_EQ(failed, 0);
  EXPECT_THAT(http_get(port_, "/one/page").body, HasSubstr("/one/page")) << "it sees the path as it was asked for";
  EXPECT_TRUE(wait_until([&] { return proxy_.health_status() == 200; }, seconds(10))) << proxy_.health().dump(2);
  EXPECT_THAT(proxy_.agent_log(), HasSubstr(target().string() + " is included by " + nginx().config_file()));
  EXPECT_EQ(file_text(nginx().config_file()), main_);
  EXPECT_THAT(files_in(directory() / "conf.d"), UnorderedElementsAre("chorale.conf", "gzip.conf"));
  EXPECT_THAT(files_in(directory()), Not(::testing::Contains(HasSubstr("chorale"))));
  EXPECT_THAT(file_text(target()), StartsWith("# chorale "));
  bool kept = false;
  for (const auto& entry : fs::recursive_directory_iterator(proxy_.directory() / "state" / "included")) {
    kept = kept || (entry.path().filename() == "chorale.conf.before-chorale" && file_text(entry.path()) == foreign);
  }
  EXPECT_TRUE(kept);
}

// The line in the staged file leads to the app, though Nginx was asked about a copy of the main config.
TEST_F(ClusterIncludedTest, AppThatNginxRefusesIsFoundByItsLine) {
  write_template(replaced(file_text(template_file()), "        set $app {{id}};\n",
                          "        set $app {{id}};\n{{#labels.timeout}}\n        proxy_read_timeout "
                          "{{labels.timeout}};\n{{/labels.timeout}}\n"));
  proxy_.start_agent_with(config());
  ASSERT_TRUE(routed("/one")) << proxy_.agent_log();
  ASSERT_TRUE(marathon_.create("/bad", 1, {{"labels", {{"timeout", "soon"}}}}));
  ASSERT_TRUE(wait_until([&] { return proxy_.health().at("Quarantined").size() == 1; }, seconds(20)))
      << proxy_.agent_log();
  const auto entry = proxy_.health().at("Quarantined").at(0);
  EXPECT_EQ(entry.at("App"), "/bad");
  EXPECT_THAT(entry.at("Reason").get<std::string>(), HasSubstr("\"proxy_read_timeout\" directive invalid value"));
  ASSERT_TRUE(marathon_.create("/late", 1));
  EXPECT_TRUE(routed("/late")) << proxy_.agent_log();
  EXPECT_EQ(nginx().answer(), "foreign");
}

class ClusterIncludedByHostTest : public ClusterIncludedTest, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Templates, ClusterIncludedByHostTest, ::testing::Values("vhost-conf.d", "full-conf.d"),
                         [](const auto& one) { return std::string(one.param).substr(0, 4); });

// On the very port of the user's default server, which goes on answering for what no app names.
TEST_P(ClusterIncludedByHostTest, SharesItsPortWithTheUsersDefaultServer) {
  port_ = nginx().port();
  local_ = "https_port = \"127.0.0.1:" + std::to_string(pick_port()) + "\"\ncert_dir = \"" +
           proxy_.directory().string() + "\"\n";
  write_template(replaced(shipped(GetParam()), "    set $app {{id}};\n",
                          "    set $app {{id}};\n{{#labels.timeout}}\n    keepalive_timeout {{labels.timeout}};\n"
                          "{{/labels.timeout}}\n"));
  proxy_.start_agent_with(config());
  const auto served = [&](const std::string& app) {
    return wait_until([&] { return by_host(app).starts_with("app=/" + app + " "); }, seconds(20));
  };
  EXPECT_TRUE(served("one")) << proxy_.agent_log();
  EXPECT_EQ(by_host("nobody"), "foreign");
  EXPECT_TRUE(marathon_.create("/two", 1));
  EXPECT_TRUE(served("two")) << proxy_.agent_log();
  EXPECT_TRUE(marathon_.destroy("/two"));
  EXPECT_TRUE(wait_until([&] { return by_host("two") == "foreign"; }, seconds(20))) << proxy_.agent_log();
  EXPECT_EQ(nginx().answer(), "foreign");
  EXPECT_TRUE(wait_until([&] { return proxy_.health_status() == 200; }, seconds(10))) << proxy_.health().dump(2);
  EXPECT_EQ(proxy_.agent_log().find("not applied"), std::string::npos) << "the proof has a page of its own name";

  // What Nginx refuses of one app is that app's.
  ASSERT_TRUE(marathon_.create("/bad", 1, {{"labels", {{"timeout", "soon"}}}}));
  ASSERT_TRUE(wait_until([&] { return proxy_.health().at("Quarantined").size() == 1; }, seconds(20)))
      << proxy_.agent_log();
  EXPECT_EQ(proxy_.health().at("Quarantined").at(0).at("App"), "/bad");
  ASSERT_TRUE(marathon_.create("/late", 1));
  EXPECT_TRUE(served("late")) << proxy_.agent_log();
  EXPECT_EQ(file_text(nginx().config_file()), main_);
}

// In a stream block: the user's http goes on, and the set of workers proves each reload.
TEST_F(ClusterIncludedTest, ServesTcpFromAStreamBlockOfTheUsers) {
  place_ = "stream.d";
  fs::create_directory(directory() / place_);
  nginx().stop();
  main_ = replaced(main_, "\n#mail {", "\nstream {\n\tinclude stream.d/*.conf;\n}\n\n#mail {");
  main_ = replaced(main_, "include modules-enabled/*.conf;", "include /etc/nginx/modules-enabled/*-mod-stream.conf;");
  write_text(nginx().config_file(), main_);
  ASSERT_TRUE(nginx().start()) << file_text(nginx().error_log());
  write_template(shipped("stream-conf.d"));
  proxy_.start_agent_with(config());
  const auto create = [&](const std::string& id, int port) {
    return marathon_.create(id, 1,
                            {{"portDefinitions", nlohmann::json::array({{{"port", port}, {"protocol", "tcp"}}})}});
  };
  const auto served = [&](const std::string& app, std::uint16_t port) {
    return wait_until(
        [&] { return ask(port, "GET / HTTP/1.0\r\n\r\n", seconds(2)).find("app=" + app + " ") != std::string::npos; },
        seconds(20));
  };
  ASSERT_TRUE(create("/tcp", 10'320));
  EXPECT_TRUE(served("/tcp", 10'320)) << proxy_.agent_log();

  // Another program's port: its app alone is left out.
  const Socket taken = listen_on_any_port();
  write_template("{{! service_ports 1024-65535 }}\n" +
                 replaced(shipped("stream-conf.d"), "service_ports 10000-20000", ""));
  ASSERT_TRUE(create("/taken", port_of(taken)));
  ASSERT_TRUE(wait_until([&] { return proxy_.health().at("Quarantined").size() == 1; }, seconds(20)))
      << proxy_.agent_log();
  EXPECT_EQ(proxy_.health().at("Quarantined").at(0).at("App"), "/taken");
  ASSERT_TRUE(create("/late", 10'321));
  EXPECT_TRUE(served("/late", 10'321)) << proxy_.agent_log();
  EXPECT_TRUE(served("/tcp", 10'320));
  EXPECT_EQ(nginx().answer(), "foreign");
  EXPECT_EQ(file_text(nginx().config_file()), main_);
  EXPECT_THAT(files_in(directory() / place_), UnorderedElementsAre("chorale.conf"));
}

TEST_F(ClusterIncludedTest, CheckSaysWhatItFoundAndRefusesWhatCanNeverWork) {
  const std::string main = nginx().config_file();
  const Proxy::Ran fine = check(config());
  EXPECT_EQ(fine.exit_code, 0) << fine.output;
  EXPECT_THAT(fine.output, HasSubstr("ok    nginx_config: is included by " + main + " and tested as part of it"));
  EXPECT_THAT(fine.output, HasSubstr("ok    nginx: a sample state with labels passes"));
  EXPECT_THAT(fine.output, HasSubstr("ok    nginx: runs as process " + std::to_string(nginx().master_pid())));
  EXPECT_THAT(files_in(directory() / "conf.d"), UnorderedElementsAre("gzip.conf"));
  EXPECT_THAT(files_in(directory()), Not(::testing::Contains(HasSubstr("chorale"))));

  const std::string elsewhere = (directory() / "elsewhere.conf").string();
  const Proxy::Ran outside =
      check(replaced(config("nginx_main_config = \"" + main + "\"\n"), target().string(), elsewhere));
  EXPECT_EQ(outside.exit_code, 1);
  EXPECT_THAT(outside.output, HasSubstr("fail  nginx_config: " + main + " does not include " + elsewhere));

  write_template(file_text(CHORALE_TEMPLATE));
  const Proxy::Ran whole = check(config());
  EXPECT_EQ(whole.exit_code, 1);
  EXPECT_THAT(whole.output, HasSubstr("\"user\" directive is not allowed here in "));
  EXPECT_THAT(whole.output, HasSubstr("; nginx_template has to be one for the place where " + main + " includes it"));

  const Proxy::Ran observer = check(config("apply = false\nnginx_main_config = \"" + main + "\"\n"));
  EXPECT_EQ(observer.exit_code, 0) << observer.output;
  EXPECT_THAT(observer.output, HasSubstr("a sample state is not tested: an observer writes no copy of " + main));
}

}  // namespace
}  // namespace chorale::testing
