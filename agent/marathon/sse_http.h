// What is said over HTTP before the events of a stream: the request, and whether the answer is a stream. Pure.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <optional>
#include <string>

#include "agent/base/url.h"

namespace chorale::agent {

// `authorization`: the header's value, or empty.
[[nodiscard]] boost::beast::http::request<boost::beast::http::empty_body> stream_request(
    const Url& url, const std::string& authorization);

// Why no events follow this header (redirects aside); nullopt: they do.
[[nodiscard]] std::optional<std::string> stream_refusal(const boost::beast::http::response_header<>& header);

}  // namespace chorale::agent
