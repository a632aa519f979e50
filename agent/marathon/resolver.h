// Host names to addresses, asynchronously. Loop thread only; the system's resolver runs on threads of its own.
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

  // Answers once for the whole set, with what resolved within the time limit (5 s) and what failed. Addresses are
  // literal, IPv4 before IPv6, lowest first.
  void perform(const ResolveNames& effect);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chorale::agent
