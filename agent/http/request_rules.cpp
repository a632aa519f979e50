#include "agent/http/request_rules.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "agent/base/one_line.h"
#include "agent/http/percent.h"

namespace chorale::agent {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

std::string to_string(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::optional<Refusal> refuse_request(const RequestHeader& header) {
  if (header.version() != 10 && header.version() != 11) return Refusal{505, "only HTTP/1.0 and HTTP/1.1 are supported"};
  const auto hosts = header.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && header.version() == 11)) return Refusal{400, "exactly one Host header is needed"};
  const auto lengths = header.count(http::field::content_length);
  const auto encodings = header.count(http::field::transfer_encoding);
  if (lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0)) {
    return Refusal{400, "more than one of Content-Length and Transfer-Encoding"};
  }
  // Chunked bodies are Beast's to read; any other coding would be taken for a body of its own length.
  if (encodings > 0 && (header.version() == 10 || !beast::iequals(header[http::field::transfer_encoding], "chunked"))) {
    return Refusal{501, "unknown Transfer-Encoding"};
  }
  if (const auto expected = header[http::field::expect];
      !expected.empty() && !beast::iequals(expected, "100-continue")) {
    return Refusal{417, "unknown expectation"};
  }
  return std::nullopt;
}

std::optional<HttpRequest> read_request(const RequestHeader& header) {
  const std::string target = to_string(header.target());
  if (!target.starts_with('/')) return std::nullopt;
  const auto question = target.find('?');
  auto path = percent_decode(std::string_view(target).substr(0, question));
  if (!path || std::any_of(path->begin(), path->end(), is_control)) return std::nullopt;

  HttpRequest request;
  request.method = to_string(header.method_string());
  request.path = std::move(*path);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  request.authorization = to_string(header[http::field::authorization]);
  return request;
}

bool was_forwarded(const RequestHeader& header) {
  return header.count(http::field::via) > 0 || header.count(http::field::forwarded) > 0 ||
         header.count("X-Forwarded-For") > 0 || header.count("X-Real-IP") > 0;
}

}  // namespace chorale::agent
