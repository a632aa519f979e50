// The arguments of a control command: a JSON object, over which query parameters win. Loop thread only.
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "tests/marathon_simulator/http.h"

namespace chorale::marathon_simulator {

class Arguments {
 public:
  [[nodiscard]] static tl::expected<Arguments, std::string> read(const Request& request);
  ~Arguments();
  Arguments(Arguments&&) noexcept;
  Arguments& operator=(Arguments&&) = delete;

  [[nodiscard]] bool has(const char* key) const;
  [[nodiscard]] std::string text(const char* key, const std::string& fallback) const;
  [[nodiscard]] std::int64_t number(const char* key, std::int64_t fallback) const;
  [[nodiscard]] double real(const char* key, double fallback) const;
  [[nodiscard]] bool flag(const char* key, bool fallback) const;
  [[nodiscard]] std::optional<std::chrono::milliseconds> duration(const char* key) const;
  [[nodiscard]] const nlohmann::json& json() const { return *json_; }

 private:
  Arguments();

  std::unique_ptr<nlohmann::json> json_;
};

}  // namespace chorale::marathon_simulator
