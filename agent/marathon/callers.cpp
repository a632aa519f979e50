#include "agent/marathon/callers.h"

#include <algorithm>
#include <utility>

#include "agent/base/url.h"
#include "agent/marathon/name_lookup.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kFresh{60};
constexpr std::chrono::seconds kAgainForAStranger{5};

// As a socket for both kinds shows an IPv4 address.
boost::asio::ip::address unwrapped(const boost::asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

}  // namespace

Callers::Callers(boost::asio::io_context& loop, const std::vector<std::string>& from)
    : gate_(std::make_shared<LoopGate>(loop)), endpoints_(from.empty()) {
  for (const std::string& each : from) {
    if (each == "any") {
      any_ = true;
    } else if (auto network = IpNetwork::parse(each)) {
      networks_.push_back(*std::move(network));
    }
  }
}

Callers::~Callers() {
  *alive_ = false;
  gate_->close();
}

void Callers::set_endpoints(const std::vector<std::string>& endpoints) {
  if (!endpoints_) return;
  std::map<std::string, std::set<boost::asio::ip::address>> next;
  for (const std::string& endpoint : endpoints) {
    const auto url = parse_url(endpoint);
    if (url) next[url->host] = by_name_[url->host];
  }
  by_name_ = std::move(next);
  look_up_all();
}

void Callers::look_up_all() {
  // An answer to an earlier question counts no more: it would be taken for one of these.
  *std::exchange(alive_, std::make_shared<bool>(true)) = false;
  looked_up_at_ = Clock::now();
  waiting_ = by_name_.size();
  for (const auto& [name, known] : by_name_) {
    look_up(gate_, name, [this, name = name, alive = alive_](Addresses answer) {
      if (!*alive) return;
      std::set<boost::asio::ip::address> addresses;
      if (answer) addresses = {answer->begin(), answer->end()};
      found(name, std::move(addresses));
    });
  }
}

void Callers::found(const std::string& name, std::set<boost::asio::ip::address> addresses) {
  // Without an answer what was known stays.
  if (!addresses.empty()) by_name_[name] = std::move(addresses);
  if (--waiting_ == 0 && on_known) on_known();
}

void Callers::refresh() {
  if (endpoints_ && waiting_ == 0 && Clock::now() - looked_up_at_ >= kFresh) look_up_all();
}

bool Callers::allows(const boost::asio::ip::address& wrapped) {
  const auto address = unwrapped(wrapped);
  const bool allowed =
      any_ ||
      std::any_of(networks_.begin(), networks_.end(),
                  [&](const auto& network) { return network.contains(address.to_string()); }) ||
      std::any_of(by_name_.begin(), by_name_.end(), [&](const auto& host) { return host.second.count(address) != 0; });
  if (!allowed && endpoints_ && waiting_ == 0 && Clock::now() - looked_up_at_ >= kAgainForAStranger) look_up_all();
  return allowed;
}

}  // namespace chorale::agent
