#include "agent/migrate/node_translator.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

using coordination::Overloaded;

constexpr std::size_t kMaxCalls = 20;       // of templates within templates
constexpr std::size_t kMaxPieces = 20'000;  // branches are written once for each way that leads to them

std::string without_name(std::string_view tag) { return std::string(tag.substr(0, tag.find(" |"))); }

// {{if $i}} {{end}}: blanks between items. One more before the first means nothing to Nginx.
bool is_separator(const GoNode& node, const Value& value) {
  const auto* untold = std::get_if<Untold>(&value.of);
  const bool is_blank = std::all_of(node.body.begin(), node.body.end(), [](const GoNode& one) {
    return one.kind == GoNode::Kind::kText && one.text.find_first_not_of(" \t\r\n") == std::string::npos;
  });
  return untold != nullptr && untold->position && is_blank && node.otherwise.empty();
}

}  // namespace

void NodeTranslator::translate() {
  Scope scope;
  scope.dot = Value{Thing{Thing::Kind::kRoot}};
  scope.variables.push_back({"$", scope.dot, 0});
  nodes(source_.nodes, std::move(scope));
}

// What is declared here is known here alone.
void NodeTranslator::nodes(const std::vector<GoNode>& nodes, Scope scope) {
  ++scope.depth;
  for (const GoNode& one : nodes) node(one, scope);
}

void NodeTranslator::node(const GoNode& node, Scope& scope) {
  construct_ = node.pipe.source;
  switch (node.kind) {
    case GoNode::Kind::kText:
      return write_text(node.text, node.line);
    case GoNode::Kind::kAction:
      return action(node, scope);
    case GoNode::Kind::kIf:
      return condition(node, scope);
    case GoNode::Kind::kWith:
      return with(node, scope);
    case GoNode::Kind::kRange:
      return range(node, scope);
    case GoNode::Kind::kTemplate:
      return call(node, scope);
    case GoNode::Kind::kJump:
      return mark(node.line, node.pipe.source, "a section is walked through to its end", true);
  }
}

Said<Value> NodeTranslator::evaluate(const GoPipeline& pipe, const Scope& scope) {
  auto value = Evaluator(facts_, needs_, scope, delimiters_.right).evaluate(pipe);
  for (const std::string& remark : std::exchange(needs_.remarks, {})) note(pipe.line, remark);
  return value;
}

void NodeTranslator::action(const GoNode& node, Scope& scope) {
  auto value = evaluate(node.pipe, scope);
  if (!node.pipe.variables.empty()) {
    return assign(node, value ? *std::move(value) : Value{Untold{value.error().reason}}, scope);
  }
  if (!value) return mark(node.line, node.pipe.source, value.error().reason, false);
  write(*value, node.line, scope);
}

// A variable that cannot be said is found where it is used.
void NodeTranslator::assign(const GoNode& node, Value value, Scope& scope) {
  const std::string& name = node.pipe.variables.front();
  if (!node.pipe.assigns) return scope.variables.push_back({name, std::move(value), scope.depth});
  const auto found = std::find_if(scope.variables.rbegin(), scope.variables.rend(),
                                  [&](const Variable& one) { return one.name == name; });
  if (found == scope.variables.rend()) return;
  if (found->depth == scope.depth) {
    found->value = std::move(value);
    return;
  }
  mark(node.line, node.pipe.source, "a variable cannot be changed for what follows {{end}}: use a section there", true);
}

void NodeTranslator::condition(const GoNode& node, const Scope& scope) {
  const auto value = evaluate(node.pipe, scope);
  if (value && is_separator(node, *value)) return nodes(node.body, scope);
  const auto truth = value ? truth_of(*value) : Said<Condition>(tl::unexpected(value.error()));
  if (!truth) return mark(node.line, node.pipe.source, truth.error().reason, node.own.begin);
  const auto declared = [&](Scope inner) {
    if (!node.pipe.variables.empty()) inner.variables.push_back({node.pipe.variables.front(), *value, inner.depth + 1});
    return inner;
  };
  choose(
      *truth, node.own, node.line, scope, [&](const Scope& inner) { nodes(node.body, declared(inner)); },
      [&](const Scope& inner) { nodes(node.otherwise, declared(inner)); });
}

void NodeTranslator::with(const GoNode& node, const Scope& scope) {
  const auto value = evaluate(node.pipe, scope);
  const auto truth = value ? truth_of(*value) : Said<Condition>(tl::unexpected(value.error()));
  // A map or an app is no text to ask for, but it is there.
  const bool is_thing = value && std::holds_alternative<Thing>(value->of);
  if (!truth && !is_thing) return mark(node.line, node.pipe.source, truth.error().reason, node.own.begin);
  choose(
      is_thing ? Condition::always(true) : *truth, node.own, node.line, scope,
      [&](const Scope& outer) {
        Scope inner = outer;
        inner.dot = *value;
        if (!node.pipe.variables.empty()) {
          inner.variables.push_back({node.pipe.variables.front(), *value, inner.depth + 1});
        }
        nodes(node.body, std::move(inner));
      },
      [&](const Scope& inner) { nodes(node.otherwise, inner); });
}

void NodeTranslator::call(const GoNode& node, const Scope& scope) {
  if (calls_ >= kMaxCalls) return mark(node.line, node.pipe.source, "templates that call themselves have no end", true);
  auto argument = evaluate(node.pipe, scope);
  if (!argument) return mark(node.line, node.pipe.source, argument.error().reason, node.own.begin);
  Scope inner = scope;
  inner.dot = *argument;
  inner.variables = {{"$", *argument, 0}};
  ++calls_;
  nodes(source_.defined.at(node.text), std::move(inner));
  --calls_;
}

void NodeTranslator::choose(const Condition& condition, const GoOwnLines& own, int line, const Scope& scope,
                            const Branch& yes, const Branch& no) {
  using Kind = Condition::Kind;
  if (pieces_.size() > kMaxPieces) return mark(line, construct_, "too many ways lead through these conditions", true);
  switch (condition.kind) {
    case Kind::kAlways:
      return yes(scope);
    case Kind::kNever:
      return no(scope);
    case Kind::kSection:
      return ask(condition, own, line, scope, yes, no);
    case Kind::kNot:
      return choose(condition.parts[0], own, line, scope, no, yes);
    case Kind::kBoth:
      return choose(
          condition.parts[0], own, line, scope,
          [&](const Scope& inner) { choose(condition.parts[1], own, line, inner, yes, no); }, no);
    case Kind::kEither:
      return choose(condition.parts[0], own, line, scope, yes,
                    [&](const Scope& inner) { choose(condition.parts[1], own, line, inner, yes, no); });
  }
}

void NodeTranslator::ask(const Condition& condition, const GoOwnLines& own, int line, const Scope& scope,
                         const Branch& yes, const Branch& no) {
  if (const auto known = scope.answer_of(condition.text)) return (*known ? yes : no)(scope);
  const std::string what = construct_;
  const auto seen = scope.seen_from_here(condition.text);
  if (!seen) return mark(line, what, seen.error().reason, own.begin);
  const std::string opening = seen->tag();
  const bool is_list = seen->name == "apps";

  const std::size_t before = pieces_.size();
  tag(Piece::Kind::kSection, opening, line, own.begin);
  yes(scope.having_asked(condition.text, true));
  const std::size_t middle = pieces_.size();
  tag(Piece::Kind::kEnd, seen->name, line, own.end);
  tag(Piece::Kind::kInverted, opening, line, own.otherwise || own.begin);
  const std::size_t after = pieces_.size();
  no(scope.having_asked(condition.text, false));
  const bool has_no = pieces_.size() > after;
  tag(Piece::Kind::kEnd, seen->name, line, own.end);

  const auto at = [&](std::size_t index) { return pieces_.begin() + static_cast<std::ptrdiff_t>(index); };
  if (has_no && middle > before + 1) {
    pieces_[middle].own_line = own.otherwise;
    pieces_[middle + 1].own_line = own.otherwise;
  }
  if (!has_no) pieces_.erase(at(middle + 1), pieces_.end());
  if (middle == before + 1) pieces_.erase(at(before), at(before + 2));  // nothing to say where it holds
  if (is_list && middle > before + 1) {
    pieces_.erase(at(before), pieces_.end());
    mark(line, what, "a section on all apps is written once for each: only {{if not .Apps}} can be said", own.begin);
  }
}

void NodeTranslator::write(const Value& value, int line, const Scope& scope) {
  const std::string what = construct_;
  const auto refuse = [&](const std::string& reason) { mark(line, what, reason, false); };
  std::visit(Overloaded{
                 [&](const Nothing&) { refuse("it has no value"); },
                 [&](bool truth) { write_text(truth ? "true" : "false", line); },
                 [&](std::int64_t number) { write_text(std::to_string(number), line); },
                 [&](const std::string& text) { write_text(text, line); },
                 [&](const std::vector<std::string>&) { refuse("a list is no text: use {{range}}"); },
                 [&](const Moment&) {
                   const std::string reason = "Chorale writes no time: equal routes give equal files";
                   if (!is_in_comment()) return refuse(reason);
                   note(line, what + ": left out: " + reason + "; the first line of each file names its revision");
                 },
                 [&](const LocalText& local) {
                   pieces_.push_back({Piece::Kind::kText, "@{" + local.name + "}", line});
                 },
                 [&](const NamedText& text) { write_name(text, line, scope); },
                 [&](const Words& words) {
                   for (const Value& part : words.parts) write(part, line, scope);
                 },
                 [&](const Joined& joined) { write_joined(joined.list.front(), line, scope); },
                 [&](const Choice& choice) {
                   choose(
                       choice.condition, {}, line, scope,
                       [&](const Scope& inner) { write(choice.either_or[0], line, inner); },
                       [&](const Scope& inner) { write(choice.either_or[1], line, inner); });
                 },
                 [&](const Condition& condition) {
                   choose(
                       condition, {}, line, scope, [&](const Scope&) { write_text("true", line); },
                       [&](const Scope&) { write_text("false", line); });
                 },
                 [&](const ThingList&) { refuse("a list is no text: use {{range}}"); },
                 [&](const PartList&) { refuse("a list is no text: use {{range}}"); },
                 [&](const Thing&) { refuse("it is no text: name one of its fields or keys"); },
                 [&](const Count&) { refuse("how many there are cannot be written"); },
                 [&](const Untold& untold) { refuse(untold.reason); },
             },
             value.of);
}

void NodeTranslator::write_name(const NamedText& text, int line, const Scope& scope) {
  const auto seen = scope.seen_from_here(text);
  if (!seen) return mark(line, construct_, seen.error().reason, false);
  if (text.port) {
    tag(Piece::Kind::kSection, "ports", line, false);
    tag(Piece::Kind::kSection, "index | equals \"" + std::to_string(*text.port) + "\"", line, false);
  }
  Piece piece{Piece::Kind::kValue, seen->tag(), line};
  piece.quoted = seen->quoted;
  piece.owner = seen->owner;
  pieces_.push_back(std::move(piece));
  if (text.port) {
    tag(Piece::Kind::kEnd, "index", line, false);
    tag(Piece::Kind::kEnd, "ports", line, false);
  }
}

// A blank behind each item: one more at the end means nothing to Nginx.
void NodeTranslator::write_joined(const Value& list, int line, const Scope& scope) {
  NamedText item{.owner = Owner::kHost, .name = "."};
  std::string opening = "hosts";
  if (const auto* parts = std::get_if<PartList>(&list.of)) {
    const auto seen = scope.seen_from_here(parts->text);
    if (!seen) return mark(line, construct_, seen.error().reason, false);
    opening = filtered(*seen, "split \"" + parts->separator + "\"").tag();
    item = {.owner = Owner::kPart, .name = ".", .quoted = true};
  }
  tag(Piece::Kind::kSection, opening, line, false);
  write_name(item, line, scope.entered(item.owner));
  write_text(" ", line);
  tag(Piece::Kind::kEnd, without_name(opening), line, false);
}

// Texts may hold what begins a tag or a local value only by accident: Nginx has no use for either.
void NodeTranslator::write_text(const std::string& text, int line) {
  if (text.empty()) return;
  const bool has_tag = text.find(delimiters_.left) != std::string::npos;
  const bool has_local = text.find("@{") != std::string::npos;
  if (has_tag || has_local) {
    return mark(
        line, has_tag ? delimiters_.left : "@{",
        has_tag ? "a text that begins a tag in Chorale's template" : "a text that stands for a local value in Chorale",
        false);
  }
  pieces_.push_back({Piece::Kind::kText, text, line});
}

void NodeTranslator::tag(Piece::Kind kind, const std::string& text, int line, bool own_line) {
  pieces_.push_back({kind, text, line, own_line});
}

bool NodeTranslator::is_in_comment() const {
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
    const std::size_t newline = piece->kind == Piece::Kind::kText ? piece->text.rfind('\n') : std::string::npos;
    const std::string_view rest = std::string_view(piece->text).substr(newline == std::string::npos ? 0 : newline + 1);
    if (piece->kind == Piece::Kind::kText && rest.find('#') != std::string_view::npos) return true;
    if (newline != std::string::npos || piece->own_line) return false;
  }
  return false;
}

void NodeTranslator::mark(int line, const std::string& what, const std::string& reason, bool own_line) {
  Piece piece{Piece::Kind::kGap, "", line, own_line};
  piece.finding = find({Finding::Kind::kMark, line, what + ": " + reason});
  pieces_.push_back(std::move(piece));
}

// What differs is said once, wherever else it does.
void NodeTranslator::note(int line, const std::string& message) {
  const bool is_known = std::any_of(findings_.begin(), findings_.end(), [&](const Finding& one) {
    return one.kind == Finding::Kind::kNote && one.message == message;
  });
  if (!is_known) findings_.push_back({Finding::Kind::kNote, line, message});
}

// A branch may be written several times: what is found in it is said once.
std::size_t NodeTranslator::find(Finding finding) {
  const auto known = std::find(findings_.begin(), findings_.end(), finding);
  if (known != findings_.end()) return static_cast<std::size_t>(known - findings_.begin());
  findings_.push_back(std::move(finding));
  return findings_.size() - 1;
}

}  // namespace chorale::agent
