// Marathon's events by HTTP callback (Marathon up to 1.4, --event_subscriber http_callback), in place of its event
// stream. Loop thread only.
//
//   open(endpoint) -> who is subscribed there? -> what earlier leaders left is taken back, ours is added
//                  -> StreamAttached -> looked at again every 10 s ... -> StreamFailed where that cannot be had
//
// Adding ours again is harmless, and Marathon tells every subscriber of it: that is how a quiet Marathon is asked for a
// sign of life (ActorHttpCallbackSubscriptionService of 1.4). What was missed while the subscription was missing is
// made up for by SyncRequested.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/leading/tracker_events.h"
#include "agent/marathon/callback_listener.h"
#include "agent/marathon/callers.h"
#include "agent/marathon/rest_client.h"
#include "agent/marathon/subscription.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {

struct CallbackOptions {
  CallbackMark mark;
  CallbackListenerOptions listener;
  std::vector<std::string> from;        // see Callers
  Milliseconds request_timeout{5'000};  // of one request about subscriptions
  Milliseconds first_look{2'000};       // after attaching: another leader's last word may have crossed ours
  Milliseconds look_interval{10'000};
  Milliseconds ask_after{30'000};  // without an event: a sign of life is asked for
  // How long a later leader's subscription is left alone: longer than it takes to hear that another leads, and not for
  // ever, since the epochs of a tree that was put back begin anew.
  Milliseconds newer_stays{60'000};
  Milliseconds leave_timeout{500};
};

class CallbackSource {
 public:
  using Sink = std::function<void(TrackerEvent)>;  // may end the source

  CallbackSource(boost::asio::io_context& loop, RestOptions rest, CallbackOptions options, Sink sink);
  ~CallbackSource();  // as leave(), and nothing is reported afterwards
  CallbackSource(const CallbackSource&) = delete;
  CallbackSource& operator=(const CallbackSource&) = delete;

  // Who may post, unless the options say otherwise.
  void set_endpoints(const std::vector<std::string>& endpoints);
  // As the effect OpenStream: subscribes there, and follows no other endpoint from now on.
  void open(const std::string& endpoint);
  // Takes the subscription back. `done` is called once, not within this call, when that is done or has taken too long.
  void leave(std::function<void()> done);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chorale::agent
