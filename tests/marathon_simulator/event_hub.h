// The event streams of /v2/events: framing, heartbeats, filters, slow consumers. Loop thread only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/marathon_simulator/connection.h"
#include "tests/marathon_simulator/events.h"

namespace chorale::marathon_simulator {

class EventStream;

class EventHub {
 public:
  EventHub(const Version& version, std::chrono::milliseconds heartbeat, ByteCounter sent);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // Writes `head` (status line and headers), subscribes, then publishes event_stream_attached to everybody, the
  // newcomer included. No `types` means all. `bytes_per_second` 0 means as fast as the peer reads.
  void attach(boost::asio::ip::tcp::socket socket, const std::string& head, const std::string& remote_address,
              std::set<std::string> types, std::size_t bytes_per_second);
  void publish(const Event& event);
  // Bytes as they are, to every stream: for what no sane server would say.
  void publish_raw(const std::string& text);
  // What a leader does that loses its leadership; with RST when asked for.
  void close_all(bool reset);

  void set_heartbeat(std::chrono::milliseconds interval) { heartbeat_ = interval; }
  [[nodiscard]] std::size_t open_streams() const { return streams_.size(); }
  [[nodiscard]] std::uint64_t events_sent() const { return events_sent_; }
  [[nodiscard]] std::uint64_t slow_closed() const { return slow_closed_; }
  void reset_counters() { events_sent_ = slow_closed_ = 0; }

 private:
  friend class EventStream;
  void detach(const std::shared_ptr<EventStream>& stream);

  Version version_;
  std::chrono::milliseconds heartbeat_;
  ByteCounter sent_;
  std::set<std::shared_ptr<EventStream>> streams_;
  std::uint64_t events_sent_ = 0;
  std::uint64_t slow_closed_ = 0;
};

// One event as the stream shows it. Marathon names the event in a line of its own since 0.11.
[[nodiscard]] std::string frame_event(const Event& event, const Version& version);

}  // namespace chorale::marathon_simulator
