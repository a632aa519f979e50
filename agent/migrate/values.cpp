#include "agent/migrate/values.h"

#include <utility>

#include "coordination/overloaded.h"
#include "render/allow_list.h"

namespace chorale::agent {
namespace {

using coordination::Overloaded;

constexpr const char* kLocalReason =
    "each proxy fills it in after the template was rendered, so that nothing in the template can depend on it";

// Nixy leaves out apps without hosts and tasks without ports, and an app of Chorale's has a port and a server.
bool is_never_empty(ThingList::Kind kind) {
  return kind != ThingList::Kind::kApps && kind != ThingList::Kind::kHealthChecks;
}

const NamedText& health_path() {
  static const NamedText kPath{Owner::kApp, "health_path", {}, true};
  return kPath;
}

Said<Condition> has_items(const ThingList& list) {
  if (is_never_empty(list.kind)) return Condition::always(true);
  if (list.kind == ThingList::Kind::kHealthChecks) return Condition::section(health_path());
  return Condition::section({Owner::kRoot, "apps"});
}

// Go: an empty text, no number and nil are false.
Said<Condition> truth_of_text(NamedText text) {
  if (text.port) return obstacle("it is a value of one port: move this into {{range}} over .PortDefinitions");
  // A key of an open map is asked for by presence; through a filter it is asked for by its text.
  if (text.optional && text.filters.empty()) text.filters.emplace_back("lower");
  return Condition::section(std::move(text));
}

template <class T>
const T* as(const Value& value) {
  return std::get_if<T>(&value.of);
}

Said<Condition> equal_text(const NamedText& text, const Value& other) {
  if (text.port) return obstacle("it is a value of one port: move this into {{range}} over .PortDefinitions");
  if (const auto* same = as<NamedText>(other)) {
    if (*same == text) return Condition::always(true);
    return obstacle("two values of apps cannot be compared with each other");
  }
  std::string wanted;
  if (const auto* number = as<std::int64_t>(other); number != nullptr && text.number) {
    wanted = std::to_string(*number);
  } else if (const auto* constant = as<std::string>(other); constant != nullptr && !text.number) {
    if (constant->empty()) return truth_of_text(text).map(negated);
    wanted = *constant;
  } else {
    return obstacle("values of these types cannot be compared");
  }
  return filter("equals", {wanted}).map([&](const std::string& equals) {
    return Condition::section(filtered(text, equals));
  });
}

Said<Condition> equal_choice(const Choice& choice, const Value& other) {
  auto yes = equality(choice.either_or[0], other);
  if (!yes) return yes;
  auto no = equality(choice.either_or[1], other);
  if (!no) return no;
  return either(both(choice.condition, *yes), both(negated(choice.condition), *no));
}

Said<Condition> equal_count(const Count& count, const Value& other) {
  const auto* number = as<std::int64_t>(other);
  if (number == nullptr || *number != 0) {
    return obstacle("how many there are cannot be asked, only whether there are any");
  }
  return has_items(count.of).map(negated);
}

// "a < b" where one is a number of the context and the other a constant; `a` is the context's.
Said<Condition> below(const Value& a, std::int64_t limit) {
  if (limit <= 0) return Condition::always(false);
  if (limit == 1) return equality(a, Value{std::int64_t{0}});
  return obstacle("numbers can be compared with 0 alone");
}

}  // namespace

std::string NamedText::tag() const {
  std::string text = name;
  for (const std::string& one : filters) text += " | " + one;
  return text;
}

Condition negated(Condition condition) {
  using Kind = Condition::Kind;
  if (condition.kind == Kind::kAlways) return Condition::always(false);
  if (condition.kind == Kind::kNever) return Condition::always(true);
  if (condition.kind == Kind::kNot) return std::move(condition.parts[0]);
  return {Kind::kNot, {}, {std::move(condition)}};
}

Condition both(Condition a, Condition b) {
  using Kind = Condition::Kind;
  if (a.kind == Kind::kNever || b.kind == Kind::kAlways) return a;
  if (a.kind == Kind::kAlways || b.kind == Kind::kNever) return b;
  return {Kind::kBoth, {}, {std::move(a), std::move(b)}};
}

Condition either(Condition a, Condition b) {
  using Kind = Condition::Kind;
  if (a.kind == Kind::kAlways || b.kind == Kind::kNever) return a;
  if (a.kind == Kind::kNever || b.kind == Kind::kAlways) return b;
  return {Kind::kEither, {}, {std::move(a), std::move(b)}};
}

Said<Condition> truth_of(const Value& value) {
  return std::visit(
      Overloaded{
          [](const Nothing&) -> Said<Condition> { return Condition::always(false); },
          [](bool truth) -> Said<Condition> { return Condition::always(truth); },
          [](std::int64_t number) -> Said<Condition> { return Condition::always(number != 0); },
          [](const std::string& text) -> Said<Condition> { return Condition::always(!text.empty()); },
          [](const std::vector<std::string>& list) -> Said<Condition> { return Condition::always(!list.empty()); },
          [](const Moment&) -> Said<Condition> { return Condition::always(true); },
          [](const LocalText&) -> Said<Condition> { return obstacle(kLocalReason); },
          [](const NamedText& text) { return truth_of_text(text); },
          [](const Words& words) -> Said<Condition> {
            Condition any = Condition::always(false);
            for (const Value& part : words.parts) {
              auto truth = truth_of(part);
              if (!truth) return truth;
              any = either(std::move(any), *std::move(truth));
            }
            return any;
          },
          [](const Joined& joined) { return truth_of(joined.list.front()); },
          [](const Choice& choice) -> Said<Condition> {
            const auto yes = truth_of(choice.either_or[0]);
            const auto no = truth_of(choice.either_or[1]);
            if (!yes || !no) return yes ? no : yes;
            return either(both(choice.condition, *yes), both(negated(choice.condition), *no));
          },
          [](const Condition& condition) -> Said<Condition> { return condition; },
          [](const ThingList& list) { return has_items(list); },
          [](const PartList& list) { return truth_of_text(list.text); },
          [](const Thing& thing) -> Said<Condition> {
            const bool is_map = thing.kind == Thing::Kind::kLabels || thing.kind == Thing::Kind::kEnv ||
                                thing.kind == Thing::Kind::kPortLabels;
            if (is_map) return obstacle("whether a map has any key cannot be asked, only for one key");
            return Condition::always(thing.kind != Thing::Kind::kServerLabels);
          },
          [](const Count& count) { return has_items(count.of); },
          [](const Untold& untold) -> Said<Condition> { return obstacle(untold.reason); },
      },
      value.of);
}

Said<Condition> equality(const Value& a, const Value& b) {
  for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    if (const auto* untold = as<Untold>(*one)) return obstacle(untold->reason);
    if (as<LocalText>(*one) != nullptr) return obstacle(kLocalReason);
    if (const auto* choice = as<Choice>(*one)) return equal_choice(*choice, *other);
    if (const auto* count = as<Count>(*one)) return equal_count(*count, *other);
    if (const auto* text = as<NamedText>(*one)) return equal_text(*text, *other);
    if (const auto* condition = as<Condition>(*one)) {
      if (const auto* truth = as<bool>(*other)) return *truth ? *condition : negated(*condition);
    }
  }
  if (a.of.index() == b.of.index()) {
    if (const auto* text = as<std::string>(a)) return Condition::always(*text == *as<std::string>(b));
    if (const auto* number = as<std::int64_t>(a)) return Condition::always(*number == *as<std::int64_t>(b));
    if (const auto* truth = as<bool>(a)) return Condition::always(*truth == *as<bool>(b));
  }
  return obstacle("values of these types cannot be compared");
}

Said<Condition> order(std::string_view function, const Value& a, const Value& b) {
  for (const Value* one : {&a, &b}) {
    if (const auto* untold = as<Untold>(*one)) return obstacle(untold->reason);
  }
  const auto* left = as<std::int64_t>(a);
  const auto* right = as<std::int64_t>(b);
  if (left != nullptr && right != nullptr) {
    if (function == "lt") return Condition::always(*left < *right);
    if (function == "le") return Condition::always(*left <= *right);
    if (function == "gt") return Condition::always(*left > *right);
    return Condition::always(*left >= *right);
  }
  const Value& number = left != nullptr ? b : a;
  const auto* named = as<NamedText>(number);
  if ((left == nullptr && right == nullptr) || (as<Count>(number) == nullptr && (named == nullptr || !named->number))) {
    return obstacle("only a number of the context can be compared with a constant");
  }
  // All as "number < limit", or its contrary.
  const bool is_mirrored = left != nullptr;
  const std::int64_t limit = is_mirrored ? *left : *right;
  if (function == (is_mirrored ? "gt" : "lt")) return below(number, limit);
  if (function == (is_mirrored ? "ge" : "le")) return below(number, limit + 1);
  if (function == (is_mirrored ? "le" : "ge")) return below(number, limit).map(negated);
  return below(number, limit + 1).map(negated);
}

Said<std::string> filter(const std::string& name, const std::vector<std::string>& arguments) {
  std::string text = name;
  for (const std::string& argument : arguments) {
    if (argument.find('"') != std::string::npos) return obstacle("an argument of a filter holds no double quote");
    if (const auto wrong = render::refuse_quoted(argument)) {
      return obstacle("an argument of " + name + " " + wrong->message);
    }
    text += " \"" + argument + "\"";
  }
  return text;
}

NamedText filtered(NamedText text, std::string filter) {
  text.filters.push_back(std::move(filter));
  text.quoted = true;
  return text;
}

}  // namespace chorale::agent
