// A real Nginx of a test's own: its own directory, pid file, error log and port; the distribution's modules may be
// loaded. It never outlives the test.
//
// It begins with a config that Chorale did not write and that answers "foreign". REQUIRES: made, and started, on a
// thread that lives as long as it should (see child_process.h).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/harness/child_process.h"
#include "tests/harness/temp_dir.h"

namespace chorale::testing {

class NginxInstance {
 public:
  NginxInstance();
  ~NginxInstance();
  NginxInstance(const NginxInstance&) = delete;
  NginxInstance& operator=(const NginxInstance&) = delete;

  // With the config that stands there, the first one if there is none. False: it did not answer in time.
  [[nodiscard]] bool start();
  // As this user, to whom the directory is given; for the next start(). "" is the test's own user.
  void run_as(std::string user) { user_ = std::move(user); }
  void stop();                                          // SIGTERM, and wait
  void kill();                                          // -9, the master and its workers
  void signal(int number) { master_->signal(number); }  // to the master
  [[nodiscard]] bool running() { return master_ && master_->running(); }
  [[nodiscard]] pid_t master_pid() const { return master_->pid(); }
  [[nodiscard]] std::vector<pid_t> worker_pids() const;  // the master's children, leaving ones included

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }
  [[nodiscard]] std::string config_file() const { return directory_.path() / "nginx.conf"; }
  [[nodiscard]] std::string pid_file() const { return directory_.path() / "nginx.pid"; }
  [[nodiscard]] std::string error_log() const { return directory_.path() / "error.log"; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

  // What Chorale's nginx_cmd is for this instance: "nginx -p DIRECTORY -e ERROR_LOG".
  [[nodiscard]] std::string command() const;
  [[nodiscard]] std::vector<std::string> arguments() const;

  // A whole config that answers `answer` to everything, with the lines of `main` and `http` added to those contexts.
  [[nodiscard]] std::string config(const std::string& answer, const std::string& main = {},
                                   const std::string& http = {}) const;
  // The body that GET / brings over a new connection; "" if there is no answer within a second.
  [[nodiscard]] std::string answer() const;

 private:
  TempDir directory_;
  std::uint16_t port_;
  std::string user_;
  std::unique_ptr<ChildProcess> master_;
};

}  // namespace chorale::testing
