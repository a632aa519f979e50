// What a request must be like before a handler sees it, beyond what Beast's parser checks. Pure.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <optional>
#include <string>

#include "agent/http/server.h"

namespace chorale::agent {

using RequestHeader = boost::beast::http::request_header<>;

struct Refusal {
  unsigned status = 400;
  std::string why;
};

// Ambiguous framing, a missing Host and foreign protocols: what two readers could understand differently.
[[nodiscard]] std::optional<Refusal> refuse_request(const RequestHeader& header);
// Path, query and the rest as a handler sees them; nullopt: the target is not an absolute path, is badly encoded, or
// hides control characters.
[[nodiscard]] std::optional<HttpRequest> read_request(const RequestHeader& header);
// A proxy on this host passed it on: the client may be anyone.
[[nodiscard]] bool was_forwarded(const RequestHeader& header);

}  // namespace chorale::agent
