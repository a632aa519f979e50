#include "agent/config/config_settings.h"

#include <toml++/toml.h>

#include <sstream>
#include <utility>

#include "agent/config/config_values.h"
#include "agent/config/key_table.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kLocal = "local";
constexpr std::string_view kEnvironmentPrefix = "CHORALE_";

// "an array", "a table"
std::string with_article(toml::node_type type) {
  std::ostringstream name;
  name << type;
  const bool vowel = std::string_view("aeiou").find(name.str().front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + name.str();
}

SettingValue value_of(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* array = node.as_array()) {
    std::vector<std::string> texts;
    for (const toml::node& element : *array) {
      const auto* text = element.as_string();
      if (text == nullptr) return UnusableValue{"an array with " + with_article(element.type()) + " in it"};
      texts.push_back(text->get());
    }
    return texts;
  }
  return UnusableValue{with_article(node.type())};
}

bool is_section(std::string_view key) { return key == kLocal || key == "statsd"; }

std::string variable_of(std::string_view key) {
  std::string name(kEnvironmentPrefix);
  for (const char c : key) name += c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return name;
}

// `spelled` writes the key that was probably meant as the writer would have to.
ConfigWarning unknown(const std::string& where, const std::string& what, const std::string& ignored,
                      std::string_view key, std::string (*spelled)(std::string_view)) {
  const Key* nearest = nearest_key(key);
  if (nearest == nullptr) return {ConfigWarning::Kind::kUnknownKey, where, what + ignored, {}};
  const std::string question = "did you mean " + spelled(nearest->name) + "?";
  ConfigWarning warning{ConfigWarning::Kind::kMistypedKey, where, what + ignored + "; " + question, {}, {}};
  if (is_misspelling(key, *nearest)) {
    warning.meant = nearest->name;
    warning.error = what + "; " + question + " That one is set nowhere";
  }
  return warning;
}

class Flattener {
 public:
  explicit Flattener(const std::string& file) : file_(file) {}

  void add_all(const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      const std::string where = file_ + ":" + std::to_string(name.source().begin.line);
      const bool local = prefix == std::string(kLocal) + ".";
      const std::string key = prefix + (local ? std::string(name.str()) : lower(name.str()));
      if (prefix.empty() && is_section(key) && node.is_table()) {
        add_all(*node.as_table(), key + ".");
      } else {
        add(key, Setting{where, value_of(node)}, local);
      }
    }
  }

  Settings take() && { return std::move(settings_); }

 private:
  void add(const std::string& key, Setting setting, bool local) {
    if (!local && !is_section(key) && find_key(key) == nullptr) {
      settings_.warnings.push_back(unknown(setting.where, "unknown key '" + key + "'", " is ignored", key,
                                           [](std::string_view name) { return "'" + std::string(name) + "'"; }));
      return;
    }
    const auto [first, inserted] = settings_.by_key.emplace(key, setting);
    if (!inserted) {
      settings_.errors.push_back(setting.where + ": " + key + ": set twice (case does not matter), also at " +
                                 first->second.where);
    }
  }

  const std::string& file_;
  Settings settings_;
};

}  // namespace

tl::expected<Settings, Failure> read_settings(std::string_view text, const std::string& file) {
  try {
    Flattener flattener(file);
    flattener.add_all(toml::parse(text, file), "");
    return std::move(flattener).take();
  } catch (const toml::parse_error& error) {
    const bool unclosed = error.description().find("control character") != std::string_view::npos;
    return tl::unexpected(Failure{file + ":" + std::to_string(error.source().begin.line) +
                                  ": this is not TOML: " + std::string(error.description()) +
                                  (unclosed ? " (is a closing quote missing?)" : "")});
  }
}

void override_from_environment(Settings& settings, const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> keys;  // by variable
  for (const Key& key : key_table()) keys.emplace(variable_of(key.name), key.name);

  for (auto it = environment.lower_bound(std::string(kEnvironmentPrefix));
       it != environment.end() && it->first.starts_with(kEnvironmentPrefix); ++it) {
    const auto& [variable, text] = *it;
    const auto key = keys.find(variable);
    if (key == keys.end()) {
      const std::string meant = lower(std::string_view(variable).substr(kEnvironmentPrefix.size()));
      settings.warnings.push_back(
          unknown("environment variable " + variable, "names no key", " and is ignored", meant, variable_of));
      continue;
    }
    settings.by_key.insert_or_assign(key->second, Setting{"environment variable " + variable, EnvironmentText{text}});
  }
}

}  // namespace chorale::agent
