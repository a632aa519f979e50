#include "agent/config/config_settings.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace chorale::agent {
namespace {

constexpr std::string_view kLocal = "local";
constexpr std::string_view kEnvironmentPrefix = "CHORALE_";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string type_name(toml::node_type type) {
  std::ostringstream name;
  name << type;
  return name.str();
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
      if (text == nullptr) return UnusableValue{"an array with a " + type_name(element.type()) + " in it"};
      texts.push_back(text->get());
    }
    return texts;
  }
  return UnusableValue{"a " + type_name(node.type())};
}

bool is_section(std::string_view key) { return key == kLocal || key == "statsd"; }

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
    const auto& known = known_keys();
    if (!local && !is_section(key) && std::find(known.begin(), known.end(), key) == known.end()) {
      const std::string_view nearest = nearest_known_key(key);
      settings_.warnings.push_back(setting.where + ": unknown key '" + key + "' is ignored" +
                                   (nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?"));
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

std::string variable_of(std::string_view key) {
  std::string name(kEnvironmentPrefix);
  for (const char c : key) name += c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return name;
}

}  // namespace

const std::vector<std::string_view>& known_keys() {
  static const std::vector<std::string_view> keys = {"port",
                                                     "xproxy",
                                                     "marathon",
                                                     "user",
                                                     "pass",
                                                     "realm",
                                                     "nginx_config",
                                                     "nginx_template",
                                                     "nginx_cmd",
                                                     "nginx_ignore_check",
                                                     "left_delimiter",
                                                     "right_delimiter",
                                                     "statsd.addr",
                                                     "statsd.namespace",
                                                     "statsd.sample_rate",
                                                     "zookeeper",
                                                     "zookeeper_auth_file",
                                                     "id",
                                                     "listen",
                                                     "nginx_pid",
                                                     "state_dir",
                                                     "session_timeout",
                                                     "stage_timeout",
                                                     "min_reload_interval",
                                                     "event_source",
                                                     "callback_url",
                                                     "callback_listen",
                                                     "resync_interval",
                                                     "health_memory",
                                                     "shrink_limit",
                                                     "drift",
                                                     "expose_env",
                                                     "ca_file",
                                                     "admin_token_file",
                                                     "publish_key_file"};
  return keys;
}

std::string_view nearest_known_key(std::string_view key) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, key.size() / 3) + 1;
  for (const std::string_view known : known_keys()) {
    const std::size_t distance = edit_distance(key, known);
    if (distance < best_distance) {
      best = known;
      best_distance = distance;
    }
  }
  return best;
}

tl::expected<Settings, std::string> read_settings(std::string_view text, const std::string& file) {
  try {
    Flattener flattener(file);
    flattener.add_all(toml::parse(text, file), "");
    return std::move(flattener).take();
  } catch (const toml::parse_error& error) {
    return tl::unexpected(file + ":" + std::to_string(error.source().begin.line) +
                          ": this is not TOML: " + std::string(error.description()) +
                          (error.description().find("control character") == std::string_view::npos
                               ? ""
                               : " (is a closing quote missing?)"));
  }
}

void override_from_environment(Settings& settings, const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> keys;  // by variable
  for (const std::string_view key : known_keys()) keys.emplace(variable_of(key), key);

  for (auto it = environment.lower_bound(std::string(kEnvironmentPrefix));
       it != environment.end() && it->first.starts_with(kEnvironmentPrefix); ++it) {
    const auto& [variable, text] = *it;
    const auto key = keys.find(variable);
    if (key == keys.end()) {
      const std::string_view nearest =
          nearest_known_key(lower(std::string_view(variable).substr(kEnvironmentPrefix.size())));
      settings.warnings.push_back("environment variable " + variable + " names no key and is ignored" +
                                  (nearest.empty() ? "" : "; did you mean " + variable_of(nearest) + "?"));
      continue;
    }
    settings.by_key.insert_or_assign(key->second, Setting{"environment variable " + variable, EnvironmentText{text}});
  }
}

}  // namespace chorale::agent
