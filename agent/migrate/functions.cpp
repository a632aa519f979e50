// The functions of Nixy's templates: its own, and Go's.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "agent/migrate/evaluator.h"

namespace chorale::agent {
namespace {

using Arguments = std::vector<Value>;

tl::unexpected<Obstacle> takes(const std::string& name, const std::string& what) {
  return obstacle(name + " takes " + what);
}

const std::string* text_in(const Value& value) { return std::get_if<std::string>(&value.of); }

// A text of the context that filters may follow; nullptr: the value is none.
const NamedText* name_in(const Value& value) {
  const auto* text = std::get_if<NamedText>(&value.of);
  return text != nullptr && !text->number && !text->port ? text : nullptr;
}

// For what is neither a constant nor a text of the context.
tl::unexpected<Obstacle> no_text(const std::string& name) {
  return obstacle(name + " can be done for texts of apps, ports and servers, and with constants");
}

std::vector<std::string> split_constant(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  if (separator.empty()) {
    for (const char c : text) parts.emplace_back(1, c);
    return parts;
  }
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

std::string replaced(std::string_view text, const std::string& from, const std::string& to, std::int64_t times) {
  std::string result;
  for (; times != 0 && !from.empty(); --times) {
    const std::size_t at = text.find(from);
    if (at == std::string_view::npos) break;
    result.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return result.append(text);
}

bool holds(std::string_view condition, const std::string& text, const std::string& part) {
  if (condition == "has_prefix") return text.starts_with(part);
  if (condition == "has_suffix") return text.ends_with(part);
  return text.find(part) != std::string::npos;
}

// hasPrefix, hasSuffix and contains.
Said<Value> ask(const std::string& name, const std::string& condition, const Arguments& arguments) {
  const std::string* part = arguments.size() == 2 ? text_in(arguments[1]) : nullptr;
  if (part == nullptr) return takes(name, "a text and a constant text");
  if (const std::string* text = text_in(arguments[0])) return Value{holds(condition, *text, *part)};
  const NamedText* text = name_in(arguments[0]);
  if (text == nullptr) return no_text(name);
  if (part->empty()) return Value{true};
  return filter(condition, {*part}).map([&](const std::string& one) {
    return Value{Condition::section(filtered(*text, one))};
  });
}

// With a text of the context, a filter of the same name.
Said<Value> change(const Value& value, const std::string& name, const std::vector<std::string>& arguments) {
  const NamedText* text = name_in(value);
  if (text == nullptr) return no_text(name);
  return filter(name, arguments).map([&](const std::string& one) { return Value{filtered(*text, one)}; });
}

Said<Value> trim(const Arguments& arguments) {
  const std::string* cutset = arguments.size() == 2 ? text_in(arguments[1]) : nullptr;
  if (cutset == nullptr) return takes("trim", "a text and constant characters");
  if (const std::string* text = text_in(arguments[0])) {
    const std::size_t begin = text->find_first_not_of(*cutset);
    if (begin == std::string::npos) return Value{std::string()};
    return Value{text->substr(begin, text->find_last_not_of(*cutset) - begin + 1)};
  }
  if (cutset->empty()) return arguments[0];
  return change(arguments[0], "trim", {*cutset});
}

Said<Value> replace(const Arguments& arguments) {
  const std::string* from = arguments.size() == 4 ? text_in(arguments[1]) : nullptr;
  const std::string* to = arguments.size() == 4 ? text_in(arguments[2]) : nullptr;
  const auto* times = arguments.size() == 4 ? std::get_if<std::int64_t>(&arguments[3].of) : nullptr;
  if (from == nullptr || to == nullptr || times == nullptr) {
    return takes("replace", "a text, two constant texts and a number");
  }
  if (from->empty()) return obstacle("replace needs a text to replace");
  if (const std::string* text = text_in(arguments[0])) return Value{replaced(*text, *from, *to, *times)};
  if (*times == 0) return arguments[0];
  if (*times > 0) return obstacle("Chorale's replace replaces all: expected -1 as the last argument");
  return change(arguments[0], "replace", {*from, *to});
}

Said<Value> split_text(const Arguments& arguments, TemplateNeeds& needs) {
  const std::string* separator = arguments.size() == 2 ? text_in(arguments[1]) : nullptr;
  if (separator == nullptr) return takes("split", "a text and a constant text");
  if (const std::string* text = text_in(arguments[0])) return Value{split_constant(*text, *separator)};
  const NamedText* text = name_in(arguments[0]);
  if (text == nullptr) return no_text("split");
  if (separator->empty()) return obstacle("Chorale's split needs a text to split at");
  if (const auto argument = filter("split", {*separator}); !argument) return tl::unexpected(argument.error());
  needs.remarks.emplace_back("split: Chorale's parts have no blanks around them, and empty ones are left out");
  return Value{PartList{*text, *separator}};
}

// Another separator than blanks would stand behind the last item as well.
Said<Value> join(const Arguments& arguments) {
  const std::string* between = arguments.size() == 2 ? text_in(arguments[1]) : nullptr;
  if (between == nullptr) return takes("join", "a list and a constant text");
  if (const auto* texts = std::get_if<std::vector<std::string>>(&arguments[0].of)) {
    std::string joined;
    for (std::size_t i = 0; i < texts->size(); ++i) joined += (i == 0 ? "" : *between) + (*texts)[i];
    return Value{joined};
  }
  const auto* list = std::get_if<ThingList>(&arguments[0].of);
  const bool is_hosts = list != nullptr && list->kind == ThingList::Kind::kHosts;
  const bool is_parts = std::holds_alternative<PartList>(arguments[0].of);
  if (!is_hosts && !is_parts) return obstacle("join can be done for .Hosts and for what split gives");
  const bool is_blank = !between->empty() && between->find_first_not_of(" \t") == std::string::npos;
  if (is_blank) return Value{Joined{{arguments[0]}}};
  if (is_hosts) return obstacle("hosts can be joined by blanks alone");
  const auto& parts = std::get<PartList>(arguments[0].of);
  return change(Value{parts.text}, "replace", {parts.separator, *between});
}

Said<Value> getenv(const Arguments& arguments, TemplateNeeds& needs) {
  const std::string* name = arguments.size() == 1 ? text_in(arguments[0]) : nullptr;
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name == nullptr || name->empty()) return takes("getenv", "the name of a variable");
  if (!std::all_of(name->begin(), name->end(), is_word)) {
    return obstacle("a name of [local] is made of letters, digits and _");
  }
  needs.getenv.insert(*name);
  return Value{LocalText{"env_" + *name}};
}

// `or` gives the first operand that is true, else the last; `and` the first that is false, else the last.
Said<Value> logic(const std::string& name, const Arguments& arguments) {
  if (arguments.empty()) return takes(name, "at least one argument");
  Value result = arguments.back();
  for (auto one = arguments.rbegin() + 1; one != arguments.rend(); ++one) {
    auto truth = truth_of(*one);
    if (!truth) return tl::unexpected(std::move(truth).error());
    if (truth->kind == Condition::Kind::kAlways || truth->kind == Condition::Kind::kNever) {
      const bool stays = (truth->kind == Condition::Kind::kAlways) == (name == "or");
      if (stays) result = *one;
      continue;
    }
    std::vector<Value> choice{*one, std::move(result)};
    if (name == "and") std::swap(choice[0], choice[1]);
    result = Value{Choice{*std::move(truth), std::move(choice)}};
  }
  return result;
}

Said<Value> compare(const std::string& name, const Arguments& arguments) {
  const bool may_have_more = name == "eq";
  if (arguments.size() < 2 || (arguments.size() > 2 && !may_have_more)) return takes(name, "two arguments");
  Said<Condition> result = Condition::always(false);
  if (name == "eq") {
    for (std::size_t i = 1; result && i < arguments.size(); ++i) {
      auto equal = equality(arguments[0], arguments[i]);
      result = equal ? either(*std::move(result), *std::move(equal)) : equal;
    }
  } else if (name == "ne") {
    result = equality(arguments[0], arguments[1]).map(negated);
  } else {
    result = order(name, arguments[0], arguments[1]);
  }
  return result.map([](Condition condition) { return Value{std::move(condition)}; });
}

Said<Value> length(const Arguments& arguments) {
  if (arguments.size() != 1) return takes("len", "one argument");
  if (const std::string* text = text_in(arguments[0])) return Value{static_cast<std::int64_t>(text->size())};
  if (const auto* list = std::get_if<std::vector<std::string>>(&arguments[0].of)) {
    return Value{static_cast<std::int64_t>(list->size())};
  }
  if (const auto* list = std::get_if<ThingList>(&arguments[0].of)) return Value{Count{*list}};
  return obstacle("how long a text of an app is cannot be asked, only whether it is empty");
}

bool is_text(const Value& value) {
  return std::holds_alternative<std::string>(value.of) || std::holds_alternative<LocalText>(value.of) ||
         (std::holds_alternative<NamedText>(value.of) && !std::get<NamedText>(value.of).number);
}

// print puts a blank between two operands of which neither is a text, println between any two.
Value print(const Arguments& arguments, bool is_line) {
  Words words;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool is_apart = i > 0 && (is_line || (!is_text(arguments[i - 1]) && !is_text(arguments[i])));
    if (is_apart) words.parts.push_back(Value{std::string(" ")});
    words.parts.push_back(arguments[i]);
  }
  if (is_line) words.parts.push_back(Value{std::string("\n")});
  return Value{std::move(words)};
}

Said<Value> printf(const Arguments& arguments) {
  const std::string* format = arguments.empty() ? nullptr : text_in(arguments[0]);
  if (format == nullptr) return takes("printf", "a constant format");
  Words words;
  std::string literal;
  std::size_t next = 1;
  for (std::size_t i = 0; i < format->size(); ++i) {
    if ((*format)[i] != '%') {
      literal += (*format)[i];
      continue;
    }
    const char verb = ++i < format->size() ? (*format)[i] : '\0';
    if (verb == '%') {
      literal += '%';
      continue;
    }
    if (std::string_view("svdq").find(verb) == std::string_view::npos || next >= arguments.size()) {
      return obstacle("of printf's verbs %s, %v, %d, %q and %% are translated, each with its argument");
    }
    if (verb == 'q') literal += '"';
    words.parts.push_back(Value{std::exchange(literal, verb == 'q' ? "\"" : "")});
    words.parts.push_back(arguments[next++]);
  }
  if (next != arguments.size()) return obstacle("printf has more arguments than verbs");
  words.parts.push_back(Value{literal});
  return Value{std::move(words)};
}

}  // namespace

Said<Value> call_function(const std::string& name, const Arguments& arguments, TemplateNeeds& needs) {
  if (name == "hasPrefix") return ask(name, "has_prefix", arguments);
  if (name == "hasSuffix") {
    needs.remarks.emplace_back("hasSuffix: Nixy's looked at the beginning of the text by mistake; now it is the end");
    return ask(name, "has_suffix", arguments);
  }
  if (name == "contains") return ask(name, "contains", arguments);
  if (name == "split") return split_text(arguments, needs);
  if (name == "join") return join(arguments);
  if (name == "trim") return trim(arguments);
  if (name == "replace") return replace(arguments);
  if (name == "getenv") return getenv(arguments, needs);
  if (name == "datetime") return arguments.empty() ? Said<Value>(Value{Moment{}}) : takes(name, "no argument");
  if (name == "and" || name == "or") return logic(name, arguments);
  if (name == "not") {
    if (arguments.size() != 1) return takes(name, "one argument");
    return truth_of(arguments[0]).map([](Condition truth) { return Value{negated(std::move(truth))}; });
  }
  if (name == "len") return length(arguments);
  if (name == "print" || name == "println") return print(arguments, name == "println");
  if (name == "printf") return printf(arguments);
  constexpr std::array<std::string_view, 6> kComparisons{"eq", "ne", "lt", "le", "gt", "ge"};
  if (std::find(kComparisons.begin(), kComparisons.end(), name) != kComparisons.end()) return compare(name, arguments);
  return obstacle("Chorale has no function like " + name);
}

}  // namespace chorale::agent
