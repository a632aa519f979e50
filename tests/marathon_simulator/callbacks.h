// HTTP callbacks of Marathon 1.4 and earlier: every event is POSTed to every subscribed URL. Loop thread only.
//
// As there: no retry, no order between URLs, and a URL that fails or takes longer than 10 s is skipped for a while that
// doubles; its events are lost.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/marathon_simulator/events.h"
#include "tests/marathon_simulator/outbound.h"

namespace chorale::marathon_simulator {

class Callbacks {
 public:
  explicit Callbacks(boost::asio::io_context& io) : io_(io) {}

  // False for a URL that cannot be called.
  bool add(const std::string& url);
  // From now on by way of this HTTP proxy, which resolves names; empty: directly. It is another Marathon that calls:
  // what it would have called is forgotten, and so is who was skipped. False for a URL that cannot be called.
  bool set_proxy(const std::string& url);
  bool remove(const std::string& url);
  [[nodiscard]] std::vector<std::string> urls() const;
  void publish(const Event& event);

 private:
  struct Subscriber {
    std::string url;
    std::deque<std::string> queue;
    bool calling = false;
    std::chrono::milliseconds pause{0};
    std::chrono::steady_clock::time_point skip_until{};
  };

  void call_next(const std::shared_ptr<Subscriber>& subscriber);

  boost::asio::io_context& io_;
  std::optional<Url> proxy_;
  std::map<std::string, std::shared_ptr<Subscriber>> subscribers_;
};

}  // namespace chorale::marathon_simulator
