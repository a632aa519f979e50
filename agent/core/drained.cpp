#include "agent/core/drained.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "agent/base/clock.h"

namespace chorale::agent {
namespace {

using coordination::Drained;
using Json = nlohmann::ordered_json;

// False: it is there, and no text.
bool read_text(const Json& object, const char* key, std::string& into) {
  const auto found = object.find(key);
  if (found == object.end()) return true;
  if (!found->is_string()) return false;
  into = coordination::cut_text(found->get_ref<const std::string&>());
  return true;
}

std::string print(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

tl::expected<DrainOrder, Failure> decode_drain_order(std::string_view body) {
  DrainOrder order;
  if (body.empty()) return order;
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !read_text(json, "by", order.by) || !read_text(json, "reason", order.reason)) {
    return tl::unexpected(Failure{R"(expected no body, or {"by": "who", "reason": "why"})"});
  }
  return order;
}

std::string encode_drain_order(const DrainOrder& order) {
  return print(Json{{"by", order.by}, {"reason", order.reason}});
}

std::string encode_drained(const Drained& drained) {
  return print(Json{{"by", drained.by}, {"reason", drained.reason}, {"since", drained.since}});
}

tl::expected<Drained, Failure> decode_drained(std::string_view text) {
  Drained drained;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !read_text(json, "by", drained.by) || !read_text(json, "reason", drained.reason) ||
      !read_text(json, "since", drained.since) || !parse_utc(drained.since)) {
    return tl::unexpected(Failure{R"(it is not {"by": ..., "reason": ..., "since": ...})"});
  }
  return drained;
}

std::string drained_text(const Drained& drained) {
  std::string text = "drained";
  if (!drained.by.empty()) text += " by " + drained.by;
  text += " since " + drained.since;
  if (!drained.reason.empty()) text += ": " + drained.reason;
  return text;
}

std::string was_drained_text(const Drained& drained, std::chrono::system_clock::time_point now) {
  std::string text = "was drained";
  if (const auto since = parse_utc(drained.since)) {
    text += " for " + age_text(std::chrono::duration_cast<std::chrono::seconds>(now - *since).count());
  }
  if (!drained.by.empty()) text += " by " + drained.by;
  return text;
}

}  // namespace chorale::agent
