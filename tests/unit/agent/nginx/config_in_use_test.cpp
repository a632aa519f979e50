// Which file a master reads, and what is not known about it.
#include <gtest/gtest.h>

#include "agent/nginx/config_in_use.h"
#include "agent/nginx/locations.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

const BuildPaths kBuild{"/usr/share/nginx", "/etc/nginx/nginx.conf"};

std::string read_by(const std::string& arguments, const BuildPaths& build = kBuild,
                    const std::string& directory = "/start") {
  return config_of_title("nginx: master process nginx " + arguments, build, directory).value_or("unknown");
}

TEST(ConfigInUseTest, OptionsBeforeTheBuild) {
  EXPECT_EQ(read_by(""), "/etc/nginx/nginx.conf");
  EXPECT_EQ(read_by("-c /other.conf"), "/other.conf");
  EXPECT_EQ(read_by("-c/other.conf -q"), "/other.conf");
  EXPECT_EQ(read_by("-c a.conf"), "/usr/share/nginx/a.conf");
  EXPECT_EQ(read_by("-p /my -c a.conf"), "/my/a.conf");
  EXPECT_EQ(read_by("-p my -c a.conf"), "/start/my/a.conf");
  EXPECT_EQ(read_by("-p /my"), "/etc/nginx/nginx.conf");
  EXPECT_EQ(read_by("-p/my", {"/usr", "conf/nginx.conf"}), "/my/conf/nginx.conf");
  EXPECT_EQ(read_by("-g daemon off; -c /other.conf"), "/other.conf");
  EXPECT_EQ(read_by("-g user -c x; pid /a;"), "/etc/nginx/nginx.conf") << "-c is an argument of -g";
}

TEST(ConfigInUseTest, WhatIsUnknownStaysUnknown) {
  EXPECT_EQ(read_by("", {}), "unknown");
  EXPECT_EQ(read_by("-p my -c a.conf", kBuild, ""), "unknown");
  EXPECT_EQ(read_by("-c a.conf", {}), "unknown");
  EXPECT_EQ(read_by("-c"), "/etc/nginx/nginx.conf");
}

TEST(ConfigInUseTest, BuildIsReadFromTheArgumentsOfConfigure) {
  const BuildPaths build = parse_build(
      "nginx version: nginx/1.22.1\nconfigure arguments: --with-cc-opt='-g -O2' --prefix=/usr/share/nginx "
      "--conf-path=/etc/nginx/nginx.conf --with-http_ssl_module\n");
  EXPECT_EQ(build, kBuild);
  EXPECT_EQ(parse_build("--user=nginx --group=nginx --x").user, "nginx");
  EXPECT_EQ(parse_build("--group=web --user=nginx").user, "nginx web");
  EXPECT_EQ(parse_build("--group=web").user, "");
  EXPECT_EQ(parse_build("sh: 1: nothing"), BuildPaths());
  EXPECT_EQ(ask_build({"sh", "-c", "echo \"$0 --conf-path=/a.conf\""}).config_file, "/a.conf");
  EXPECT_EQ(ask_build({"/nonexistent/nginx"}), BuildPaths());
}

TEST(ConfigInUseTest, MasterOfAnotherFileIsNotOurs) {
  testing::TempDir directory("in-use");
  const std::string ours = directory.path() / "nginx.conf";
  const std::string other = directory.path() / "other.conf";
  const FakeNginx nginx(kReplaceWorkers, "nginx: master process nginx -c " + other);
  NginxLocations where{{nginx.pid_file()}, {}, ours, kBuild};
  const auto master = find_own_master(where, "nginx");
  ASSERT_FALSE(master);
  EXPECT_EQ(master.error().message, "the running Nginx, process " + std::to_string(nginx.pid()) + ", reads " + other +
                                        ", not " + ours +
                                        ": restart it on that file, or set nginx_config to the one it reads");
  where.config_file = other;
  EXPECT_TRUE(find_own_master(where, "nginx"));
  where.config_file.clear();
  EXPECT_TRUE(find_own_master(where, "nginx"));
  write_file(ours, "events {}\n");
  symlink(ours.c_str(), other.c_str());
  where.config_file = ours;
  EXPECT_TRUE(find_own_master(where, "nginx")) << "the same file by another name";
}

}  // namespace
}  // namespace chorale::agent
