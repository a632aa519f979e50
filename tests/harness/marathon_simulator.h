// The Marathon simulator as a child process of a test, and a blocking client of its control API
// (tests/marathon_simulator/README.md). Any one thread.
//
// Control commands go over one connection that is kept open, because the simulator accepts no new one while it is
// stopped.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/harness/child_process.h"
#include "tests/harness/temp_dir.h"

namespace chorale::testing {

class MarathonSimulator {
 public:
  struct Options {
    std::vector<std::string> arguments;  // further ones of the command line; --listen 127.0.0.1:0 is the default
  };
  struct TaskInfo {
    std::string id;
    std::string host;
    std::vector<std::uint16_t> ports;
    std::string state;
  };

  MarathonSimulator();
  explicit MarathonSimulator(Options options);
  ~MarathonSimulator();
  MarathonSimulator(const MarathonSimulator&) = delete;
  MarathonSimulator& operator=(const MarathonSimulator&) = delete;

  // Starts it and waits for its port. False: see log(). After kill() it starts again, empty, on the same port.
  [[nodiscard]] bool start();
  void kill();    // -9
  void pause();   // SIGSTOP: connections stay open without answers
  void resume();  // SIGCONT

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const;  // "http://127.0.0.1:8080"
  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  [[nodiscard]] std::string log() const;

  // POST /control/<command> with a JSON object. The reply; null when it was refused or not answered.
  nlohmann::json control(const std::string& command, const nlohmann::json& arguments);
  nlohmann::json control(const std::string& command);

  // The commonest of them; true when it was done. Deployments go on afterwards: see settled().
  bool create(const std::string& app, int tasks);
  bool create(const std::string& app, int tasks, const nlohmann::json& more);  // labels, env, healthChecks, ...
  // One container with one endpoint, unless `more` says otherwise. Scaled, destroyed and killed as apps are.
  bool create_pod(const std::string& pod, int instances, const nlohmann::json& more);
  bool scale(const std::string& app, int tasks);
  bool destroy(const std::string& app);
  bool restart(const std::string& app);
  bool kill_task(const std::string& app, int index, bool abrupt);
  bool set_health(const std::string& app, bool alive);
  // Which requests ("apps", "app", "events", "ping", "all"), and which of the README's modes.
  bool fault(const std::string& kind, const std::string& mode);
  bool clear_faults();
  bool stop_accepting();
  bool start_accepting();

  // No deployment is running any more.
  [[nodiscard]] bool settled(std::chrono::milliseconds limit);
  [[nodiscard]] std::vector<TaskInfo> tasks(const std::string& app);
  // GET /control/stats, with the changes numbered above `since`; null without an answer.
  [[nodiscard]] nlohmann::json stats(std::uint64_t since = 0);
  // How many requests of a kind were received since the last reset_stats().
  [[nodiscard]] std::int64_t requests(const std::string& kind);
  bool reset_stats();

 private:
  class Client;

  // The body of a 2xx answer.
  std::optional<std::string> call(const std::string& method, const std::string& target, const std::string& body);

  Options options_;
  TempDir directory_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<Client> client_;
  std::uint16_t port_ = 0;
  int starts_ = 0;
};

}  // namespace chorale::testing
