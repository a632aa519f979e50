// A shell that calls itself an Nginx master, with two workers, in a process group of its own. What it lacks: it reads
// no config, listens on nothing and writes no log by itself; a reload replaces its workers at once.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "agent/nginx/master.h"
#include "coordination/types.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::agent {

// What the master does on SIGHUP.
inline constexpr const char* kReplaceWorkers = "old=$all; all=; worker; worker; kill -9 $old";
inline constexpr const char* kIgnoreReload = ":";

inline coordination::Identity identity(std::int64_t revision) { return {{1}, {revision}, std::string(64, 'b')}; }

inline void write_file(const std::string& path, const std::string& text, std::ios::openmode mode = std::ios::trunc) {
  std::ofstream(path, std::ios::binary | std::ios::out | mode) << text;
}

class FakeNginx {
 public:
  explicit FakeNginx(const std::string& on_reload = kReplaceWorkers,
                     const std::string& title = "nginx: master process fake") {
    // A worker stops itself, so that it waits without a child of its own. Its title comes from the environment: a child
    // that is not yet a worker has the master's command line, which must not hold a worker's title.
    const std::string script =
        "worker() { sh -c 'kill -STOP $$' \"$WORKER$1\" & all=\"$all $!\"; }\n"
        "trap '" +
        on_reload + "' HUP\nworker; worker\n: > \"$READY\"\nwhile :; do wait; done\n";
    pid_ = fork();
    if (pid_ == 0) {
      setpgid(0, 0);
      setenv("WORKER", "nginx: worker process", 1);
      setenv("READY", ready_file().c_str(), 1);
      execl("/bin/sh", title.c_str(), "-c", script.c_str(), nullptr);
      _exit(127);
    }
    setpgid(pid_, pid_);
    std::ofstream(pid_file()) << pid_ << "\n";
    // A worker is seen before the master has noted it: a reload in between would not end it.
    const auto ready = [this] { return std::filesystem::exists(ready_file()) && workers_of(pid_).serving.size() == 2; };
    EXPECT_TRUE(testing::wait_until(ready, Milliseconds(10'000)));
  }
  ~FakeNginx() { end(); }
  FakeNginx(const FakeNginx&) = delete;
  FakeNginx& operator=(const FakeNginx&) = delete;

  void end() {
    if (pid_ == 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  [[nodiscard]] int pid() const { return pid_; }
  [[nodiscard]] std::string pid_file() const { return directory_.path() / "nginx.pid"; }
  [[nodiscard]] std::string error_log() const { return directory_.path() / "error.log"; }
  [[nodiscard]] MasterProcess process() const { return {pid_, process_stat(pid_)->started_ms}; }

 private:
  [[nodiscard]] std::string ready_file() const { return directory_.path() / "ready"; }

  testing::TempDir directory_{"fake-nginx"};
  pid_t pid_ = 0;
};

}  // namespace chorale::agent
