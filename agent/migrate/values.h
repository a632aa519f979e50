// What the expressions of a Go template stand for in Chorale's context (packaging/guide/templates.md). Pure.
//
// No app is known while a template is translated: a value is a name to be looked up when it is rendered, or a constant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace chorale::agent {

// Why something cannot be said in Mustache; goes on from the construct: "{{...}}: ".
struct Obstacle {
  std::string reason;
};
[[nodiscard]] inline tl::unexpected<Obstacle> obstacle(std::string reason) {
  return tl::unexpected(Obstacle{std::move(reason)});
}
template <class T>
using Said = tl::expected<T, Obstacle>;

// What a name belongs to.
enum class Owner { kRoot, kApp, kPort, kServer, kHost, kPart };

// A name of the context, with filters.
struct NamedText {
  Owner owner = Owner::kRoot;
  std::string name{};                  // "labels.team"; "." of a host or a part
  std::vector<std::string> filters{};  // `trim " "`
  bool quoted = false;                 // may be rendered as a quoted parameter
  bool number = false;
  bool optional = false;               // of an open map: it may be missing, and a section asks for that alone
  std::optional<std::int64_t> port{};  // of the app's port with this index, outside any section on ports

  [[nodiscard]] std::string tag() const;  // `labels.team | trim " "`
  bool operator==(const NamedText&) const = default;
};

// What a section can ask.
struct Condition {
  enum class Kind { kAlways, kNever, kSection, kNot, kBoth, kEither };
  Kind kind = Kind::kAlways;
  NamedText text{};                // of a section; its last filter may be a condition
  std::vector<Condition> parts{};  // of the others

  static Condition always(bool holds) { return {holds ? Kind::kAlways : Kind::kNever}; }
  static Condition section(NamedText text) { return {Kind::kSection, std::move(text)}; }
};
[[nodiscard]] Condition negated(Condition condition);
[[nodiscard]] Condition both(Condition a, Condition b);
[[nodiscard]] Condition either(Condition a, Condition b);

struct Nothing {};
struct Moment {};  // the time of rendering
// @{name}: filled in by each proxy.
struct LocalText {
  std::string name;
};
struct ThingList {
  enum class Kind { kApps, kHosts, kServers, kServerPorts, kServicePorts, kPorts, kHealthChecks };
  Kind kind = Kind::kApps;
  bool merged = false;  // apps: by MergeAppsByLabel
  bool operator==(const ThingList&) const = default;
};
// The parts of a text.
struct PartList {
  NamedText text;
  std::string separator;
};
struct Thing {
  enum class Kind {
    kRoot,
    kStatsd,
    kApp,
    kLabels,
    kEnv,
    kContainer,
    kServer,
    kServerLabels,
    kPort,
    kPortLabels,
    kHealthCheck
  };
  Kind kind = Kind::kRoot;
  std::optional<std::int64_t> port{};  // of a port: outside any section on ports, the one with this index
};
struct Count {
  ThingList of;
};
// Fails where it is used.
struct Untold {
  std::string reason;
  bool position = false;  // the number of an item, where Mustache does not count
};

struct Value;
struct Words {
  std::vector<Value> parts;  // one after the other
};
// The items of a list with blanks between them.
struct Joined {
  std::vector<Value> list;  // one
};
struct Choice {
  Condition condition;
  std::vector<Value> either_or;  // two: where it holds, where it does not
};

struct Value {
  std::variant<Nothing, bool, std::int64_t, std::string, std::vector<std::string>, Moment, LocalText, NamedText, Words,
               Joined, Choice, Condition, ThingList, PartList, Thing, Count, Untold>
      of;
};

// As Go's `if`: not false, 0, nil or empty.
[[nodiscard]] Said<Condition> truth_of(const Value& value);
// As Go's eq of two values.
[[nodiscard]] Said<Condition> equality(const Value& a, const Value& b);
// As Go's lt, le, gt and ge, as far as sections can ask for it: whether a number is 0.
[[nodiscard]] Said<Condition> order(std::string_view function, const Value& a, const Value& b);

// A filter with its arguments: `replace "a" "b"`. The obstacle: an argument that may not stand in a tag.
[[nodiscard]] Said<std::string> filter(const std::string& name, const std::vector<std::string>& arguments);
// The text, with one more filter.
[[nodiscard]] NamedText filtered(NamedText text, std::string filter);

}  // namespace chorale::agent
