// {{range}}: which list of Chorale's it is, and what its variables stand for.
#include <utility>

#include "agent/migrate/node_translator.h"

namespace chorale::agent {
namespace {

using ListKind = ThingList::Kind;

// The number of an item, where Mustache does not count.
Value no_number() { return Value{Untold{"items are not counted, but for ports", true}}; }

}  // namespace

void NodeTranslator::range(const GoNode& node, const Scope& scope) {
  const auto value = evaluate(node.pipe, scope);
  const std::string what = node.pipe.source;
  if (!value) return mark(node.line, what, value.error().reason, node.own.begin);
  if (const auto* list = std::get_if<ThingList>(&value->of)) return range_things(node, *list, scope);
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value->of)) {
    return range_constants(node, *texts, scope);
  }
  if (const auto* parts = std::get_if<PartList>(&value->of)) return range_parts(node, *parts, scope);
  const bool is_map = std::holds_alternative<Thing>(value->of);
  mark(node.line, what,
       is_map ? "the keys of a map cannot be walked through: name each key" : "it is no list that Chorale knows",
       node.own.begin);
}

void NodeTranslator::body(const GoNode& node, Scope scope, const Value& key, const Value& item) {
  scope.dot = item;
  const std::vector<std::string>& names = node.pipe.variables;
  if (names.size() == 2) scope.variables.push_back({names[0], key, scope.depth + 1});
  if (!names.empty()) scope.variables.push_back({names.back(), item, scope.depth + 1});
  nodes(node.body, std::move(scope));
}

void NodeTranslator::range_things(const GoNode& node, const ThingList& list, const Scope& scope) {
  const std::string what = node.pipe.source;
  const auto refuse = [&](const std::string& reason) { mark(node.line, what, reason, node.own.begin); };
  const auto walk = [&](const std::string& name, Owner owner, const Value& key, const Value& item) {
    if (scope.is_within(owner)) return refuse(name + " are already being walked through here");
    Scope inner = scope.entered(owner);
    inner.merged = inner.merged || list.merged;
    tag(Piece::Kind::kSection, name, node.line, node.own.begin);
    body(node, std::move(inner), key, item);
    tag(Piece::Kind::kEnd, name, node.line, node.otherwise.empty() ? node.own.end : node.own.otherwise);
  };
  switch (list.kind) {
    case ListKind::kApps: {
      walk("apps", Owner::kApp, Value{NamedText{.owner = Owner::kApp, .name = "id"}}, Value{Thing{Thing::Kind::kApp}});
      if (node.otherwise.empty()) return;
      tag(Piece::Kind::kInverted, "apps", node.line, node.own.otherwise);
      nodes(node.otherwise, scope);
      return tag(Piece::Kind::kEnd, "apps", node.line, node.own.end);
    }
    case ListKind::kHosts:
      return walk("hosts", Owner::kHost, no_number(), Value{NamedText{.owner = Owner::kHost, .name = "."}});
    case ListKind::kPorts:
      if (scope.is_within(Owner::kServer)) {
        return refuse("servers are listed by port: put the {{range}} over .Tasks into the one over .PortDefinitions");
      }
      return walk("ports", Owner::kPort, Value{NamedText{.owner = Owner::kPort, .name = "index", .number = true}},
                  Value{Thing{Thing::Kind::kPort}});
    case ListKind::kServers:
      return range_servers(node, scope);
    case ListKind::kHealthChecks:
      note(node.line, what + ": Chorale knows the path of the first HTTP health check alone");
      return choose(
          Condition::section({.owner = Owner::kApp, .name = "health_path", .quoted = true}), node.own, node.line, scope,
          [&](const Scope& inner) { body(node, inner, no_number(), Value{Thing{Thing::Kind::kHealthCheck}}); },
          [&](const Scope& inner) { nodes(node.otherwise, inner); });
    case ListKind::kServerPorts:
    case ListKind::kServicePorts:
      return refuse(
          "the ports of one task cannot be walked through: use {{range}} over .PortDefinitions, and in it .Tasks");
  }
}

// Which of a task's ports is meant shows in the body: it is tried first, and what comes of that is dropped.
void NodeTranslator::range_servers(const GoNode& node, const Scope& scope) {
  if (scope.is_within(Owner::kServer)) {
    return mark(node.line, node.pipe.source, "tasks are already being walked through here", node.own.begin);
  }
  Scope inner = scope;
  inner.choice = std::make_shared<PortChoice>();
  const Value item{Thing{Thing::Kind::kServer}};
  if (scope.is_within(Owner::kPort)) {
    inner.choice->port = PortChoice::kOfLoop;
  } else {
    const auto kept = std::tuple(pieces_, findings_, needs_);
    body(node, inner.entered(Owner::kServer), no_number(), item);
    std::tie(pieces_, findings_, needs_) = kept;
  }
  const std::int64_t port = inner.choice->port.value_or(0);
  const bool is_other = port > 0;
  if (is_other) {
    tag(Piece::Kind::kSection, "ports", node.line, node.own.begin);
    tag(Piece::Kind::kSection, "index | equals \"" + std::to_string(port) + "\"", node.line, node.own.begin);
    inner = inner.entered(Owner::kPort);
  }
  tag(Piece::Kind::kSection, "servers", node.line, node.own.begin);
  body(node, inner.entered(Owner::kServer), no_number(), item);
  const bool own = node.otherwise.empty() ? node.own.end : node.own.otherwise;
  tag(Piece::Kind::kEnd, "servers", node.line, own);
  if (is_other) {
    tag(Piece::Kind::kEnd, "index", node.line, own);
    tag(Piece::Kind::kEnd, "ports", node.line, own);
  }
}

void NodeTranslator::range_constants(const GoNode& node, const std::vector<std::string>& texts, const Scope& scope) {
  std::int64_t number = 0;
  for (const std::string& text : texts) body(node, scope, Value{number++}, Value{text});
  if (texts.empty()) nodes(node.otherwise, scope);
}

void NodeTranslator::range_parts(const GoNode& node, const PartList& parts, const Scope& scope) {
  const auto seen = scope.seen_from_here(parts.text);
  const bool is_inside = scope.is_within(Owner::kPart);
  if (!seen || is_inside) {
    return mark(node.line, node.pipe.source,
                is_inside ? "parts are already being walked through here" : seen.error().reason, node.own.begin);
  }
  const std::string opening = filtered(*seen, "split \"" + parts.separator + "\"").tag();
  tag(Piece::Kind::kSection, opening, node.line, node.own.begin);
  body(node, scope.entered(Owner::kPart), no_number(),
       Value{NamedText{.owner = Owner::kPart, .name = ".", .quoted = true}});
  tag(Piece::Kind::kEnd, seen->name, node.line, node.otherwise.empty() ? node.own.end : node.own.otherwise);
  if (node.otherwise.empty()) return;
  tag(Piece::Kind::kInverted, opening, node.line, node.own.otherwise);
  nodes(node.otherwise, scope);
  tag(Piece::Kind::kEnd, seen->name, node.line, node.own.end);
}

}  // namespace chorale::agent
