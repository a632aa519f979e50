#include "tests/integration/scripted_server.h"

#include <sys/socket.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace chorale::testing {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

template <class Stream>
class Connection : public ScriptedConnection {
 public:
  explicit Connection(Stream& stream) : stream_(stream) {}

  void send(std::string_view bytes) override {
    error_code ignored;
    boost::asio::write(stream_, boost::asio::buffer(bytes), ignored);
  }

  void wait_for_close() override {
    char byte = 0;
    error_code error;
    while (!error) {
      stream_.read_some(boost::asio::buffer(&byte, 1), error);
    }
  }

 private:
  Stream& stream_;
};

template <class Stream, class OnHead>
void converse(Stream& stream, const OnHead& on_head) {
  Connection<Stream> connection(stream);
  std::string buffer;
  error_code error;
  while (true) {
    const std::size_t head = boost::asio::read_until(stream, boost::asio::dynamic_buffer(buffer), "\r\n\r\n", error);
    if (error || !on_head(buffer.substr(0, head), connection)) {
      return;
    }
    buffer.erase(0, head);
  }
}

}  // namespace

ScriptedServer::ScriptedServer(Script script, std::shared_ptr<boost::asio::ssl::context> tls)
    : script_(std::move(script)),
      tls_(std::move(tls)),
      acceptor_(context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
      acceptor_thread_([this] { accept(); }) {}

ScriptedServer::~ScriptedServer() {
  stopping_ = true;
  // Only shutdown() wakes a blocked accept on Linux.
  ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
  acceptor_thread_.join();
  {
    const std::lock_guard lock(mutex_);
    for (tcp::socket& socket : sockets_) {
      ::shutdown(socket.native_handle(), SHUT_RDWR);
    }
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

std::string ScriptedServer::url(const std::string& host) const {
  return (tls_ ? "https://" : "http://") + host + ":" + std::to_string(acceptor_.local_endpoint().port());
}

std::vector<std::string> ScriptedServer::heads() const {
  const std::lock_guard lock(mutex_);
  return heads_;
}

void ScriptedServer::accept() {
  while (!stopping_) {
    tcp::socket socket(context_);
    error_code error;
    acceptor_.accept(socket, error);
    if (error) {
      continue;
    }
    ++connections_;
    socket.set_option(tcp::no_delay(true), error);
    const std::lock_guard lock(mutex_);
    tcp::socket& kept = sockets_.emplace_back(std::move(socket));
    threads_.emplace_back([this, &kept] { serve(kept); });
  }
}

void ScriptedServer::serve(tcp::socket& socket) {
  const auto on_head = [this](const std::string& head, ScriptedConnection& connection) {
    {
      const std::lock_guard lock(mutex_);
      heads_.push_back(head);
    }
    return script_(head, connection) && !stopping_;
  };
  if (tls_) {
    boost::asio::ssl::stream<tcp::socket&> stream(socket, *tls_);
    error_code error;
    stream.handshake(boost::asio::ssl::stream_base::server, error);
    if (!error) {
      converse(stream, on_head);
    }
  } else {
    converse(socket, on_head);
  }
  // The descriptor is kept until the end, so that the destructor never shuts down a number that was given away again.
  ::shutdown(socket.native_handle(), SHUT_RDWR);
}

std::string http_answer(std::string_view status, std::string_view body, std::string_view more_headers) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_headers) + "\r\n" + std::string(body);
}

}  // namespace chorale::testing
