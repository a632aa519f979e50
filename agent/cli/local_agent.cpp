#include "agent/cli/local_agent.h"

#include <boost/asio/ip/address.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/base/http_client.h"
#include "agent/base/one_line.h"
#include "agent/base/text_file.h"
#include "agent/cli/cli.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

using Json = nlohmann::json;

constexpr const char* kStatusPath = "/v1/status";
constexpr std::size_t kMostOfStatus = 4U << 20U;
constexpr std::chrono::seconds kCommandPatience{200};  // more than the agent gives a command

Json entries_of(const Json& document, const char* key) {
  const auto found = document.find(key);
  return found != document.end() && found->is_array() ? *found : Json::array();
}

std::string text_of(const Json& entry, const char* key) {
  if (!entry.is_object()) return {};
  const auto found = entry.find(key);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Over its port, else over its unix socket, which root alone may open.
tl::expected<HttpAnswer, Failure> ask_agent(const Config& config, const std::string& page,
                                            std::chrono::milliseconds limit) {
  auto answer = ask_http(admin_url(config, page), {limit, kMostOfStatus});
  if (answer) return answer;
  auto local = ask_http(admin_socket(config), page, {limit, kMostOfStatus});
  return local ? local : answer;
}

}  // namespace

Url admin_url(const Config& config, const std::string& path) {
  Url url;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(config.listen_address, error);
  url.host = config.listen_address;
  if (address.is_unspecified()) url.host = address.is_v6() ? "::1" : "127.0.0.1";
  url.port = std::to_string(config.listen_port);
  url.target = path;
  return url;
}

tl::expected<coordination::ClusterSnapshot, Failure> read_status_body(const std::string& body) {
  const Json document = Json::parse(body, nullptr, false);
  if (!document.is_object() || !document.contains("state") || !document.contains("agents") ||
      !document["agents"].is_array()) {
    return tl::unexpected(Failure{"expected {\"state\": ..., \"agents\": [...]}"});
  }
  coordination::ClusterSnapshot snapshot;
  auto state = coordination::decode_state(document["state"].dump());
  if (!state) return tl::unexpected(Failure{state.error().message});
  snapshot.state = std::move(*state);
  for (const Json& entry : document["agents"]) {
    auto agent = coordination::decode_agent(entry.dump());
    if (agent) {
      snapshot.agents.push_back(std::move(*agent));
    } else {
      snapshot.unreadable.push_back(agent.error().message);
    }
  }
  for (const Json& entry : entries_of(document, "quarantined")) {
    snapshot.quarantined.push_back(
        {text_of(entry, "app"), text_of(entry, "reason"), text_of(entry, "digest"), text_of(entry, "since")});
  }
  for (const Json& entry : entries_of(document, "members")) {
    snapshot.members.push_back({text_of(entry, "id"), {text_of(entry, "host"), text_of(entry, "since")}});
  }
  const Json files = document.value("files", Json());
  for (const auto& [name, digest] : files.items()) {
    if (digest.is_string()) snapshot.committed_files.emplace(name, digest.get<std::string>());
  }
  const Json pushed = document.value("pushed_template", Json());
  if (auto found = coordination::decode_template(pushed.dump())) snapshot.pushed_template = std::move(*found);
  return snapshot;
}

tl::expected<coordination::ClusterSnapshot, CliError> ask_local_status(const Config& config,
                                                                       std::chrono::milliseconds limit) {
  const auto answer = ask_http(admin_url(config, kStatusPath), {limit, kMostOfStatus});
  if (!answer || answer->status != 200) {
    return tl::unexpected(CliError{
        kExitUnreachable,
        config.file + " names no zookeeper: this is a standalone agent, and its admin API on " + config.listen_address +
            ":" + std::to_string(config.listen_port) + kStatusPath + " does not answer: " +
            (answer ? "HTTP " + std::to_string(answer->status) + " " + answer->body : answer.error().message)});
  }
  auto snapshot = read_status_body(answer->body);
  if (!snapshot) {
    return tl::unexpected(CliError{kExitNo, std::string("the local agent's answer to ") + kStatusPath +
                                                " cannot be read: " + snapshot.error().message});
  }
  return std::move(*snapshot);
}

tl::expected<coordination::ClusterSnapshot, Failure> ask_agents_status(const Config& config,
                                                                       std::chrono::milliseconds limit) {
  const auto answer = ask_agent(config, kStatusPath, limit);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(Failure{"HTTP " + std::to_string(answer->status)});
  return read_status_body(answer->body);
}

tl::expected<std::string, Failure> ask_health(const Config& config, std::chrono::milliseconds limit) {
  const auto answer = ask_agent(config, "/v1/health", limit);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status == 200 || answer->status == 503) return answer->body;
  return tl::unexpected(Failure{"HTTP " + std::to_string(answer->status)});
}

tl::expected<std::string, CliError> ask_local_agent(const Config& config, const std::string& page,
                                                    std::chrono::milliseconds limit) {
  const std::string path = admin_socket(config);
  const auto answer = ask_http(path, page, HttpQuestion{limit});
  if (answer && answer->status == 200) return answer->body;
  return tl::unexpected(
      CliError{kExitUnreachable, "the agent of this proxy does not answer over " + path + ": " +
                                     (answer ? "HTTP " + std::to_string(answer->status) : answer.error().message) +
                                     "; is it running, and are you root?"});
}

tl::expected<std::string, CliError> tell_local_agent(const Config& config, const std::string& page,
                                                     const std::string& body) {
  const std::string path = admin_socket(config);
  HttpQuestion question{kCommandPatience};
  question.method = "POST";
  question.body = body;
  const auto answer = ask_http(path, page, question);
  if (!answer) {
    return tl::unexpected(CliError{kExitUnreachable, "the agent of this proxy cannot be asked over " + path + ": " +
                                                         answer.error().message +
                                                         "; is it running, and are you root?"});
  }
  std::string said = one_line(first_line(answer->body), 4096);
  if (answer->status != 200) return tl::unexpected(CliError{kExitNo, std::move(said)});
  return said;
}

tl::expected<render::RoutingState, CliError> read_local_routes(const Config& config) {
  const std::string file = config.state_dir + "/routes.json";
  const auto text = read_text_file(file);
  if (!text) {
    return tl::unexpected(CliError{kExitNo, text.error().message + "; " + config.file +
                                                " names no zookeeper, and a standalone agent keeps there what it " +
                                                "serves: has it served anything yet?"});
  }
  auto routes = render::decode_routes(*text);
  if (!routes) return tl::unexpected(CliError{kExitNo, file + ": " + routes.error().text()});
  return std::move(*routes);
}

}  // namespace chorale::agent
