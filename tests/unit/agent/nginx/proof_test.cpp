#include "agent/nginx/proof.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "agent/nginx/error_log.h"
#include "agent/nginx/locations.h"
#include "agent/nginx/master.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

TEST(ProofTest, ProvenOnceNewWorkersServeAndNoOldOneDoes) {
  const std::vector<int> before{10, 11};
  EXPECT_EQ(judge_proof(before, {{10, 11}, {}}, {}), ProofVerdict::kPending);
  EXPECT_EQ(judge_proof(before, {{10, 11, 20, 21}, {}}, {}), ProofVerdict::kPending);
  EXPECT_EQ(judge_proof(before, {{11, 20, 21}, {10}}, {}), ProofVerdict::kPending);
  EXPECT_EQ(judge_proof(before, {{20, 21}, {10, 11}}, {}), ProofVerdict::kProven);
  EXPECT_EQ(judge_proof(before, {{20}, {}}, {}), ProofVerdict::kProven);
  EXPECT_EQ(judge_proof(before, {{}, {10, 11}}, {}), ProofVerdict::kPending);
}

TEST(ProofTest, EmergencyRefusesButBindIsTriedAgain) {
  const std::string tried = "bind() to 0.0.0.0:80 failed (98: Address already in use)";
  EXPECT_EQ(judge_proof({10}, {{10}, {}}, {tried}), ProofVerdict::kPending);
  EXPECT_EQ(judge_proof({10}, {{20}, {10}}, {tried}), ProofVerdict::kProven);
  EXPECT_EQ(judge_proof({10}, {{10}, {}}, {tried, "still could not bind()"}), ProofVerdict::kRefused);
  EXPECT_EQ(judge_proof({10}, {{20}, {10}}, {"unknown directive \"x\" in /a:1"}), ProofVerdict::kRefused);
}

TEST(ProofTest, RefusalsAreExplained) {
  EXPECT_NE(explain_refusal({"bind() to 0.0.0.0:80 failed (98: Address already in use)", "still could not bind()"})
                .find("another process or another listen directive"),
            std::string::npos);
  EXPECT_NE(explain_refusal({"limit_req \"z\" uses the \"$a\" key while previously it used the \"$b\" key"})
                .find("only a restart"),
            std::string::npos);
  EXPECT_EQ(explain_refusal({"open() \"/x\" failed (2: No such file or directory)"}),
            "Nginx went on with its old configuration: open() \"/x\" failed (2: No such file or directory)");
}

class ReloadTest : public ::testing::Test {
 protected:
  [[nodiscard]] static ReloadRequest request(const FakeNginx& nginx, Milliseconds timeout = Milliseconds(10'000)) {
    return {{{nginx.pid_file()}, {nginx.error_log()}}, "nginx", {"nginx"}, "nginx.conf", timeout};
  }
  // Runs until the reload is decided.
  static ReloadFinished finish(Proof& proof) {
    std::optional<ReloadFinished> result;
    EXPECT_TRUE(testing::wait_until([&] { return (result = proof.observe()).has_value(); }, Milliseconds(10'000)));
    return result.value_or(ReloadFinished());
  }
  std::atomic<bool> go_on_{false};
};

TEST_F(ReloadTest, NewWorkersProveIt) {
  const FakeNginx nginx;
  const auto proof = Proof::begin(request(nginx), go_on_);
  ASSERT_TRUE(proof) << proof.error().reason;
  const ReloadFinished result = finish(**proof);
  EXPECT_EQ(result.result, ReloadFinished::Result::kProven) << result.reason;
  EXPECT_EQ(result.master, nginx.process());
}

TEST_F(ReloadTest, EmergencyOfTheMasterRefusesIt) {
  const FakeNginx nginx(kIgnoreReload);
  const auto proof = Proof::begin(request(nginx), go_on_);
  ASSERT_TRUE(proof);
  EXPECT_FALSE((*proof)->observe());
  const std::string pid = std::to_string(nginx.pid());
  std::ofstream(nginx.error_log()) << "2026/11/22 12:00:00 [emerg] " << pid << "#" << pid << ": no such thing\n";
  const ReloadFinished result = finish(**proof);
  EXPECT_EQ(result.result, ReloadFinished::Result::kRefused);
  EXPECT_EQ(result.reason, "Nginx went on with its old configuration: no such thing");
  EXPECT_FALSE(result.master);
}

TEST_F(ReloadTest, SilenceIsUnprovenAfterTheTimeout) {
  const FakeNginx nginx(kIgnoreReload);
  const auto proof = Proof::begin(request(nginx, Milliseconds(0)), go_on_);
  ASSERT_TRUE(proof);
  const auto result = (*proof)->observe();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->result, ReloadFinished::Result::kUnproven);
  EXPECT_NE(result->reason.find("started no new workers within 0 ms"), std::string::npos) << result->reason;
}

TEST_F(ReloadTest, OldWorkersThatStayAreNamed) {
  const FakeNginx nginx("worker");  // one more
  const auto proof = Proof::begin(request(nginx, Milliseconds(0)), go_on_);
  ASSERT_TRUE(proof);
  ASSERT_TRUE(testing::wait_until([&] { return workers_of(nginx.pid()).serving.size() == 3; }, Milliseconds(10'000)));
  const auto result = (*proof)->observe();
  ASSERT_TRUE(result);
  EXPECT_NE(result->reason.find("still serve: they were not replaced"), std::string::npos) << result->reason;
}

TEST_F(ReloadTest, StoppedMasterIsNamed) {
  const FakeNginx nginx;
  kill(nginx.pid(), SIGSTOP);
  const auto proof = Proof::begin(request(nginx, Milliseconds(0)), go_on_);
  ASSERT_TRUE(proof);
  ASSERT_TRUE(testing::wait_until([&] { return process_stat(nginx.pid())->state == 'T'; }, Milliseconds(10'000)));
  const auto result = (*proof)->observe();
  ASSERT_TRUE(result);
  EXPECT_NE(result->reason.find("is stopped (SIGSTOP)"), std::string::npos) << result->reason;
}

TEST_F(ReloadTest, WithoutAMasterOrItsWorkersNothingIsSignalled) {
  FakeNginx nginx(kIgnoreReload);
  const auto proof = Proof::begin(request(nginx), go_on_);
  ASSERT_TRUE(proof);
  nginx.end();
  EXPECT_EQ(finish(**proof).reason, "the Nginx master ended while it reloaded");
  const auto gone = Proof::begin(request(nginx), go_on_);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().result, ReloadFinished::Result::kNoMaster);
  EXPECT_FALSE(gone.error().reason.empty());
}

TEST(ErrorLogTest, OnlyTheMastersOwnCompleteLinesCount) {
  const std::string log =
      "2026/11/22 12:00:00 [emerg] 123#123: first\n2026/11/22 12:00:00 [emerg] 1234#1234: a test by hand\n"
      "2026/11/22 12:00:00 [notice] 123#123: signal 1\n2026/11/22 12:00:00 [emerg] 123#0: *7 second: more\n"
      "2026/11/22 12:00:00 [emerg] 123#123: half a li";
  EXPECT_EQ(emergencies(log, 123), (std::vector<std::string>{"first", "*7 second: more"}));
  EXPECT_TRUE(emergencies("", 123).empty());
}

TEST(MasterTest, ProcessStatSurvivesAnyName) {
  const std::string tail = " T 7 10 10 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 1000 200\n";
  const auto stat = parse_process_stat("123 (nginx: (worker) ) S 99)" + tail, 100);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->state, 'T');
  EXPECT_EQ(stat->parent, 7);
  EXPECT_EQ(stat->started_ms, 42'420);
  EXPECT_FALSE(parse_process_stat("123 (nginx) S 1 2", 100));
  EXPECT_FALSE(parse_process_stat("", 100));
}

// Old workers end while they are looked at: what is there at the opening may be gone at the reading.
TEST(MasterTest, ProcessThatEndsMeanwhileIsGone) {
  for (int round = 0; round < 100; ++round) {
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) _exit(0);
    std::thread reaper([pid] { waitpid(pid, nullptr, 0); });
    while (process_stat(pid)) {
    }
    reaper.join();
    EXPECT_FALSE(process_stat(pid));
  }
}

TEST(MasterTest, PidFilesHoldOnePidOrNone) {
  EXPECT_EQ(parse_pid("4711\n"), 4711);
  EXPECT_EQ(parse_pid(" 4711 "), 4711);
  for (const char* text : {"", "\n", "0", "1", "-5", "12x", "12 13", "99999999999", "self"}) {
    EXPECT_FALSE(parse_pid(text)) << text;
  }
}

TEST(MasterTest, OnlyAMastersTitleIsOne) {
  EXPECT_TRUE(is_master_title("nginx: master process /usr/sbin/nginx -c /etc/nginx/nginx.conf", "nginx"));
  EXPECT_TRUE(is_master_title("angie: master process", "angie"));
  EXPECT_FALSE(is_master_title("nginx: worker process", "nginx"));
  EXPECT_FALSE(is_master_title("php-fpm: master process (/etc/php-fpm.conf)", "nginx"));
  EXPECT_FALSE(is_master_title("grep nginx: master process", "nginx"));
  EXPECT_FALSE(is_master_title("", ""));
  EXPECT_FALSE(is_master_title(": master process", ""));
}

TEST(LocationsTest, ConfigThenDefaultsAndTheOldPlacesToo) {
  const MainDirectives now{"/run/a.pid", {"/var/log/a.log", "syslog:server=x", "stderr"}};
  const MainDirectives before{std::nullopt, {}};
  const NginxLocations found = nginx_locations(now, before, {"nginx"}, "");
  EXPECT_EQ(found.pid_files, (std::vector<std::string>{"/run/a.pid", "/run/nginx.pid"}));
  EXPECT_EQ(found.error_logs, (std::vector<std::string>{"/var/log/a.log", "/var/log/nginx/error.log"}));
}

TEST(LocationsTest, OptionRulesAndPrefixCompletes) {
  const MainDirectives now{"run/a.pid", {"logs/a.log"}};
  const std::vector<std::string> command{"nginx", "-p", "/srv/n/", "-e", "/srv/n/early.log"};
  EXPECT_EQ(nginx_locations(now, now, command, "/x.pid").pid_files, std::vector<std::string>{"/x.pid"});
  const NginxLocations found = nginx_locations(now, now, command, "");
  EXPECT_EQ(found.pid_files, std::vector<std::string>{"/srv/n/run/a.pid"});
  EXPECT_EQ(found.error_logs, (std::vector<std::string>{"/srv/n/logs/a.log", "/srv/n/early.log"}));
}

TEST(LocationsTest, DefaultsStandWhereNothingIsSaid) {
  const NginxLocations found = nginx_locations({}, {}, {}, "");
  EXPECT_EQ(found.pid_files, std::vector<std::string>{"/run/nginx.pid"});
  EXPECT_EQ(found.error_logs, std::vector<std::string>{"/var/log/nginx/error.log"});
}

TEST(LocationsTest, RelativePathsNeedAPrefixAndOnlyFilesAreLogs) {
  const MainDirectives relative{"run/a.pid", {"a.log", "memory:32m", "syslog:server=x", "stderr"}};
  EXPECT_TRUE(nginx_locations(relative, relative, {"nginx"}, "").pid_files.empty());
  EXPECT_TRUE(nginx_locations(relative, relative, {"nginx"}, "").error_logs.empty());
  const NginxLocations found = nginx_locations(relative, relative, {"nginx", "-p/srv", "-e/e.log"}, "");
  EXPECT_EQ(found.pid_files, std::vector<std::string>{"/srv/run/a.pid"});
  EXPECT_EQ(found.error_logs, (std::vector<std::string>{"/srv/a.log", "/e.log"}));
}

TEST(LocationsTest, ProgramIsTheBaseName) {
  EXPECT_EQ(program_name({"/usr/sbin/nginx", "-q"}), "nginx");
  EXPECT_EQ(program_name({"angie"}), "angie");
  EXPECT_EQ(program_name({}), "");
}

}  // namespace
}  // namespace chorale::agent
