// Takes typed values out of flat settings and collects every complaint, so that one run shows all errors of a file.
// Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/config/config_settings.h"

namespace chorale::agent {

// Each read_* leaves its target alone when the key is absent or wrong; a wrong one is an error naming file and line.
class ConfigReader {
 public:
  explicit ConfigReader(const Settings& settings) : settings_(settings) {}

  [[nodiscard]] const Setting* find(std::string_view key) const;

  void read_text(std::string_view key, std::string& target);
  void read_flag(std::string_view key, bool& target);
  void read_integer(std::string_view key, std::int64_t min, std::int64_t max, int& target);
  void read_fraction(std::string_view key, double& target);  // 0..1
  void read_duration(std::string_view key, std::chrono::milliseconds min, std::chrono::milliseconds max,
                     std::chrono::milliseconds& target);
  // A string split at `separators`, or an array of strings.
  void read_list(std::string_view key, std::string_view separators, std::vector<std::string>& target);
  // A string, or a whole number as text: Nixy writes port = "6000".
  [[nodiscard]] std::optional<std::string> text_or_integer(std::string_view key);

  void refuse(std::string_view key, const std::string& why);
  void warn(std::string_view key, const std::string& why);

  [[nodiscard]] std::vector<std::string> take_errors() { return std::move(errors_); }
  [[nodiscard]] std::vector<std::string> take_warnings() { return std::move(warnings_); }

 private:
  [[nodiscard]] std::optional<std::string> text_of(std::string_view key, const Setting& setting);
  [[nodiscard]] std::string place(std::string_view key) const;

  const Settings& settings_;
  std::vector<std::string> errors_;
  std::vector<std::string> warnings_;
};

}  // namespace chorale::agent
