#include "agent/http/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>
#include <utility>

#include "agent/base/url.h"
#include "agent/http/connection.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptBackOff{100};

// Clients never take more than half of the process's descriptors: the rest belongs to ZooKeeper, Marathon and nginx -t.
std::size_t connection_cap(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  return std::max<std::size_t>(1, std::min<std::size_t>(wanted, limit.rlim_cur / 2));
}

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(asio::io_context& loop, HttpServerOptions options, Handler handler)
      : acceptor_(loop),
        retry_timer_(loop),
        options_(std::move(options)),
        handler_(std::move(handler)),
        cap_(connection_cap(options_.max_connections)) {}

  tl::expected<void, Failure> start();
  void stop();
  std::uint16_t port() const { return port_; }

 private:
  void accept();
  void on_accepted(error_code error, asio::ip::tcp::socket socket);
  void give_way();
  void add_waiting(HttpConnection* connection);
  void remove_waiting(HttpConnection* connection);

  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer retry_timer_;
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
    error_code ignored;
    acceptor_.close(ignored);
    return tl::unexpected(Failure{"cannot listen on " + where + ": " + error.message()});
  };
  error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error) return refuse(error);
  const asio::ip::tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && address.is_v6() && address.is_unspecified()) acceptor_.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) return refuse(error);

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
  owner_ = std::move(owner);
  accept();
  return {};
}

void HttpServer::Impl::stop() {
  stopped_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  retry_timer_.cancel();
  const auto connections = std::exchange(connections_, {});
  waiting_.clear();
  waiting_at_.clear();
  for (const auto& [key, connection] : connections) connection->close();
}

void HttpServer::Impl::accept() {
  acceptor_.async_accept([weak = weak_from_this()](error_code error, asio::ip::tcp::socket socket) {
    if (const auto self = weak.lock(); self && !self->stopped_) self->on_accepted(error, std::move(socket));
  });
}

void HttpServer::Impl::on_accepted(error_code error, asio::ip::tcp::socket socket) {
  thread_.check();
  if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
      error == asio::error::no_buffer_space || error.value() == ENFILE) {
    // Out of descriptors: accepting again at once would fail again and again, at full speed.
    give_way();
    retry_timer_.expires_after(kAcceptBackOff);
    retry_timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
      if (const auto self = weak.lock(); self && !cancelled && !self->stopped_) self->accept();
    });
    return;
  }
  if (!error) {
    if (connections_.size() >= cap_) give_way();
    if (connections_.size() < cap_) {
      const auto connection = std::make_shared<HttpConnection>(std::move(socket), owner_);
      connections_.emplace(connection.get(), connection);
      connection->run();
    }  // else every one of them is being answered: the new client is closed
  }
  accept();
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

std::uint16_t HttpServer::port() const { return impl_->port(); }

}  // namespace chorale::agent
