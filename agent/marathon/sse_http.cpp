#include "agent/marathon/sse_http.h"

#include <string_view>

#include "agent/base/one_line.h"

namespace chorale::agent {

namespace http = boost::beast::http;

http::request<http::empty_body> stream_request(const Url& url, const std::string& authorization) {
  http::request<http::empty_body> request(http::verb::get, url.target.empty() ? "/" : url.target, 11);
  request.set(http::field::host, url.authority());
  request.set(http::field::user_agent, "chorale");
  // Jetty compares the whole value; a list or a quality ends in 405.
  request.set(http::field::accept, "text/event-stream");
  request.set(http::field::accept_encoding, "identity");
  if (!authorization.empty()) {
    request.set(http::field::authorization, authorization);
  }
  return request;
}

std::optional<std::string> stream_refusal(const http::response_header<>& header) {
  if (header.result_int() != 200) {
    return "HTTP " + std::to_string(header.result_int());
  }
  const std::string written(header[http::field::content_type]);
  const std::string type = written.substr(0, written.find_first_of("; \t"));
  if (!boost::beast::iequals(type, "text/event-stream")) {
    return "the answer is \"" + one_line(written, 80) + "\", expected text/event-stream";
  }
  return std::nullopt;
}

}  // namespace chorale::agent
