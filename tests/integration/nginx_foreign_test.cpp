// A running Nginx that is not the one that it seems to be: "applied" is never said of it.
#include <signal.h>

#include <filesystem>

#include "tests/harness/child_process.h"
#include "tests/harness/wait_until.h"
#include "tests/integration/nginx_apply_fixture.h"

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
  write_text(elsewhere, nginx_.config("elsewhere"));
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

}  // namespace
}  // namespace chorale::agent
