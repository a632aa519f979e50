// A real, tiny HTTP server behind every task's port, all in the simulator's process. Loop thread only.
//
// Host ports are what the system gives for port 0 at the slave's address, in the slave's network; a container with an
// address of its own gets one out of 127.9.0.0/16 and listens on its containerPort there. A GET answers who it is, a
// POST its own body; both name the task in headers. An upgrade to a websocket is taken, and then what comes is sent
// back, as it is by UDP on the same port where the app's port speaks that.
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/marathon_simulator/processes.h"

namespace chorale::marathon_simulator {

class BackendListener;

class Backends : public Processes {
 public:
  explicit Backends(boost::asio::io_context& io);
  ~Backends() override;

  bool start(Task& task, const AppSpec& spec) override;
  void stop(const Task& task) override;

 private:
  std::shared_ptr<BackendListener> listen(const Task& task, const std::string& address, std::uint16_t port, bool udp);

  boost::asio::io_context& io_;
  std::map<std::string, std::vector<std::shared_ptr<BackendListener>>> listeners_;
  std::uint32_t next_container_ = 1;
};

}  // namespace chorale::marathon_simulator
