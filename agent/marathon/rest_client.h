// Requests to Marathon that may be repeated (GET, and those of a subscription): time limits, redirects, one retry. Loop
// thread only; answers come on the loop thread.
//
// One keep-alive connection pool per endpoint, kept as long as the client. A pooled socket that Jetty has closed in the
// meantime (after 30 s) costs one silent retry; a 401 costs one where the authorization can be renewed. Redirects are
// followed here, with the credentials, which a library drops.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "agent/base/types.h"
#include "agent/base/url.h"
#include "agent/marathon/authorization.h"

namespace chorale::agent {

struct RestOptions {
  std::shared_ptr<Authorization> authorization;  // null: none
  TlsFiles tls;
  std::size_t max_body_bytes = 512U << 20U;  // after decompression
};

struct RestFailure {
  unsigned status = 0;  // HTTP status, or 0 where no complete answer came
  Failure failure;
};

class RestClient {
 public:
  using Handler = std::function<void(tl::expected<std::string, RestFailure>)>;  // the body of a 2xx answer, complete

  RestClient(boost::asio::io_context& loop, RestOptions options);
  ~RestClient();  // cancels; no handler is called afterwards
  RestClient(const RestClient&) = delete;
  RestClient& operator=(const RestClient&) = delete;

  // The time limit is for everything: redirects, the retry, the whole body. The handler is called once, never within
  // this call.
  void get(const Url& url, Milliseconds time_limit, Handler handler) {
    send("GET", url, time_limit, std::move(handler));
  }
  // REQUIRES: done twice it does the same as done once.
  void send(std::string method, const Url& url, Milliseconds time_limit, Handler handler);

  void cancel_all();  // what is pending is never answered, nor is what is asked from now on

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chorale::agent
