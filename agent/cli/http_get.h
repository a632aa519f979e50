// One HTTP request with a deadline: the only HTTP client of the command line. Blocking.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/types.h"
#include "agent/base/url.h"

namespace chorale::agent {

struct HttpAnswer {
  unsigned status = 0;
  std::string date;  // the header, or empty
  std::string body;  // at most 64 KiB, or it is an error
};

// A single GET; redirects are not followed. `credentials`: "user:password" or empty; `ca_file` empty: the system's
// roots.
[[nodiscard]] tl::expected<HttpAnswer, Failure> http_get(const Url& url, const std::string& credentials,
                                                         const std::string& ca_file, std::chrono::milliseconds limit);

// Why no TCP connection can be made to it (an unknown name, a closed port); nullopt: it can.
[[nodiscard]] std::optional<Failure> why_unreachable(const std::string& host, const std::string& port,
                                                     std::chrono::milliseconds limit);

}  // namespace chorale::agent
