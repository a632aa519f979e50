#include "agent/marathon/rest_exchange.h"

#include <cpprest/http_client.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/base/tls_roots.h"
#include "agent/marathon/requests.h"

namespace chorale::agent {
namespace {

using web::http::client::http_client;
using web::http::client::http_client_config;

constexpr std::size_t kReadBytes = 256U << 10U;
constexpr std::size_t kMaxErrorBody = 64U << 10U;
constexpr std::size_t kMaxPools = 32;  // endpoints and where they redirect; more would be a redirect loop over names

// The caller's time limit is what counts; this frees the socket of an exchange whose cancellation came too early.
constexpr std::chrono::seconds kMaxSilence{60};

constexpr bool succeeded(unsigned status) { return status >= 200 && status <= 299; }

// Reads one answer on cpprest's threads, one continuation at a time. It shares nothing with any other thread.
class Download : public std::enable_shared_from_this<Download> {
 public:
  Download(std::size_t max_body_bytes, RestExchanges::Done done) : max_bytes_(max_body_bytes), done_(std::move(done)) {}

  void start(http_client& client, web::http::http_request request, const pplx::cancellation_token& token) {
    guarded([&] {
      client.request(request, token)
          .then([self = shared_from_this()](const pplx::task<web::http::http_response>& task) {
            self->guarded([&] { self->take_header(task.get()); });
          });
    });
  }

  void finish(std::optional<std::string> error) {
    if (auto done = std::exchange(done_, nullptr)) {
      outcome_.error = std::move(error);
      done(std::move(outcome_));
    }
  }

 private:
  // What cpprest throws, in its own calls or through a task, ends here.
  template <class Step>
  void guarded(Step&& step) {
    try {
      step();
    } catch (const std::exception& error) {
      finish(error.what());
    } catch (...) {
      finish("unknown error");
    }
  }

  void take_header(const web::http::http_response& response) {
    response_ = response;
    outcome_.status = response.status_code();
    response.headers().match(web::http::header_names::location, outcome_.location);
    if (!succeeded(outcome_.status)) {
      max_bytes_ = std::min(max_bytes_, kMaxErrorBody);
    }
    chunk_.resize(kReadBytes);
    read();
  }

  void read() {
    response_.body()
        .streambuf()
        .getn(chunk_.data(), chunk_.size())
        .then([self = shared_from_this()](const pplx::task<std::size_t>& task) {
          self->guarded([&] { self->take(task.get()); });
        });
  }

  void take(std::size_t bytes) {
    if (bytes == 0) {
      return end();
    }
    if (bytes > max_bytes_ - outcome_.body.size()) {
      if (!succeeded(outcome_.status)) return finish(std::nullopt);
      return finish("the body is longer than " + std::to_string(max_bytes_) + " bytes");
    }
    outcome_.body.append(reinterpret_cast<const char*>(chunk_.data()), bytes);
    read();
  }

  // The stream also ends for broken answers; only content_ready tells them apart.
  void end() {
    response_.content_ready().then([self = shared_from_this()](const pplx::task<web::http::http_response>& task) {
      self->guarded([&] {
        task.get();
        self->outcome_.complete = true;
        self->finish(std::nullopt);
      });
    });
  }

  std::size_t max_bytes_;
  RestExchanges::Done done_;
  web::http::http_response response_;
  std::vector<std::uint8_t> chunk_;
  RestOutcome outcome_;
};

// cpprest's pool belongs to the process and has 40 threads unless it is told before it starts.
void keep_the_pool_small() {
  static const bool told = [] {
    try {
      crossplat::threadpool::initialize_with_threads(4);
    } catch (const std::exception&) {
      return false;  // it runs already; more threads than we need do no harm
    }
    return true;
  }();
  (void)told;
}

http_client_config config_of(const TlsFiles& tls) {
  http_client_config config;
  config.set_timeout(kMaxSilence);
  config.set_request_compressed_response(true);
  config.set_max_redirects(0);
  config.set_chunksize(kReadBytes);
  config.set_ssl_context_callback([tls](boost::asio::ssl::context& context) {
    if (const auto failure = use_files(context, tls)) {
      throw std::runtime_error(failure->message);  // cpprest hands it to the request's task
    }
  });
  return config;
}

}  // namespace

class RestExchanges::Pool {
 public:
  Pool(const std::string& origin, const TlsFiles& tls) : client(web::uri(origin), config_of(tls)) {}
  http_client client;
};

RestExchanges::RestExchanges(TlsFiles tls, std::size_t max_body_bytes)
    : tls_(std::move(tls)), max_body_bytes_(max_body_bytes) {
  keep_the_pool_small();
}

RestExchanges::~RestExchanges() = default;

RestExchanges::Cancel RestExchanges::start(const std::string& method, const Url& url, const std::string& address,
                                           const std::string& authorization, Done done) {
  const auto download = std::make_shared<Download>(max_body_bytes_, std::move(done));
  const pplx::cancellation_token_source cancellation;
  try {
    web::http::http_request request(method);
    request.set_request_uri(web::uri(url.target.empty() ? "/" : url.target));
    request.headers().add(web::http::header_names::accept, "application/json");
    request.headers().add(web::http::header_names::user_agent, "chorale");
    if (address != url.host) {
      // cpprest takes this header as the name in the certificate, where no port may stand.
      request.headers().add(web::http::header_names::host, url.tls ? url.host : url.authority());
    }
    if (!authorization.empty()) {
      request.headers().add(web::http::header_names::authorization, authorization);
    }
    Url there = url;
    there.host = address;
    const std::string key = url.origin() + " " + address;
    if (pools_.size() >= kMaxPools && pools_.count(key) == 0) {
      pools_.clear();  // what is under way keeps its own alive
    }
    auto& pool = pools_[key];
    if (pool == nullptr) {
      pool = std::make_shared<Pool>(there.origin(), tls_);
    }
    download->start(pool->client, request, cancellation.get_token());
  } catch (const std::exception& error) {
    download->finish(error.what());
  }
  return [cancellation] { cancellation.cancel(); };
}

}  // namespace chorale::agent
