// The simulated Marathon node: puts the parts together and decides for each request which of them answers. Loop thread
// only.
//
// The order is Marathon's: authentication, then the leader filter, then the application. Faults come before all of it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "tests/marathon_simulator/callbacks.h"
#include "tests/marathon_simulator/control_api.h"
#include "tests/marathon_simulator/outbound.h"
#include "tests/marathon_simulator/rest_api.h"
#include "tests/marathon_simulator/tokens.h"

namespace chorale::marathon_simulator {

class Simulator {
 public:
  Simulator(boost::asio::io_context& io, const Options& options);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  // Opens the listener and starts the apps of the command line; the port, or why there is none.
  tl::expected<std::uint16_t, std::string> start();
  void stop();

 private:
  using ConnectionPtr = std::shared_ptr<Connection>;

  void on_request(const Request& request, const ConnectionPtr& connection);
  [[nodiscard]] bool authorised(const Request& request) const;
  void lead(const Request& request, const ConnectionPtr& connection, const std::optional<Fault>& fault);
  void stand_by(const Request& request, const ConnectionPtr& connection, const std::optional<Fault>& fault);
  // /v2/eventSubscriptions, up to 1.4.
  [[nodiscard]] Response subscriptions(const Request& request);
  void forward(const Request& request, const ConnectionPtr& connection, const std::optional<Fault>& fault);
  void open_stream(const Request& request, const ConnectionPtr& connection, const std::optional<Fault>& fault);
  void finish(const Request& request, const ConnectionPtr& connection, Response response,
              const std::optional<Fault>& fault);
  void publish(const Event& event);
  [[nodiscard]] std::string own_url() const;

  boost::asio::io_context& io_;
  Options options_;
  std::string address_;  // host:port, once open
  After after_;
  std::unique_ptr<Processes> processes_;
  CountedPorts nothing_;  // behind the tasks of --idle-apps
  Stats stats_;
  EventHub hub_;
  Callbacks callbacks_;
  Faults faults_;
  SimulatedMarathon marathon_;
  RestApi rest_;
  Tokens tokens_;
  Server server_;
  ControlApi control_;
};

}  // namespace chorale::marathon_simulator
