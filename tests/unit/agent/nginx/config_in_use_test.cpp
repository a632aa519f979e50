// Which file a master reads, and what is not known about it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

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
  EXPECT_EQ(master.error().message,
            "the running Nginx, process " + std::to_string(nginx.pid()) + ", reads " + other + ", not " + ours +
                ": restart it on that file, set nginx_config to the one it reads, or nginx_main_config "
                "to that one where it includes nginx_config");
  where.config_file = other;
  EXPECT_TRUE(find_own_master(where, "nginx"));
  where.config_file.clear();
  EXPECT_TRUE(find_own_master(where, "nginx"));
  write_file(ours, "events {}\n");
  symlink(ours.c_str(), other.c_str());
  where.config_file = ours;
  EXPECT_TRUE(find_own_master(where, "nginx")) << "the same file by another name";
}

// A process that is nothing but there, in the namespaces of `clone_flags` and behind `root`. Not there: not allowed.
class Bystander {
 public:
  explicit Bystander(unsigned long clone_flags, const char* root = "/") {
    std::array<int, 2> ready{};
    EXPECT_EQ(pipe2(ready.data(), O_CLOEXEC), 0);
    pid_ = static_cast<pid_t>(syscall(SYS_clone, clone_flags | SIGCHLD, 0, 0, 0, 0));
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (chdir("/") == 0 && chroot(root) == 0 && write(ready[1], "y", 1) == 1) pause();
      _exit(1);
    }
    close(ready[1]);
    char said = 'n';
    there_ = pid_ > 0 && read(ready[0], &said, 1) == 1 && said == 'y';
    close(ready[0]);
  }
  ~Bystander() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;

  [[nodiscard]] bool there() const { return there_; }
  // What is known to be read by a master of this title, where /ours.conf should be.
  [[nodiscard]] std::string other(const std::string& arguments) const {
    return other_config(pid_, "nginx: master process nginx " + arguments, "/ours.conf", kBuild).value_or("none");
  }

 private:
  pid_t pid_ = -1;
  bool there_ = false;
};

TEST(ConfigInUseTest, PathsOfAnotherTreeOfFilesAreNotComparedWithOurs) {
  testing::TempDir directory("root");
  const Bystander plain(0);
  const Bystander chrooted(0, directory.path().c_str());
  const Bystander contained(CLONE_NEWPID | CLONE_NEWNS);
  if (!plain.there() || !chrooted.there() || !contained.there()) GTEST_SKIP() << "may not chroot or make namespaces";
  EXPECT_EQ(plain.other("-c /other.conf"), "/other.conf");
  EXPECT_EQ(plain.other("-c other.conf -p here"), "/here/other.conf") << "from where it was started";
  EXPECT_EQ(plain.other("-c /ours.conf"), "none");
  EXPECT_EQ(chrooted.other("-c /other.conf"), "none");
  EXPECT_EQ(contained.other("-c /other.conf"), "none");
}

// Its mounts are its own, as with systemd's PrivateTmp, but it counts processes as we do: a path of its means a file.
TEST(ConfigInUseTest, OwnMountsAloneAreNoOtherTree) {
  const Bystander mounted(CLONE_NEWNS);
  if (!mounted.there()) GTEST_SKIP() << "may not make namespaces";
  EXPECT_EQ(mounted.other("-c /other.conf"), "/other.conf");
}

}  // namespace
}  // namespace chorale::agent
