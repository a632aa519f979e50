// The slaves' host names to addresses, asynchronously and one by one. Loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "agent/core/leading/marathon_tracker.h"

namespace chorale::agent {

class Resolver {
 public:
  using Sink = std::function<void(NamesResolved)>;

  Resolver(boost::asio::io_context& loop, Sink sink);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Answers for every name by itself, as soon as it is known, and says that it failed after 5 s. Addresses that come
  // later than that are told as well. Addresses are literal, IPv4 before IPv6, lowest first.
  void perform(const ResolveNames& effect);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chorale::agent
