// A pool whose template is changed, and one that serves TCP: from Marathon's definition to the socket.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/harness/loopback.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using nlohmann::json;
using std::chrono::seconds;

std::string shipped(const std::string& name) {
  const auto file = std::filesystem::path(CHORALE_TEMPLATE).parent_path() / (name + ".mustache");
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

json on_port(int service_port) {
  return {{"portDefinitions", json::array({{{"port", service_port}, {"protocol", "tcp"}}})}};
}

class ClusterTemplateTest : public ::testing::Test {
 protected:
  ClusterTemplateTest() { use("path"); }

  // As an editor does: by a rename, never half.
  void use(const std::string& name) const {
    std::ofstream(directory_.path() / "next") << shipped(name);
    std::filesystem::rename(directory_.path() / "next", template_file());
  }
  [[nodiscard]] std::string template_file() const { return directory_.path() / "nginx.conf.mustache"; }
  void start() {
    cluster_ = std::make_unique<RealCluster>(RealCluster::Options{.proxies = 1, .nginx_template = template_file()});
    ASSERT_TRUE(cluster_->start()) << cluster_->logs();
  }
  // What answers a GET at that service port; "" if nobody does.
  static std::string at(std::uint16_t port) {
    return ask(port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", seconds(2));
  }
  [[nodiscard]] std::string config() const {
    std::ifstream stream(cluster_->proxy(0).nginx().config_file());
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  TempDir directory_{"template"};
  std::unique_ptr<RealCluster> cluster_;
};

TEST_F(ClusterTemplateTest, AppSeesItsPathAndWorkersStayWhoTheyAre) {
  start();
  ASSERT_TRUE(cluster_->marathon().create("/web", 1));
  ASSERT_TRUE(cluster_->marathon().create("/cut", 1, {{"labels", {{"chorale.strip_prefix", "true"}}}}));
  Proxy& proxy = cluster_->proxy(0);
  ASSERT_TRUE(wait_until([&] { return proxy.routes("/web") && proxy.routes("/cut"); }, seconds(20)))
      << cluster_->logs();
  EXPECT_NE(proxy.get("/web/page").body.find(" path=/web/page\n"), std::string::npos);
  EXPECT_NE(proxy.get("/cut/page").body.find(" path=/page\n"), std::string::npos);
  // Its Nginx had no `user` before: nobody, as it is built.
  EXPECT_TRUE(std::regex_search(config(), std::regex("\nuser nobody( nogroup)?;\n"))) << config();
}

TEST_F(ClusterTemplateTest, ServicePortsAreListenedOnAndStayWithTheirHolder) {
  start();
  ASSERT_TRUE(cluster_->marathon().create("/kept", 1, on_port(10'300)));
  ASSERT_TRUE(wait_until([&] { return cluster_->routed_everywhere("/kept"); }, seconds(20))) << cluster_->logs();
  // The template in use listens on no service port: nothing is said of two that are equal.
  ASSERT_TRUE(cluster_->marathon().create("/first", 1, on_port(10'300)));
  ASSERT_TRUE(wait_until([&] { return cluster_->routed_everywhere("/first"); }, seconds(20))) << cluster_->logs();
  EXPECT_EQ(cluster_->logs().find("without service port"), std::string::npos);
  use("stream");
  ASSERT_TRUE(wait_until([&] { return at(10'300).find("200 OK") != std::string::npos; }, seconds(30)))
      << cluster_->logs();
  const std::string said = "is served without service port 10300: it belongs to /";
  EXPECT_TRUE(wait_until([&] { return cluster_->logs().find(said) != std::string::npos; }, seconds(10)))
      << cluster_->logs();

  ASSERT_TRUE(cluster_->marathon().create("/a", 1, on_port(10'301)));
  ASSERT_TRUE(wait_until([&] { return at(10'301).find("app=/a ") != std::string::npos; }, seconds(20)))
      << cluster_->logs();
  ASSERT_TRUE(cluster_->marathon().create("/0", 1, on_port(10'301)));
  ASSERT_TRUE(cluster_->marathon().create("/ssh", 1, on_port(22)));
  ASSERT_TRUE(cluster_->marathon().create("/last", 1, on_port(10'302)));
  ASSERT_TRUE(wait_until([&] { return at(10'302).find("app=/last ") != std::string::npos; }, seconds(20)))
      << cluster_->logs();
  EXPECT_NE(at(10'301).find("app=/a "), std::string::npos) << "a lower id took it";
  EXPECT_NE(cluster_->logs().find("/0 is served without service port 10301: it belongs to /a"), std::string::npos)
      << cluster_->logs();
  EXPECT_NE(cluster_->logs().find("/ssh is served without service port 22: the template listens on"),
            std::string::npos);
  EXPECT_EQ(config().find("listen 22"), std::string::npos);
}

}  // namespace
}  // namespace chorale::testing
