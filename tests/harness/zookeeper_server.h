// A real ZooKeeper server of a test's own: its own JVM, data directory and port on 127.0.0.1.
//
// Everything that operators and failures do to a server can be done to it. The JVM ends with this object, whatever else
// happens. Ready in about half a second; a connect string for Chorale is "zk://" + address() + "/chorale".
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/harness/child_process.h"
#include "tests/harness/temp_dir.h"

namespace chorale::testing {

class ZookeeperServer {
 public:
  struct Options {
    std::chrono::milliseconds tick{250};  // sessions are expired at multiples of it
    std::chrono::milliseconds min_session_timeout{500};
    std::vector<std::string> extra_config;  // further lines of zoo.cfg, e.g. an ensemble's "server.N=..."
    int id = 0;                             // this server's number in an ensemble; 0: standalone
  };

  ZookeeperServer();
  explicit ZookeeperServer(Options options);

  // Starts it and waits until it serves. False: see log(). On a port of its own choice the first time, on the same one
  // later.
  [[nodiscard]] bool start();
  // Starts it without waiting: the members of an ensemble serve only once a majority of them runs.
  void launch();
  [[nodiscard]] bool wait_until_serving();
  // kill -9; the data stays.
  void kill();
  void pause();   // SIGSTOP: connections stay open without answers
  void resume();  // SIGCONT
  // Deletes the data directory. REQUIRES: killed.
  void wipe();
  // A copy of the data directory as it is now, snapshots and logs, as an operator takes one of a running server.
  void back_up();
  // What back_up() copied, in place of the data directory. REQUIRES: killed.
  void put_back();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string log() const;  // what the server itself has written so far

 private:
  void write_config() const;

  Options options_;
  TempDir directory_{"zookeeper"};
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

// Some servers that elect a leader among themselves. Ready in about two seconds.
class ZookeeperEnsemble {
 public:
  explicit ZookeeperEnsemble(int size);

  [[nodiscard]] bool start();
  [[nodiscard]] ZookeeperServer& server(std::size_t index) { return *servers_.at(index); }
  [[nodiscard]] std::size_t size() const { return servers_.size(); }
  [[nodiscard]] std::string addresses() const;  // "127.0.0.1:1,127.0.0.1:2"

 private:
  std::vector<std::unique_ptr<ZookeeperServer>> servers_;
};

}  // namespace chorale::testing
