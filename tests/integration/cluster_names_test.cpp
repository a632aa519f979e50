// Slaves by host name on real parts: a resolver that hangs on one name, knows none, or says otherwise than the last
// leader's. In mounts of its own: /etc/hosts and /etc/resolv.conf are the test's.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/harness/netns.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

std::string file_text(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// What this process and its children resolve: the given hosts file, and a name server that never answers.
class Names {
 public:
  explicit Names(const std::string& hosts) {
    set(hosts);
    std::ofstream(directory_.path() / "resolv.conf") << "nameserver 127.0.0.53\noptions timeout:30 attempts:2\n";
    for (const char* file : {"hosts", "resolv.conf"}) {
      const std::string source = (directory_.path() / file).string();
      mounted_ =
          mounted_ && ::mount(source.c_str(), ("/etc/" + std::string(file)).c_str(), nullptr, MS_BIND, nullptr) == 0;
    }
    silent_.open(boost::asio::ip::udp::v4());
    silent_.bind({boost::asio::ip::make_address("127.0.0.53"), 53});
  }
  ~Names() {
    for (const char* file : {"/etc/hosts", "/etc/resolv.conf"}) ::umount2(file, MNT_DETACH);
  }
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  void set(const std::string& hosts) {
    // The JVM asks for this machine's own name.
    std::ofstream(directory_.path() / "hosts") << "127.0.0.1 localhost " << boost::asio::ip::host_name() << "\n"
                                               << hosts;
  }
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  TempDir directory_{"names"};
  bool mounted_ = true;
  boost::asio::io_context loop_;
  boost::asio::ip::udp::socket silent_{loop_};
};

std::string message_of(const nlohmann::json& health) {
  return health.is_object() ? health.at("Message").get<std::string>() : std::string();
}

// One agent beside an Nginx that serves somebody else's file.
class FirstStartTest : public ::testing::Test {
 protected:
  // The apps run before the agent starts.
  void start(const std::string& slaves) {
    ASSERT_TRUE(names_.mounted());
    MarathonSimulator::Options options;
    options.arguments = {"--backends", "--hosts", slaves};
    marathon_ = std::make_unique<MarathonSimulator>(options);
    ASSERT_TRUE(marathon_->start());
    ASSERT_TRUE(marathon_->create("/web", 4));
    ASSERT_TRUE(marathon_->settled(seconds(10)));
    proxy_ = std::make_unique<Proxy>(Proxy::Options{1, "", {marathon_->url()}, "2s", ""});
    ASSERT_TRUE(proxy_->start_nginx());
    foreign_ = file_text(proxy_->nginx().config_file());
    proxy_->start_agent();
  }
  Names names_{"127.0.0.1 slave-1\n"};
  std::unique_ptr<MarathonSimulator> marathon_;
  std::unique_ptr<Proxy> proxy_;
  std::string foreign_;
};

TEST_F(FirstStartTest, OneNameThatHangsReplacesNothingByAStateWithoutApps) {
  ASSERT_NO_FATAL_FAILURE(start("slave-1=127.0.0.1,slave-2.hangs.example=127.0.0.1"));
  bool emptied = false;
  const auto served = [&] {
    const std::string text = file_text(proxy_->nginx().config_file());
    emptied = emptied || (text != foreign_ && text.find("/web") == std::string::npos);
    return proxy_->routes("/web");
  };
  EXPECT_TRUE(wait_until(served, seconds(20))) << proxy_->agent_log();
  EXPECT_FALSE(emptied) << proxy_->agent_log();
  EXPECT_NE(proxy_->agent_log().find("slave-2.hangs.example does not resolve: no answer within 5 s"),
            std::string::npos);
}

TEST_F(FirstStartTest, WhereNoNameResolvesTheForeignFileStays) {
  ASSERT_NO_FATAL_FAILURE(start("slave-2.hangs.example=127.0.0.1"));
  const auto named = [&] { return message_of(proxy_->health()).find("no slave's name resolves") != std::string::npos; };
  EXPECT_TRUE(wait_until(named, seconds(20))) << proxy_->agent_log();
  EXPECT_EQ(file_text(proxy_->nginx().config_file()), foreign_);

  // The command line says the same.
  TempDir directory("render");
  const std::string apps = directory.path() / "apps.json";
  const std::string said = directory.path() / "said";
  std::ofstream(apps) << R"({"apps":[{"id":"/web","portDefinitions":[{"port":1}],"tasks":[{"id":"t","ports":[31000],)"
                      << R"("host":"slave-2.hangs.example","state":"TASK_RUNNING"}]}]})";
  const std::string render = std::string(CHORALE_BINARY) + " render --apps " + apps + " -f " + proxy_->config_file();
  EXPECT_EQ(WEXITSTATUS(std::system((render + " >/dev/null 2>" + said).c_str())), 1);
  EXPECT_NE(file_text(said).find("no slave's name can be resolved on this machine"), std::string::npos);
}

TEST(HangingEndpointTest, AMasterWhoseNameHangsHoldsUpNoOther) {
  Names names("");
  ASSERT_TRUE(names.mounted());
  MarathonSimulator marathon({{"--backends"}});
  ASSERT_TRUE(marathon.start());
  ASSERT_TRUE(marathon.create("/web", 1));
  Proxy proxy({1, "", {"http://master-1.hangs.example:8080", marathon.url()}, "2s", "resync_interval = \"1s\"\n"});
  ASSERT_TRUE(proxy.start_nginx());
  proxy.start_agent();
  EXPECT_TRUE(wait_until([&] { return proxy.routes("/web"); }, seconds(18))) << proxy.agent_log();
  const auto attached = [&] {
    return proxy.agent_log().find("event stream attached to " + marathon.url()) != std::string::npos;
  };
  EXPECT_TRUE(wait_until(attached, seconds(18))) << proxy.agent_log();
  ASSERT_TRUE(marathon.create("/later", 1));
  EXPECT_TRUE(wait_until([&] { return proxy.routes("/later"); }, seconds(10))) << proxy.agent_log();
}

TEST(StaleHostsTest, ALeaderWithAStaleHostsFileMovesNothingAndNamesIt) {
  Names names("127.0.0.1 slave-1\n");
  ASSERT_TRUE(names.mounted());
  RealCluster cluster({.proxies = 2, .simulator = {"--hosts", "slave-1=127.0.0.1"}});
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  ASSERT_TRUE(cluster.marathon().create("/web", 2));
  ASSERT_TRUE(wait_until([&] { return cluster.routed_everywhere("/web") && cluster.converged(); }, seconds(20)))
      << cluster.logs();
  Proxy* first = cluster.leader();
  ASSERT_NE(first, nullptr);
  names.set("127.0.0.66 slave-1\n");  // nobody listens there
  first->kill_agent();
  Proxy* next = nullptr;
  const auto named = [&] {
    next = cluster.leader();
    return next != nullptr && next != first &&
           message_of(next->health()).find("slave-1 resolves to 127.0.0.66 on this proxy") != std::string::npos;
  };
  EXPECT_TRUE(wait_until(named, seconds(20))) << cluster.logs();
  EXPECT_TRUE(cluster.routed_everywhere("/web"));
  ASSERT_TRUE(cluster.marathon().create("/later", 1));
  EXPECT_TRUE(wait_until([&] { return next != nullptr && next->routes("/later"); }, seconds(10))) << cluster.logs();
  EXPECT_TRUE(next != nullptr && next->routes("/web"));
  EXPECT_EQ(next == nullptr ? 0 : next->health_status(), 200);
}

}  // namespace
}  // namespace chorale::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (!chorale::testing::enter_private_network() || !chorale::testing::enter_private_mounts()) {
    return 77;  // ctest: skipped, for want of the rights
  }
  return RUN_ALL_TESTS();
}
