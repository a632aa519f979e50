#include "agent/config/config_reader.h"

#include <charconv>
#include <cmath>

#include "agent/config/config_values.h"
#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

// What stands there, for "expected a string, found ...". Never the text itself: it may be a password.
std::string describe(const SettingValue& value) {
  return std::visit(coordination::Overloaded{
                        [](bool flag) { return std::string(flag ? "true" : "false"); },
                        [](std::int64_t) { return std::string("a number"); },
                        [](double) { return std::string("a number"); },
                        [](const std::string&) { return std::string("a string"); },
                        [](const std::vector<std::string>&) { return std::string("an array"); },
                        [](const EnvironmentText&) { return std::string("other text"); },
                        [](const UnusableValue& unusable) { return unusable.type; },
                    },
                    value);
}

template <class Number>
std::optional<Number> to_number(const std::string& text) {
  Number number{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Durations read best in the unit that they were most likely written in.
std::string to_text(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  if (count != 0 && count % 3'600'000 == 0) return std::to_string(count / 3'600'000) + "h";
  if (count != 0 && count % 60'000 == 0) return std::to_string(count / 60'000) + "m";
  if (count % 1'000 == 0) return std::to_string(count / 1'000) + "s";
  return std::to_string(count) + "ms";
}

}  // namespace

const Setting* ConfigReader::find(std::string_view key) const {
  const auto found = settings_.by_key.find(std::string(key));
  return found == settings_.by_key.end() ? nullptr : &found->second;
}

std::string ConfigReader::place(std::string_view key) const {
  const Setting* setting = find(key);
  return (setting == nullptr ? std::string() : setting->where + ": ") + std::string(key) + ": ";
}

void ConfigReader::refuse(std::string_view key, const std::string& why) { errors_.push_back(place(key) + why); }
void ConfigReader::warn(std::string_view key, const std::string& why) { warnings_.push_back(place(key) + why); }

std::optional<std::string> ConfigReader::text_of(std::string_view key, const Setting& setting) {
  if (const auto* text = std::get_if<std::string>(&setting.value)) return *text;
  if (const auto* text = std::get_if<EnvironmentText>(&setting.value)) return text->text;
  refuse(key, "expected a string in quotes, found " + describe(setting.value));
  return std::nullopt;
}

void ConfigReader::read_text(std::string_view key, std::string& target) {
  const Setting* setting = find(key);
  if (setting == nullptr) return;
  if (auto text = text_of(key, *setting)) target = std::move(*text);
}

std::optional<std::string> ConfigReader::text_or_integer(std::string_view key) {
  const Setting* setting = find(key);
  if (setting == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<std::int64_t>(&setting->value)) return std::to_string(*number);
  return text_of(key, *setting);
}

void ConfigReader::read_flag(std::string_view key, bool& target) {
  const Setting* setting = find(key);
  if (setting == nullptr) return;
  if (const auto* flag = std::get_if<bool>(&setting->value)) {
    target = *flag;
    return;
  }
  const auto* text = std::get_if<EnvironmentText>(&setting->value);
  if (text != nullptr && (text->text == "true" || text->text == "false")) {
    target = text->text == "true";
    return;
  }
  refuse(key, "expected true or false, found " + describe(setting->value));
}

void ConfigReader::read_integer(std::string_view key, std::int64_t min, std::int64_t max, int& target) {
  const Setting* setting = find(key);
  if (setting == nullptr) return;
  std::optional<std::int64_t> number;
  if (const auto* written = std::get_if<std::int64_t>(&setting->value)) number = *written;
  if (const auto* text = std::get_if<EnvironmentText>(&setting->value)) number = to_number<std::int64_t>(text->text);
  if (!number || *number < min || *number > max) {
    refuse(key, "expected a whole number from " + std::to_string(min) + " to " + std::to_string(max) + ", found " +
                    describe(setting->value));
    return;
  }
  target = static_cast<int>(*number);
}

void ConfigReader::read_fraction(std::string_view key, double& target) {
  const Setting* setting = find(key);
  if (setting == nullptr) return;
  std::optional<double> number;
  if (const auto* written = std::get_if<double>(&setting->value)) number = *written;
  if (const auto* whole = std::get_if<std::int64_t>(&setting->value)) number = static_cast<double>(*whole);
  if (const auto* text = std::get_if<EnvironmentText>(&setting->value)) number = to_number<double>(text->text);
  if (!number || !std::isfinite(*number) || *number < 0.0 || *number > 1.0) {
    refuse(key, "expected a number from 0 to 1, found " + describe(setting->value));
    return;
  }
  target = *number;
}

void ConfigReader::read_duration(std::string_view key, std::chrono::milliseconds min, std::chrono::milliseconds max,
                                 std::chrono::milliseconds& target) {
  const Setting* setting = find(key);
  if (setting == nullptr) return;
  std::string text;
  if (const auto* written = std::get_if<std::string>(&setting->value)) {
    text = *written;
  } else if (const auto* variable = std::get_if<EnvironmentText>(&setting->value)) {
    text = variable->text;
  } else {
    refuse(key,
           "expected a duration in quotes with its unit, e.g. \"250ms\" or \"10s\", found " + describe(setting->value));
    return;
  }
  const auto duration = parse_duration(text);
  if (!duration) {
    refuse(key, duration.error());
  } else if (*duration < min || *duration > max) {
    refuse(key, "expected a duration from " + to_text(min) + " to " + to_text(max) + ", found \"" + text + "\"");
  } else {
    target = *duration;
  }
}

void ConfigReader::read_list(std::string_view key, std::string_view separators, std::vector<std::string>& target) {
  const Setting* setting = find(key);
  if (setting == nullptr) return;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&setting->value)) {
    target = *texts;
  } else if (const auto* text = std::get_if<std::string>(&setting->value)) {
    target = split(*text, separators);
  } else if (const auto* variable = std::get_if<EnvironmentText>(&setting->value)) {
    target = split(variable->text, separators);
  } else {
    refuse(key, "expected a string or an array of strings, found " + describe(setting->value));
  }
}

}  // namespace chorale::agent
