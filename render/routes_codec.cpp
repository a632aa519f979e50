#include "render/routes_codec.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "render/invariants.h"

namespace chorale::render {
namespace {

using nlohmann::json;

constexpr std::string_view kLastLine = "]}\n";

// Encoding.

void append_string(std::string& out, std::string_view text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code >= 0x20 && code < 0x7f && c != '"' && c != '\\';
  });
  if (is_plain) {  // nearly every string; dump() of a copy would cost three allocations
    out += '"';
    out += text;
    out += '"';
  } else {
    // `replace` never throws. What is not UTF-8 breaks an invariant, so it cannot be read back, but it can be shown.
    out += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  }
}

void append_number(std::string& out, std::int64_t number) { out += std::to_string(number); }

void append_texts(std::string& out, const std::map<std::string, std::string>& texts) {
  char separator = '{';
  for (const auto& [key, value] : texts) {
    out += separator;
    append_string(out, key);
    out += ':';
    append_string(out, value);
    separator = ',';
  }
  out += texts.empty() ? "{}" : "}";
}

template <typename Item, typename Append>
void append_list(std::string& out, const std::vector<Item>& items, Append append) {
  out += '[';
  for (const Item& item : items) {
    if (&item != &items.front()) out += ',';
    append(out, item);
  }
  out += ']';
}

// Host and port are not written: they are the address, and two spellings of one fact could disagree.
void append_server(std::string& out, const Server& server) {
  out += R"({"address":)";
  append_string(out, server.address);
  out += R"(,"task_id":)";
  append_string(out, server.task_id);
  out += R"(,"version":)";
  append_string(out, server.version);
  out += R"(,"weight":)";
  append_number(out, server.weight);
  out += server.health == Health::kAlive ? R"(,"health":"alive"})" : R"(,"health":"unknown"})";
}

void append_port(std::string& out, const Port& port) {
  out += R"({"index":)";
  append_number(out, port.index);
  out += R"(,"name":)";
  append_string(out, port.name);
  out += R"(,"protocol":)";
  append_string(out, port.protocol);
  out += R"(,"service_port":)";
  append_number(out, port.service_port);
  out += R"(,"labels":)";
  append_texts(out, port.labels);
  out += R"(,"servers":)";
  append_list(out, port.servers, append_server);
  out += '}';
}

void append_app(std::string& out, const App& app) {
  out += R"({"id":)";
  append_string(out, app.id);
  out += R"(,"name":)";
  append_string(out, app.name);
  out += R"(,"path":)";
  append_string(out, app.path);
  out += R"(,"hosts":)";
  append_list(out, app.hosts, [](std::string& text, const std::string& host) { append_string(text, host); });
  out += R"(,"ports":)";
  append_list(out, app.ports, append_port);
  out += R"(,"labels":)";
  append_texts(out, app.labels);
  out += R"(,"env":)";
  append_texts(out, app.env);
  out += R"(,"health_path":)";
  append_string(out, app.health_path);
  out += '}';
}

void append_first_line(std::string& out, const std::string& realm) {
  out += R"({"realm":)";
  append_string(out, realm);
  out += R"(,"apps":[)";
}

// Decoding. These read leniently: what they miss or misread is caught when the line is written again and compared.

std::string read_string(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int32_t read_number(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return 0;
  const auto number = found->get<std::int64_t>();
  return number == static_cast<std::int32_t>(number) ? static_cast<std::int32_t>(number) : 0;
}

std::map<std::string, std::string> read_texts(const json& object, const char* key) {
  std::map<std::string, std::string> texts;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_object()) return texts;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) texts.emplace(name, value.get<std::string>());
  }
  return texts;
}

template <typename Read>
auto read_list(const json& object, const char* key, Read read) {
  std::vector<decltype(read(object))> items;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return items;
  items.reserve(found->size());
  for (const json& item : *found) items.push_back(read(item));
  return items;
}

Server read_server(const json& object) {
  Server server;
  server.address = read_string(object, "address");
  server.task_id = read_string(object, "task_id");
  server.version = read_string(object, "version");
  server.weight = read_number(object, "weight");
  server.health = read_string(object, "health") == "alive" ? Health::kAlive : Health::kUnknown;
  const std::string_view address = server.address;
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return server;  // without a port: the invariants refuse it
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  server.host = host;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), server.port);
  return server;
}

Port read_port(const json& object) {
  Port port;
  port.index = read_number(object, "index");
  port.name = read_string(object, "name");
  port.protocol = read_string(object, "protocol");
  port.service_port = read_number(object, "service_port");
  port.labels = read_texts(object, "labels");
  port.servers = read_list(object, "servers", read_server);
  return port;
}

App read_app(const json& object) {
  App app;
  app.id = read_string(object, "id");
  app.name = read_string(object, "name");
  app.path = read_string(object, "path");
  app.hosts = read_list(object, "hosts",
                        [](const json& host) { return host.is_string() ? host.get<std::string>() : std::string(); });
  app.ports = read_list(object, "ports", read_port);
  app.labels = read_texts(object, "labels");
  app.env = read_texts(object, "env");
  app.health_path = read_string(object, "health_path");
  return app;
}

json parse_json(std::string_view text) { return json::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false); }

// Takes one line off the text; nothing if there is no whole line.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

Error error_at(int line, std::string message) { return Error{kRoutesFile, line, std::move(message)}; }

tl::expected<std::string, Error> decode_first_line(std::string_view line) {
  const json head = parse_json(std::string(line) + "]}");
  const std::string realm = read_string(head, "realm");
  std::string again;
  append_first_line(again, realm);
  if (again != line) return tl::unexpected(error_at(1, R"(expected {"realm":"...","apps":[ and nothing else)"));
  return realm;
}

tl::expected<App, Error> decode_app(std::string_view line, int number) {
  const json object = parse_json(line);
  if (object.is_discarded()) return tl::unexpected(error_at(number, "is not JSON"));
  App app = read_app(object);
  // One comparison instead of a check of every key: a missing, unknown, repeated or ill-typed one is not written again.
  std::string again;
  again.reserve(line.size());
  append_app(again, app);
  if (again != line) {
    return tl::unexpected(error_at(number,
                                   "is not an app as Chorale writes it (a key is missing, unknown, repeated, "
                                   "out of order or of another type)"));
  }
  return app;
}

}  // namespace

Rendered encode_routes(const RoutingState& state) {
  Rendered rendered;
  std::string& text = rendered.text;
  append_first_line(text, state.realm);
  text += '\n';
  rendered.sections.reserve(state.apps.size() + 1);
  for (const App& app : state.apps) {
    rendered.sections.push_back({text.size(), app.id});
    append_app(text, app);
    text += &app == &state.apps.back() ? "\n" : ",\n";
  }
  if (!state.apps.empty()) rendered.sections.push_back({text.size(), ""});
  text += kLastLine;
  return rendered;
}

tl::expected<RoutingState, Error> decode_routes(std::string_view text) {
  std::string_view rest = text;
  const std::optional<std::string_view> first_line = take_line(rest);
  if (!first_line) return tl::unexpected(error_at(0, "is cut off in its first line"));
  RoutingState state;
  tl::expected<std::string, Error> realm = decode_first_line(*first_line);
  if (!realm) return tl::unexpected(std::move(realm).error());
  state.realm = *std::move(realm);

  for (int number = 2; rest != kLastLine; ++number) {
    std::optional<std::string_view> line = take_line(rest);
    if (!line) return tl::unexpected(error_at(number, "is cut off: expected the rest of the file"));
    const bool is_last = rest == kLastLine;
    if (line->ends_with(',') == is_last) {
      return tl::unexpected(error_at(number, is_last ? "the last app ends with ','" : "expected ',' after the app"));
    }
    if (!is_last) line->remove_suffix(1);
    tl::expected<App, Error> app = decode_app(*line, number);
    if (!app) return tl::unexpected(std::move(app).error());
    state.apps.push_back(*std::move(app));
  }
  if (auto broken = find_broken_invariant(state)) return tl::unexpected(*std::move(broken));
  return state;
}

}  // namespace chorale::render
