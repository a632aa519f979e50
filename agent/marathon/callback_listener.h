// Where Marathon posts its events: POST /v1/events, one event each, read as it comes and not kept. Loop thread only.
//
// Not the admin API's server: that one holds a body and refuses a large one, and Marathon drops a subscriber that
// answers 413. Everything else is bounded: connections, headers, time; a stranger gets 403 and no more than a moment.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/types.h"
#include "agent/core/leading/marathon_apps.h"

namespace chorale::agent {

struct CallbackListenerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 0;                // 0: the system picks one
  std::size_t max_connections = 64;      // of callers
  std::size_t max_strangers = 16;        // connections of others, beside those
  Milliseconds idle_timeout{30'000};     // between requests of a kept connection
  Milliseconds silence_timeout{10'000};  // between the bytes of a request: Marathon itself gives up after 10 s
  Milliseconds request_timeout{60'000};  // of a request from its first byte on; looked at whenever bytes arrive
};

class CallbackListener {
 public:
  struct Callbacks {
    std::function<bool(const boost::asio::ip::address&)> allows;
    // One that cannot be read has the type "unreadable": something happened. May end the listener.
    std::function<void(MarathonEvent)> event;
    std::function<void(const boost::asio::ip::address&)> refused;  // a stranger; may not end the listener
  };

  CallbackListener(boost::asio::io_context& loop, CallbackListenerOptions options, Callbacks callbacks);
  ~CallbackListener();  // closes everything; nothing is reported afterwards
  CallbackListener(const CallbackListener&) = delete;
  CallbackListener& operator=(const CallbackListener&) = delete;

  // The error names the address and why.
  [[nodiscard]] tl::expected<void, Failure> start();
  [[nodiscard]] std::uint16_t port() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chorale::agent
