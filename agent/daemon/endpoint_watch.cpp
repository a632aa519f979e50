#include "agent/daemon/endpoint_watch.h"

#include <chrono>
#include <utility>
#include <variant>

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kPingInterval{10};

}  // namespace

MarathonClientOptions marathon_client_options(const Config& config) {
  MarathonClientOptions options;
  options.user = config.user;
  options.password = config.pass;
  options.ca_file = config.ca_file;
  return options;
}

EndpointWatch::EndpointWatch(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const Config& config,
                             std::function<void()> changed)
    : client_(loop, workers, marathon_client_options(config),
              [this](const TrackerEvent& event) {
                if (const auto* pinged = std::get_if<EndpointPinged>(&event)) answered(*pinged);
              }),
      timer_(loop),
      changed_(std::move(changed)) {
  for (const std::string& endpoint : config.marathon) endpoints_.push_back({endpoint, true, "OK"});
}

void EndpointWatch::start() { ping(); }

bool EndpointWatch::reaches_marathon() const { return !answering_.empty(); }

void EndpointWatch::ping() {
  if (!paused_) {
    for (const EndpointHealth& endpoint : endpoints_) client_.perform(PingEndpoint{endpoint.endpoint});
  }
  timer_.expires_after(kPingInterval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ping();
  });
}

void EndpointWatch::answered(const EndpointPinged& pinged) {
  if (pinged.failure) {
    answering_.erase(pinged.endpoint);
  } else {
    answering_.insert(pinged.endpoint);
  }
  for (EndpointHealth& endpoint : endpoints_) {
    if (endpoint.endpoint != pinged.endpoint) continue;
    endpoint.healthy = !pinged.failure;
    endpoint.message = pinged.failure ? pinged.failure->message : "OK";
  }
  changed_();
}

}  // namespace chorale::agent
