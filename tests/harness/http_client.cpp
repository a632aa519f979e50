#include "tests/harness/http_client.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <utility>

namespace chorale::testing {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

// One call on a context of its own: beast's timeouts only work asynchronously.
class Call {
 public:
  explicit Call(const HttpCall& call) : call_(call), stream_(context_) {}

  HttpReply run() {
    stream_.expires_after(call_.timeout);
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(call_.host), call_.port);
    stream_.async_connect(endpoint, [this](beast::error_code error) {
      if (!failed("connect", error)) write();
    });
    context_.run();
    return std::move(reply_);
  }

 private:
  bool failed(const char* what, beast::error_code error) {
    if (!error) return false;
    reply_ = HttpReply{};
    reply_.error = std::string(what) + ": " + error.message();
    return true;
  }

  void write() {
    const auto verb = http::string_to_verb(call_.method);
    request_.emplace(verb, call_.target, 11);
    request_->set(http::field::host, call_.host + ":" + std::to_string(call_.port));
    request_->set(http::field::connection, "close");
    for (const auto& [name, value] : call_.headers) request_->set(name, value);
    request_->body() = call_.body;
    request_->prepare_payload();
    http::async_write(stream_, *request_, [this](beast::error_code error, std::size_t) {
      if (!failed("write", error)) read();
    });
  }

  void read() {
    parser_.body_limit(1U << 30U);
    http::async_read(stream_, buffer_, parser_, [this](beast::error_code error, std::size_t) {
      if (failed("read", error)) return;
      const auto& response = parser_.get();
      reply_.status = static_cast<int>(response.result_int());
      for (const auto& field : response) {
        std::string name(field.name_string());
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        reply_.headers[name] = std::string(field.value());
      }
      reply_.body = response.body();
      stream_.close();
    });
  }

  const HttpCall& call_;
  asio::io_context context_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request<http::string_body>> request_;
  http::response_parser<http::string_body> parser_;
  HttpReply reply_;
};

}  // namespace

HttpReply http_call(const HttpCall& call) { return Call(call).run(); }

HttpReply http_get(std::uint16_t port, const std::string& target) {
  HttpCall call;
  call.port = port;
  call.target = target;
  return http_call(call);
}

}  // namespace chorale::testing
