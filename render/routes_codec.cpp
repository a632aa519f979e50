#include "render/routes_codec.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "render/invariants.h"

namespace chorale::render {
namespace {

using nlohmann::json;

constexpr std::string_view kAppsBegin = R"("apps":[)";
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

void append_host(std::string& out, const std::string& host) { append_string(out, host); }

void append_port(std::string& out, const Port& port) {
  out += R"({"index":)";
  append_number(out, port.index);
  out += R"(,"name":)";
  append_string(out, port.name);
  out += R"(,"protocol":)";
  append_string(out, port.protocol);
  out += R"(,"service_port":)";
  append_number(out, port.service_port);
  // Left out where it is none: older versions write the same bytes then.
  if (port.container_port != 0) {
    out += R"(,"container_port":)";
    append_number(out, port.container_port);
  }
  if (port.lost_port != 0) {
    out += R"(,"lost_port":)";
    append_number(out, port.lost_port);
  }
  out += R"(,"labels":)";
  append_texts(out, port.labels);
  if (!port.hosts.empty()) {
    out += R"(,"hosts":)";
    append_list(out, port.hosts, append_host);
  }
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
  append_list(out, app.hosts, append_host);
  if (app.main_port != 0) {
    out += R"(,"main_port":)";
    append_number(out, app.main_port);
  }
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
  out += ',';
  out += kAppsBegin;
}

// Decoding.

// Reads the members of one object and of what is inside it. The first thing that is wrong is kept; later reads do
// nothing.
class Reader {
 public:
  [[nodiscard]] const std::optional<std::string>& complaint() const { return complaint_; }

  // What says which thing it is: it must be there.
  void text(const json& object, const char* key, std::string& into) {
    if (!object.contains(key)) return fail(key, "is missing");
    optional_text(object, key, into);
  }
  // A missing key leaves `into` as it is.
  void optional_text(const json& object, const char* key, std::string& into) {
    const json* found = find(object, key);
    if (found == nullptr) return;
    if (!found->is_string()) return fail(key, "is not a string");
    into = found->get_ref<const std::string&>();
  }
  void number(const json& object, const char* key, std::int32_t& into) {
    if (!object.contains(key)) return fail(key, "is missing");
    optional_number(object, key, into);
  }
  void optional_number(const json& object, const char* key, std::int32_t& into) {
    const json* found = find(object, key);
    if (found == nullptr) return;
    const bool whole = found->is_number_integer();
    const std::int64_t number = whole ? found->get<std::int64_t>() : 0;
    if (!whole || number != static_cast<std::int32_t>(number)) return fail(key, "is not a whole number of 32 bits");
    into = static_cast<std::int32_t>(number);
  }
  void optional_texts(const json& object, const char* key, std::map<std::string, std::string>& into) {
    const json* found = find(object, key);
    if (found == nullptr) return;
    if (!found->is_object()) return fail(key, "is not an object");
    for (const auto& [name, value] : found->items()) {
      if (!value.is_string()) return fail(key, "holds something else than strings");
      into.emplace(name, value.get_ref<const std::string&>());
    }
  }
  template <typename Item, typename Read>
  void list(const json& object, const char* key, std::vector<Item>& into, Read read) {
    if (!object.contains(key)) return fail(key, "is missing");
    optional_list(object, key, into, read);
  }
  template <typename Item, typename Read>
  void optional_list(const json& object, const char* key, std::vector<Item>& into, Read read) {
    const json* found = find(object, key);
    if (found == nullptr) return;
    if (!found->is_array()) return fail(key, "is not an array");
    into.reserve(found->size());
    for (const json& item : *found) read(item, into.emplace_back());
  }
  void fail(const char* key, const char* why) {
    if (!complaint_) complaint_ = "\"" + std::string(key) + "\" " + why;
  }

 private:
  [[nodiscard]] const json* find(const json& object, const char* key) const {
    if (complaint_) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
  }

  std::optional<std::string> complaint_;
};

void read_health(Reader& reader, const json& object, Health& into) {
  std::string word = "unknown";
  reader.optional_text(object, "health", word);
  if (word != "alive" && word != "unknown") reader.fail("health", "is an unknown word");
  into = word == "alive" ? Health::kAlive : Health::kUnknown;
}

void read_server(Reader& reader, const json& object, Server& server) {
  if (!object.is_object()) return reader.fail("servers", "holds something else than objects");
  reader.text(object, "address", server.address);
  reader.text(object, "task_id", server.task_id);
  reader.optional_text(object, "version", server.version);
  reader.optional_number(object, "weight", server.weight);
  read_health(reader, object, server.health);
  const std::string_view address = server.address;
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return;  // without a port: the invariants refuse it
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  server.host = host;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), server.port);
}

void read_host(Reader& reader, const json& host, std::string& into) {
  if (!host.is_string()) return reader.fail("hosts", "holds something else than strings");
  into = host.get_ref<const std::string&>();
}

void read_port(Reader& reader, const json& object, Port& port) {
  if (!object.is_object()) return reader.fail("ports", "holds something else than objects");
  reader.number(object, "index", port.index);
  reader.optional_text(object, "name", port.name);
  reader.optional_text(object, "protocol", port.protocol);
  reader.optional_number(object, "service_port", port.service_port);
  reader.optional_number(object, "container_port", port.container_port);
  reader.optional_number(object, "lost_port", port.lost_port);
  reader.optional_texts(object, "labels", port.labels);
  reader.list(object, "servers", port.servers,
              [&reader](const json& server, Server& into) { read_server(reader, server, into); });
  reader.optional_list(object, "hosts", port.hosts,
                       [&reader](const json& host, std::string& into) { read_host(reader, host, into); });
}

void read_app(Reader& reader, const json& object, App& app) {
  reader.text(object, "id", app.id);
  reader.text(object, "name", app.name);
  reader.text(object, "path", app.path);
  reader.optional_list(object, "hosts", app.hosts,
                       [&reader](const json& host, std::string& into) { read_host(reader, host, into); });
  reader.optional_number(object, "main_port", app.main_port);
  reader.list(object, "ports", app.ports, [&reader](const json& port, Port& into) { read_port(reader, port, into); });
  reader.optional_texts(object, "labels", app.labels);
  reader.optional_texts(object, "env", app.env);
  reader.optional_text(object, "health_path", app.health_path);
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
  Reader reader;
  std::string realm;
  if (head.is_object()) reader.text(head, "realm", realm);
  if (!head.is_object() || !line.ends_with(kAppsBegin) || reader.complaint()) {
    return tl::unexpected(error_at(1, R"(expected {"realm":"...","apps":[ and nothing behind it)"));
  }
  return realm;
}

tl::expected<App, Error> decode_app(std::string_view line, int number) {
  const json object = parse_json(line);
  if (!object.is_object()) return tl::unexpected(error_at(number, "is not one JSON object"));
  Reader reader;
  App app;
  read_app(reader, object, app);
  if (reader.complaint()) return tl::unexpected(error_at(number, "an app's " + *reader.complaint()));
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
