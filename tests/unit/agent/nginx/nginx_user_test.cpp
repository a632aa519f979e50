// Who the workers of this host's Nginx are. Accounts that exist wherever this runs: root and daemon.
#include "agent/nginx/nginx_user.h"

#include <grp.h>
#include <gtest/gtest.h>

#include <fstream>

#include "agent/nginx/config_file.h"
#include "agent/nginx/config_text.h"
#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

class NginxUserTest : public ::testing::Test {
 protected:
  void write(const std::string& text) const { std::ofstream(file_) << text; }
  void write_own(const std::string& text) const { write(identity_line({{1}, {2}, std::string(64, 'a')}) + text); }
  void keep(const std::string& text) const { std::ofstream(file_ + std::string(kBeforeSuffix)) << text; }
  [[nodiscard]] std::string found(const std::string& built_with = "root") const {
    return nginx_user(file_, BuildPaths{"/usr", "/etc/nginx.conf", built_with});
  }

  const testing::TempDir directory_{"user"};
  const std::string file_ = directory_.path() / "nginx.conf";
};

TEST(NginxUserTextTest, IsThatOfTheMainContext) {
  EXPECT_EQ(user_in("# user a;\nuser  web ;\nhttp { user b; }\n"), "web");
  EXPECT_EQ(user_in("user nobody nogroup;"), "nobody nogroup");
  EXPECT_EQ(user_in("http { user b; }\nusers c;\nuser;\n"), "");
  EXPECT_EQ(user_in(""), "");
}

TEST_F(NginxUserTest, IsWhatTheConfigBeforeChoraleSays) {
  EXPECT_EQ(found(), "root") << "there is no file: what Nginx was built with";
  write("user daemon;\n");
  EXPECT_EQ(found(), "daemon");
  write_own("user root;\n");
  EXPECT_EQ(found("daemon"), "daemon") << "an earlier value of [local], perhaps";
  keep("user daemon;\n");
  EXPECT_EQ(found(), "daemon");
}

TEST_F(NginxUserTest, GroupIsPartOfIt) {
  write("user root daemon;\n");
  EXPECT_EQ(found(), "root daemon");
}

TEST_F(NginxUserTest, AccountThatDoesNotExistIsPassedOver) {
  write("user no-such-user;\n");
  keep("user daemon no-such-group;\n");
  EXPECT_EQ(found(), "root");
}

TEST_F(NginxUserTest, ProgramThatSaysNothingRunsAsNobody) {
  const std::string nobody = ::getgrnam("nobody") != nullptr ? "nobody" : "nobody nogroup";
  EXPECT_EQ(found(""), nobody);
  EXPECT_NE(nginx_user(file_, {}), "") << "even where nothing is known";
}

}  // namespace
}  // namespace chorale::agent
