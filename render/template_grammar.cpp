#include "render/template_grammar.h"

#include <algorithm>
#include <array>
#include <optional>

namespace chorale::render {
namespace {

// What a section opens: the names that are known within it.
enum class Scope { kRoot, kApp, kServer, kPort, kHostItem, kAllowItem, kHeader, kPart, kValue };

struct Row {
  Scope scope;
  std::string_view name;
  Field field;
  Shape shape;
  Scope opens;  // by a section on it
};

constexpr std::array kRows{
    Row{Scope::kRoot, "realm", Field::kRealm, Shape::kText, Scope::kValue},
    Row{Scope::kRoot, "apps", Field::kApps, Shape::kList, Scope::kApp},
    Row{Scope::kApp, "id", Field::kId, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "name", Field::kName, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "path", Field::kPath, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "host", Field::kHost, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "hosts", Field::kHosts, Shape::kList, Scope::kHostItem},
    Row{Scope::kApp, "servers", Field::kServers, Shape::kList, Scope::kServer},
    Row{Scope::kApp, "ports", Field::kPorts, Shape::kList, Scope::kPort},
    Row{Scope::kApp, "labels", Field::kLabel, Shape::kOpenMap, Scope::kValue},
    Row{Scope::kApp, "env", Field::kEnv, Shape::kOpenMap, Scope::kValue},
    Row{Scope::kApp, "health_path", Field::kHealthPath, Shape::kText, Scope::kValue},
    Row{Scope::kApp, "retry", Field::kRetry, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "strip_prefix", Field::kStripPrefix, Shape::kFlag, Scope::kValue},
    Row{Scope::kApp, "keepalive", Field::kKeepalive, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "timeout", Field::kTimeout, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "max_body", Field::kMaxBody, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "restricted", Field::kRestricted, Shape::kFlag, Scope::kValue},
    Row{Scope::kApp, "allow", Field::kAllow, Shape::kList, Scope::kAllowItem},
    Row{Scope::kApp, "auth", Field::kAuth, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "rate", Field::kRate, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "ip_hash", Field::kIpHash, Shape::kFlag, Scope::kValue},
    Row{Scope::kApp, "sticky_cookie", Field::kStickyCookie, Shape::kBare, Scope::kValue},
    Row{Scope::kApp, "https_redirect", Field::kHttpsRedirect, Shape::kFlag, Scope::kValue},
    Row{Scope::kApp, "has_headers", Field::kHasHeaders, Shape::kFlag, Scope::kValue},
    Row{Scope::kApp, "headers", Field::kHeaders, Shape::kList, Scope::kHeader},
    Row{Scope::kServer, "address", Field::kServerAddress, Shape::kBare, Scope::kValue},
    Row{Scope::kServer, "host", Field::kServerHost, Shape::kBare, Scope::kValue},
    Row{Scope::kServer, "port", Field::kServerPort, Shape::kBare, Scope::kValue},
    Row{Scope::kServer, "task_id", Field::kTaskId, Shape::kText, Scope::kValue},
    Row{Scope::kServer, "version", Field::kVersion, Shape::kText, Scope::kValue},
    Row{Scope::kServer, "weight", Field::kWeight, Shape::kBare, Scope::kValue},
    Row{Scope::kPort, "index", Field::kPortIndex, Shape::kBare, Scope::kValue},
    Row{Scope::kPort, "name", Field::kPortName, Shape::kText, Scope::kValue},
    Row{Scope::kPort, "protocol", Field::kProtocol, Shape::kText, Scope::kValue},
    Row{Scope::kPort, "service_port", Field::kServicePort, Shape::kBare, Scope::kValue},
    Row{Scope::kPort, "tcp", Field::kTcp, Shape::kFlag, Scope::kValue},
    Row{Scope::kPort, "udp", Field::kUdp, Shape::kFlag, Scope::kValue},
    Row{Scope::kPort, "tcp_port", Field::kTcpPort, Shape::kBare, Scope::kValue},
    Row{Scope::kPort, "udp_port", Field::kUdpPort, Shape::kBare, Scope::kValue},
    Row{Scope::kPort, "labels", Field::kPortLabel, Shape::kOpenMap, Scope::kValue},
    Row{Scope::kPort, "port_host", Field::kPortHost, Shape::kBare, Scope::kValue},
    Row{Scope::kPort, "port_hosts", Field::kPortHosts, Shape::kList, Scope::kHostItem},
    Row{Scope::kPort, "servers", Field::kPortServers, Shape::kList, Scope::kServer},
    Row{Scope::kHostItem, ".", Field::kHostItem, Shape::kBare, Scope::kValue},
    Row{Scope::kHostItem, "wildcard", Field::kHostWildcard, Shape::kFlag, Scope::kValue},
    Row{Scope::kAllowItem, ".", Field::kAllowItem, Shape::kBare, Scope::kValue},
    Row{Scope::kPart, ".", Field::kPart, Shape::kQuoted, Scope::kValue},
    Row{Scope::kHeader, "name", Field::kHeaderName, Shape::kBare, Scope::kValue},
    Row{Scope::kHeader, "value", Field::kHeaderValue, Shape::kQuoted, Scope::kValue},
};

struct OpenSection {
  std::size_t token;  // its index
  Scope scope;
  bool opens_scope;  // an inverted section does not
};

class Resolver {
 public:
  explicit Resolver(const std::string& file) : file_(file) {}

  tl::expected<std::vector<CompiledToken>, Error> resolve(std::vector<Token> tokens) {
    compiled_.reserve(tokens.size());
    for (Token& token : tokens) {
      compiled_.push_back({});
      compiled_.back().token = std::move(token);
      if (const std::optional<Error> error = resolve_last()) return tl::unexpected(*error);
    }
    if (!open_.empty()) {
      const Token& unclosed = compiled_[open_.back().token].token;
      return tl::unexpected(Error{file_, unclosed.line, "unclosed section " + unclosed.spelling});
    }
    return std::move(compiled_);
  }

 private:
  std::optional<Error> resolve_last() {
    CompiledToken& compiled = compiled_.back();
    if (compiled.token.kind != TokenKind::kText && compiled.token.kind != TokenKind::kSectionEnd) {
      auto parsed = parse_filters(compiled.token.text);
      if (!parsed) return error(compiled.token, parsed.error());
      compiled.token.text = std::move(parsed->name);
      compiled.filters = std::move(parsed->filters);
    }
    switch (compiled.token.kind) {
      case TokenKind::kText:
        return std::nullopt;
      case TokenKind::kVariable:
      case TokenKind::kRawVariable: {
        std::optional<Scope> scope = look_up(compiled);
        if (!scope) return unknown(compiled.token);
        if (auto wrong = apply_filters(compiled, *scope)) return wrong;
        if (compiled.shape == Shape::kList || compiled.shape == Shape::kFlag) {
          return error(compiled.token, compiled.token.text + " is no text: use it as a section");
        }
        return std::nullopt;
      }
      case TokenKind::kSection:
      case TokenKind::kInvertedSection:
        return open_section(compiled);
      case TokenKind::kSectionEnd:
        return close_section(compiled);
    }
    return std::nullopt;
  }

  std::optional<Error> open_section(CompiledToken& compiled) {
    std::optional<Scope> scope = look_up(compiled);
    if (!scope) return unknown(compiled.token);
    if (auto wrong = apply_filters(compiled, *scope)) return wrong;
    const bool is_section = compiled.token.kind == TokenKind::kSection;
    const bool repeats = is_section && compiled.shape == Shape::kList &&
                         std::any_of(open_.begin(), open_.end(), [&](const OpenSection& outer) {
                           return outer.opens_scope && outer.scope == *scope;
                         });
    // Within, names of the outer round could not be reached, and it would write apps x apps lines.
    if (repeats) return error(compiled.token, compiled.token.text + " is already being walked through here");
    open_.push_back({compiled_.size() - 1, *scope, is_section});
    return std::nullopt;
  }

  // What a name with filters is, and the scope that a section on it opens.
  std::optional<Error> apply_filters(CompiledToken& compiled, Scope& scope) const {
    if (compiled.filters.empty()) return std::nullopt;
    if (compiled.shape == Shape::kList || compiled.shape == Shape::kFlag) {
      return error(compiled.token, compiled.token.text + " is no text: it has no filters");
    }
    const Filter& last = compiled.filters.back();
    compiled.shape = Shape::kQuoted;
    if (last.is_condition()) compiled.shape = Shape::kFlag;
    if (last.kind != Filter::Kind::kSplit) return std::nullopt;
    compiled.shape = Shape::kList;
    scope = Scope::kPart;
    return std::nullopt;
  }

  std::optional<Error> close_section(CompiledToken& compiled) {
    if (open_.empty()) return error(compiled.token, "no section is open here");
    CompiledToken& begin = compiled_[open_.back().token];
    if (begin.token.text != compiled.token.text) return error(compiled.token, expected_end(begin, compiled.token));
    compiled.begin = open_.back().token;
    begin.end = compiled_.size() - 1;
    begin.whole_lines = begin.token.own_line && compiled.token.own_line;
    open_.pop_back();
    return std::nullopt;
  }

  // Filters are not repeated at the end: they would have to be the same, and say nothing new.
  static std::string expected_end(const CompiledToken& begin, const Token& end) {
    std::string expected = end.spelling;
    expected.replace(expected.rfind(end.text), end.text.size(), begin.token.text);
    const bool filtered = !begin.filters.empty() || end.text.find('|') != std::string::npos;
    return "the open section is " + begin.token.spelling + " of line " + std::to_string(begin.token.line) +
           ": expected " + expected + (filtered ? ", the name alone without its filters" : "");
  }

  // Fills in what the name means; the scope that a section on it opens, or nothing if it is unknown.
  std::optional<Scope> look_up(CompiledToken& compiled) const {
    for (auto open = open_.rbegin(); open != open_.rend(); ++open) {
      if (!open->opens_scope) continue;
      const bool is_item = compiled.token.text == ".";
      if (is_item && open->scope == Scope::kValue) return look_up_item(compiled, *open);
      if (const auto scope = look_up_in(open->scope, compiled)) return scope;
      if (is_item) return std::nullopt;  // what the innermost section walks through has names of its own
    }
    return look_up_in(Scope::kRoot, compiled);
  }

  static std::optional<Scope> look_up_in(Scope scope, CompiledToken& compiled) {
    const std::string_view name = compiled.token.text;
    const std::size_t dot = name.find('.');
    for (const Row& row : kRows) {
      if (row.scope != scope) continue;
      // All that follows the first dot is the key: Docker and Traefik labels have dots in their names.
      const bool is_key = row.shape == Shape::kOpenMap && dot != std::string_view::npos && dot + 1 < name.size() &&
                          name.substr(0, dot) == row.name;
      if (!is_key && (row.shape == Shape::kOpenMap || row.name != name)) continue;
      compiled.field = row.field;
      compiled.shape = row.shape;
      if (is_key) compiled.key = name.substr(dot + 1);
      return row.opens;
    }
    return std::nullopt;
  }

  // "." in a section on a value is that value.
  std::optional<Scope> look_up_item(CompiledToken& compiled, const OpenSection& section) const {
    const CompiledToken& begin = compiled_[section.token];
    compiled.field = begin.field;
    compiled.shape = begin.shape;
    compiled.key = begin.key;
    std::vector<Filter> filters = begin.filters;
    if (!filters.empty() && filters.back().is_condition()) {
      filters.pop_back();
      compiled.shape = Shape::kQuoted;
    }
    compiled.filters.insert(compiled.filters.begin(), filters.begin(), filters.end());
    return Scope::kValue;
  }

  std::optional<Error> unknown(const Token& token) const {
    Scope scope = Scope::kRoot;
    for (const OpenSection& open : open_) {
      if (open.opens_scope && open.scope != Scope::kValue) scope = open.scope;
    }
    std::string known;
    for (const Row& row : kRows) {
      if (row.scope != scope) continue;
      known += (known.empty() ? "" : ", ") + std::string(row.name) + (row.shape == Shape::kOpenMap ? ".*" : "");
    }
    return error(token, "unknown name: here are known " + known +
                            (scope == Scope::kRoot ? "" : ", and the names of the sections around it"));
  }

  std::optional<Error> error(const Token& token, const std::string& message) const {
    return Error{file_, token.line, token.spelling + ": " + message};
  }

  const std::string& file_;
  std::vector<CompiledToken> compiled_;
  std::vector<OpenSection> open_;
};

}  // namespace

tl::expected<std::vector<CompiledToken>, Error> resolve_names(std::vector<Token> tokens, const std::string& file) {
  return Resolver(file).resolve(std::move(tokens));
}

}  // namespace chorale::render
