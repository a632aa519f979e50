// Which Marathon this agent's endpoints belong to: asked at the start until one answers, and when told to. Loop thread
// only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/config.h"
#include "agent/marathon/client.h"

namespace chorale::agent {

class FrameworkWatch {
 public:
  // `answered` is called whenever asking() has ended, with whatever result.
  FrameworkWatch(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const Config& config,
                 std::shared_ptr<Authorization> authorization, std::function<void()> answered);
  FrameworkWatch(const FrameworkWatch&) = delete;
  FrameworkWatch& operator=(const FrameworkWatch&) = delete;

  // Others than those of the configuration; asked by the next ask().
  void set_endpoints(std::vector<std::string> endpoints) { endpoints_ = std::move(endpoints); }
  // Asks the endpoints, one after the other until one answers; nothing while asking().
  void ask();
  [[nodiscard]] bool asking() const { return asking_; }
  // What was answered last; nullopt: nothing yet.
  [[nodiscard]] const std::optional<std::string>& framework_id() const { return framework_id_; }

 private:
  void ask_endpoint(std::size_t index);
  void end();

  MarathonClient client_;
  boost::asio::steady_timer timer_;
  std::vector<std::string> endpoints_;
  std::function<void()> answered_;
  std::optional<std::string> framework_id_;
  bool asking_ = false;
};

}  // namespace chorale::agent
