#include "tests/marathon_simulator/backends.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <utility>

#include "tests/marathon_simulator/connection.h"
#include "tests/marathon_simulator/echo.h"
#include "tests/marathon_simulator/network_scope.h"

namespace chorale::marathon_simulator {

namespace asio = boost::asio;
using boost::system::error_code;

class BackendListener : public std::enable_shared_from_this<BackendListener> {
 public:
  BackendListener(asio::io_context& io, std::string app_id, std::string task_id)
      : io_(io), acceptor_(io), pause_(io), app_id_(std::move(app_id)), task_id_(std::move(task_id)) {}

  bool open(const std::string& address, std::uint16_t port, const std::string& network, bool udp) {
    error_code error;
    const asio::ip::tcp::endpoint endpoint{asio::ip::make_address(address, error), port};
    {
      const NetworkScope scope(network);
      if (!scope.problem().empty()) {
        std::cerr << "backend of " << app_id_ << ": " << scope.problem() << "\n";
        return false;
      }
      if (!error) acceptor_.open(endpoint.protocol(), error);
    }
    if (!error && port != 0) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error && udp && !open_udp(network)) error = asio::error::address_in_use;
    if (error) {
      std::cerr << "backend of " << app_id_ << " on " << address << ":" << port << ": " << error.message() << "\n";
      return false;
    }
    port_ = acceptor_.local_endpoint().port();
    accept();
    return true;
  }

  void close() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (const auto& weak : connections_) {
      if (const auto connection = weak.lock()) connection->cut(false);
    }
    connections_.clear();
    for (const auto& weak : upgraded_) {
      if (const auto connection = weak.lock()) connection->close();
    }
    upgraded_.clear();
    if (datagrams_) datagrams_->close();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code error, asio::ip::tcp::socket socket) {
      if (error == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
      if (!error) {
        self->serve(std::move(socket));
        return self->accept();
      }
      // Out of descriptors, most likely: the next attempt would fail as fast as this one.
      self->pause_.expires_after(std::chrono::milliseconds(20));
      self->pause_.async_wait([self](error_code stopped) {
        if (!stopped && self->acceptor_.is_open()) self->accept();
      });
    });
  }

  void serve(asio::ip::tcp::socket socket) {
    const auto connection = std::make_shared<Connection>(
        std::move(socket),
        [weak = weak_from_this()](const Request& request, const std::shared_ptr<Connection>& peer) {
          const auto self = weak.lock();
          if (self && request.header("upgrade") == "websocket") return self->upgrade(peer);
          if (self) peer->respond(self->answer(request));
        },
        [](std::size_t) {});
    connections_.erase(
        std::remove_if(connections_.begin(), connections_.end(), [](const auto& weak) { return weak.expired(); }),
        connections_.end());
    connections_.push_back(connection);
    connection->start();
  }

  [[nodiscard]] std::string name() const { return "app=" + app_id_ + " task=" + task_id_; }

  // On the port that TCP has got.
  bool open_udp(const std::string& network) {
    const auto endpoint = acceptor_.local_endpoint();
    const NetworkScope scope(network);
    datagrams_ = std::make_shared<DatagramEcho>(io_, name());
    return datagrams_->open({endpoint.address(), endpoint.port()});
  }

  void upgrade(const std::shared_ptr<Connection>& peer) {
    const auto upgraded = std::make_shared<UpgradedConnection>(peer->take_socket());
    std::erase_if(upgraded_, [](const auto& weak) { return weak.expired(); });
    upgraded_.push_back(upgraded);
    upgraded->start("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n" + name() +
                    "\n");
  }

  [[nodiscard]] Response answer(const Request& request) const {
    Response response;
    response.set("Content-Type", "text/plain");
    response.set("X-App", app_id_);
    response.set("X-Task", task_id_);
    response.body = request.method == "POST" || request.method == "PUT"
                        ? request.body
                        : name() + " port=" + std::to_string(port_) + " path=" + request.target + "\n";
    return response;
  }

  asio::io_context& io_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::string app_id_;
  std::string task_id_;
  std::uint16_t port_ = 0;
  std::vector<std::weak_ptr<Connection>> connections_;
  std::vector<std::weak_ptr<UpgradedConnection>> upgraded_;
  std::shared_ptr<DatagramEcho> datagrams_;
};

Backends::Backends(asio::io_context& io) : io_(io) {}

Backends::~Backends() = default;

std::shared_ptr<BackendListener> Backends::listen(const Task& task, const std::string& address, std::uint16_t port,
                                                  bool udp) {
  auto listener = std::make_shared<BackendListener>(io_, task.app_id, task.id);
  if (!listener->open(address, port, task.slave.network, udp)) return nullptr;
  listeners_[task.id].push_back(listener);
  return listener;
}

bool Backends::start(Task& task, const AppSpec& spec) {
  task.ip_address = task.slave.address;
  if (spec.network == NetworkMode::kBridge) task.ip_address = container_address("172.17.", next_container_++);
  if (spec.network == NetworkMode::kContainer) task.ip_address = container_address("127.9.", next_container_++);
  for (const auto& port : spec.ports) {
    if (port.has_host_port) {
      const auto listener = listen(task, task.slave.address, 0, port.udp);
      if (!listener) return false;
      task.ports.push_back(listener->port());
    } else if (!listen(task, task.ip_address, static_cast<std::uint16_t>(port.container_port), port.udp)) {
      return false;
    }
  }
  return true;
}

void Backends::stop(const Task& task) {
  const auto found = listeners_.find(task.id);
  if (found == listeners_.end()) return;
  for (const auto& listener : found->second) listener->close();
  listeners_.erase(found);
}

}  // namespace chorale::marathon_simulator
