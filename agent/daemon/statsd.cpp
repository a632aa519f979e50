#include "agent/daemon/statsd.h"

#include <boost/asio/buffer.hpp>
#include <utility>

#include "agent/base/log.h"

namespace chorale::agent {

Statsd::Statsd(boost::asio::io_context& loop, const StatsdConfig& config, Lookup lookup,
               std::chrono::milliseconds again)
    : address_(config.address),
      prefix_(config.name_space),
      sample_rate_(config.sample_rate),
      resolver_(loop),
      lookup_(std::move(lookup)),
      again_(again),
      timer_(loop),
      socket_(loop) {
  if (!lookup_) {
    lookup_ = [this](const std::string& host, const std::string& port, Found found) {
      resolver_.async_resolve(host, port,
                              [found = std::move(found)](const boost::system::error_code& error,
                                                         const boost::asio::ip::udp::resolver::results_type& results) {
                                found(error, error ? boost::asio::ip::udp::endpoint() : results.begin()->endpoint());
                              });
    };
  }
  if (!address_.empty()) resolve();
}

void Statsd::resolve() {
  const auto colon = address_.rfind(':');
  lookup_(address_.substr(0, colon), address_.substr(colon + 1),
          [this](const boost::system::error_code& error, const boost::asio::ip::udp::endpoint& endpoint) {
            if (error != boost::asio::error::operation_aborted) found(error, endpoint);
          });
}

void Statsd::found(const boost::system::error_code& error, const boost::asio::ip::udp::endpoint& endpoint) {
  boost::system::error_code failed = error;
  if (!failed) socket_.open(endpoint.protocol(), failed);
  if (!failed) socket_.non_blocking(true, failed);
  if (!failed) socket_.connect(endpoint, failed);
  if (!failed) {
    if (complained_) log_info("statsd " + address_ + " is known now");
    return;
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (!std::exchange(complained_, true)) {
    log_warning("statsd " + address_ + " is off until its name is known: " + failed.message());
  }
  timer_.expires_after(again_);
  timer_.async_wait([this](const boost::system::error_code& stopped) {
    if (!stopped) resolve();
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
