// A follower's only traffic with Marathon: a ping of every endpoint every 10 s, for health and metrics. Loop thread
// only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/core/leading/marathon_tracker.h"
#include "agent/http/metrics.h"
#include "agent/marathon/client.h"

namespace chorale::agent {

// Every client of an agent shares its authorization.
[[nodiscard]] MarathonClientOptions marathon_client_options(const Config& config,
                                                            std::shared_ptr<Authorization> authorization);

class EndpointWatch {
 public:
  EndpointWatch(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const Config& config,
                std::shared_ptr<Authorization> authorization, Metrics& metrics, std::function<void()> changed);
  EndpointWatch(const EndpointWatch&) = delete;
  EndpointWatch& operator=(const EndpointWatch&) = delete;

  // Pings begin; while this agent leads they pause, since the leader learns the same from its own traffic.
  void start();
  void pause(bool paused);

  // Others than those of the configuration; what is known of those that stay is kept.
  void set_endpoints(const std::vector<std::string>& endpoints);
  // In the order in which they were given; healthy until proven otherwise, as in Nixy.
  [[nodiscard]] const std::vector<EndpointHealth>& endpoints() const { return endpoints_; }
  // One of them answered its last ping: what the leader takes for the word that this agent could follow Marathon.
  [[nodiscard]] bool reaches_marathon() const;
  // For the log: whether one of them answers; nullopt: not every one was asked since the pings began, or went on.
  [[nodiscard]] std::optional<bool> answers() const;

 private:
  void ping();
  void answered(const EndpointPinged& pinged);

  Metrics& metrics_;
  MarathonClient client_;
  boost::asio::steady_timer timer_;
  std::vector<EndpointHealth> endpoints_;
  std::set<std::string> answering_;  // proven, not presumed
  std::set<std::string> asked_;      // and answered in some way, since the last pause
  std::function<void()> changed_;
  bool paused_ = false;
};

}  // namespace chorale::agent
