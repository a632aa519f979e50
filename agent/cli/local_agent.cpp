#include "agent/cli/local_agent.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/cli/cli.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Json = nlohmann::json;

constexpr std::uint64_t kMaxBodyBytes = 256ULL * 1024 * 1024;

// One GET on this host: connect, send, receive, each step after the other, within one deadline.
class LocalGet {
 public:
  LocalGet(const asio::ip::tcp::endpoint& endpoint, const std::string& path, std::chrono::milliseconds limit)
      : endpoint_(endpoint), stream_(loop_) {
    request_.method(http::verb::get);
    request_.target(path);
    request_.version(11);
    request_.set(http::field::host, "localhost");
    request_.keep_alive(false);
    parser_.body_limit(kMaxBodyBytes);
    stream_.expires_after(limit);
  }

  // The body of a 200, else what went wrong.
  tl::expected<std::string, std::string> run() {
    stream_.async_connect(endpoint_, [this](error_code error) { connected(error); });
    loop_.run();
    if (error_) return tl::unexpected(error_.message());
    if (parser_.get().result_int() != 200) {
      return tl::unexpected("HTTP " + std::to_string(parser_.get().result_int()) + " " + parser_.get().body());
    }
    return std::move(parser_.get().body());
  }

 private:
  void connected(error_code error) {
    if ((error_ = error)) return;
    http::async_write(stream_, request_, [this](error_code written, std::size_t) {
      if ((error_ = written)) return;
      http::async_read(stream_, buffer_, parser_, [this](error_code read, std::size_t) { error_ = read; });
    });
  }

  asio::io_context loop_{1};
  asio::ip::tcp::endpoint endpoint_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response_parser<http::string_body> parser_;
  error_code error_;
};

tl::expected<std::string, CliError> get(const Config& config, const std::string& path,
                                        std::chrono::milliseconds limit) {
  error_code error;
  auto address = asio::ip::make_address(config.listen_address, error);
  if (address.is_unspecified()) {
    if (address.is_v6()) {
      address = asio::ip::address_v6::loopback();
    } else {
      address = asio::ip::address_v4::loopback();
    }
  }
  const asio::ip::tcp::endpoint endpoint(address, config.listen_port);
  auto body = LocalGet(endpoint, path, limit).run();
  if (body) return std::move(*body);
  return tl::unexpected(CliError{
      kExitUnreachable, config.file + " names no zookeeper: this is a standalone agent, and its admin API on " +
                            config.listen_address + ":" + std::to_string(config.listen_port) + path +
                            " does not answer: " + body.error()});
}

CliError unreadable(const std::string& path, const std::string& why) {
  return {kExitNo, "the local agent's answer to " + path + " cannot be read: " + why};
}

render::App app_of(const std::string& id, const Json& value) {
  render::App app;
  app.id = id;
  if (value.at("Hosts").is_array()) app.hosts = value.at("Hosts").get<std::vector<std::string>>();
  if (value.at("Labels").is_object()) app.labels = value.at("Labels").get<std::map<std::string, std::string>>();
  app.ports.emplace_back();
  const Json& tasks = value.at("Tasks");
  if (!tasks.is_array()) return app;
  for (const Json& task : tasks) {
    const Json& ports = task.at("Ports");
    for (std::size_t i = 0; ports.is_array() && i < ports.size(); ++i) {
      if (app.ports.size() <= i) {
        app.ports.emplace_back();
        app.ports[i].index = static_cast<std::int32_t>(i);
      }
      render::Server server;
      server.host = task.at("Host").get<std::string>();
      server.port = ports[i].get<std::uint16_t>();
      server.task_id = task.at("ID").get<std::string>();
      server.version = task.at("Version").get<std::string>();
      const bool version6 = server.host.find(':') != std::string::npos;
      server.address = (version6 ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port);
      app.ports[i].servers.push_back(std::move(server));
    }
  }
  return app;
}

}  // namespace

tl::expected<coordination::ClusterSnapshot, std::string> read_status_body(const std::string& body) {
  const Json document = Json::parse(body, nullptr, false);
  if (!document.is_object() || !document.contains("state") || !document.contains("agents") ||
      !document["agents"].is_array()) {
    return tl::unexpected(std::string("expected {\"state\": ..., \"agents\": [...]}"));
  }
  coordination::ClusterSnapshot snapshot;
  auto state = coordination::decode_state(document["state"].dump());
  if (!state) return tl::unexpected(state.error().message);
  snapshot.state = std::move(*state);
  for (const Json& entry : document["agents"]) {
    auto agent = coordination::decode_agent(entry.dump());
    if (agent) {
      snapshot.agents.push_back(std::move(*agent));
    } else {
      snapshot.unreadable.push_back(agent.error().message);
    }
  }
  return snapshot;
}

tl::expected<render::RoutingState, std::string> read_config_body(const std::string& body) {
  try {
    const Json document = Json::parse(body);
    render::RoutingState routes;
    routes.realm = document.at("Realm").get<std::string>();
    if (document.at("Apps").is_null()) return routes;
    for (const auto& [id, value] : document.at("Apps").items()) routes.apps.push_back(app_of(id, value));
    return routes;
  } catch (const Json::exception& error) {
    return tl::unexpected(std::string(error.what()));
  }
}

tl::expected<coordination::ClusterSnapshot, CliError> ask_local_status(const Config& config,
                                                                       std::chrono::milliseconds limit) {
  const auto body = get(config, "/v1/status", limit);
  if (!body) return tl::unexpected(body.error());
  auto snapshot = read_status_body(*body);
  if (!snapshot) return tl::unexpected(unreadable("/v1/status", snapshot.error()));
  return std::move(*snapshot);
}

tl::expected<render::RoutingState, CliError> ask_local_routes(const Config& config, std::chrono::milliseconds limit) {
  const auto body = get(config, "/v1/config", limit);
  if (!body) return tl::unexpected(body.error());
  auto routes = read_config_body(*body);
  if (!routes) return tl::unexpected(unreadable("/v1/config", routes.error()));
  return std::move(*routes);
}

}  // namespace chorale::agent
