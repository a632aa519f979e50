#include "agent/http/admin_api.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/one_line.h"
#include "agent/core/problems.h"
#include "agent/http/cluster_pace.h"
#include "agent/http/live_status.h"
#include "agent/http/nixy_config.h"
#include "agent/http/page.h"
#include "agent/http/percent.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {
namespace {

using coordination::ClusterSnapshot;
using Clock = std::chrono::steady_clock;
using ClusterResult = tl::expected<ClusterSnapshot, coordination::Error>;

constexpr std::chrono::milliseconds kClusterCacheAge{1'000};
// A read that has not come back after this long never will: the next request starts another one.
constexpr std::chrono::milliseconds kClusterReadPatience{5'000};
constexpr std::chrono::milliseconds kPaceTick{1'000};

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

HttpResponse text_response(unsigned status, const std::string& text) { return {status, kText, text + "\n", {}}; }

HttpResponse json_response(unsigned status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

// Of "a=1&app=%2Fshop": the decoded value. nullopt: it is not there, or not to be decoded.
std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return percent_decode(pair.substr(equals + 1));
    }
  }
  return std::nullopt;
}

bool bears(const std::string& authorization, const std::string& token) {
  constexpr std::string_view kScheme = "bearer ";
  if (token.empty() || authorization.size() < kScheme.size()) return false;
  if (!boost::beast::iequals(authorization.substr(0, kScheme.size()), kScheme.data())) return false;
  const std::string_view given = std::string_view(authorization).substr(kScheme.size());
  // Takes as long for a token that differs in its first byte as for one that differs in its last.
  return given.size() == token.size() && CRYPTO_memcmp(given.data(), token.data(), token.size()) == 0;
}

class AdminApi : public std::enable_shared_from_this<AdminApi> {
 public:
  explicit AdminApi(AdminSources sources) : sources_(std::move(sources)) {}

  void handle(const HttpRequest& request, const HttpServer::Respond& respond);
  // Reads the cluster now and then, so that the last one is known when it cannot be read any more.
  void keep_reading();

 private:
  // kTrusted: loopback. kOperator: the unix socket, or a bearer of the token. Each may what the one before may.
  enum class Asker { kAnyone, kTrusted, kOperator };
  struct Asked {
    Asker by = Asker::kAnyone;
    const std::string& body;
    const std::string& query;
  };
  enum class Methods { kRead, kReadOrPost, kPost };
  struct Served {
    std::string_view path;
    Asker at_least;
    Methods methods;
    void (AdminApi::*serve)(const Asked&, const HttpServer::Respond&);
  };
  // nullptr: there is none.
  [[nodiscard]] static const Served* find_page(std::string_view path);
  [[nodiscard]] static std::optional<HttpResponse> refuse_method(const Served& page, const std::string& method);
  [[nodiscard]] HttpResponse refuse_asker(const Served& page) const;

  void serve_page(const Asked& asked, const HttpServer::Respond& respond);
  void serve_stream(const Asked& asked, const HttpServer::Respond& respond);
  void serve_health(const Asked& asked, const HttpServer::Respond& respond);
  void serve_status(const Asked& asked, const HttpServer::Respond& respond);
  void serve_config(const Asked& asked, const HttpServer::Respond& respond);
  void serve_metrics(const Asked& asked, const HttpServer::Respond& respond);
  void serve_routes(const Asked& asked, const HttpServer::Respond& respond);
  void serve_explain(const Asked& asked, const HttpServer::Respond& respond);
  void serve_reload(const Asked& asked, const HttpServer::Respond& respond);
  void serve_nginx_reload(const Asked& /*asked*/, const HttpServer::Respond& respond) {
    serve(Command::kReload, respond);
  }
  void serve_nginx_repair(const Asked& /*asked*/, const HttpServer::Respond& respond) {
    serve(Command::kRepair, respond);
  }
  void serve(Command command, const HttpServer::Respond& respond);
  void serve_accept(const Asked& asked, const HttpServer::Respond& respond);
  void serve_drain(const Asked& asked, const HttpServer::Respond& respond) { drain(true, asked, respond); }
  void serve_undrain(const Asked& asked, const HttpServer::Respond& respond) { drain(false, asked, respond); }
  void drain(bool drained, const Asked& asked, const HttpServer::Respond& respond);
  void serve_hold(const Asked& asked, const HttpServer::Respond& respond);
  void serve_release(const Asked& asked, const HttpServer::Respond& respond);
  void serve_history(const Asked& asked, const HttpServer::Respond& respond);

  using Waiter = std::function<void(const ClusterResult&)>;
  void with_cluster(Waiter waiter);
  void cluster_read(std::uint64_t read, ClusterResult result);
  [[nodiscard]] Asker who_asks(const HttpRequest& request) const;

  AdminSources sources_;
  std::shared_ptr<LiveStatus> live_;  // from the first listener on
  std::optional<ClusterResult> cached_;
  Clock::time_point cached_at_{};
  std::optional<LastCluster> last_cluster_;
  std::optional<Clock::time_point> unasked_since_;  // a read of keep_reading() that has not come back
  ClusterPace pace_;
  std::vector<Waiter> waiters_;
  std::uint64_t read_ = 0;  // the running read's number; an older one's result is dropped
  bool reading_ = false;
  Clock::time_point reading_since_{};
  coordination::LoopThread thread_;
};

const AdminApi::Served* AdminApi::find_page(std::string_view path) {
  static const std::array kPages{
      Served{"/", Asker::kAnyone, Methods::kRead, &AdminApi::serve_page},
      Served{"/v1/stream", Asker::kAnyone, Methods::kRead, &AdminApi::serve_stream},
      Served{"/v1/health", Asker::kAnyone, Methods::kRead, &AdminApi::serve_health},
      Served{"/v1/status", Asker::kAnyone, Methods::kRead, &AdminApi::serve_status},
      Served{"/v1/metrics", Asker::kAnyone, Methods::kRead, &AdminApi::serve_metrics},
      Served{"/metrics", Asker::kAnyone, Methods::kRead, &AdminApi::serve_metrics},
      Served{"/v1/config", Asker::kTrusted, Methods::kRead, &AdminApi::serve_config},
      Served{"/v1/routes", Asker::kTrusted, Methods::kRead, &AdminApi::serve_routes},
      Served{"/v1/explain", Asker::kTrusted, Methods::kRead, &AdminApi::serve_explain},
      Served{"/v1/reload", Asker::kTrusted, Methods::kReadOrPost, &AdminApi::serve_reload},
      Served{"/v1/history", Asker::kTrusted, Methods::kRead, &AdminApi::serve_history},
      Served{"/v1/nginx/reload", Asker::kOperator, Methods::kPost, &AdminApi::serve_nginx_reload},
      Served{"/v1/nginx/repair", Asker::kOperator, Methods::kPost, &AdminApi::serve_nginx_repair},
      Served{"/v1/accept", Asker::kOperator, Methods::kPost, &AdminApi::serve_accept},
      Served{"/v1/drain", Asker::kOperator, Methods::kPost, &AdminApi::serve_drain},
      Served{"/v1/undrain", Asker::kOperator, Methods::kPost, &AdminApi::serve_undrain},
      Served{"/v1/hold", Asker::kOperator, Methods::kPost, &AdminApi::serve_hold},
      Served{"/v1/release", Asker::kOperator, Methods::kPost, &AdminApi::serve_release},
  };
  const auto page = std::find_if(kPages.begin(), kPages.end(), [path](const Served& one) { return one.path == path; });
  return page == kPages.end() ? nullptr : &*page;
}

AdminApi::Asker AdminApi::who_asks(const HttpRequest& request) const {
  if (request.from_operator || bears(request.authorization, sources_.admin_token)) return Asker::kOperator;
  return request.from_loopback ? Asker::kTrusted : Asker::kAnyone;
}

std::optional<HttpResponse> AdminApi::refuse_method(const Served& page, const std::string& method) {
  const bool reads = method == "GET" || method == "HEAD";
  if (page.methods != Methods::kPost && reads) return std::nullopt;
  if (page.methods != Methods::kRead && method == "POST") return std::nullopt;
  HttpResponse response = text_response(405, "method not allowed");
  const char* allowed = "GET, HEAD";
  if (page.methods == Methods::kReadOrPost) allowed = "GET, HEAD, POST";
  if (page.methods == Methods::kPost) allowed = "POST";
  response.headers = {{"Allow", allowed}};
  return response;
}

HttpResponse AdminApi::refuse_asker(const Served& page) const {
  if (sources_.admin_token.empty()) {
    return text_response(403, page.at_least == Asker::kOperator
                                  ? "only root on this host may ask, over the agent's unix socket (`chorale reload`, "
                                    "`chorale repair`, `chorale accept`, `chorale drain`, `chorale hold`); set "
                                    "admin_token_file to allow others"
                                  : "only this host itself may ask; set admin_token_file to allow others");
  }
  HttpResponse response = text_response(401, "a bearer token is needed (admin_token_file)");
  response.headers = {{"WWW-Authenticate", "Bearer realm=\"chorale\""}};
  return response;
}

void AdminApi::handle(const HttpRequest& request, const HttpServer::Respond& respond) {
  thread_.check();
  const Served* page = find_page(request.path);
  if (page == nullptr) return respond(text_response(404, "404 page not found"));
  if (auto refusal = refuse_method(*page, request.method)) return respond(std::move(*refusal));
  const Asker asker = who_asks(request);
  if (asker < page->at_least) return respond(refuse_asker(*page));
  (this->*page->serve)({asker, request.body, request.query}, respond);
}

void AdminApi::serve_page(const Asked& /*asked*/, const HttpServer::Respond& respond) {
  HttpResponse response{200, kHtml, page().html, {}};
  response.headers = {{"Content-Security-Policy", page().security_policy},
                      {"Referrer-Policy", "no-referrer"},
                      {"X-Frame-Options", "DENY"}};
  respond(std::move(response));
}

void AdminApi::serve_stream(const Asked& /*asked*/, const HttpServer::Respond& respond) {
  if (!live_) {
    LiveStatus::Sources sources{sources_.version, sources_.health, {}, {}, utc_now, sources_.after};
    sources.last_cluster = [weak = weak_from_this()]() -> const LastCluster* {
      const auto self = weak.lock();
      return self && self->last_cluster_ ? &*self->last_cluster_ : nullptr;
    };
    sources.cluster = [weak = weak_from_this()](Waiter waiter) {
      const auto self = weak.lock();
      if (self) self->with_cluster(std::move(waiter));
    };
    live_ = std::make_shared<LiveStatus>(std::move(sources));
  }
  respond(live_->subscribe());
}

void AdminApi::serve_health(const Asked& /*asked*/, const HttpServer::Respond& respond) {
  const HealthInputs inputs = sources_.health();
  const bool down = judge(inputs).condition == coordination::Condition::kDown;
  respond(json_response(down ? 503 : 200, health_json(inputs)));
}

void AdminApi::serve_status(const Asked& asked, const HttpServer::Respond& respond) {
  with_cluster([self = shared_from_this(), asker = asked.by, respond](const ClusterResult& cluster) {
    std::optional<coordination::Description> own;
    if (asker >= Asker::kTrusted) own = self->sources_.coordination();
    const coordination::Description* shown = own ? &*own : nullptr;
    respond(cluster ? json_response(200, encode_status(*cluster, shown) + "\n")
                    : json_response(503, coordination::encode(cluster.error(), shown) + "\n"));
  });
}

void AdminApi::serve_config(const Asked& /*asked*/, const HttpServer::Respond& respond) {
  const auto routes = sources_.routes();
  respond(json_response(
      200, nixy_config_json(sources_.xproxy(), sources_.realm, sources_.statsd, sources_.times(), routes.get())));
}

void AdminApi::serve_routes(const Asked& asked, const HttpServer::Respond& respond) {
  sources_.routes_page(query_value(asked.query, "app"), [respond](tl::expected<std::string, Failure> body) {
    respond(body ? json_response(200, std::move(*body)) : text_response(404, one_line(body.error().message)));
  });
}

void AdminApi::serve_explain(const Asked& asked, const HttpServer::Respond& respond) {
  const auto app = query_value(asked.query, "app");
  if (!app || app->empty()) return respond(text_response(400, "expected ?app= and the id of an app"));
  with_cluster([self = shared_from_this(), app = *app, respond](const ClusterResult& cluster) {
    self->sources_.explain(app, cluster, [respond](tl::expected<std::string, Failure> body) {
      respond(body ? json_response(200, std::move(*body)) : text_response(503, body.error().message));
    });
  });
}

void AdminApi::serve_metrics(const Asked& /*asked*/, const HttpServer::Respond& respond) {
  sources_.metrics([respond](std::string text) { respond(HttpResponse{200, kPrometheusText, std::move(text), {}}); });
}

void AdminApi::serve_reload(const Asked& /*asked*/, const HttpServer::Respond& respond) {
  respond(text_response(202, sources_.request_sync()));
}

void AdminApi::serve(Command command, const HttpServer::Respond& respond) {
  sources_.command(command, [respond](const std::optional<Failure>& failure) {
    respond(failure ? text_response(409, failure->message) : text_response(200, "done"));
  });
}

void AdminApi::serve_accept(const Asked& asked, const HttpServer::Respond& respond) {
  const auto word = coordination::decode_accept(asked.body);
  if (!word || !coordination::is_loss_digest(word->what)) {
    return respond(text_response(400, "expected the digest of a loss (12 hex digits, `chorale status` names it)"));
  }
  const auto failure = sources_.accept(*word);
  respond(failure ? text_response(409, failure->message) : text_response(200, "accepted"));
}

void AdminApi::drain(bool drained, const Asked& asked, const HttpServer::Respond& respond) {
  const auto order = decode_drain_order(asked.body);
  if (!order) return respond(text_response(400, order.error().message));
  sources_.drain(drained, *order, [respond](const tl::expected<std::string, Failure>& done) {
    respond(done ? text_response(200, *done) : text_response(409, done.error().message));
  });
}

void AdminApi::serve_hold(const Asked& asked, const HttpServer::Respond& respond) {
  const auto hold = coordination::decode_hold(asked.body);
  if (!hold) return respond(text_response(400, hold.error().message));
  sources_.hold(*hold, [respond](const std::optional<Failure>& failure) {
    respond(failure ? text_response(409, failure->message) : text_response(200, "set"));
  });
}

void AdminApi::serve_release(const Asked& asked, const HttpServer::Respond& respond) {
  const auto order = decode_drain_order(asked.body);
  if (!order) return respond(text_response(400, order.error().message));
  coordination::HoldDocument released;
  released.released_by = order->by;
  sources_.hold(released, [respond](const std::optional<Failure>& failure) {
    respond(failure ? text_response(409, failure->message) : text_response(200, "released"));
  });
}

void AdminApi::serve_history(const Asked& /*asked*/, const HttpServer::Respond& respond) {
  sources_.history([respond](const tl::expected<std::string, coordination::Error>& history) {
    respond(history ? json_response(200, *history) : text_response(503, history.error().message));
  });
}

void AdminApi::keep_reading() {
  sources_.after(kPaceTick, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    const bool is_due = self->pace_.tick(self->sources_.health().view, self->last_cluster_.has_value());
    const auto now = Clock::now();
    if (is_due && (!self->unasked_since_ || now - *self->unasked_since_ >= kClusterReadPatience)) {
      self->unasked_since_ = now;
      // Not with_cluster(): whoever asks a moment later is answered with what is there then.
      self->sources_.cluster([weak](ClusterResult result) {
        const auto reader = weak.lock();
        if (!reader) return;
        reader->unasked_since_.reset();
        if (result) reader->last_cluster_ = LastCluster{std::move(*result), utc_now()};
      });
    }
    self->keep_reading();
  });
}

void AdminApi::with_cluster(Waiter waiter) {
  const auto now = Clock::now();
  if (cached_ && now - cached_at_ < kClusterCacheAge) {
    waiter(*cached_);
    return;
  }
  if (reading_ && now - reading_since_ > kClusterReadPatience) {
    cluster_read(read_, tl::unexpected(coordination::Error{coordination::ErrorKind::kConnectionLoss,
                                                           "ZooKeeper does not answer"}));
  }
  waiters_.push_back(std::move(waiter));
  if (reading_) return;
  reading_ = true;
  reading_since_ = now;
  const std::uint64_t read = ++read_;
  sources_.cluster([weak = weak_from_this(), read](ClusterResult result) {
    if (const auto self = weak.lock()) self->cluster_read(read, std::move(result));
  });
}

void AdminApi::cluster_read(std::uint64_t read, ClusterResult result) {
  thread_.check();
  if (!reading_ || read != read_) return;
  reading_ = false;
  cached_ = std::move(result);
  cached_at_ = Clock::now();
  if (*cached_) last_cluster_ = LastCluster{**cached_, utc_now()};
  const ClusterResult shown = *cached_;
  for (const Waiter& waiter : std::exchange(waiters_, {})) waiter(shown);
}

}  // namespace

HttpServer::Handler make_admin_api(AdminSources sources) {
  const auto api = std::make_shared<AdminApi>(std::move(sources));
  api->keep_reading();
  return [api](const HttpRequest& request, const HttpServer::Respond& respond) { api->handle(request, respond); };
}

}  // namespace chorale::agent
