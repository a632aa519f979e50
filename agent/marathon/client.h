// The agent's whole traffic with Marathon, asynchronous. Loop thread only; answers come back on the loop thread.
//
// REST goes through cpprest (its pool only posts), the event stream through Boost.Beast on the loop's io_context,
// parsing of big bodies on the worker pool. It decides nothing: which endpoint, when and what to fetch is
// agent/core/leading.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/core/leading/tracker_events.h"
#include "agent/marathon/authorization.h"
#include "agent/marathon/callback_source.h"

namespace chorale::agent {

struct MarathonClientOptions {
  std::shared_ptr<Authorization> authorization{};  // for configured endpoints and where they redirect; null: none
  TlsFiles tls{};
  Milliseconds request_timeout{10'000};        // whole small requests
  Milliseconds ping_timeout{3'000};            // a standby without a leader answers after 2.75 s
  Milliseconds list_timeout{30'000};           // /v2/apps
  Milliseconds stream_idle_timeout{25'000};    // no byte for so long: Marathon sends a heartbeat every 10 s
  bool with_readiness = false;                 // apps are asked for with the results of their readiness checks
  std::size_t max_body_bytes = 512U << 20U;    // after decompression
  std::size_t max_event_bytes = 64U << 20U;    // one event; a longer one is skipped and reported as type "oversized"
  std::optional<CallbackOptions> callbacks{};  // where events are posted to us; nullopt: the event stream
};

class MarathonClient {
 public:
  // Every answer, as the tracker's own events: StreamAttached, StreamFailed, EventReceived, AppsFetched, AppFetched,
  // PodsFetched, EndpointPinged.
  using Sink = std::function<void(TrackerEvent)>;

  MarathonClient(boost::asio::io_context& loop, boost::asio::thread_pool& workers, MarathonClientOptions options,
                 Sink sink);
  ~MarathonClient();  // cancels everything; no answer comes afterwards
  MarathonClient(const MarathonClient&) = delete;
  MarathonClient& operator=(const MarathonClient&) = delete;

  // Where events are posted: subscribes at that endpoint, which counts as the stream's opening.
  void perform(const OpenStream& effect);
  void perform(const FetchApps& effect);
  void perform(const FetchApp& effect);
  void perform(const FetchPods& effect);
  void perform(const FetchPod& effect);  // AppFetched answers it
  void perform(const PingEndpoint& effect);
  // Marathon's base URLs: who may post events.
  void set_endpoints(const std::vector<std::string>& endpoints);
  // No event is wanted any more: a subscription is taken back, and `done` is called afterwards, or half a second later.
  // No stream is opened from now on. The end of this client does the same without anybody waiting.
  void leave(std::function<void()> done);
  // Which Marathon it is; `done` is called once, or never after this client's end.
  void fetch_framework_id(const std::string& endpoint, std::function<void(tl::expected<std::string, Failure>)> done);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chorale::agent
