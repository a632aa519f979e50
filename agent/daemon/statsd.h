// Nixy's statsd metrics over UDP: reload.success, reload.failed, reload.time. Loop thread only; never blocks, never
// fails.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>

#include "agent/config/config.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {

class Statsd {
 public:
  using Found = std::function<void(boost::system::error_code, const boost::asio::ip::udp::endpoint&)>;
  using Lookup = std::function<void(const std::string& host, const std::string& port, Found)>;

  // An empty address: off. A host name is resolved in the background, again every 10 s until it is known (at boot there
  // may be no resolver yet); until then nothing is sent. `lookup` stands in for the system's resolver in tests.
  Statsd(boost::asio::io_context& loop, const StatsdConfig& config, Lookup lookup = {},
         std::chrono::milliseconds again = std::chrono::seconds(10));
  Statsd(const Statsd&) = delete;
  Statsd& operator=(const Statsd&) = delete;

  void reloaded(std::chrono::milliseconds duration);  // reload.success and reload.time
  void reload_failed();

 private:
  void resolve();
  void found(const boost::system::error_code& error, const boost::asio::ip::udp::endpoint& endpoint);
  void send(const std::string& metric);

  std::string address_;

  std::string prefix_;
  int sample_rate_;  // percent; below 100 some packets are left out, and the others say so
  std::minstd_rand random_{std::random_device{}()};
  boost::asio::ip::udp::resolver resolver_;
  Lookup lookup_;
  std::chrono::milliseconds again_;
  boost::asio::steady_timer timer_;
  bool complained_ = false;
  boost::asio::ip::udp::socket socket_;
  coordination::LoopThread thread_;
};

}  // namespace chorale::agent
