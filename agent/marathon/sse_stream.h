// One connection to Marathon's event stream: connects, follows redirects, delivers events until it fails or is closed.
// Loop thread only.
//
// It never reconnects: when and where to try again is the tracker's decision. Memory is bounded by 64 KiB of body, 16
// KiB of header and one unfinished event.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/types.h"
#include "agent/base/url.h"
#include "agent/marathon/authorization.h"
#include "agent/marathon/sse_parser.h"

namespace chorale::agent {

struct SseOptions {
  std::shared_ptr<Authorization> authorization;  // null: none; also sent along redirects
  TlsFiles tls;
  Milliseconds open_timeout{10'000};  // from the first byte out to the last of the header, per hop
  Milliseconds idle_timeout{25'000};  // no byte for so long
  std::size_t max_event_bytes = 64U << 20U;
};

struct SseListener {
  std::function<void()> opened;                       // 200 and text/event-stream
  std::function<void(std::vector<SseEvent>)> events;  // in order; after opened
  std::function<void(Failure, bool silent)> failed;   // once, the last call; silent: given up because nothing came
};

class SseStream {
 public:
  // The listener is never called from within this constructor.
  SseStream(boost::asio::io_context& loop, const Url& url, SseOptions options, SseListener listener);
  ~SseStream();  // closes; the listener is not called afterwards, even where the listener itself destroys
  SseStream(const SseStream&) = delete;
  SseStream& operator=(const SseStream&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chorale::agent
