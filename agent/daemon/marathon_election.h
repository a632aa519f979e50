// Where Marathon is, where it is configured as zk://: its nodes' addresses, followed through its own election, on a
// session of its own. Loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/event_queue.h"
#include "agent/daemon/store_runner.h"
#include "coordination/directory_watch.h"
#include "coordination/store.h"

namespace chorale::agent {

struct MarathonElectionOptions {
  std::string id;           // this agent's, to spread what many agents do at once
  coordination::Path root;  // Marathon's: "/marathon"
  bool https = false;
  std::chrono::milliseconds session_timeout{10'000};
};

class MarathonElection {
 public:
  // `changed` is called when endpoints() or message() have.
  MarathonElection(boost::asio::io_context& loop, std::unique_ptr<coordination::Store> store,
                   MarathonElectionOptions options, std::function<void()> changed);
  MarathonElection(const MarathonElection&) = delete;
  MarathonElection& operator=(const MarathonElection&) = delete;

  void start();
  void close();

  // The nodes' URLs, the leader first. Those known last while the election cannot be read, or while nobody stands in
  // it.
  [[nodiscard]] const std::vector<std::string>& endpoints() const { return endpoints_; }
  // "OK", or why the election is not known.
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  void handle(const coordination::Event& event);
  void look();

  MarathonElectionOptions options_;
  coordination::DirectoryWatch watch_;
  std::function<void()> changed_;
  EventQueue<coordination::Event> events_;
  StoreRunner runner_;
  std::vector<std::string> endpoints_;
  std::string message_;
};

}  // namespace chorale::agent
