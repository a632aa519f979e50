// The shipped templates in a cluster: requests of all kinds to apps that Marathon runs, while others change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/harness/loopback.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"
#include "tests/integration/echo_server.h"

namespace chorale::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string file_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A connection that stays open. Each wait has a limit.
class Conversation {
 public:
  explicit Conversation(std::uint16_t port) : socket_(connect_to(port, seconds(5))) {}
  void say(const std::string& text) const {
    EXPECT_EQ(::send(socket_.descriptor(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // All that has come, once `text` is in it, the connection has ended, or the limit is over.
  std::string hear(const std::string& text, seconds limit = seconds(10)) {
    (void)wait_until([&] { return heard_.find(text) != std::string::npos || ended(); }, limit);
    return heard_;
  }
  // Takes what has come.
  [[nodiscard]] bool ended() {
    std::array<char, 4'096> buffer{};
    const ssize_t size = ::recv(socket_.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size > 0) heard_.append(buffer.data(), static_cast<std::size_t>(size));
    return size == 0;
  }

 private:
  Socket socket_;
  std::string heard_;
};

class ClusterServingTest : public ::testing::Test {
 protected:
  ClusterServingTest() {
    fs::permissions(files_.path(), fs::perms::all);  // the workers' user reads them
    fs::create_directory(files_.path() / "certs");
  }

  // One proxy with this template; `local`: further lines of [local].
  void start(const std::string& name, const std::string& local = {}, const std::string& http_port = {}) {
    const bool by_path = name == "path";
    cluster_ = std::make_unique<RealCluster>(RealCluster::Options{
        .proxies = 1,
        .routes_by_path = by_path && local.find("proxy_protocol") == std::string::npos && http_port.empty(),
        .nginx_template = (fs::path(CHORALE_TEMPLATE).parent_path() / (name + ".mustache")).string(),
        .more_local = "cert_dir = \"" + (files_.path() / "certs").string() + "\"\nhttps_port = \"" +
                      std::to_string(https_port_) + "\"\n" + local,
        .http_port = http_port});
    ASSERT_TRUE(cluster_->start()) << cluster_->logs();
  }
  [[nodiscard]] MarathonSimulator& marathon() { return cluster_->marathon(); }
  [[nodiscard]] Proxy& proxy() { return cluster_->proxy(0); }
  [[nodiscard]] std::uint16_t port() { return proxy().nginx().port(); }

  // GET by host; the template has to route by it.
  [[nodiscard]] HttpReply get(const std::string& host, const std::string& target = "/") {
    HttpCall call;
    call.port = port();
    call.target = target;
    call.headers = {{"Host", host}};
    return http_call(call);
  }
  [[nodiscard]] bool routed(const std::string& host) {
    return wait_until([&] { return get(host).body.find("app=/" + host + " ") != std::string::npos; }, seconds(20));
  }
  // Another app's change, until no worker of before serves any more.
  void change_something_else(const std::string& id) {
    const std::vector<pid_t> before = proxy().nginx().worker_pids();
    ASSERT_TRUE(marathon().create(id, 1));
    ASSERT_TRUE(wait_until(
        [&] {
          const std::vector<pid_t> now = proxy().nginx().worker_pids();
          return std::any_of(now.begin(), now.end(),
                             [&](pid_t pid) { return std::find(before.begin(), before.end(), pid) == before.end(); });
        },
        seconds(20)))
        << cluster_->logs();
    ASSERT_TRUE(wait_until([&] { return cluster_->converged(); }, seconds(20))) << cluster_->logs();
  }

  static std::string run(const std::vector<std::string>& command) {
    const TempDir directory("run");
    const fs::path output = directory.path() / "output";
    ChildProcess child(command, output);
    EXPECT_TRUE(child.wait(seconds(30)));
    return file_text(output);
  }
  void make_certificate(const std::string& name) {
    const std::string base = files_.path() / "certs" / name;
    const std::string said = run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                  "-nodes", "-days", "1", "-subj", "/CN=" + name, "-addext",
                                  "subjectAltName=DNS:" + name, "-keyout", base + ".key", "-out", base + ".crt"});
    ASSERT_TRUE(fs::exists(base + ".crt")) << said;
    fs::permissions(base + ".key", fs::perms(0644));
  }
  // By a client that trusts this certificate: "<body>\n<HTTP version> <status>".
  [[nodiscard]] std::string https(const std::string& host, const std::string& certificate,
                                  const std::vector<std::string>& more = {}) const {
    const std::string place = host + ":" + std::to_string(https_port_);
    std::vector<std::string> command{"curl",
                                     "--silent",
                                     "--show-error",
                                     "--max-time",
                                     "10",
                                     "--cacert",
                                     files_.path() / "certs" / (certificate + ".crt"),
                                     "--resolve",
                                     place + ":127.0.0.1",
                                     "-w",
                                     "\n%{http_version} %{http_code}"};
    command.insert(command.end(), more.begin(), more.end());
    command.push_back("https://" + place + "/page");
    return run(command);
  }

  TempDir files_{"serving"};
  std::uint16_t https_port_ = pick_port();
  std::unique_ptr<RealCluster> cluster_;
};

class ClusterWebsocketTest : public ClusterServingTest, public ::testing::WithParamInterface<const char*> {
 protected:
  [[nodiscard]] std::string handshake(const std::string& app) const {
    const bool by_path = GetParam() == std::string("path");
    return "GET " + (by_path ? "/" + app + "/" : "/") + " HTTP/1.1\r\nHost: " + app +
           "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  }
  [[nodiscard]] bool opens(const std::string& app) {
    return wait_until(
        [&] {
          Conversation one(port());
          one.say(handshake(app));
          return one.hear("\r\n\r\n", seconds(1)).starts_with("HTTP/1.1 101 ");
        },
        seconds(20));
  }
};
INSTANTIATE_TEST_SUITE_P(Templates, ClusterWebsocketTest, ::testing::Values("path", "vhost", "full"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(ClusterWebsocketTest, WebsocketsOutliveReloadsAndEndAsTheirLabelSays) {
  start(GetParam());
  ASSERT_TRUE(marathon().create("/talk", 1));
  ASSERT_TRUE(marathon().create("/brief", 1, {{"labels", {{"chorale.timeout", "2s"}}}}));
  ASSERT_TRUE(opens("talk") && opens("brief")) << cluster_->logs();

  Conversation talk(port());
  talk.say(handshake("talk"));
  ASSERT_THAT(talk.hear("app=/talk "), HasSubstr("Upgrade: websocket\r\n"));
  for (const char* id : {"/other-1", "/other-2"}) {
    change_something_else(id);
    talk.say(std::string("after ") + id + ".");
    EXPECT_THAT(talk.hear(std::string("after ") + id + "."), EndsWith(std::string("after ") + id + "."));
  }
  const auto generations = proxy().nginx().worker_pids().size();

  // One is silent for longer than its app allows; the other has 120 s.
  Conversation brief(port());
  brief.say(handshake("brief"));
  EXPECT_THAT(brief.hear("app=/brief "), HasSubstr("app=/brief "));
  EXPECT_TRUE(wait_until([&] { return brief.ended(); }, seconds(15)));
  EXPECT_FALSE(talk.ended());
  talk.say("still there");
  EXPECT_THAT(talk.hear("still there"), EndsWith("still there"));

  // Its end is the end of the worker that had it.
  talk = Conversation(port());
  EXPECT_TRUE(wait_until([&] { return proxy().nginx().worker_pids().size() < generations; }, seconds(15)));
}

TEST_F(ClusterServingTest, FullServesByNameWithTlsAndHttp2) {
  make_certificate("shop");
  make_certificate("blog");
  start("full");
  ASSERT_TRUE(marathon().create("/shop", 2, {{"labels", {{"chorale.https", "redirect"}}}}));
  ASSERT_TRUE(marathon().create("/blog", 1));
  ASSERT_TRUE(routed("blog")) << cluster_->logs();
  ASSERT_TRUE(wait_until([&] { return get("shop", "/page?a=b").status == 308; }, seconds(20))) << cluster_->logs();
  EXPECT_EQ(get("shop", "/page?a=b").headers.at("location"), "https://shop/page?a=b");
  for (const char* id : {"/other-1", "/other-2"}) {
    const std::string shop = https("shop", "shop");
    EXPECT_THAT(shop, StartsWith("app=/shop "));
    EXPECT_THAT(shop, EndsWith("\n2 200")) << "by HTTP/2";
    EXPECT_THAT(https("shop", "shop", {"--http1.1"}), EndsWith("\n1.1 200"));
    EXPECT_THAT(https("blog", "blog"), StartsWith("app=/blog "));
    EXPECT_THAT(https("blog", "shop"), HasSubstr("SSL certificate problem")) << "another name's certificate";
    change_something_else(id);
  }
  EXPECT_THAT(https("shop", "shop", {"-d", "what is posted"}), StartsWith("what is posted"));
}

TEST_F(ClusterServingTest, StreamFollowsTasksByTcpAndUdp) {
  start("stream");
  const json both = {{"portDefinitions", json::array({{{"port", 10'310}, {"protocol", "udp,tcp"}}})}};
  ASSERT_TRUE(marathon().create("/both", 1, both));
  const auto tasks = [&] {
    std::set<std::string> answers;
    for (int i = 0; i < 20; ++i) {
      const std::string tcp = ask(10'310, "GET / HTTP/1.0\r\n\r\n", seconds(2));
      const std::string udp = ask_by_udp(10'310, "hello");
      const auto task = [](const std::string& text) {
        const auto at = text.find(" task=");
        return at == std::string::npos ? "none" : text.substr(at + 6, text.find(' ', at + 6) - at - 6);
      };
      answers.insert("tcp " + task(tcp));
      answers.insert("udp " + task(udp));
    }
    return answers;
  };
  const auto expected = [&] {
    std::set<std::string> all;
    for (const auto& task : marathon().tasks("/both")) {
      all.insert("tcp " + task.id);
      all.insert("udp " + task.id);
    }
    return all;
  };
  const auto follows = [&](std::size_t count) {
    return wait_until([&] { return marathon().tasks("/both").size() == count && tasks() == expected(); }, seconds(30));
  };
  EXPECT_TRUE(follows(1)) << cluster_->logs();
  EXPECT_THAT(ask_by_udp(10'310, "hello"), EndsWith(" hello"));
  ASSERT_TRUE(marathon().scale("/both", 3));
  EXPECT_TRUE(follows(3)) << ::testing::PrintToString(tasks()) << cluster_->logs();
  const auto before = expected();
  ASSERT_TRUE(marathon().kill_task("/both", 0, true));
  EXPECT_TRUE(wait_until([&] { return expected() != before; }, seconds(20)));
  EXPECT_TRUE(follows(3)) << "with the task that replaces it: " << ::testing::PrintToString(tasks());
  ASSERT_TRUE(marathon().destroy("/both"));
  EXPECT_TRUE(wait_until([] { return !connect_to(10'310, milliseconds(200)); }, seconds(20))) << "nobody listens";
}

TEST_F(ClusterServingTest, ProxyProtocolNamesTheClient) {
  start("path",
        "listen_options = \"proxy_protocol\"\n"
        "real_ip = \"set_real_ip_from 127.0.0.0/8; real_ip_header proxy_protocol;\"\n");
  ASSERT_TRUE(marathon().create("/web", 1, {{"labels", {{"chorale.allow", "203.0.113.0/24"}}}}));
  const auto status_for = [&](const std::string& client) {
    const std::string line = "PROXY TCP4 " + client + " 127.0.0.1 4711 80\r\n";
    return ask(port(), line + "GET /web/ HTTP/1.0\r\n\r\n", seconds(2)).substr(0, 12);
  };
  EXPECT_TRUE(wait_until([&] { return status_for("203.0.113.9") == "HTTP/1.1 200"; }, seconds(20))) << cluster_->logs();
  EXPECT_EQ(status_for("198.51.100.9"), "HTTP/1.1 403");
  EXPECT_EQ(ask(port(), "GET /web/ HTTP/1.0\r\n\r\n", seconds(2)), "") << "nobody comes around the balancer";
}

TEST_F(ClusterServingTest, Ipv6IsServedAsWell) {
  const std::uint16_t port = pick_port();
  start("path", "", std::to_string(port));
  ASSERT_TRUE(marathon().create("/web", 1));
  for (const char* address : {"::1", "127.0.0.1"}) {
    HttpCall call;
    call.host = address;
    call.port = port;
    call.target = "/web/page";
    call.headers["Host"] = "any";
    EXPECT_TRUE(wait_until([&] { return http_call(call).body.starts_with("app=/web "); }, seconds(20)))
        << address << cluster_->logs();
  }
}

// Each line is JSON, whatever a client sends; and Nginx's own page is for this host.
TEST_F(ClusterServingTest, AccessLogIsJsonWhateverClientsSend) {
  const fs::path log = files_.path() / "access.json";
  start("vhost", "access_log = \"" + log.string() + " apps\"\n");
  ASSERT_TRUE(marathon().create("/web", 1));
  ASSERT_TRUE(routed("web")) << cluster_->logs();
  const std::vector<std::string> hostile{
      "\"",       "\\",     "\\\"", "{\"a\":1}", "\xff\xfe",          "\xc3\xa4", "\xed\xa0\x80",
      "<script>", "%22%0a", "\x01", "a\x7f",     "\xf0\x9f\x98\x80x", "$host"};
  int asked = 0;
  for (const std::string& text : hostile) {
    for (const std::string& request :
         {"GET /mark-" + text + " HTTP/1.1\r\nHost: web\r\n", "GET /mark HTTP/1.1\r\nHost: web." + text + "\r\n",
          "GET /mark HTTP/1.1\r\nHost: web\r\nUser-Agent: " + text + "\r\nReferer: " + text +
              "\r\nX-Forwarded-For: " + text + "\r\n",
          text + " /mark HTTP/1.1\r\nHost: web\r\n"}) {
      if (ask(port(), request + "Connection: close\r\n\r\n", seconds(5)).starts_with("HTTP/1.1 200")) ++asked;
    }
  }
  EXPECT_GE(asked, 20);
  const auto served = [&] {
    const std::string text = file_text(log);
    int lines = 0;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
      lines += line.find("/mark") != std::string::npos && line.find("\"status\":200") != std::string::npos;
    return lines;
  };
  EXPECT_TRUE(wait_until([&] { return served() >= asked; }, seconds(10))) << served() << " of " << asked;
  std::istringstream in(file_text(log));
  for (std::string line; std::getline(in, line);) {
    const json entry = json::parse(line, nullptr, false);
    EXPECT_TRUE(entry.is_object()) << line;
    if (!entry.is_object() || entry.at("status") != 200) continue;
    EXPECT_EQ(entry.at("app"), "/web") << line;
    EXPECT_TRUE(entry.at("seconds").is_number()) << line;
    EXPECT_THAT(entry.at("server").get<std::string>(), StartsWith("127.0.0.1:")) << line;
  }
  EXPECT_THAT(get("any", "/.chorale/nginx_status").body, HasSubstr("Active connections"));
  const std::string from_another =
      run({"curl", "--silent", "--interface", "127.0.0.9", "-o", "/dev/null", "-w", "%{http_code}",
           "http://127.0.0.1:" + std::to_string(port()) + "/.chorale/nginx_status"});
  EXPECT_EQ(from_another, "404");
}

}  // namespace
}  // namespace chorale::testing
