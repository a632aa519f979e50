// Single requests without a body over kept connections, without policy: no redirect, no retry, no time limit
// (rest_client has those). Loop thread only, but for the answer. Its .cpp is the only file that knows cpprest.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/tls_files.h"
#include "agent/base/url.h"

namespace chorale::agent {

struct RestOutcome {
  unsigned status = 0;  // 0: no header arrived
  std::string location;
  std::string body;                  // decompressed
  std::optional<std::string> error;  // what went wrong; set where no header arrived
  bool complete = false;             // to the last byte; an overlong error body is cut without an error
};

class RestExchanges {
 public:
  using Done = std::function<void(RestOutcome)>;
  using Cancel = std::function<void()>;

  RestExchanges(TlsFiles tls, std::size_t max_body_bytes);
  ~RestExchanges();  // what is under way goes on until it is cancelled
  RestExchanges(const RestExchanges&) = delete;
  RestExchanges& operator=(const RestExchanges&) = delete;

  // `address`: where url's host is, a literal; cpprest would resolve all names on one thread, so that one that hangs
  // holds up every other. The host stays what the server and its certificate are asked for.
  // `authorization`: the header's value, or empty.
  // `done` is called once, on a thread of cpprest's, or within this very call where nothing could be sent. The returned
  // function breaks the exchange off. Not for a complete one: it would close a socket that is back in the pool.
  [[nodiscard]] Cancel start(const std::string& method, const Url& url, const std::string& address,
                             const std::string& authorization, Done done);

 private:
  class Pool;
  const TlsFiles tls_;
  const std::size_t max_body_bytes_;
  std::map<std::string, std::shared_ptr<Pool>> pools_;  // by origin and address
};

}  // namespace chorale::agent
