#include "render/template_values.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "render/app_labels.h"
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

// The label that a name of an app means; nullptr: it means none.
const char* label_of(Field field) {
  constexpr std::array<std::pair<Field, const char*>, 12> kLabels{{{Field::kRetry, kRetryLabel},
                                                                   {Field::kStripPrefix, kStripPrefixLabel},
                                                                   {Field::kKeepalive, kKeepaliveLabel},
                                                                   {Field::kTimeout, kTimeoutLabel},
                                                                   {Field::kMaxBody, kMaxBodyLabel},
                                                                   {Field::kRestricted, kAllowLabel},
                                                                   {Field::kAllowItem, kAllowLabel},
                                                                   {Field::kAuth, kAuthLabel},
                                                                   {Field::kRate, kRateLabel},
                                                                   {Field::kIpHash, kStickyLabel},
                                                                   {Field::kStickyCookie, kStickyLabel},
                                                                   {Field::kHttpsRedirect, kHttpsLabel}}};
  const auto* const found =
      std::find_if(kLabels.begin(), kLabels.end(), [&](const auto& one) { return one.first == field; });
  return found == kLabels.end() ? nullptr : found->second;
}

// The app's own label for this name; nullptr: it has none.
const std::string* find_own_label(Field field, const App& app) {
  const char* label = label_of(field);
  return label == nullptr ? nullptr : find_key(app.labels, label);
}

// The labels chorale.header.*: they stand next to each other.
using Header = std::pair<const std::string, std::string>;
std::vector<const Header*> headers_of(const App& app) {
  std::vector<const Header*> headers;
  for (auto label = app.labels.lower_bound(std::string(kHeaderLabels));
       label != app.labels.end() && label->first.starts_with(kHeaderLabels); ++label) {
    headers.push_back(&*label);
  }
  return headers;
}

std::vector<std::string_view> networks_of(const App& app) {
  const std::string* label = find_key(app.labels, kAllowLabel);
  return label == nullptr ? std::vector<std::string_view>() : allowed_networks(*label);
}

std::string sticky_cookie_of(const App& app) {
  const std::string* label = find_key(app.labels, kStickyLabel);
  return label == nullptr ? "" : std::string(sticky_cookie(*label));
}

bool has_label(const App& app, const char* label, std::string_view value) {
  const std::string* found = find_key(app.labels, label);
  return found != nullptr && *found == value;
}

std::int32_t service_port(const Frame& frame, Transport transport) {
  return frame.service_ports->port_of(*frame.port, transport);
}

std::optional<std::string> copy(const std::string* value) {
  return value == nullptr ? std::nullopt : std::optional<std::string>(*value);
}

std::string app_text(Field field, const App& app) {
  if (field == Field::kId) return app.id;
  if (field == Field::kName) return app.name;
  if (field == Field::kPath) return app.path;
  if (field == Field::kHost) return host_of(app);
  return app.health_path;
}

std::string server_text(Field field, const Server& server) {
  if (field == Field::kServerAddress) return server.address;
  if (field == Field::kServerHost) return server.host;
  if (field == Field::kServerPort) return std::to_string(server.port);
  if (field == Field::kTaskId) return server.task_id;
  if (field == Field::kVersion) return server.version;
  return std::to_string(server.weight);
}

std::string port_text(Field field, const Frame& frame) {
  if (field == Field::kPortIndex) return std::to_string(frame.port->index);
  if (field == Field::kPortName) return frame.port->name;
  if (field == Field::kProtocol) return frame.port->protocol;
  if (field == Field::kServicePort) return std::to_string(frame.port->service_port);
  return std::to_string(service_port(frame, field == Field::kTcpPort ? Transport::kTcp : Transport::kUdp));
}

// Of the innermost list.
std::string item_text(Field field, const Frame& frame) {
  if (field == Field::kAllowItem) return std::string(frame.network);
  if (field == Field::kPart) return frame.part;
  if (field == Field::kHeaderName) return frame.header->first.substr(kHeaderLabels.size());
  if (field == Field::kHeaderValue) return frame.header->second;
  return *frame.host;
}

// The value before filters; nothing for a key that is missing.
std::optional<std::string> plain_value_of(const CompiledToken& token, const RoutingState& state, const Frame& frame) {
  switch (token.field) {
    case Field::kRealm:
      return state.realm;
    case Field::kId:
    case Field::kName:
    case Field::kPath:
    case Field::kHost:
    case Field::kHealthPath:
      return app_text(token.field, *frame.app);
    case Field::kLabel:
      return copy(find_key(frame.app->labels, token.key));
    case Field::kEnv:
      return copy(find_key(frame.app->env, token.key));
    case Field::kRetry: {
      const std::string* label = find_own_label(token.field, *frame.app);
      return label == nullptr ? std::nullopt : std::optional<std::string>(retry_conditions(*label));
    }
    case Field::kKeepalive:
    case Field::kTimeout:
    case Field::kMaxBody:
    case Field::kAuth:
    case Field::kRate:
      return copy(find_own_label(token.field, *frame.app));
    case Field::kStickyCookie:
      return sticky_cookie_of(*frame.app);
    case Field::kAllowItem:
    case Field::kPart:
    case Field::kHeaderName:
    case Field::kHeaderValue:
    case Field::kHostItem:
      return item_text(token.field, frame);
    case Field::kServerAddress:
    case Field::kServerHost:
    case Field::kServerPort:
    case Field::kTaskId:
    case Field::kVersion:
    case Field::kWeight:
      return server_text(token.field, *frame.server);
    case Field::kPortIndex:
    case Field::kPortName:
    case Field::kProtocol:
    case Field::kServicePort:
    case Field::kTcpPort:
    case Field::kUdpPort:
      return port_text(token.field, frame);
    case Field::kPortLabel:
      return copy(find_port_label(token, frame));
    case Field::kPortHost:
      return frame.port->hosts.empty() ? std::string() : frame.port->hosts.front();
    case Field::kNone:
    case Field::kApps:
    case Field::kHosts:
    case Field::kServers:
    case Field::kPorts:
    case Field::kPortServers:
    case Field::kPortHosts:
    case Field::kTcp:
    case Field::kUdp:
    case Field::kHostWildcard:
    case Field::kStripPrefix:
    case Field::kRestricted:
    case Field::kIpHash:
    case Field::kHttpsRedirect:
    case Field::kHasHeaders:
    case Field::kAllow:
    case Field::kHeaders:
      return std::nullopt;  // no text: the grammar refuses them as variables
  }
  return std::nullopt;
}

// Only a bare label can be wrong: everything else that stands bare has passed its allow-list before it is a state.
std::optional<Error> refuse_bare(const CompiledToken& token, const Frame& frame) {
  if (token.field == Field::kHeaderName) return refuse_app_label(frame.header->first, frame.header->second);
  if (label_of(token.field) == nullptr) return std::nullopt;
  const std::string* label = find_own_label(token.field, *frame.app);
  return label == nullptr ? std::nullopt : refuse_app_label(label_of(token.field), *label);
}

// A name that is a section only, with nothing to walk through.
bool is_set(Field field, const Frame& frame) {
  const App& app = *frame.app;
  if (field == Field::kTcp) return speaks(*frame.port, Transport::kTcp);
  if (field == Field::kUdp) return speaks(*frame.port, Transport::kUdp);
  if (field == Field::kHostWildcard) return frame.host->starts_with("*.");
  if (field == Field::kStripPrefix) return has_label(app, kStripPrefixLabel, "true");
  if (field == Field::kRestricted) return find_key(app.labels, kAllowLabel) != nullptr;
  if (field == Field::kIpHash) return has_label(app, kStickyLabel, "ip_hash");
  if (field == Field::kHttpsRedirect) return has_label(app, kHttpsLabel, "redirect");
  return field == Field::kHasHeaders && !headers_of(app).empty();
}

// The value before quoting.
std::optional<std::string> value_of(const CompiledToken& token, const RoutingState& state, const Frame& frame) {
  std::optional<std::string> value = plain_value_of(token, state, frame);
  if (!value || token.filters.empty()) return value;
  return filtered(*std::move(value), token.filters);
}

std::vector<std::string> parts_of(const CompiledToken& token, const RoutingState& state, const Frame& frame) {
  return parts_of(value_of(token, state, frame).value_or(""), token.filters.back());
}

bool is_split(const CompiledToken& token) {
  return !token.filters.empty() && token.filters.back().kind == Filter::Kind::kSplit;
}

bool is_number(Field field) {
  return field == Field::kServerPort || field == Field::kWeight || field == Field::kPortIndex ||
         field == Field::kServicePort || field == Field::kTcpPort || field == Field::kUdpPort;
}

}  // namespace

std::size_t list_size(const CompiledToken& token, const RoutingState& state, const Frame& frame) {
  if (is_split(token)) return parts_of(token, state, frame).size();
  if (token.field == Field::kApps) return state.apps.size();
  if (token.field == Field::kHosts) return frame.app->hosts.size();
  if (token.field == Field::kPortHosts) return frame.port->hosts.size();
  if (token.field == Field::kPorts) return frame.app->ports.size();
  if (token.field == Field::kServers) return frame.app->servers().size();
  if (token.field == Field::kPortServers) return frame.port->servers.size();
  if (token.field == Field::kAllow) return networks_of(*frame.app).size();
  if (token.field == Field::kHeaders) return headers_of(*frame.app).size();
  return 0;
}

Frame list_item(const CompiledToken& token, const RoutingState& state, const Frame& frame, std::size_t index) {
  Frame inner = frame;
  if (is_split(token)) inner.part = parts_of(token, state, frame)[index];
  if (token.field == Field::kApps) inner.app = &state.apps[index];
  if (token.field == Field::kHosts) inner.host = &frame.app->hosts[index];
  if (token.field == Field::kPortHosts) inner.host = &frame.port->hosts[index];
  if (token.field == Field::kPorts) inner.port = &frame.app->ports[index];
  if (token.field == Field::kServers) inner.server = &frame.app->servers()[index];
  if (token.field == Field::kPortServers) inner.server = &frame.port->servers[index];
  if (token.field == Field::kAllow) inner.network = networks_of(*frame.app)[index];
  if (token.field == Field::kHeaders) inner.header = headers_of(*frame.app)[index];
  return inner;
}

bool is_true(const CompiledToken& token, const RoutingState& state, const Frame& frame) {
  const bool is_condition = !token.filters.empty() && token.filters.back().is_condition();
  if (token.shape == Shape::kFlag && !is_condition) return is_set(token.field, frame);
  const std::optional<std::string> value = value_of(token, state, frame);
  if (is_condition) return value && holds(*value, token.filters.back());
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
