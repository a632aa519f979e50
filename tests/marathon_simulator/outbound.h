// HTTP requests that the simulator itself makes: a standby to its leader, Marathon 1.4 to its callbacks. Loop thread
// only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "tests/marathon_simulator/http.h"

namespace chorale::marathon_simulator {

// Only http:// with a numeric address; that is all a test needs.
struct Url {
  std::string address;
  std::uint16_t port = 80;
  std::string target = "/";
};
[[nodiscard]] std::optional<Url> parse_url(const std::string& url);

enum class OutboundError { kRefused, kTimeout, kOther };

struct OutboundRequest {
  std::string method = "GET";
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
using OutboundAnswer = std::function<void(tl::expected<Response, OutboundError>)>;

// One request over a connection of its own; hop-by-hop headers are left out of the answer.
void send_request(boost::asio::io_context& io, const Url& url, OutboundRequest request,
                  std::chrono::milliseconds timeout, OutboundAnswer answer);

// Connects, sends `text` and copies every byte that comes back to `client` until one side ends: a proxied event stream.
void pipe_stream(boost::asio::io_context& io, const Url& url, std::string text, boost::asio::ip::tcp::socket client);

}  // namespace chorale::marathon_simulator
