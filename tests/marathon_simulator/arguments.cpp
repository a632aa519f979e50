#include "tests/marathon_simulator/arguments.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/marathon_simulator/clock.h"

namespace chorale::marathon_simulator {

Arguments::Arguments() : json_(std::make_unique<nlohmann::json>(nlohmann::json::object())) {}

Arguments::~Arguments() = default;

Arguments::Arguments(Arguments&&) noexcept = default;

tl::expected<Arguments, std::string> Arguments::read(const Request& request) {
  Arguments arguments;
  // curl -d and -X POST without a body send no JSON: then the query alone speaks.
  if (request.body.find_first_not_of(" \r\n\t") != std::string::npos) {
    auto body = nlohmann::json::parse(request.body, nullptr, false);
    if (!body.is_object()) return tl::make_unexpected(std::string("the body is not a JSON object"));
    *arguments.json_ = std::move(body);
  }
  for (const auto& [key, value] : request.query) (*arguments.json_)[key] = value;
  return arguments;
}

bool Arguments::has(const char* key) const { return json_->contains(key); }

std::string Arguments::text(const char* key, const std::string& fallback) const {
  if (!has(key)) return fallback;
  const auto& value = json_->at(key);
  if (value.is_null()) return fallback;
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::int64_t Arguments::number(const char* key, std::int64_t fallback) const {
  const std::string value = text(key, "");
  char* end = nullptr;
  const auto number = std::strtoll(value.c_str(), &end, 10);
  return end == value.c_str() ? fallback : number;
}

double Arguments::real(const char* key, double fallback) const {
  const std::string value = text(key, "");
  char* end = nullptr;
  const auto number = std::strtod(value.c_str(), &end);
  return end == value.c_str() ? fallback : number;
}

bool Arguments::flag(const char* key, bool fallback) const {
  if (!has(key)) return fallback;
  const std::string value = text(key, "");
  return value == "true" || value == "1" || value.empty();
}

std::optional<std::chrono::milliseconds> Arguments::duration(const char* key) const {
  return has(key) ? parse_duration(text(key, "")) : std::nullopt;
}

}  // namespace chorale::marathon_simulator
