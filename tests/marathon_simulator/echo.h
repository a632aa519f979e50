// What a backend does beside HTTP: it sends back what comes, by UDP or on a connection that was upgraded. Loop thread
// only. Both are owned by their pending operations and end with close().
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <memory>
#include <string>

namespace chorale::marathon_simulator {

// Sends `greeting`, then each piece that comes.
class UpgradedConnection : public std::enable_shared_from_this<UpgradedConnection> {
 public:
  explicit UpgradedConnection(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
  void start(std::string greeting);
  void close();

 private:
  void write(std::string text);
  void read();

  boost::asio::ip::tcp::socket socket_;
  std::string out_;
  std::array<char, 4'096> in_{};
};

// Answers each datagram by "<name> " and itself.
class DatagramEcho : public std::enable_shared_from_this<DatagramEcho> {
 public:
  DatagramEcho(boost::asio::io_context& io, std::string name) : socket_(io), name_(std::move(name)) {}
  [[nodiscard]] bool open(const boost::asio::ip::udp::endpoint& endpoint);
  void close();

 private:
  void read();

  boost::asio::ip::udp::socket socket_;
  boost::asio::ip::udp::endpoint peer_;
  std::string name_;
  std::array<char, 4'096> in_{};
};

}  // namespace chorale::marathon_simulator
