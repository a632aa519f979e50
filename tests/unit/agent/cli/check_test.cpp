#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <ctime>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <thread>

#include "agent/base/http_client.h"
#include "agent/cli/check_parts.h"
#include "agent/cli/check_report.h"
#include "agent/cli/cli.h"
#include "agent/cli/rendering.h"
#include "tests/harness/loopback.h"
#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string http_date(system_clock::time_point moment) {
  const std::time_t seconds_since = system_clock::to_time_t(moment);
  std::tm utc{};
  ::gmtime_r(&seconds_since, &utc);
  std::array<char, 64> text{};
  (void)std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text.data();
}

void check_marathon_openly(CheckReport& report, const Config& config) { check_marathon(report, config, ""); }

// A port that gives every request the same answer.
class FixedAnswer {
 public:
  FixedAnswer(const std::string& status, const std::string& headers, const std::string& body)
      : answer_("HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
                "\r\n" + body),
        thread_([this] { serve(); }) {}
  ~FixedAnswer() {
    ::shutdown(listener_.descriptor(), SHUT_RDWR);  // wakes poll()
    thread_.join();
  }
  FixedAnswer(const FixedAnswer&) = delete;
  FixedAnswer& operator=(const FixedAnswer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_of(listener_); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }

 private:
  void serve() {
    while (true) {
      pollfd waiting{listener_.descriptor(), POLLIN, 0};
      if (::poll(&waiting, 1, -1) < 0 || waiting.revents != POLLIN) return;
      const int client = ::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      const chorale::testing::Socket visitor(client);
      std::array<char, 4096> question{};
      if (::recv(client, question.data(), question.size(), 0) <= 0) continue;
      (void)::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    }
  }

  chorale::testing::Socket listener_ = chorale::testing::listen_on_any_port();
  std::string answer_;
  std::thread thread_;
};

class CheckTest : public ::testing::Test {
 protected:
  CheckTest() {
    config_.file = "test.toml";
    config_.id = "proxy-1";
    config_.listen_address = "127.0.0.1";
    config_.listen_port = 0;
    config_.nginx_config = directory_.path() / "nginx.conf";
    config_.state_dir = directory_.path() / "state";
  }

  // What a part finds, a line each; `exit_code()` is then its.
  std::string found(const std::function<void(CheckReport&, const Config&)>& part) {
    std::ostringstream output;
    CheckReport report(output);
    part(report, config_);
    exit_code_ = report.exit_code();
    return output.str();
  }
  template <class Result>
  std::string found(Result (*part)(CheckReport&, const Config&, const NginxHere&)) {
    return found([part](CheckReport& report, const Config& config) { part(report, config, nginx_here(config)); });
  }
  [[nodiscard]] int exit_code() const { return exit_code_; }
  void run_nginx_as(const std::string& script) {
    const auto program = directory_.path() / "nginx";
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    ::chmod(program.c_str(), 0755);
    config_.nginx_cmd = {program};
    config_.nginx_pid = directory_.path() / "none.pid";
  }

  chorale::testing::TempDir directory_{"check"};
  Config config_;
  int exit_code_ = 0;
};

TEST_F(CheckTest, NginxThatIsNotInstalledIsOneLineWithTheRemedy) {
  config_.nginx_cmd = {"/nonexistent/nginx"};
  EXPECT_EQ(found(check_nginx_program),
            "fail  nginx: /nonexistent/nginx: No such file or directory; install Nginx, or name its program in "
            "nginx_cmd\n");
  EXPECT_EQ(exit_code(), kExitNo);
}

TEST_F(CheckTest, CommandThatRunsNoNginxIsTold) {
  run_nginx_as("echo 'nginx: command not found' >&2; exit 1");
  EXPECT_THAT(found(check_nginx_program), AllOf(HasSubstr("ends with 1: nginx: command not found; set nginx_cmd")));
  EXPECT_EQ(exit_code(), kExitNo);
}

// By what the template at hand asks for.
TEST_F(CheckTest, NginxTooOldForTheTemplateIsNamed) {
  run_nginx_as("echo 'nginx version: nginx/1.15.8' >&2");
  EXPECT_THAT(found(check_nginx_program), HasSubstr("ok    nginx: version 1.15.8"));
  const auto needs = [this](const std::string& name, std::optional<NginxVersion> version) {
    config_.nginx_template = CHORALE_PACKAGING_DIR "/templates/" + name + ".mustache";
    const std::string all = found([&](CheckReport& report, const Config& config) {
      check_template(report, config, nginx_here(config), {true, version});
    });
    const auto at = all.find("warn  nginx: version");
    return at == std::string::npos ? std::string() : all.substr(at, all.find('\n', at) - at);
  };
  EXPECT_EQ(needs("full", NginxVersion{1, 15, 8}),
            "warn  nginx: version 1.15.8 is older than 1.15.9, which nginx_template needs for \"ssl_certificate with a "
            "variable\"; update Nginx, or use another template");
  EXPECT_EQ(needs("path", NginxVersion{1, 15, 8}), "");
  EXPECT_THAT(needs("path", NginxVersion{1, 15, 0}),
              HasSubstr("version 1.15.0 is older than 1.15.1, which nginx_template needs for \"random two least_conn"));
  EXPECT_EQ(needs("path", NginxVersion{1, 15, 1}), "");
  EXPECT_EQ(needs("full", std::nullopt), "");
  EXPECT_EQ(exit_code(), kExitFine);
}

TEST_F(CheckTest, NginxThatDoesNotRunIsTold) {
  run_nginx_as("echo 'nginx version: nginx/1.22.1' >&2");
  EXPECT_THAT(found(check_nginx_program),
              AllOf(StartsWith("ok    nginx: version 1.22.1\n"), HasSubstr("warn  nginx: there is no pid file"),
                    HasSubstr("systemctl start nginx")));
}

TEST_F(CheckTest, TemplateThatCannotBeReadIsNamed) {
  config_.nginx_template = directory_.path() / "none.mustache";
  const std::string line =
      found([](auto& report, const auto& config) { check_template(report, config, nginx_here(config), {}); });
  EXPECT_THAT(line, AllOf(StartsWith("fail  template: "), HasSubstr("none.mustache: No such file"),
                          HasSubstr("nginx_template")));
  EXPECT_NE(exit_code(), kExitFine);
}

// Distributions build Nginx without some modules: the apps that want one suffer, and no other.
TEST_F(CheckTest, NginxThatLacksWhatALabelAsksForIsAWarning) {
  config_.nginx_template = directory_.path() / "nginx.conf.mustache";
  const auto look = [this](const std::string& section) {
    std::ofstream(config_.nginx_template)
        << "events {}\n{{#apps}}\n{{#" << section << "}}\nlimit_req_status 429;\n{{/" << section << "}}\n{{/apps}}\n";
    return found([](auto& report, const auto& config) { check_template(report, config, nginx_here(config), {true}); });
  };
  run_nginx_as("! grep -q limit_req \"$3\" || { echo 'nginx: [emerg] unknown directive' >&2; exit 1; }");
  EXPECT_THAT(look("rate"),
              AllOf(HasSubstr("ok    nginx: a sample state passes"),
                    HasSubstr("warn  nginx: a sample state with labels is refused: nginx: [emerg] unknown")));
  EXPECT_EQ(exit_code(), kExitFine);
  EXPECT_THAT(look("name"), HasSubstr("fail  nginx: a sample state is refused: "));
}

TEST_F(CheckTest, PlacesToWriteToAreFine) {
  const std::string text = found(check_files);
  EXPECT_THAT(text, AllOf(HasSubstr("ok    nginx_config"), HasSubstr("does not exist yet; the agent creates it")));
  EXPECT_EQ(exit_code(), kExitFine);
}

TEST_F(CheckTest, PlacesThatCannotBeWrittenToAreNamed) {
  config_.nginx_config = directory_.path() / "missing" / "nginx.conf";
  config_.state_dir = "/proc/chorale";  // not writable for root either
  EXPECT_THAT(found(check_files), AllOf(HasSubstr("fail  nginx_config: there is no directory"),
                                        HasSubstr("fail  state_dir: /proc cannot be written to")));
  EXPECT_EQ(exit_code(), kExitNo);
  config_.nginx_config = "/proc/nginx.conf";
  EXPECT_THAT(found(check_files), HasSubstr("fail  nginx_config: /proc cannot be written to"));
}

TEST_F(CheckTest, TheDirectoryThatALinkPointsToIsWrittenToAsWell) {
  namespace fs = std::filesystem;
  const fs::path other = directory_.path() / "other";
  fs::create_directory(other);
  fs::create_symlink("other/nginx.conf", config_.nginx_config);  // there may be no file yet
  EXPECT_THAT(found(check_files), HasSubstr("ok    nginx_config: " + config_.nginx_config + " can be replaced"));
  fs::remove(other);
  EXPECT_THAT(found(check_files),
              HasSubstr("fail  nginx_config: there is no directory " + other.string() + ", to which the link " +
                        config_.nginx_config + " points; create it, or set nginx_config to where Nginx reads\n"));
  EXPECT_EQ(exit_code(), kExitNo);
  fs::remove(config_.nginx_config);
  fs::create_symlink("/proc/nginx.conf", config_.nginx_config);
  EXPECT_THAT(found(check_files),
              HasSubstr("fail  nginx_config: /proc cannot be written to: No such file or directory; the agent replaces "
                        "/proc/nginx.conf there, to which the link " +
                        config_.nginx_config + " points\n"));
}

TEST_F(CheckTest, WatchedFileThatIsNotThereIsNamed) {
  config_.reload_on = {directory_.path().string(), "/no/such/file"};
  EXPECT_THAT(found(check_files), HasSubstr("warn  reload_on: /no/such/file: no such file; the agent waits"));
  EXPECT_EQ(exit_code(), kExitFine);
  config_.reload_on.pop_back();
  EXPECT_THAT(found(check_files), Not(HasSubstr("reload_on")));
}

TEST_F(CheckTest, FreePortIsFine) {
  EXPECT_EQ(found(check_listen), "ok    listen: 127.0.0.1:0 is free\n");
  EXPECT_EQ(exit_code(), kExitFine);
}

TEST_F(CheckTest, PortOfAnotherProgramIsTaken) {
  const FixedAnswer other("200 OK", "", "hello");
  config_.listen_port = other.port();
  EXPECT_THAT(found(check_listen), AllOf(HasSubstr("fail  listen"), HasSubstr("is taken by another program")));
  EXPECT_EQ(exit_code(), kExitNo);
}

TEST_F(CheckTest, OwnAgentMayHoldThePort) {
  const FixedAnswer agent("200 OK", "", R"({"Status":"ok","Cluster":{"Id":"proxy-1"}})");
  config_.listen_port = agent.port();
  EXPECT_THAT(found(check_listen), HasSubstr("this agent runs and listens there"));
  EXPECT_EQ(exit_code(), kExitFine);
  config_.id = "proxy-2";
  EXPECT_THAT(found(check_listen), HasSubstr("is taken by another agent, proxy-1"));
  EXPECT_EQ(exit_code(), kExitNo);
}

TEST_F(CheckTest, AddressOfAnotherHostIsNamed) {
  config_.listen_address = "192.0.2.1";
  EXPECT_THAT(found(check_listen), AllOf(HasSubstr("fail  listen: 192.0.2.1:0"), HasSubstr("address of this host")));
}

TEST_F(CheckTest, OpenPortWithoutTokenIsAWarning) {
  config_.listen_address = "0.0.0.0";
  EXPECT_THAT(found(check_listen), HasSubstr("warn  listen: open to the network"));
  EXPECT_EQ(exit_code(), kExitFine);
  config_.admin_token = "secret";
  EXPECT_THAT(found(check_listen), Not(HasSubstr("warn")));
}

TEST_F(CheckTest, ZookeeperServersThatDoNotAnswerAreNamedOneByOne) {
  config_.standalone = false;
  const auto closed = std::to_string(chorale::testing::pick_port());
  config_.zookeeper.hosts = "127.0.0.1:" + closed + ",nobody.invalid:2181";
  EXPECT_THAT(found(check_zookeeper),
              AllOf(HasSubstr("warn  zookeeper: no credentials are set"),
                    HasSubstr("fail  zookeeper: 127.0.0.1:" + closed + ": cannot connect: Connection refused"),
                    HasSubstr("fail  zookeeper: nobody.invalid:2181: the name cannot be resolved")));
  EXPECT_EQ(exit_code(), kExitUnreachable);
}

TEST_F(CheckTest, MarathonThatAnswersIsFine) {
  const FixedAnswer marathon("200 OK", "Date: " + http_date(system_clock::now()) + "\r\n", "pong");
  config_.marathon = {marathon.url()};
  EXPECT_EQ(found(check_marathon_openly), "ok    marathon: " + marathon.url() + " answers\n");
}

TEST_F(CheckTest, MarathonThatDoesNotAnswerIsAFailureUnlessAnotherDoes) {
  const std::string closed = "http://127.0.0.1:" + std::to_string(chorale::testing::pick_port());
  config_.marathon = {closed};
  EXPECT_EQ(found(check_marathon_openly), "fail  marathon: " + closed + ": cannot connect: Connection refused\n");
  EXPECT_EQ(exit_code(), kExitUnreachable);
  const FixedAnswer marathon("200 OK", "", "pong");
  config_.marathon.push_back(marathon.url());
  EXPECT_THAT(found(check_marathon_openly), HasSubstr("warn  marathon: " + closed));
  EXPECT_EQ(exit_code(), kExitFine);
}

TEST_F(CheckTest, RefusedPasswordIsNamed) {
  const FixedAnswer marathon("401 Unauthorized", "", "");
  config_.marathon = {marathon.url()};
  EXPECT_THAT(found(check_marathon_openly), HasSubstr("answers HTTP 401; are the credentials right?"));
}

TEST_F(CheckTest, FilesForMarathonAreLookedAt) {
  const auto access = [&] {
    return found([](CheckReport& report, const Config& config) { (void)check_access(report, config); });
  };
  const std::string file = (directory_.path() / "secret").string();
  EXPECT_EQ(access(), "");
  config_.tls.ca_file = file;
  EXPECT_THAT(access(), StartsWith("fail  marathon: ca_file " + file + ": "));
  EXPECT_EQ(exit_code(), kExitUsage);
  config_.tls = {};
  config_.marathon_auth_file = file;
  EXPECT_EQ(access(), "fail  marathon: marathon_auth_file " + file + ": No such file or directory\n");
  std::ofstream(file) << "hunter2\n";
  EXPECT_EQ(access(), "fail  marathon: marathon_auth_file " + file +
                          ": expected one line user:password, or Bearer TOKEN, or token=TOKEN\n");
  config_.marathon_auth_file.clear();
  config_.marathon_service_account_file = file;
  EXPECT_EQ(access(), "fail  marathon: marathon_service_account_file " + file +
                          ": expected a JSON object with uid, private_key and login_endpoint\n");
  EXPECT_EQ(exit_code(), kExitUsage);
}

TEST_F(CheckTest, CredentialsBecomeAHeader) {
  CheckReport report(std::cout);
  EXPECT_EQ(check_access(report, config_), "");
  config_.user = "jo";
  config_.pass = "pw";
  EXPECT_EQ(check_access(report, config_), "Basic am86cHc=");
  config_.user.clear();
  config_.marathon_auth_file = (directory_.path() / "secret").string();
  std::ofstream(config_.marathon_auth_file) << "Bearer x\n";
  EXPECT_EQ(check_access(report, config_), "Bearer x");
  EXPECT_EQ(question_to_marathon(config_, "Bearer x", seconds(1)).authorization, "Bearer x");
}

TEST_F(CheckTest, ClockThatIsOffIsAWarning) {
  const FixedAnswer behind("200 OK", "Date: " + http_date(system_clock::now() + seconds(3'600)) + "\r\n", "pong");
  config_.marathon = {behind.url()};
  EXPECT_THAT(found(check_marathon_openly), ::testing::ContainsRegex("warn  clock: .* 3(600|599) s behind"));
  EXPECT_EQ(exit_code(), kExitFine);
  const FixedAnswer ahead("200 OK", "Date: " + http_date(system_clock::now() - seconds(65)) + "\r\n", "pong");
  config_.marathon = {ahead.url()};
  EXPECT_THAT(found(check_marathon_openly), HasSubstr("s ahead of"));
  const FixedAnswer near("200 OK", "Date: " + http_date(system_clock::now() - seconds(55)) + "\r\n", "pong");
  config_.marathon = {near.url()};
  EXPECT_THAT(found(check_marathon_openly), Not(HasSubstr("clock")));
}

TEST_F(CheckTest, MissingKeysAreOneLine) {
  EXPECT_THAT(found(check_marathon_openly),
              AllOf(StartsWith("fail  marathon: test.toml: marathon is not set"), HasSubstr("zookeeper = ")));
  EXPECT_EQ(exit_code(), kExitUsage);
}

TEST(HttpDateTest, OnlyTheCurrentFormIsRead) {
  const auto moment = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(moment);
  EXPECT_EQ(system_clock::to_time_t(*moment), 784'111'777);
  EXPECT_FALSE(parse_http_date(""));
  EXPECT_FALSE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
  EXPECT_FALSE(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT; x"));
}

TEST(NginxVersionTest, IsFoundWhateverTheBuildIsCalled) {
  EXPECT_EQ(parse_nginx_version("nginx version: nginx/1.22.1\n"), (NginxVersion{1, 22, 1}));
  EXPECT_EQ(parse_nginx_version("nginx version: openresty/1.21.4.1"), (NginxVersion{1, 21, 4}));
  EXPECT_EQ(parse_nginx_version("nginx version: nginx/1.18.0 (Ubuntu)"), (NginxVersion{1, 18, 0}));
  EXPECT_FALSE(parse_nginx_version("nginx version: nginx"));
  EXPECT_FALSE(parse_nginx_version("sudo: a password is required"));
  EXPECT_FALSE(parse_nginx_version("nginx version: nginx/1."));
}

}  // namespace
}  // namespace chorale::agent
