#include "render/template_values.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "render/allow_list.h"
#include "render/nginx_quote.h"

namespace chorale::render {
namespace {

const std::string* find_key(const std::map<std::string, std::string>& texts, const std::string& key) {
  const auto found = texts.find(key);
  return found == texts.end() ? nullptr : &found->second;
}

// Of a port: its own label, else that of its app.
const std::string* find_port_label(const CompiledToken& token, const Frame& frame) {
  const std::string* own = find_key(frame.port->labels, token.key);
  return own != nullptr ? own : find_key(frame.app->labels, token.key);
}

// What needs no quotes anywhere.
bool is_plain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:/-").find(c) != std::string_view::npos;
  });
}

std::optional<std::string> retry_of(const App& app) {
  const std::string* label = find_key(app.labels, kRetryLabel);
  if (label == nullptr) return std::nullopt;
  return retry_conditions(*label);
}

bool speaks(const Port& port, std::string_view protocol) { return port.protocol.find(protocol) != std::string::npos; }

// The value before quoting; nothing for a key that is missing.
std::optional<std::string> value_of(const CompiledToken& token, const RoutingState& state, const Frame& frame) {
  const auto copy = [](const std::string* value) {
    return value == nullptr ? std::nullopt : std::optional<std::string>(*value);
  };
  switch (token.field) {
    case Field::kRealm:
      return state.realm;
    case Field::kId:
      return frame.app->id;
    case Field::kName:
      return frame.app->name;
    case Field::kPath:
      return frame.app->path;
    case Field::kHost:
      return frame.app->hosts.empty() ? "" : frame.app->hosts.front();
    case Field::kLabel:
      return copy(find_key(frame.app->labels, token.key));
    case Field::kEnv:
      return copy(find_key(frame.app->env, token.key));
    case Field::kHealthPath:
      return frame.app->health_path;
    case Field::kRetry:
      return retry_of(*frame.app);
    case Field::kServerAddress:
      return frame.server->address;
    case Field::kServerHost:
      return frame.server->host;
    case Field::kServerPort:
      return std::to_string(frame.server->port);
    case Field::kTaskId:
      return frame.server->task_id;
    case Field::kVersion:
      return frame.server->version;
    case Field::kWeight:
      return std::to_string(frame.server->weight);
    case Field::kPortIndex:
      return std::to_string(frame.port->index);
    case Field::kPortName:
      return frame.port->name;
    case Field::kProtocol:
      return frame.port->protocol;
    case Field::kServicePort:
      return std::to_string(frame.port->service_port);
    case Field::kPortLabel:
      return copy(find_port_label(token, frame));
    case Field::kHostItem:
      return *frame.host;
    case Field::kNone:
    case Field::kApps:
    case Field::kHosts:
    case Field::kServers:
    case Field::kPorts:
    case Field::kPortServers:
    case Field::kTcp:
    case Field::kUdp:
      return std::nullopt;  // no text: the grammar refuses them as variables
  }
  return std::nullopt;
}

// Only a bare label can be wrong: everything else that stands bare has passed its allow-list before it is a state.
std::optional<Error> refuse_bare(const CompiledToken& token, const Frame& frame) {
  if (token.field != Field::kRetry) return std::nullopt;
  const std::string* label = find_key(frame.app->labels, kRetryLabel);
  return label == nullptr ? std::nullopt : refuse_retry(*label);
}

bool is_number(Field field) {
  return field == Field::kServerPort || field == Field::kWeight || field == Field::kPortIndex ||
         field == Field::kServicePort;
}

}  // namespace

std::size_t list_size(const CompiledToken& token, const RoutingState& state, const Frame& frame) {
  if (token.field == Field::kApps) return state.apps.size();
  if (token.field == Field::kHosts) return frame.app->hosts.size();
  if (token.field == Field::kPorts) return frame.app->ports.size();
  if (token.field == Field::kServers) return frame.app->servers().size();
  if (token.field == Field::kPortServers) return frame.port->servers.size();
  return 0;
}

Frame list_item(const CompiledToken& token, const RoutingState& state, const Frame& frame, std::size_t index) {
  Frame inner = frame;
  if (token.field == Field::kApps) inner.app = &state.apps[index];
  if (token.field == Field::kHosts) inner.host = &frame.app->hosts[index];
  if (token.field == Field::kPorts) inner.port = &frame.app->ports[index];
  if (token.field == Field::kServers) inner.server = &frame.app->servers()[index];
  if (token.field == Field::kPortServers) inner.server = &frame.port->servers[index];
  return inner;
}

bool is_true(const CompiledToken& token, const RoutingState& state, const Frame& frame) {
  if (token.field == Field::kTcp) return speaks(*frame.port, "tcp");
  if (token.field == Field::kUdp) return speaks(*frame.port, "udp");
  const std::optional<std::string> value = value_of(token, state, frame);
  if (token.shape == Shape::kOpenMap) return value.has_value();
  return value && !value->empty() && !(is_number(token.field) && *value == "0");
}

tl::expected<std::string, Error> text_of(const CompiledToken& token, const RoutingState& state, const Frame& frame) {
  const auto refused = [&](const Error& why) {
    const std::string of_app = frame.app == nullptr ? "" : "app " + frame.app->id + ": ";
    const std::string what = of_app + "the value of " + token.token.spelling + " ";
    return tl::unexpected(Error{"", token.token.line, what + why.message});
  };
  std::optional<std::string> value = value_of(token, state, frame);
  if (!value) return std::string();
  if (token.shape == Shape::kBare) {
    if (const auto wrong = refuse_bare(token, frame)) return refused(*wrong);
    return *std::move(value);
  }
  auto quoted = nginx_quote(*value);  // what cannot be quoted may not stand raw either
  if (!quoted) return refused(quoted.error());
  if (token.token.kind == TokenKind::kRawVariable) return *std::move(value);
  if (token.shape == Shape::kText && is_plain(*value)) return *std::move(value);
  return quoted;
}

}  // namespace chorale::render
