// Nixy's statsd metrics over UDP: reload.success, reload.failed, reload.time. Loop thread only; never blocks, never
// fails.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>

#include "agent/config/config.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {

class Statsd {
 public:
  // An empty address: off. A host name is resolved once, in the background; until then nothing is sent.
  Statsd(boost::asio::io_context& loop, const StatsdConfig& config);
  Statsd(const Statsd&) = delete;
  Statsd& operator=(const Statsd&) = delete;

  void reloaded(std::chrono::milliseconds duration);  // reload.success and reload.time
  void reload_failed();

 private:
  void send(const std::string& metric);

  std::string prefix_;
  int sample_rate_;  // percent; below 100 some packets are left out, and the others say so
  std::minstd_rand random_{std::random_device{}()};
  boost::asio::ip::udp::resolver resolver_;
  boost::asio::ip::udp::socket socket_;
  coordination::LoopThread thread_;
};

}  // namespace chorale::agent
