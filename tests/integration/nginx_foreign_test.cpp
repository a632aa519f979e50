// A running Nginx that is not the one that it seems to be: "applied" is never said of it.
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "agent/nginx/proof_page.h"
#include "tests/harness/child_process.h"
#include "tests/harness/loopback.h"
#include "tests/harness/wait_until.h"
#include "tests/integration/nginx_apply_fixture.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;

TEST_F(NginxApplyTest, MasterStartedOnAnotherFileIsIllAndNamed) {
  ASSERT_TRUE(nginx_.start());  // with -c nginx.conf
  options_.config_file = nginx_.directory() / "chorale.conf";
  options_.pid_file = nginx_.pid_file();
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until([this] { return fs::exists(options_.config_file); })) << logged();
  run_for(std::chrono::milliseconds(500));
  EXPECT_TRUE(applied_.empty()) << "nothing of it is served";
  EXPECT_FALSE(status().running);
  EXPECT_NE(status().message.find("reads " + nginx_.config_file() + ", not " + options_.config_file), std::string::npos)
      << status().message;
  EXPECT_EQ(nginx_.answer(), "foreign");
  EXPECT_EQ(status().reloads, 0U) << "it was not even signalled";
}

TEST_F(NginxApplyTest, RestartOnAnotherFileIsNamedAndItsEndIsLogged) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  nginx_.stop();
  const fs::path elsewhere = nginx_.directory() / "elsewhere.conf";
  std::ofstream(elsewhere) << nginx_.config("elsewhere");
  testing::ChildProcess other(
      {"nginx", "-p", nginx_.directory(), "-e", nginx_.error_log(), "-c", "elsewhere.conf", "-g", "daemon off;"},
      nginx_.directory() / "other.log");
  ASSERT_TRUE(run_until([this] { return nginx_.answer() == "elsewhere"; }));
  ASSERT_TRUE(run_until([this] { return status().message.find("elsewhere.conf") != std::string::npos; }))
      << status().message;
  other.signal(SIGTERM);
  EXPECT_TRUE(other.wait(std::chrono::seconds(10)));
  ASSERT_TRUE(nginx_.start());
  EXPECT_TRUE(run_until([this] { return logged().find("Nginx runs again") != std::string::npos; })) << logged();
}

class ProofPageOnNginxTest : public NginxApplyTest {
 protected:
  [[nodiscard]] std::string text(const std::string& answer) const {
    std::string config = nginx_.config(answer);
    return config.replace(config.find("    location / "), 0, "    @{proof}\n");
  }
  [[nodiscard]] std::string page() const {
    return testing::ask(nginx_.port(), "GET /.chorale/proof HTTP/1.0\r\n\r\n", std::chrono::seconds(1));
  }
};

TEST_F(ProofPageOnNginxTest, ProvesEachRevisionAndIsWhatTheFileSays) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, text("one"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_NE(page().find("text/plain"), std::string::npos) << page();
  const auto proof = find_proof_page(file());
  ASSERT_TRUE(proof);
  EXPECT_NE(page().find(proof->mark), std::string::npos) << page();
  apply(2, text("two"));
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(nginx_.answer(), "two");
  EXPECT_NE(page().find(find_proof_page(file())->mark), std::string::npos);
  apply(3, text("two"));
  ASSERT_TRUE(run_until_applied(3)) << logged();
  EXPECT_EQ(status().reloads, 2U) << "the same text needs no reload";
}

// A second address of this host, such as a virtual one: by itself a connection to it comes from the first.
TEST_F(ProofPageOnNginxTest, ProvesWhereNginxListensOnAnotherAddressOfThisHost) {
  ASSERT_TRUE(nginx_.start());
  begin();
  std::string config = text("one");
  const std::string listen = "listen 127.0.0.1:";
  ASSERT_NE(config.find(listen), std::string::npos) << config;
  apply(1, config.replace(config.find(listen), listen.size(), "listen 127.0.0.2:"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(find_proof_page(file())->address, "127.0.0.2");
  EXPECT_EQ(status().reload_failures, 0U);
}

// The workers that the agent watches are replaced as asked, but what answers has read another file.
TEST_F(ProofPageOnNginxTest, ReplacedWorkersAloneAreNoProof) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, text("one"));
  ASSERT_TRUE(run_until_applied(1) && run_until([this] { return kept_as_proven(1); })) << logged();
  end();
  applied_.clear();
  const FakeNginx other(kReplaceWorkers, "nginx: master process nginx -c " + nginx_.config_file());
  options_.pid_file = other.pid_file();
  options_.proof_floor = Milliseconds(500);
  begin();
  apply(2, text("two"));
  ASSERT_TRUE(run_until([this] { return status().reload_failures > 0; })) << logged();
  EXPECT_NE(status().config_message.find("serves another file"), std::string::npos) << status().config_message;
  EXPECT_TRUE(applied_.empty() || applied_.back().identity.revision.value == 1);
  EXPECT_EQ(nginx_.answer(), "one");
  std::ofstream(options_.pid_file) << nginx_.master_pid() << "\n";
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(nginx_.answer(), "two");
}

}  // namespace
}  // namespace chorale::agent
