#include "tests/marathon_simulator/simulator.h"

#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/marathon_simulator/backends.h"
#include "tests/marathon_simulator/gzip.h"

namespace chorale::marathon_simulator {
namespace {

constexpr std::chrono::milliseconds kLeaderSearch{2750};  // 11 looks, 250 ms apart, before a standby gives up
constexpr std::chrono::milliseconds kProxyTimeout{10'000};
constexpr std::size_t kSmallestCompressed = 256;

After timers_of(boost::asio::io_context& io) {
  return [&io](std::chrono::milliseconds delay, std::function<void()> action) {
    const auto timer = std::make_shared<boost::asio::steady_timer>(io, delay);
    timer->async_wait([timer, action = std::move(action)](boost::system::error_code error) {
      if (!error) action();
    });
  };
}

std::unique_ptr<Processes> processes_of(boost::asio::io_context& io, const Options& options) {
  if (options.backends) return std::make_unique<Backends>(io);
  return std::make_unique<CountedPorts>();
}

// A definition may have a wrong type at any depth; the JSON library then throws.
template <typename F>
Response guarded(F answer) {
  try {
    return answer();
  } catch (const nlohmann::json::exception& error) {
    return json_response(422, message_json(std::string("Object is not valid: ") + error.what()));
  }
}

}  // namespace

Simulator::Simulator(boost::asio::io_context& io, const Options& options)
    : io_(io),
      options_(options),
      after_(timers_of(io)),
      processes_(processes_of(io, options)),
      hub_(options.version, options.heartbeat, [this](std::size_t bytes) { stats_.count_sent(bytes); }),
      callbacks_(io),
      marathon_(
          options, after_, *processes_, [this](const Event& event) { publish(event); },
          [this](const Change& change) { stats_.record(change); }),
      rest_(options.version, options.framework_id, marathon_),
      tokens_(options.service_account, options.public_key, options.token_life),
      server_(
          io, [this](const Request& request, const ConnectionPtr& connection) { on_request(request, connection); },
          [this](std::size_t bytes) { stats_.count_sent(bytes); }),
      control_({marathon_, hub_, faults_, stats_, server_, after_,
                [this](const std::string& url) { options_.leader = url; }, [this] { tokens_.revoke_all(); },
                [this](const Event& event) { publish(event); },
                [this](const std::string& url) { return callbacks_.set_proxy(url); }}) {}

Simulator::~Simulator() = default;

tl::expected<std::uint16_t, std::string> Simulator::start() {
  const auto port = server_.open(options_.listen_address, options_.listen_port);
  if (!port) return port;
  address_ = options_.listen_address + ":" + std::to_string(*port);
  rest_.set_leader(address_);
  const auto populated = marathon_.populate(options_.apps, options_.tasks, options_.idle_apps ? nothing_ : *processes_);
  if (!populated) return tl::make_unexpected(populated.error() + "; --idle-apps needs no ports");
  rest_.warm_up();
  return port;
}

void Simulator::stop() {
  server_.stop();
  hub_.close_all(false);
}

std::string Simulator::own_url() const { return "http://" + address_; }

void Simulator::publish(const Event& event) {
  hub_.publish(event);
  callbacks_.publish(event);
}

void Simulator::on_request(const Request& request, const ConnectionPtr& connection) {
  if (request.path.rfind("/control/", 0) == 0) {
    connection->mark_as_control();
    connection->respond(guarded([&] { return control_.handle(request); }));
    return;
  }
  stats_.count_request(request_kind(request.path));
  const auto fault = faults_.take(request);
  if (fault) {
    if (auto answer = replacement(*fault)) return finish(request, connection, std::move(*answer), std::nullopt);
  }
  if (request.path == kLoginPath && !options_.service_account.empty()) {
    return connection->respond(guarded([&] { return tokens_.log_in(request); }));
  }
  if (!authorised(request)) {
    auto answer = html_error(401, "Unauthorized");
    answer.set("WWW-Authenticate", R"(Basic realm="Mesosphere")");
    return connection->respond(std::move(answer));
  }
  if (options_.leader.empty()) {
    lead(request, connection, fault);
  } else {
    stand_by(request, connection, fault);
  }
}

bool Simulator::authorised(const Request& request) const {
  if (!options_.service_account.empty()) return tokens_.accepts(request.header("authorization"));
  if (options_.user.empty()) return true;
  return basic_credentials(request.header("authorization")) == options_.user + ":" + options_.password;
}

void Simulator::lead(const Request& request, const ConnectionPtr& connection, const std::optional<Fault>& fault) {
  if (request.path == "/v2/events") return open_stream(request, connection, fault);
  const bool subscribes = request.path == "/v2/eventSubscriptions" && options_.version < kNetworks;
  auto answer = guarded([&] { return subscribes ? subscriptions(request) : rest_.handle(request); });
  finish(request, connection, std::move(answer), fault);
}

Response Simulator::subscriptions(const Request& request) {
  if (request.method == "GET") {
    return json_response(200, nlohmann::json{{"callbackUrls", callbacks_.urls()}}.dump());
  }
  const auto url = request.parameter("callbackUrl").value_or("");
  const bool adding = request.method == "POST";
  if (!adding && request.method != "DELETE") return html_error(405, "Method Not Allowed");
  const bool changed = adding ? callbacks_.add(url) : callbacks_.remove(url);
  if (adding && !changed) return json_response(422, message_json("Invalid callback URL"));
  const auto event = Events(options_.version)
                         .subscription(adding ? "subscribe_event" : "unsubscribe_event", request.remote_address, url);
  publish(event);
  return json_response(200, event.data);
}

void Simulator::finish(const Request& request, const ConnectionPtr& connection, Response response,
                       const std::optional<Fault>& fault) {
  if (options_.leader.empty()) response.set("X-Marathon-Leader", own_url());
  add_cache_headers(response);
  if (fault) alter(*fault, response);
  const bool compressible = response.body.size() >= kSmallestCompressed && !response.has("Content-Encoding");
  if (compressible && request.header("accept-encoding").find("gzip") != std::string::npos) {
    response.body = gzip(response.body);
    response.set("Content-Encoding", "gzip");
    response.set("Vary", "Accept-Encoding, User-Agent");
  }
  connection->respond(std::move(response));
}

void Simulator::open_stream(const Request& request, const ConnectionPtr& connection,
                            const std::optional<Fault>& fault) {
  // Jetty's servlet looks for one Accept header with exactly this value and leaves the rest to the default GET: 405.
  if (request.method != "GET" || request.header("accept") != "text/event-stream") {
    return finish(request, connection, html_error(405, "HTTP method GET is not supported by this URL"), std::nullopt);
  }
  Response head;
  head.set("X-Marathon-Leader", own_url());
  add_cache_headers(head);
  head.set("Content-Type", "text/event-stream;charset=utf-8");
  std::string text = "HTTP/1.1 200 OK\r\n";
  for (const auto& [name, value] : head.headers) text += name + ": " + value + "\r\n";
  text += "Connection: close\r\n\r\n";
  std::set<std::string> types;
  if (options_.version >= kEventTypeFilter) {
    for (const auto& type : request.parameters("event_type")) types.insert(type);
  }
  const bool slow = fault && fault->mode == FaultMode::kSlow;
  hub_.attach(connection->take_socket(), text, request.remote_address, std::move(types),
              slow ? fault->bytes_per_second : 0);
  if (!fault || slow) return;
  // Faults of a body, as far as a stream can have them.
  if (fault->mode == FaultMode::kMalformed) {
    hub_.publish_raw("event: status_update_event\r\ndata: {\"appId\":\xff<\r\n\r\n");
  }
  if (fault->mode == FaultMode::kWrongTypes) {
    hub_.publish_raw("event: status_update_event\r\ndata: {\"appId\":[1],\"taskId\":{},\"taskStatus\":7}\r\n\r\n");
  }
  if (fault->mode == FaultMode::kTruncated) hub_.publish_raw("event: status_update_event\r\ndata: {\"appId\":\"/we");
  if (fault->mode == FaultMode::kTruncated || fault->mode == FaultMode::kEmptyBody) {
    after_(std::chrono::milliseconds(1), [this] { hub_.close_all(false); });
  }
}

void Simulator::stand_by(const Request& request, const ConnectionPtr& connection, const std::optional<Fault>& fault) {
  const auto leader = parse_url(options_.leader);
  if (!leader) {
    after_(kLeaderSearch, [this, request, connection] {
      const int status = options_.version >= kRedirectsStreams ? 502 : 503;
      finish(request, connection, html_error(status, "Could not determine the current leader"), std::nullopt);
    });
    return;
  }
  if (request.path != "/v2/events") return forward(request, connection, fault);
  if (options_.version >= kRedirectsStreams) {
    Response response;
    response.status = 302;
    response.set("Location", options_.leader + request.target);
    response.set("X-Marathon-Via", "1.1 " + address_);
    return finish(request, connection, std::move(response), std::nullopt);
  }
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  pipe_stream(io_, *leader, text + "\r\n", connection->take_socket());
}

void Simulator::forward(const Request& request, const ConnectionPtr& connection, const std::optional<Fault>& fault) {
  const auto leader = parse_url(options_.leader);
  OutboundRequest outbound{request.method, request.target, {}, request.body};
  for (const auto& [name, value] : request.headers) {
    if (name != "connection" && name != "content-length") outbound.headers.emplace_back(name, value);
  }
  outbound.headers.emplace_back("x-forwarded-for", request.remote_address);
  const bool old = options_.version < Version{1, 6, 0};
  send_request(io_, *leader, std::move(outbound), kProxyTimeout,
               [this, request, connection, fault, old](tl::expected<Response, OutboundError> answer) {
                 if (!answer) {
                   int status = 500;
                   if (answer.error() == OutboundError::kRefused) status = old ? 503 : 502;
                   if (answer.error() == OutboundError::kTimeout && old) status = 504;
                   return finish(request, connection, html_error(status, "The leader could not be reached"), fault);
                 }
                 answer->set("X-Marathon-Via", "1.1 " + address_);
                 finish(request, connection, std::move(*answer), fault);
               });
}

}  // namespace chorale::marathon_simulator
