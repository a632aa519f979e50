#include "agent/cli/local_agent.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/base/one_line.h"
#include "agent/base/text_file.h"
#include "agent/cli/cli.h"
#include "agent/cli/http_get.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Json = nlohmann::json;

constexpr const char* kStatusPath = "/v1/status";
constexpr std::chrono::seconds kPatience{200};  // more than the agent gives a command

struct Answer {
  unsigned status = 0;
  std::string text;  // one line
};

// One POST.
class Post {
 public:
  Post(const std::string& path, const std::string& target, const std::string& body)
      : request_{http::verb::post, target, 11, body}, socket_(loop_) {
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

  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
  boost::beast::flat_buffer buffer_;
  asio::io_context loop_{1};
  asio::local::stream_protocol::socket socket_;
  error_code error_;
  bool done_ = false;
};

}  // namespace

Url admin_url(const Config& config, const std::string& path) {
  Url url;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(config.listen_address, error);
  url.host = config.listen_address;
  if (address.is_unspecified()) url.host = address.is_v6() ? "::1" : "127.0.0.1";
  url.port = std::to_string(config.listen_port);
  url.target = path;
  return url;
}

tl::expected<coordination::ClusterSnapshot, Failure> read_status_body(const std::string& body) {
  const Json document = Json::parse(body, nullptr, false);
  if (!document.is_object() || !document.contains("state") || !document.contains("agents") ||
      !document["agents"].is_array()) {
    return tl::unexpected(Failure{"expected {\"state\": ..., \"agents\": [...]}"});
  }
  coordination::ClusterSnapshot snapshot;
  auto state = coordination::decode_state(document["state"].dump());
  if (!state) return tl::unexpected(Failure{state.error().message});
  snapshot.state = std::move(*state);
  for (const Json& entry : document["agents"]) {
    auto agent = coordination::decode_agent(entry.dump());
    if (agent) {
      snapshot.agents.push_back(std::move(*agent));
    } else {
      snapshot.unreadable.push_back(agent.error().message);
    }
  }
  return snapshot;
}

tl::expected<coordination::ClusterSnapshot, CliError> ask_local_status(const Config& config,
                                                                       std::chrono::milliseconds limit) {
  const auto answer = http_get(admin_url(config, kStatusPath), {}, {}, limit);
  if (!answer || answer->status != 200) {
    return tl::unexpected(CliError{
        kExitUnreachable,
        config.file + " names no zookeeper: this is a standalone agent, and its admin API on " + config.listen_address +
            ":" + std::to_string(config.listen_port) + kStatusPath + " does not answer: " +
            (answer ? "HTTP " + std::to_string(answer->status) + " " + answer->body : answer.error().message)});
  }
  auto snapshot = read_status_body(answer->body);
  if (!snapshot) {
    return tl::unexpected(CliError{kExitNo, std::string("the local agent's answer to ") + kStatusPath +
                                                " cannot be read: " + snapshot.error().message});
  }
  return std::move(*snapshot);
}

tl::expected<void, CliError> tell_local_agent(const Config& config, const std::string& page, const std::string& body) {
  const std::string path = admin_socket(config);
  const auto answer = Post(path, page, body).wait();
  if (!answer) {
    return tl::unexpected(CliError{kExitUnreachable, "the agent of this proxy cannot be asked over " + path + ": " +
                                                         answer.error().message +
                                                         "; is it running, and are you root?"});
  }
  if (answer->status != 200) return tl::unexpected(CliError{kExitNo, answer->text});
  return {};
}

tl::expected<render::RoutingState, CliError> read_local_routes(const Config& config) {
  const std::string file = config.state_dir + "/routes.json";
  const auto text = read_text_file(file);
  if (!text) {
    return tl::unexpected(CliError{kExitNo, text.error().message + "; " + config.file +
                                                " names no zookeeper, and a standalone agent keeps there what it " +
                                                "serves: has it served anything yet?"});
  }
  auto routes = render::decode_routes(*text);
  if (!routes) return tl::unexpected(CliError{kExitNo, file + ": " + routes.error().text()});
  return std::move(*routes);
}

}  // namespace chorale::agent
