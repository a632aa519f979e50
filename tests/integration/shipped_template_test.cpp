// The shipped template on a real Nginx, in front of servers of which some are ill.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/harness/loopback.h"
#include "tests/integration/template_site.h"

namespace chorale::testing {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::uint16_t kPort = 31'000;  // in a network of the test's own

// A host that no longer answers connects: the queue of its socket is full, so that the kernel drops what comes.
class SilentHost {
 public:
  explicit SilentHost(std::uint32_t address) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(kPort);
    where.sin_addr.s_addr = htonl(address);
    const auto* name = reinterpret_cast<const sockaddr*>(&where);
    if (::bind(listener_.descriptor(), name, sizeof where) != 0) return;
    if (::listen(listener_.descriptor(), 0) != 0) return;
    for (int i = 0; i < 4; ++i) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      silent_ = ::connect(waiting_.back().descriptor(), name, sizeof where) != 0;  // under way, most of them for ever
    }
  }
  [[nodiscard]] bool silent() const { return silent_; }

 private:
  Socket listener_;
  std::vector<Socket> waiting_;
  bool silent_ = false;
};

class ShippedTemplateTest : public TemplateSite {
 protected:
  bool start_proxy(const std::vector<std::string>& addresses, const Labels& labels = {}) {
    return serve("path", {app("/web", labels, addresses)});
  }
  HttpReply get(const std::string& page) { return TemplateSite::get("/web" + page); }
  // Which server answered.
  std::string server(const std::string& page) { return get(page).body.substr(0, std::string("127.0.1.1").size()); }
};

TEST_F(ShippedTemplateTest, BrokenPageHarmsNoOtherPageOfItsApp) {
  ASSERT_TRUE(start_servers({"127.0.1.1", "127.0.1.2", "127.0.1.3"}));
  ASSERT_TRUE(start_proxy({"127.0.1.1", "127.0.1.2", "127.0.1.3"}));
  int failed = 0;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(get("/broken").status, 500) << "the app's own answer";
    if (get("/healthy").status != 200) ++failed;
  }
  EXPECT_EQ(failed, 0);
}

TEST_F(ShippedTemplateTest, AppMayAskForAnotherServerAfterItsAnswer) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  // The second server knows no page at all.
  NginxInstance other;
  std::ofstream(other.config_file()) << other.config(
      "other", "", "  server { listen 127.0.1.2:31000; location / { return 503; } }\n");
  ASSERT_TRUE(other.start());
  ASSERT_TRUE(start_proxy({"127.0.1.1", "127.0.1.2"}, {{"chorale.retry", "http_502, http_503"}}));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(server("/page"), "127.0.1.1");
}

TEST_F(ShippedTemplateTest, HostThatVanishedSlowsFewRequests) {
  ASSERT_TRUE(start_servers({"127.0.1.1", "127.0.1.2"}));
  const SilentHost vanished(0x7f000109U);
  ASSERT_TRUE(vanished.silent());
  ASSERT_TRUE(start_proxy({"127.0.1.1", "127.0.1.2", "127.0.1.9"}));
  int slow = 0;
  for (int i = 0; i < 60 && slow <= 6; ++i) {
    const auto before = Clock::now();
    EXPECT_EQ(get("/page").status, 200);
    if (Clock::now() - before > milliseconds(1'000)) ++slow;
  }
  EXPECT_LE(slow, 6);
  EXPECT_GE(slow, 1) << "no request met the vanished host: the test says nothing";
}

TEST_F(ShippedTemplateTest, ReloadsLeaveTheLoadSpread) {
  const std::vector<std::string> hosts{"127.0.1.1", "127.0.1.2", "127.0.1.3"};
  ASSERT_TRUE(start_servers(hosts));
  ASSERT_TRUE(start_proxy(hosts));
  std::map<std::string, int> served;
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(reload());
    for (int request = 0; request < 2; ++request) ++served[server("/page")];
  }
  // One in three of 60; less than 5 comes by chance once in some 100,000 runs.
  for (const std::string& host : hosts) EXPECT_GE(served[host], 5) << host;
}

TEST_F(ShippedTemplateTest, PrefixIsTakenOffOnRequestAlone) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve("path", {app("/shop"), app("/shop/cart", {{"chorale.strip_prefix", "true"}}),
                             app("/no", {{"chorale.strip_prefix", "false"}})}));
  EXPECT_EQ(TemplateSite::get("/shop/a%20b").body, "127.0.1.1 /shop/a%20b prefix= conn=close n=1");
  EXPECT_EQ(TemplateSite::get("/shop/cart/a").body, "127.0.1.1 /a prefix=/shop/cart conn=close n=1");
  EXPECT_EQ(TemplateSite::get("/shop/cartoon").body, "127.0.1.1 /shop/cartoon prefix= conn=close n=1");
  EXPECT_EQ(TemplateSite::get("/no/a").body, "127.0.1.1 /no/a prefix= conn=close n=1");
}

TEST_F(ShippedTemplateTest, PathWithoutItsSlashIsRedirected) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(start_proxy({"127.0.1.1"}));
  const HttpReply reply = get("?a=b");
  EXPECT_EQ(reply.status, 301);
  EXPECT_EQ(reply.headers.at("location"), "/web/?a=b");
}

TEST_F(ShippedTemplateTest, CheckTakesEachOfThem) {
  for (const char* name : {"path", "vhost", "full", "stream"}) {
    SCOPED_TRACE(name);
    const std::string file = files_.path() / "chorale.toml";
    std::ofstream config(file);
    config << "nginx_template = \"" << shipped_template(name) << "\"\nnginx_config = \"" << proxy_.config_file()
           << "\"\nnginx_cmd = \"" << proxy_.command() << "\"\nnginx_pid = \"" << proxy_.pid_file()
           << "\"\nid = \"proxy-1\"\nstate_dir = \"" << files_.path().string() << "\"\n[local]\n";
    for (const auto& [key, value] : local_) config << key << " = \"" << value << "\"\n";
    config.close();
    const std::string said = run({CHORALE_BINARY, "-f", file, "check"});
    EXPECT_NE(said.find("ok    nginx: a state without apps passes nginx -t"), std::string::npos) << said;
    EXPECT_NE(said.find("ok    nginx: a sample state passes nginx -t"), std::string::npos) << said;
    EXPECT_NE(said.find("ok    nginx: a sample state with labels passes nginx -t"), std::string::npos) << said;
    EXPECT_EQ(said.find("template: line"), std::string::npos) << "no raw tags: " << said;
    const std::string rendered = run({CHORALE_BINARY, "-f", file, "render"});
    EXPECT_NE(rendered.find("\nuser "), std::string::npos) << rendered;
    EXPECT_EQ(rendered.find("@{"), std::string::npos) << rendered;
  }
}

// As one file of the user's own configuration, which check finds and tests it in.
TEST_F(ShippedTemplateTest, CheckTakesEachOfThemForConfDWhereItIsIncluded) {
  const auto check = [this](const std::string& name, const std::string& in) {
    template_ = in;
    const bool answers = !in.starts_with("path");  // the user's own server does
    const std::string port = std::to_string(proxy_.port());
    EXPECT_TRUE(serve_text(answers ? "# nothing yet\n" : "server { listen " + port + "; return 200 ours; }\n"));
    const std::string file = files_.path() / "chorale.toml";
    std::ofstream config(file);
    config << "nginx_template = \"" << shipped_template(name) << "\"\nnginx_config = \""
           << (proxy_.directory() / "conf.d" / "chorale.conf").string() << "\"\nnginx_cmd = \"" << proxy_.command()
           << "\"\nnginx_pid = \"" << proxy_.pid_file() << "\"\nid = \"proxy-1\"\nstate_dir = \""
           << files_.path().string() << "\"\n[local]\n";
    for (const auto& [key, value] : local_) config << key << " = \"" << value << "\"\n";
    config.close();
    return run({CHORALE_BINARY, "-f", file, "check"});
  };
  for (const std::string name : {"path-conf.d", "vhost-conf.d", "full-conf.d", "stream-conf.d"}) {
    SCOPED_TRACE(name);
    const std::string said = check(name, name);
    const std::string main = proxy_.config_file();
    EXPECT_NE(said.find("ok    nginx_config: is included by " + main), std::string::npos) << said;
    EXPECT_NE(said.find("ok    nginx: a state without apps passes nginx -t"), std::string::npos) << said;
    EXPECT_NE(said.find("ok    nginx: a sample state passes nginx -t"), std::string::npos) << said;
    EXPECT_NE(said.find("ok    nginx: a sample state with labels passes nginx -t"), std::string::npos) << said;
    EXPECT_NE(said.find("warn  nginx: " + main + " sets no worker_shutdown_timeout"), std::string::npos) << said;
    EXPECT_EQ(said.find("older than"), std::string::npos) << said;
  }
  const std::string misplaced = check("stream-conf.d", "vhost-conf.d");
  EXPECT_NE(misplaced.find("is not allowed here in "), std::string::npos) << misplaced;
  EXPECT_NE(misplaced.find("; nginx_template has to be one for the place where " + proxy_.config_file()),
            std::string::npos)
      << misplaced;
}

}  // namespace
}  // namespace chorale::testing
