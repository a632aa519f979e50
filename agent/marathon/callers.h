// Who may post events: Marathon's endpoints, by every address that their names have, or the networks that the
// configuration names instead. Loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/base/ip_network.h"
#include "agent/marathon/loop_gate.h"

namespace chorale::agent {

class Callers {
 public:
  // `from`: networks, or "any"; none: the endpoints.
  Callers(boost::asio::io_context& loop, const std::vector<std::string>& from);
  ~Callers();  // what is being looked up is dropped
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  // Marathon's base URLs. Their names are looked up; meanwhile what was known of them stays allowed.
  void set_endpoints(const std::vector<std::string>& endpoints);
  // Names that were looked up more than a minute ago are looked up again.
  void refresh();
  // A stranger makes it look the names up again, at most every five seconds: a node of Marathon may have moved.
  [[nodiscard]] bool allows(const boost::asio::ip::address& address);
  // Every name has been looked up at least once, with whatever result.
  [[nodiscard]] bool known() const { return waiting_ == 0; }

  // Called on the loop whenever known() has become true.
  std::function<void()> on_known;

 private:
  using Clock = std::chrono::steady_clock;

  void look_up_all();
  void found(const std::string& name, std::set<boost::asio::ip::address> addresses);

  std::shared_ptr<LoopGate> gate_;
  std::vector<IpNetwork> networks_;
  bool any_ = false;
  bool endpoints_ = true;  // they are who may
  std::map<std::string, std::set<boost::asio::ip::address>> by_name_;
  std::size_t waiting_ = 0;  // names that are being looked up
  Clock::time_point looked_up_at_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace chorale::agent
