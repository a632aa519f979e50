#include "tests/marathon_simulator/backends.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <utility>

#include "tests/marathon_simulator/connection.h"
#include "tests/marathon_simulator/network_scope.h"

namespace chorale::marathon_simulator {

namespace asio = boost::asio;
using boost::system::error_code;

class BackendListener : public std::enable_shared_from_this<BackendListener> {
 public:
  BackendListener(asio::io_context& io, std::string app_id, std::string task_id)
      : acceptor_(io), pause_(io), app_id_(std::move(app_id)), task_id_(std::move(task_id)) {}

  bool open(const std::string& address, std::uint16_t port, const std::string& network) {
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
          if (self) peer->respond(self->answer(request));
        },
        [](std::size_t) {});
    connections_.erase(
        std::remove_if(connections_.begin(), connections_.end(), [](const auto& weak) { return weak.expired(); }),
        connections_.end());
    connections_.push_back(connection);
    connection->start();
  }

  [[nodiscard]] Response answer(const Request& request) const {
    Response response;
    response.set("Content-Type", "text/plain");
    response.set("X-App", app_id_);
    response.set("X-Task", task_id_);
    response.body = request.method == "POST" || request.method == "PUT"
                        ? request.body
                        : "app=" + app_id_ + " task=" + task_id_ + " port=" + std::to_string(port_) +
                              " path=" + request.target + "\n";
    return response;
  }

  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::string app_id_;
  std::string task_id_;
  std::uint16_t port_ = 0;
  std::vector<std::weak_ptr<Connection>> connections_;
};

Backends::Backends(asio::io_context& io) : io_(io) {}

Backends::~Backends() = default;

std::shared_ptr<BackendListener> Backends::listen(const Task& task, const std::string& address, std::uint16_t port) {
  auto listener = std::make_shared<BackendListener>(io_, task.app_id, task.id);
  if (!listener->open(address, port, task.slave.network)) return nullptr;
  listeners_[task.id].push_back(listener);
  return listener;
}

bool Backends::start(Task& task, const AppSpec& spec) {
  task.ip_address = task.slave.address;
  if (spec.network == NetworkMode::kBridge) task.ip_address = container_address("172.17.", next_container_++);
  if (spec.network == NetworkMode::kContainer) task.ip_address = container_address("127.9.", next_container_++);
  for (const auto& port : spec.ports) {
    if (port.has_host_port) {
      const auto listener = listen(task, task.slave.address, 0);
      if (!listener) return false;
      task.ports.push_back(listener->port());
    } else if (!listen(task, task.ip_address, static_cast<std::uint16_t>(port.container_port))) {
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
