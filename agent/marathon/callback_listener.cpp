#include "agent/marathon/callback_listener.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>
#include <utility>

#include "agent/base/listening.h"
#include "agent/base/url.h"
#include "agent/marathon/callback_connection.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptBackOff{100};

}  // namespace

class CallbackListener::Impl : public std::enable_shared_from_this<CallbackListener::Impl> {
 public:
  Impl(asio::io_context& loop, CallbackListenerOptions options, Callbacks callbacks)
      : acceptor_(loop), retry_(loop), options_(std::move(options)), callbacks_(std::move(callbacks)) {}

  tl::expected<void, Failure> start() {
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (!error) error = listen_on(acceptor_, {address, options_.port});
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error) {
      error_code ignored;
      acceptor_.close(ignored);
      return tl::unexpected(Failure{"cannot listen for events on " + host_and_port(options_.address, options_.port) +
                                    ": " + error.message()});
    }
    owner_ = make_owner();
    accept();
    return {};
  }

  void stop() {
    stopped_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    for (const auto& connection : std::exchange(connections_, {})) connection->close();
  }

  std::uint16_t port() const { return port_; }

 private:
  std::shared_ptr<const CallbackConnection::Owner> make_owner() {
    auto owner = std::make_shared<CallbackConnection::Owner>();
    owner->options = options_;
    owner->event = [weak = weak_from_this()](MarathonEvent event) {
      const auto self = weak.lock();
      if (self && !self->stopped_) self->callbacks_.event(std::move(event));
    };
    owner->closed = [weak = weak_from_this()](const std::shared_ptr<CallbackConnection>& connection) {
      if (const auto self = weak.lock()) self->connections_.erase(connection);
    };
    return owner;
  }

  void accept() {
    acceptor_.async_accept([weak = weak_from_this()](const error_code& error, tcp::socket socket) {
      const auto self = weak.lock();
      if (self && !self->stopped_) self->accepted(error, std::move(socket));
    });
  }

  void accepted(const error_code& error, tcp::socket socket) {
    thread_.check();
    if (!error) {
      take(std::move(socket));
      return accept();
    }
    // Out of descriptors, most likely: at once it would fail again, at full speed.
    retry_.expires_after(kAcceptBackOff);
    retry_.async_wait([weak = weak_from_this()](const error_code& cancelled) {
      const auto self = weak.lock();
      if (self && !cancelled && !self->stopped_) self->accept();
    });
  }

  void take(tcp::socket socket) {
    error_code gone;
    const auto peer = socket.remote_endpoint(gone);
    if (gone) return;
    const bool is_stranger = !callbacks_.allows(peer.address());
    if (is_stranger) callbacks_.refused(peer.address());
    const auto like_it = std::count_if(connections_.begin(), connections_.end(),
                                       [&](const auto& each) { return each->is_stranger() == is_stranger; });
    const std::size_t most = is_stranger ? options_.max_strangers : options_.max_connections;
    if (static_cast<std::size_t>(like_it) >= most) return;
    const auto connection = std::make_shared<CallbackConnection>(std::move(socket), is_stranger, owner_);
    connections_.insert(connection);
    connection->run();
  }

  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  const CallbackListenerOptions options_;
  const Callbacks callbacks_;
  std::shared_ptr<const CallbackConnection::Owner> owner_;
  std::set<std::shared_ptr<CallbackConnection>> connections_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
  coordination::LoopThread thread_;
};

CallbackListener::CallbackListener(asio::io_context& loop, CallbackListenerOptions options, Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(callbacks))) {}

CallbackListener::~CallbackListener() { impl_->stop(); }

tl::expected<void, Failure> CallbackListener::start() { return impl_->start(); }

std::uint16_t CallbackListener::port() const { return impl_->port(); }

}  // namespace chorale::agent
