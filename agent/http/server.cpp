#include "agent/http/server.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>
#include <utility>

#include "agent/base/listening.h"
#include "agent/base/url.h"
#include "agent/http/connection.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using UnixSockets = asio::local::stream_protocol;
using Peer = HttpConnection::Peer;

constexpr std::chrono::milliseconds kAcceptBackOff{100};

// Clients never take more than half of the process's descriptors: the rest belongs to ZooKeeper, Marathon and nginx -t.
std::size_t connection_cap(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  return std::max<std::size_t>(1, std::min<std::size_t>(wanted, limit.rlim_cur / 2));
}

bool is_loopback(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address.is_loopback();
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
}

Peer peer_of(const tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  return !error && is_loopback(endpoint.address()) ? Peer::kLoopback : Peer::kRemote;
}
Peer peer_of(const UnixSockets::socket& /*socket*/) { return Peer::kUnixSocket; }

template <class Protocol>
struct Listener {
  explicit Listener(asio::io_context& loop) : acceptor(loop), retry_timer(loop) {}
  void close() {
    error_code ignored;
    acceptor.close(ignored);
    retry_timer.cancel();
  }

  asio::basic_socket_acceptor<Protocol> acceptor;
  asio::steady_timer retry_timer;
};

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(asio::io_context& loop, HttpServerOptions options, Handler handler)
      : tcp_(loop),
        unix_(loop),
        options_(std::move(options)),
        handler_(std::move(handler)),
        cap_(connection_cap(options_.max_connections)) {}

  tl::expected<void, Failure> start();
  tl::expected<void, Failure> start_unix();
  void stop();
  std::uint16_t port() const { return port_; }

 private:
  std::shared_ptr<const HttpConnection::Owner> make_owner();
  template <class Protocol>
  void accept(Listener<Protocol>& listener);
  template <class Protocol>
  void on_accepted(Listener<Protocol>& listener, error_code error, typename Protocol::socket socket);
  void give_way();
  void add_waiting(HttpConnection* connection);
  void remove_waiting(HttpConnection* connection);

  Listener<tcp> tcp_;
  Listener<UnixSockets> unix_;
  bool unix_bound_ = false;
  const HttpServerOptions options_;
  Handler handler_;
  const std::size_t cap_;
  std::shared_ptr<const HttpConnection::Owner> owner_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
  coordination::LoopThread thread_;

  std::map<HttpConnection*, std::shared_ptr<HttpConnection>> connections_;
  // Those without a complete request, the longest waiting first.
  std::list<HttpConnection*> waiting_;
  std::map<HttpConnection*, std::list<HttpConnection*>::iterator> waiting_at_;
};

tl::expected<void, Failure> HttpServer::Impl::start() {
  const std::string where = host_and_port(options_.address, options_.port);
  const auto refuse = [&](const error_code& error) {
    tcp_.close();
    return tl::unexpected(Failure{"cannot listen on " + where + ": " + error.message()});
  };
  auto& acceptor = tcp_.acceptor;
  error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error) return refuse(error);
  error = listen_on(acceptor, {address, options_.port});
  if (!error) port_ = acceptor.local_endpoint(error).port();
  if (error) return refuse(error);

  owner_ = make_owner();
  accept(tcp_);
  return {};
}

// Its mode is set between bind and listen: nobody can connect before.
tl::expected<void, Failure> HttpServer::Impl::start_unix() {
  const std::string& path = options_.unix_path;
  const auto refuse = [&](const std::string& why) {
    unix_.close();
    return tl::unexpected(Failure{"cannot listen on " + path + ": " + why});
  };
  sockaddr_un longest{};
  if (path.size() >= sizeof(longest.sun_path)) return refuse("the path is too long for a socket");
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) return refuse("there is a file of that name");
    ::unlink(path.c_str());  // of an agent that was killed: two would not get the same state_dir
  }
  error_code error;
  unix_.acceptor.open(UnixSockets(), error);
  if (!error) unix_.acceptor.bind(UnixSockets::endpoint(path), error);
  if (error) return refuse(error.message());
  unix_bound_ = true;
  if (::chmod(path.c_str(), 0600) != 0) error.assign(errno, boost::system::system_category());
  if (!error) unix_.acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return refuse(error.message());
  accept(unix_);
  return {};
}

std::shared_ptr<const HttpConnection::Owner> HttpServer::Impl::make_owner() {
  auto owner = std::make_shared<HttpConnection::Owner>();
  owner->options = options_;
  owner->handler = handler_;
  const auto weak = weak_from_this();
  owner->may_give_way = [weak](HttpConnection* connection) {
    if (const auto self = weak.lock()) self->add_waiting(connection);
  };
  owner->is_busy = [weak](HttpConnection* connection) {
    if (const auto self = weak.lock()) self->remove_waiting(connection);
  };
  owner->closed = [weak](HttpConnection* connection) {
    const auto self = weak.lock();
    if (!self) return;
    self->remove_waiting(connection);
    self->connections_.erase(connection);
  };
  return owner;
}

void HttpServer::Impl::stop() {
  stopped_ = true;
  tcp_.close();
  unix_.close();
  if (std::exchange(unix_bound_, false)) ::unlink(options_.unix_path.c_str());
  const auto connections = std::exchange(connections_, {});
  waiting_.clear();
  waiting_at_.clear();
  for (const auto& [key, connection] : connections) connection->close();
}

template <class Protocol>
void HttpServer::Impl::accept(Listener<Protocol>& listener) {
  listener.acceptor.async_accept(
      [weak = weak_from_this(), &listener](error_code error, typename Protocol::socket socket) {
        const auto self = weak.lock();
        if (self && !self->stopped_) self->on_accepted<Protocol>(listener, error, std::move(socket));
      });
}

template <class Protocol>
void HttpServer::Impl::on_accepted(Listener<Protocol>& listener, error_code error, typename Protocol::socket socket) {
  thread_.check();
  if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
      error == asio::error::no_buffer_space || error.value() == ENFILE) {
    // Out of descriptors: accepting again at once would fail again and again, at full speed.
    give_way();
    listener.retry_timer.expires_after(kAcceptBackOff);
    listener.retry_timer.async_wait([weak = weak_from_this(), &listener](error_code cancelled) {
      if (const auto self = weak.lock(); self && !cancelled && !self->stopped_) self->accept(listener);
    });
    return;
  }
  if (!error) {
    if (connections_.size() >= cap_) give_way();
    if (connections_.size() < cap_) {
      const Peer peer = peer_of(socket);
      const auto connection = std::make_shared<HttpConnection>(std::move(socket), peer, owner_);
      connections_.emplace(connection.get(), connection);
      connection->run();
    }  // else every one of them is being answered: the new client is closed
  }
  accept(listener);
}

void HttpServer::Impl::give_way() {
  if (waiting_.empty()) return;
  const auto connection = waiting_.front()->shared_from_this();
  connection->close();
}

void HttpServer::Impl::add_waiting(HttpConnection* connection) {
  remove_waiting(connection);
  waiting_at_[connection] = waiting_.insert(waiting_.end(), connection);
}

void HttpServer::Impl::remove_waiting(HttpConnection* connection) {
  const auto found = waiting_at_.find(connection);
  if (found == waiting_at_.end()) return;
  waiting_.erase(found->second);
  waiting_at_.erase(found);
}

HttpServer::HttpServer(asio::io_context& loop, HttpServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() { impl_->stop(); }

tl::expected<void, Failure> HttpServer::start() { return impl_->start(); }

tl::expected<void, Failure> HttpServer::start_unix() { return impl_->start_unix(); }

std::uint16_t HttpServer::port() const { return impl_->port(); }

}  // namespace chorale::agent
