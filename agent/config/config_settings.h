// A config file and the environment as one flat list of settings: key, value, and where it was written. Pure.
//
// The one place that knows toml++. Keys are lower case ("statsd.addr"), since Nixy matches them without regard to case;
// names below [local] keep their case, because @{Name} and @{name} are two values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "agent/config/config.h"

namespace chorale::agent {

// A value of the environment: plain text, read as the key's type.
struct EnvironmentText {
  std::string text;
};
// Anything that no key wants: a date, a table where a value belongs, an array of other things than strings.
struct UnusableValue {
  std::string type;  // "table", "array of integers", ...
};
using SettingValue =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>, EnvironmentText, UnusableValue>;

struct Setting {
  std::string where;  // "/etc/chorale/chorale.toml:12" or "environment variable CHORALE_MARATHON"
  SettingValue value;
};

struct Settings {
  std::map<std::string, Setting> by_key;
  std::vector<std::string> errors;      // the same key twice, where case is the only difference
  std::vector<ConfigWarning> warnings;  // unknown keys, with the nearest known one
};

// Fails on TOML that cannot be read at all: "file:line: why".
[[nodiscard]] tl::expected<Settings, Failure> read_settings(std::string_view text, const std::string& file);
// CHORALE_<KEY> wins over the file; sections are joined with '_' (CHORALE_STATSD_ADDR). Other variables are not looked
// at.
void override_from_environment(Settings& settings, const std::map<std::string, std::string>& environment);

}  // namespace chorale::agent
