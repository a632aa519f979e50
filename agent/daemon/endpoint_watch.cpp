#include "agent/daemon/endpoint_watch.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kPingInterval{10};

}  // namespace

MarathonClientOptions marathon_client_options(const Config& config, std::shared_ptr<Authorization> authorization) {
  MarathonClientOptions options;
  options.with_readiness = config.routing.respect_readiness;
  options.authorization = std::move(authorization);
  options.tls = config.tls;
  return options;
}

EndpointWatch::EndpointWatch(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const Config& config,
                             std::shared_ptr<Authorization> authorization, Metrics& metrics,
                             std::function<void()> changed)
    : metrics_(metrics),
      client_(loop, workers, marathon_client_options(config, std::move(authorization)),
              [this](const TrackerEvent& event) {
                if (const auto* pinged = std::get_if<EndpointPinged>(&event)) answered(*pinged);
              }),
      timer_(loop),
      changed_(std::move(changed)) {
  set_endpoints(marathon_urls(config));
}

void EndpointWatch::set_endpoints(const std::vector<std::string>& endpoints) {
  std::vector<EndpointHealth> next;
  for (const std::string& endpoint : endpoints) {
    const auto known = std::find_if(endpoints_.begin(), endpoints_.end(),
                                    [&](const EndpointHealth& entry) { return entry.endpoint == endpoint; });
    next.push_back(known == endpoints_.end() ? EndpointHealth{endpoint, true, "OK"} : *known);
  }
  endpoints_ = std::move(next);
  std::erase_if(answering_, [&](const std::string& endpoint) {
    return std::find(endpoints.begin(), endpoints.end(), endpoint) == endpoints.end();
  });
}

void EndpointWatch::start() { ping(); }

bool EndpointWatch::reaches_marathon() const { return !answering_.empty(); }

void EndpointWatch::pause(bool paused) {
  paused_ = paused;
  asked_.clear();
}

std::optional<bool> EndpointWatch::answers() const {
  const auto answers = [this](const EndpointHealth& one) { return asked_.contains(one.endpoint) && one.healthy; };
  if (std::any_of(endpoints_.begin(), endpoints_.end(), answers)) return true;
  const auto asked = [this](const EndpointHealth& one) { return asked_.contains(one.endpoint); };
  if (endpoints_.empty() || !std::all_of(endpoints_.begin(), endpoints_.end(), asked)) return std::nullopt;
  return false;
}

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
  const auto endpoint = std::find_if(endpoints_.begin(), endpoints_.end(),
                                     [&](const EndpointHealth& entry) { return entry.endpoint == pinged.endpoint; });
  if (endpoint == endpoints_.end()) return;
  if (!paused_) asked_.insert(pinged.endpoint);
  endpoint->healthy = !pinged.failure;
  endpoint->message = pinged.failure ? pinged.failure->message : "OK";
  if (pinged.failure) {
    pinged.answered ? metrics_.endpoint_check_failed() : metrics_.endpoint_down();
    const auto is_well = [](const EndpointHealth& each) { return each.healthy; };
    if (std::none_of(endpoints_.begin(), endpoints_.end(), is_well)) metrics_.all_endpoints_down();
    answering_.erase(pinged.endpoint);
  } else {
    answering_.insert(pinged.endpoint);
  }
  changed_();
}

}  // namespace chorale::agent
