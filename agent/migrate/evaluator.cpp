#include "agent/migrate/evaluator.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace chorale::agent {
namespace {

using ListKind = ThingList::Kind;
using ThingKind = Thing::Kind;

tl::unexpected<Obstacle> no_field(const std::string& name) { return obstacle("Nixy has no field ." + name + " here"); }

Value text(Owner owner, const char* name, bool quoted = false) {
  return Value{NamedText{.owner = owner, .name = name, .quoted = quoted}};
}
Value number(Owner owner, const char* name) { return Value{NamedText{.owner = owner, .name = name, .number = true}}; }
Value list(ListKind kind) { return Value{ThingList{kind}}; }
Value thing(ThingKind kind) { return Value{Thing{kind}}; }

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const char* const begin = text.starts_with('+') ? text.data() + 1 : text.data();
  const auto [stopped, code] = std::from_chars(begin, end, number);
  return code == std::errc() && stopped == end ? std::optional(number) : std::nullopt;
}

// A port that speaks both is taken for TCP: Nginx listens by one protocol a line.
Value protocol() {
  return Value{Choice{Condition::section({.owner = Owner::kPort, .name = "tcp"}),
                      {Value{std::string("tcp")}, Value{std::string("udp")}}}};
}

}  // namespace

Said<Value> Evaluator::evaluate(const GoPipeline& pipeline) const {
  std::optional<Value> last;
  for (const GoCommand& command : pipeline.commands) {
    auto value = run(command, last);
    if (!value) return value;
    last = *std::move(value);
  }
  return last ? Said<Value>(*std::move(last)) : Said<Value>(Value{Nothing{}});
}

Said<Value> Evaluator::run(const GoCommand& command, const std::optional<Value>& last) const {
  const GoOperand& first = command.operands.front();
  if (!first.fields.empty() && first.fields.back() == "MergeAppsByLabel") return merged_apps(command, last);
  if (first.kind != GoOperand::Kind::kFunction) {
    if (command.operands.size() > 1 || last) return obstacle("it is no function, and takes no arguments");
    return value_of(first);
  }
  std::vector<Value> arguments;
  for (std::size_t i = 1; i < command.operands.size(); ++i) {
    auto value = value_of(command.operands[i]);
    if (!value) return value;
    arguments.push_back(*std::move(value));
  }
  if (last) arguments.push_back(*last);
  auto value = call(first.text, arguments);
  if (value && !first.fields.empty()) return obstacle("the result of " + first.text + " has no fields in Chorale");
  return value;
}

Said<Value> Evaluator::value_of(const GoOperand& operand) const {
  Said<Value> value = obstacle("");
  switch (operand.kind) {
    case GoOperand::Kind::kDot:
      value = scope_.dot;
      break;
    case GoOperand::Kind::kVariable:
      value = variable(operand.text);
      break;
    case GoOperand::Kind::kText:
      return Value{operand.text};
    case GoOperand::Kind::kNumber: {
      const auto whole = whole_number(operand.text);
      return whole ? Said<Value>(Value{*whole}) : obstacle("only whole decimal numbers are translated");
    }
    case GoOperand::Kind::kTruth:
      return Value{operand.text == "true"};
    case GoOperand::Kind::kNil:
      return Value{Nothing{}};
    case GoOperand::Kind::kFunction:
      value = call(operand.text, {});
      break;
    case GoOperand::Kind::kPipeline:
      value = evaluate(*operand.pipeline);
      break;
  }
  for (const std::string& name : operand.fields) {
    if (!value) return value;
    value = field(*value, name);
  }
  return value;
}

Said<Value> Evaluator::variable(const std::string& name) const {
  const auto found = std::find_if(scope_.variables.rbegin(), scope_.variables.rend(),
                                  [&](const Variable& one) { return one.name == name; });
  if (found == scope_.variables.rend()) return obstacle("the variable " + name + " could not be translated");
  const auto* untold = std::get_if<Untold>(&found->value.of);
  if (untold != nullptr && !untold->position) return obstacle(untold->reason);
  return found->value;
}

Said<Value> Evaluator::merged_apps(const GoCommand& command, const std::optional<Value>& last) const {
  std::vector<Value> arguments;
  if (command.operands.size() == 2) {
    auto value = value_of(command.operands[1]);
    if (!value) return value;
    arguments.push_back(*std::move(value));
  }
  if (last) arguments.push_back(*last);
  const auto* label = arguments.size() == 1 ? std::get_if<std::string>(&arguments.front().of) : nullptr;
  if (label == nullptr || label->empty()) return obstacle("MergeAppsByLabel takes one label, as a text");
  if (needs_.merge_label && *needs_.merge_label != *label) {
    return obstacle("Chorale merges apps by one label for the whole template, here by " + *needs_.merge_label);
  }
  needs_.merge_label = *label;
  return Value{ThingList{ListKind::kApps, true}};
}

Said<Value> Evaluator::call(const std::string& function, const std::vector<Value>& arguments) const {
  if (function == "index") return index(arguments);
  return call_function(function, arguments, needs_);
}

Said<Value> Evaluator::field(const Value& of, const std::string& name) const {
  const auto* object = std::get_if<Thing>(&of.of);
  if (object == nullptr) return obstacle("only apps, tasks and the like have fields such as ." + name);
  switch (object->kind) {
    case ThingKind::kRoot:
      return root_field(name);
    case ThingKind::kStatsd:
      if (name == "Addr") return Value{facts_.statsd_address};
      if (name == "Namespace") return Value{facts_.statsd_namespace};
      if (name == "SampleRate") return Value{facts_.statsd_sample_rate};
      return no_field(name);
    case ThingKind::kApp:
      return app_field(name);
    case ThingKind::kLabels:
    case ThingKind::kEnv:
    case ThingKind::kServerLabels:
    case ThingKind::kPortLabels:
      return key_of(*object, name);
    case ThingKind::kContainer:
      if (name == "PortMappings") return list(ListKind::kPorts);
      return no_field(name);
    case ThingKind::kServer:
      return server_field(name);
    case ThingKind::kPort:
      return port_field(*object, name);
    case ThingKind::kHealthCheck:
      if (name == "Path") return text(Owner::kApp, "health_path", true);
      return no_field(name);
  }
  return no_field(name);
}

Said<Value> Evaluator::root_field(const std::string& name) const {
  if (name == "Apps") return list(ListKind::kApps);
  if (name == "Xproxy") return Value{LocalText{"xproxy"}};
  if (name == "Realm") return text(Owner::kRoot, "realm", true);
  if (name == "Port") return Value{facts_.port};
  if (name == "User" || name == "Pass") {
    return obstacle("credentials do not belong in nginx.conf, which ZooKeeper holds");
  }
  if (name == "Marathon") {
    const bool has_secret = std::any_of(facts_.marathon.begin(), facts_.marathon.end(),
                                        [](const std::string& url) { return url.find('@') != std::string::npos; });
    if (has_secret) return obstacle("these URLs hold credentials, which do not belong in nginx.conf");
    return Value{facts_.marathon};
  }
  if (name == "NginxConfig") return Value{facts_.nginx_config};
  if (name == "NginxTemplate") return Value{facts_.nginx_template};
  if (name == "NginxCmd") return Value{facts_.nginx_cmd};
  if (name == "NginxIgnoreCheck") return Value{facts_.nginx_ignore_check};
  if (name == "LeftDelimiter") return Value{facts_.delimiters.left};
  if (name == "RightDelimiter") return Value{facts_.delimiters.right};
  if (name == "Statsd") return thing(ThingKind::kStatsd);
  if (name == "LastUpdates") return obstacle("what is rendered depends on routes alone, never on time: see /v1/status");
  return no_field(name);
}

Said<Value> Evaluator::app_field(const std::string& name) const {
  if (name == "Tasks") return list(ListKind::kServers);
  if (name == "Labels") return thing(ThingKind::kLabels);
  if (name == "Env") return thing(ThingKind::kEnv);
  if (name == "Hosts") return list(ListKind::kHosts);
  if (name == "PortDefinitions") return list(ListKind::kPorts);
  if (name == "HealthChecks") return list(ListKind::kHealthChecks);
  if (name == "Container") return thing(ThingKind::kContainer);
  return no_field(name);
}

Said<Value> Evaluator::server_field(const std::string& name) const {
  if (name == "Host") return text(Owner::kServer, "host");
  if (name == "ID") return text(Owner::kServer, "task_id", true);
  if (name == "Version") return text(Owner::kServer, "version", true);
  if (name == "AppID") return text(Owner::kApp, "id");
  if (name == "State") return Value{std::string("TASK_RUNNING")};  // Nixy has no others
  if (name == "Ports") return list(ListKind::kServerPorts);
  if (name == "ServicePorts") return list(ListKind::kServicePorts);
  // nil, but for what MergeAppsByLabel makes.
  if (name == "Labels") return thing(ThingKind::kServerLabels);
  if (name == "StagedAt" || name == "StartedAt" || name == "SlaveID") {
    return obstacle("Chorale's servers have no ." + name);
  }
  return no_field(name);
}

Said<Value> Evaluator::port_field(const Thing& port, const std::string& name) {
  if (name == "Port" || name == "ServicePort") {
    NamedText service{.owner = Owner::kPort, .name = "service_port", .number = true};
    service.port = port.port;
    return Value{std::move(service)};
  }
  if (name == "Name") {
    NamedText own{.owner = Owner::kPort, .name = "name", .quoted = true};
    own.port = port.port;
    return Value{std::move(own)};
  }
  if (name == "Protocol" && !port.port) return protocol();
  if (name == "Labels" && !port.port) return thing(ThingKind::kPortLabels);
  if (name == "Protocol" || name == "Labels") {
    return obstacle("the ." + name + " of one port is known within {{range}} over .PortDefinitions alone");
  }
  if (name == "ContainerPort" || name == "HostPort") return obstacle("Chorale's ports have no ." + name);
  return no_field(name);
}

Said<Value> Evaluator::key_of(const Thing& map, const std::string& key) const {
  if (map.kind == ThingKind::kServerLabels) {
    if (!scope_.merged) return Value{std::string()};
    if (key == "weight") return number(Owner::kServer, "weight");
    return obstacle("of its app's labels a server has the weight alone");
  }
  const bool can_stand = !key.empty() && key.find_first_of("|\r\n\t") == std::string::npos && key.front() != ' ' &&
                         key.back() != ' ' && key.find(right_) == std::string::npos;
  if (!can_stand) return obstacle("a key with these characters cannot be named in a tag");
  const bool is_env = map.kind == ThingKind::kEnv;
  if (is_env) needs_.env.insert(key);
  const Owner owner = map.kind == ThingKind::kPortLabels ? Owner::kPort : Owner::kApp;
  if (owner == Owner::kPort) {
    needs_.remarks.push_back("labels." + key + ": where the port has no such label, Chorale takes the app's");
  } else if (!is_env && scope_.is_within(Owner::kPort)) {
    needs_.remarks.push_back("labels." + key + ": where the port has such a label of its own, Chorale takes that");
  }
  return Value{
      NamedText{.owner = owner, .name = (is_env ? "env." : "labels.") + key, .quoted = true, .optional = true}};
}

Said<Value> Evaluator::index(const std::vector<Value>& arguments) const {
  if (arguments.empty()) return obstacle("index takes a list or a map");
  Said<Value> value = arguments.front();
  for (std::size_t i = 1; value && i < arguments.size(); ++i) value = item_of(*value, arguments[i]);
  return value;
}

Said<Value> Evaluator::item_of(const Value& of, const Value& at) const {
  const auto* place = std::get_if<std::int64_t>(&at.of);
  if (const auto* map = std::get_if<Thing>(&of.of)) {
    const auto* key = std::get_if<std::string>(&at.of);
    if (key == nullptr) return obstacle("a key has to be written out as a text");
    const bool is_map = map->kind == ThingKind::kLabels || map->kind == ThingKind::kEnv ||
                        map->kind == ThingKind::kServerLabels || map->kind == ThingKind::kPortLabels;
    return is_map ? key_of(*map, *key) : obstacle("only lists and maps have an index");
  }
  if (const auto* texts = std::get_if<std::vector<std::string>>(&of.of)) {
    if (place == nullptr || *place < 0 || *place >= static_cast<std::int64_t>(texts->size())) {
      return obstacle("there is no such item");
    }
    return Value{(*texts)[static_cast<std::size_t>(*place)]};
  }
  if (std::holds_alternative<PartList>(of.of)) {
    return obstacle("one part of a text cannot be picked, only walked through");
  }
  const auto* things = std::get_if<ThingList>(&of.of);
  if (things == nullptr) return obstacle("only lists and maps have an index");
  if (things->kind == ListKind::kServerPorts) return port_of_server(at);
  if (things->kind == ListKind::kServicePorts) return service_port(at);
  if (things->kind == ListKind::kHosts && place != nullptr && *place == 0) return text(Owner::kApp, "host");
  if (things->kind == ListKind::kHealthChecks && place != nullptr && *place == 0) return thing(ThingKind::kHealthCheck);
  if (things->kind == ListKind::kPorts && place != nullptr && *place >= 0) {
    return Value{Thing{ThingKind::kPort, *place}};
  }
  return obstacle("one item cannot be picked, only walked through with {{range}}");
}

Said<Value> Evaluator::port_of_server(const Value& at) const {
  if (scope_.choice == nullptr) return obstacle("its {{range}} has ended here");
  std::optional<std::int64_t> wanted;
  const auto* place = std::get_if<std::int64_t>(&at.of);
  const auto* named = std::get_if<NamedText>(&at.of);
  if (place != nullptr && *place >= 0) wanted = *place;
  if (named != nullptr && named->owner == Owner::kPort && named->name == "index") wanted = PortChoice::kOfLoop;
  if (!wanted) return obstacle("a port is picked by a constant, or by the index of a {{range}} over .PortDefinitions");
  if (!scope_.choice->port) scope_.choice->port = wanted;
  if (*scope_.choice->port != *wanted) {
    return obstacle("servers are listed by port: two ports of one task need two {{range}} over .Tasks");
  }
  return number(Owner::kServer, "port");
}

Said<Value> Evaluator::service_port(const Value& at) const {
  if (const auto* place = std::get_if<std::int64_t>(&at.of); place != nullptr && *place >= 0) {
    return port_field(Thing{ThingKind::kPort, *place}, "Port");
  }
  const auto* named = std::get_if<NamedText>(&at.of);
  if (named != nullptr && named->owner == Owner::kPort && named->name == "index") {
    return port_field(Thing{ThingKind::kPort}, "Port");
  }
  return obstacle("a port is picked by a constant, or by the index of a {{range}} over .PortDefinitions");
}

}  // namespace chorale::agent
