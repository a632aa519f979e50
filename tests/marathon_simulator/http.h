// HTTP messages as values, and their text. Pure; sockets are in connection.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chorale::marathon_simulator {

struct Request {
  std::string method;
  std::string target;  // as received
  std::string path;    // without the query; not decoded, as Marathon's ids need no encoding
  std::vector<std::pair<std::string, std::string>> query;    // decoded
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::string remote_address;
  bool keep_alive = true;

  // The first value; empty when absent.
  [[nodiscard]] std::string header(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> parameters(std::string_view name) const;
};

// How the bytes leave: the ways in which a server can misbehave below HTTP.
enum class Delivery {
  kWhole,
  kTruncated,  // half of the body, then the end of the connection
  kSlow,       // `bytes_per_second`
  kReset,      // RST instead of an answer
  kNever,      // accepted and left without an answer
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Delivery delivery = Delivery::kWhole;
  std::size_t bytes_per_second = 0;

  void set(const std::string& name, std::string value);  // replaces
  [[nodiscard]] bool has(std::string_view name) const;
};

[[nodiscard]] const char* reason_phrase(int status);
[[nodiscard]] Response json_response(int status, std::string body);
// The error page of the container or of a filter, which answers before the application does.
[[nodiscard]] Response html_error(int status, const std::string& text);
// Cache-Control and its relatives, as Marathon puts them on everything.
void add_cache_headers(Response& response);

// The message as Jetty frames it: Content-Length up to 32 KiB, chunked above. A HEAD request gets no body.
[[nodiscard]] std::string serialize(const Response& response, bool head, bool keep_alive);

// Splits a target into path and decoded query.
void parse_target(const std::string& target, Request& request);
[[nodiscard]] std::string percent_decode(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] bool iequals(std::string_view left, std::string_view right);
// "user:password" out of an Authorization header; nothing when it is none of the Basic scheme.
[[nodiscard]] std::optional<std::string> basic_credentials(std::string_view authorization);
[[nodiscard]] std::string base64(std::string_view text);

}  // namespace chorale::marathon_simulator
