#include "agent/config/key_types.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "agent/config/config_values.h"
#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

using coordination::Overloaded;
template <class T>
using Expected = tl::expected<T, Failure>;

tl::unexpected<Failure> refuse(const std::string& expected, const std::string& found) {
  return tl::unexpected(Failure{"expected " + expected + ", found " + found});
}

// What stands there, for "expected a string, found ...". Never the text itself: it may be a password.
std::string describe(const SettingValue& value) {
  return std::visit(Overloaded{
                        [](bool flag) { return std::string(flag ? "true" : "false"); },
                        [](std::int64_t) { return std::string("a number"); },
                        [](double) { return std::string("a number with a fraction"); },
                        [](const std::string&) { return std::string("a string"); },
                        [](const std::vector<std::string>&) { return std::string("an array"); },
                        [](const EnvironmentText&) { return std::string("other text"); },
                        [](const UnusableValue& unusable) { return unusable.type; },
                    },
                    value);
}

std::string shortest(double number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

std::optional<std::string> text_in(const SettingValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* text = std::get_if<EnvironmentText>(&value)) return text->text;
  return std::nullopt;
}

template <class Number>
std::optional<Number> number_in(const SettingValue& value) {
  if (const auto* written = std::get_if<Number>(&value)) return *written;
  const auto* text = std::get_if<EnvironmentText>(&value);
  if (text == nullptr) return std::nullopt;
  Number number{};
  const char* const end = text->text.data() + text->text.size();
  const auto [stopped, code] = std::from_chars(text->text.data(), end, number);
  if (code != std::errc() || stopped != end) return std::nullopt;
  return number;
}

Expected<std::string> read_text(const SettingValue& value, Check check) {
  auto text = text_in(value);
  if (!text) return refuse("a string in quotes", describe(value));
  if (check != nullptr) {
    if (auto checked = check(*text); !checked) return tl::unexpected(std::move(checked).error());
  }
  return *std::move(text);
}

Expected<bool> read_flag(const SettingValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  const auto* text = std::get_if<EnvironmentText>(&value);
  if (text != nullptr && (text->text == "true" || text->text == "false")) return text->text == "true";
  return refuse("true or false", describe(value));
}

Expected<bool> read_choice(const ChoiceKey& key, const SettingValue& value) {
  const auto text = read_text(value, nullptr);
  if (!text) return tl::unexpected(text.error());
  if (*text == key.when_true || *text == key.when_false) return *text == key.when_true;
  return refuse("\"" + std::string(key.when_true) + "\" or \"" + std::string(key.when_false) + "\"",
                "\"" + *text + "\"");
}

Expected<int> read_integer(const IntegerKey& key, const SettingValue& value) {
  const auto number = number_in<std::int64_t>(value);
  if (number && *number >= key.min && *number <= key.max) return static_cast<int>(*number);
  if (number && key.outside) return *key.outside;
  return refuse("a whole number " + range_of(key), number ? std::to_string(*number) : describe(value));
}

Expected<double> read_fraction(const FractionKey& key, const SettingValue& value) {
  auto number = number_in<double>(value);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) number = static_cast<double>(*whole);
  if (number && *number >= 0.0 && *number <= 1.0) return *number;  // not so for a NaN
  return refuse("a number " + range_of(key), number ? shortest(*number) : describe(value));
}

Expected<Milliseconds> read_duration(const DurationKey& key, const SettingValue& value) {
  const auto text = text_in(value);
  if (!text) return refuse("a duration in quotes with its unit, e.g. \"250ms\" or \"10s\"", describe(value));
  auto duration = parse_duration(*text);
  if (duration && (*duration < key.min || *duration > key.max)) {
    return refuse("a duration " + range_of(key), "\"" + *text + "\"");
  }
  return duration;
}

Expected<std::vector<std::string>> read_list(std::string_view separators, const SettingValue& value) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return *texts;
  const auto text = text_in(value);
  if (text && !separators.empty()) return split(*text, separators);
  if (text) return text->empty() ? std::vector<std::string>() : std::vector<std::string>{*text};
  return refuse("a string or an array of strings", describe(value));
}

template <class T>
Expected<void> put(Expected<T> value, T& target) {
  if (!value) return tl::unexpected(std::move(value).error());
  target = *std::move(value);
  return {};
}

std::string toml_quoted(std::string_view text) {
  std::string toml = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') toml += '\\';
    toml += c;
  }
  return toml + "\"";
}

template <class Container>
std::string array_of(const Container& texts) {
  std::string toml = "[";
  for (const std::string& text : texts) toml += (toml.size() == 1 ? "" : ", ") + toml_quoted(text);
  return toml + "]";
}

}  // namespace

tl::expected<std::string, Failure> text_or_integer(const SettingValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return read_text(value, nullptr);
}

tl::expected<void, Failure> assign(Config& config, const KeyType& type, const SettingValue& value) {
  return std::visit(
      Overloaded{
          [&](const TextKey& key) { return put(read_text(value, key.check), key.member.of(config)); },
          [&](const SecretFileKey& key) { return put(read_text(value, nullptr), key.member.of(config)); },
          [&](const FlagKey& key) { return put(read_flag(value), key.member.of(config)); },
          [&](const ChoiceKey& key) { return put(read_choice(key, value), key.member.of(config)); },
          [&](const IntegerKey& key) { return put(read_integer(key, value), key.member.of(config)); },
          [&](const FractionKey& key) { return put(read_fraction(key, value), key.member.of(config)); },
          [&](const DurationKey& key) { return put(read_duration(key, value), key.member.of(config)); },
          [&]<class Container>(const ListKey<Container>& key) {
            return read_list(key.separators, value)
                .and_then([&](const std::vector<std::string>& texts) -> tl::expected<void, Failure> {
                  for (const std::string& text : texts) {
                    if (key.check == nullptr) break;
                    if (auto checked = key.check(text); !checked) return checked;
                  }
                  key.member.of(config) = Container(texts.begin(), texts.end());
                  return {};
                });
          },
          [&](const ParsedKey& key) {
            return text_or_integer(value).and_then([&](const std::string& text) { return key.read(text, config); });
          },
          [&](const UnusedKey& key) { return read_text(value, key.check).map([](const std::string& /*dropped*/) {}); },
      },
      type);
}

std::string written(const KeyType& type, const Config& config) {
  return std::visit(
      Overloaded{
          [&](const TextKey& key) { return toml_quoted(key.member.in(config)); },
          [&](const SecretFileKey& key) { return toml_quoted(key.member.in(config)); },
          [&](const FlagKey& key) { return std::string(key.member.in(config) ? "true" : "false"); },
          [&](const ChoiceKey& key) { return toml_quoted(key.member.in(config) ? key.when_true : key.when_false); },
          [&](const IntegerKey& key) { return std::to_string(key.member.in(config)); },
          [&](const FractionKey& key) { return shortest(key.member.in(config)); },
          [&](const DurationKey& key) { return toml_quoted(to_text(key.member.in(config))); },
          [&]<class Container>(const ListKey<Container>& key) {
            const Container& texts = key.member.in(config);
            if (!key.separators.empty() || texts.size() > 1) return array_of(texts);
            return toml_quoted(texts.empty() ? std::string_view() : std::string_view(*texts.begin()));
          },
          [&](const ParsedKey& key) { return toml_quoted(key.write(config)); },
          [&](const UnusedKey& key) { return toml_quoted(key.only_value); },
      },
      type);
}

bool same(const KeyType& type, const Config& a, const Config& b) {
  if (written(type, a) != written(type, b)) return false;
  const auto* secret = std::get_if<SecretFileKey>(&type);
  return secret == nullptr || secret->member.in(a).empty() || secret->content.in(a) == secret->content.in(b);
}

std::string_view name_of(const KeyType& type) {
  return std::visit(Overloaded{
                        [](const FlagKey&) -> std::string_view { return "flag"; },
                        [](const IntegerKey&) -> std::string_view { return "number"; },
                        [](const FractionKey&) -> std::string_view { return "number"; },
                        [](const DurationKey&) -> std::string_view { return "duration"; },
                        []<class Container>(const ListKey<Container>& key) -> std::string_view {
                          return key.separators.empty() ? "string or list" : "list";
                        },
                        [](const auto&) -> std::string_view { return "string"; },
                    },
                    type);
}

std::string range_of(const KeyType& type) {
  const auto range = [](const std::string& min, const std::string& max) { return "from " + min + " to " + max; };
  return std::visit(Overloaded{
                        [&](const IntegerKey& key) { return range(std::to_string(key.min), std::to_string(key.max)); },
                        [&](const FractionKey&) { return range("0", "1"); },
                        [&](const DurationKey& key) { return range(to_text(key.min), to_text(key.max)); },
                        [](const auto&) { return std::string(); },
                    },
                    type);
}

}  // namespace chorale::agent
