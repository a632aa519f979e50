// `chorale reload` and `chorale repair`: what steers this proxy, asked of its agent over the unix socket.
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>

#include "agent/base/one_line.h"
#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/load.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds kPatience{200};  // more than the agent gives a command

struct Answer {
  unsigned status = 0;
  std::string text;  // one line
};

// One POST without a body.
class Post {
 public:
  Post(const std::string& path, const std::string& target) : request_{http::verb::post, target, 11}, socket_(loop_) {
    request_.set(http::field::host, "localhost");
    request_.set(http::field::connection, "close");
    request_.prepare_payload();
    socket_.async_connect(asio::local::stream_protocol::endpoint(path), [this](const error_code& error) {
      if (!failed(error)) send();
    });
  }

  tl::expected<Answer, Failure> wait() {
    loop_.run_for(kPatience);
    if (!done_) return tl::unexpected(Failure{"no answer within " + std::to_string(kPatience.count()) + " s"});
    if (error_) return tl::unexpected(Failure{error_.message()});
    return Answer{response_.result_int(), one_line(response_.body(), 4096)};
  }

 private:
  bool failed(const error_code& error) {
    if (error) error_ = error;
    if (error) done_ = true;
    return done_;
  }
  void send() {
    http::async_write(socket_, request_, [this](const error_code& unsent, std::size_t) {
      if (failed(unsent)) return;
      http::async_read(socket_, buffer_, response_, [this](const error_code& unread, std::size_t) {
        failed(unread);
        done_ = true;
      });
    });
  }

  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
  boost::beast::flat_buffer buffer_;
  asio::io_context loop_{1};
  asio::local::stream_protocol::socket socket_;
  error_code error_;
  bool done_ = false;
};

int steer(const std::string& config_file, const std::string& target, const std::string& done) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  const std::string path = admin_socket(*config);
  const auto answer = Post(path, target).wait();
  if (!answer) {
    return complain({kExitUnreachable, "the agent of this proxy cannot be asked over " + path + ": " +
                                           answer.error().message + "; is it running, and are you root?"});
  }
  if (answer->status != 200) return complain({kExitNo, answer->text});
  std::cout << done << "\n";
  return kExitFine;
}

}  // namespace

int run_reload(const std::string& config_file) {
  return steer(config_file, "/v1/nginx/reload", "reloaded: new workers serve the file that is in place");
}

int run_repair(const std::string& config_file) {
  return steer(config_file, "/v1/nginx/repair", "Chorale's own file is in place");
}

}  // namespace chorale::agent
