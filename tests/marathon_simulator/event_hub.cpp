#include "tests/marathon_simulator/event_hub.h"

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <utility>

namespace chorale::marathon_simulator {

namespace asio = boost::asio;
using boost::system::error_code;
using Text = std::shared_ptr<const std::string>;

class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(EventHub& hub, asio::ip::tcp::socket socket, std::string remote_address, std::set<std::string> types,
              std::size_t bytes_per_second)
      : hub_(hub),
        socket_(std::move(socket)),
        heartbeat_timer_(socket_.get_executor()),
        pause_timer_(socket_.get_executor()),
        remote_address_(std::move(remote_address)),
        types_(std::move(types)),
        bytes_per_second_(bytes_per_second) {}

  void start(const std::string& head) {
    watch_for_hang_up();
    push({std::make_shared<const std::string>(head), false, false});
    arm_heartbeat();
  }

  // False when it was filtered out or dropped.
  bool offer(const Event& event, const Text& text) {
    if (!socket_.is_open()) return false;
    if (!types_.empty() && types_.count(event.type) == 0) return false;
    const std::size_t limit = hub_.version_ >= kNetworks ? 1024 : 50;
    if (outstanding_ >= limit) {
      if (hub_.version_ >= kClosesSlowConsumers) {
        ++hub_.slow_closed_;
        close(false);
      }
      return false;
    }
    ++outstanding_;
    push({text, true, false});
    return true;
  }

  void offer_raw(const Text& text) { push({text, false, false}); }

  void close(bool reset) {
    if (!socket_.is_open()) return;
    heartbeat_timer_.cancel();
    pause_timer_.cancel();
    error_code ignored;
    if (reset) {
      reset_socket(socket_);
    } else {
      socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
      socket_.close(ignored);
    }
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->hub_.detach(self); });
  }

  [[nodiscard]] const std::string& remote_address() const { return remote_address_; }

 private:
  struct Item {
    Text text;
    bool is_event;
    bool own_segment;
  };

  void push(Item item) {
    if (!socket_.is_open()) return;
    queue_.push_back(std::move(item));
    if (!writing_) write_next();
  }

  // Everything that waits goes out in one write, but the two halves of a heartbeat each have their own.
  void write_next() {
    batch_.clear();
    std::vector<asio::const_buffer> buffers;
    while (!queue_.empty() && buffers.size() < 64) {
      if (queue_.front().own_segment && !batch_.empty()) break;
      batch_.push_back(std::move(queue_.front()));
      queue_.pop_front();
      buffers.push_back(asio::buffer(*batch_.back().text));
      if (batch_.back().own_segment || bytes_per_second_ > 0) break;
    }
    writing_ = !batch_.empty();
    if (!writing_) return;
    asio::async_write(socket_, buffers, [self = shared_from_this()](error_code error, std::size_t size) {
      self->hub_.sent_(size);
      for (const auto& item : self->batch_) {
        if (item.is_event) --self->outstanding_;
      }
      if (error) return self->close(false);
      if (self->bytes_per_second_ == 0) return self->write_next();
      self->pause_timer_.expires_after(std::chrono::milliseconds(1000 * size / self->bytes_per_second_));
      self->pause_timer_.async_wait([self](error_code stopped) {
        if (!stopped) self->write_next();
      });
    });
  }

  // Independent of events: the timer of Jetty's EventSource runs on while they flow.
  void arm_heartbeat() {
    heartbeat_timer_.expires_after(hub_.heartbeat_);
    heartbeat_timer_.async_wait([self = shared_from_this()](error_code error) {
      if (error) return;
      static const Text kCarriageReturn = std::make_shared<const std::string>("\r");
      static const Text kLineFeed = std::make_shared<const std::string>("\n");
      self->push({kCarriageReturn, false, true});
      self->push({kLineFeed, false, true});
      self->arm_heartbeat();
    });
  }

  void watch_for_hang_up() {
    socket_.async_read_some(asio::buffer(from_peer_), [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->close(false);
      self->watch_for_hang_up();
    });
  }

  EventHub& hub_;
  asio::ip::tcp::socket socket_;
  asio::steady_timer heartbeat_timer_;
  asio::steady_timer pause_timer_;
  std::string remote_address_;
  std::set<std::string> types_;
  std::size_t bytes_per_second_;
  std::deque<Item> queue_;
  std::vector<Item> batch_;
  std::size_t outstanding_ = 0;
  bool writing_ = false;
  std::array<char, 256> from_peer_{};
};

std::string frame_event(const Event& event, const Version& version) {
  std::string text;
  if (version >= kNamesEvents) text = "event: " + event.type + "\r\n";
  return text += "data: " + event.data + "\r\n\r\n";
}

EventHub::EventHub(const Version& version, std::chrono::milliseconds heartbeat, ByteCounter sent)
    : version_(version), heartbeat_(heartbeat), sent_(std::move(sent)) {}

EventHub::~EventHub() = default;

void EventHub::attach(asio::ip::tcp::socket socket, const std::string& head, const std::string& remote_address,
                      std::set<std::string> types, std::size_t bytes_per_second) {
  const auto stream =
      std::make_shared<EventStream>(*this, std::move(socket), remote_address, std::move(types), bytes_per_second);
  streams_.insert(stream);
  stream->start(head);
  publish(Events(version_).stream("event_stream_attached", remote_address));
}

void EventHub::publish(const Event& event) {
  const auto text = std::make_shared<const std::string>(frame_event(event, version_));
  for (const auto& stream : streams_) {
    if (stream->offer(event, text)) ++events_sent_;
  }
}

void EventHub::publish_raw(const std::string& text) {
  const auto shared = std::make_shared<const std::string>(text);
  for (const auto& stream : streams_) stream->offer_raw(shared);
}

void EventHub::close_all(bool reset) {
  for (const auto& stream : streams_) stream->close(reset);
}

void EventHub::detach(const std::shared_ptr<EventStream>& stream) {
  if (streams_.erase(stream) == 0) return;
  publish(Events(version_).stream("event_stream_detached", stream->remote_address()));
}

}  // namespace chorale::marathon_simulator
