#include "agent/daemon/statsd.h"

#include <boost/asio/buffer.hpp>

#include "agent/base/log.h"

namespace chorale::agent {

Statsd::Statsd(boost::asio::io_context& loop, const StatsdConfig& config)
    : prefix_(config.name_space), sample_rate_(config.sample_rate), resolver_(loop), socket_(loop) {
  if (config.address.empty()) return;
  const auto colon = config.address.rfind(':');
  resolver_.async_resolve(config.address.substr(0, colon), config.address.substr(colon + 1),
                          [this, address = config.address](boost::system::error_code failed,
                                                           const boost::asio::ip::udp::resolver::results_type& found) {
                            if (failed == boost::asio::error::operation_aborted) return;
                            if (!failed) {
                              const boost::asio::ip::udp::endpoint endpoint = found.begin()->endpoint();
                              socket_.open(endpoint.protocol(), failed);
                              if (!failed) socket_.non_blocking(true, failed);
                              if (!failed) socket_.connect(endpoint, failed);
                            }
                            if (failed) log_warning("statsd " + address + " is off: " + failed.message());
                          });
}

void Statsd::reloaded(std::chrono::milliseconds duration) {
  send("reload.success:1|c");
  send("reload.time:" + std::to_string(duration.count()) + "|ms");
}

void Statsd::reload_failed() { send("reload.failed:1|c"); }

void Statsd::send(const std::string& metric) {
  thread_.check();
  if (!socket_.is_open()) return;
  std::string packet = prefix_ + "." + metric;
  if (sample_rate_ < 100) {
    if (std::uniform_int_distribution<int>(1, 100)(random_) > sample_rate_) return;
    packet += "|@" + std::to_string(static_cast<double>(sample_rate_) / 100.0).substr(0, 4);
  }
  boost::system::error_code ignored;  // a lost datagram is not a failure of the agent
  socket_.send(boost::asio::buffer(packet), 0, ignored);
}

}  // namespace chorale::agent
