// A blocking HTTP/1.1 GET/POST for tests: a new connection for every request, with a deadline. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace chorale::testing {

struct HttpReply {
  int status = 0;                              // 0: no answer at all; `error` says why
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string error;
};

struct HttpCall {
  std::string method = "GET";
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string target = "/";
  std::map<std::string, std::string> headers;
  std::string body;
  std::chrono::milliseconds timeout{5'000};
};

[[nodiscard]] HttpReply http_call(const HttpCall& call);
[[nodiscard]] HttpReply http_get(std::uint16_t port, const std::string& target);

}  // namespace chorale::testing
