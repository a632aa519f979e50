#include "agent/http/routes_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/base/clock.h"
#include "agent/core/explanation.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

using Json = nlohmann::ordered_json;

Json applied_json(const AppliedRoutes& applied, std::int64_t time) {
  Json json{{"revision", nullptr}, {"digest", nullptr}, {"at", nullptr}, {"age_s", nullptr}};
  if (applied.identity) {
    json["revision"] = to_text(*applied.identity);
    json["digest"] = applied.identity->digest;
  }
  if (const auto at = seconds_of(applied.at)) {
    json["at"] = applied.at;
    json["age_s"] = std::max<std::int64_t>(time - *at, 0);
  }
  return json;
}

}  // namespace

tl::expected<std::string, Failure> routes_json(const AppliedRoutes& applied, const render::RoutingState* state,
                                               const std::optional<std::string>& app, std::int64_t time) {
  std::string body = "{\n\"applied\": " + applied_json(applied, time).dump() + ",\n\"routes\": ";
  if (!app) return body + (state == nullptr ? "null" : render::encode_routes(*state).text) + "}\n";
  const std::string id = app_id_of(*app);
  const auto has_id = [&](const render::App& one) { return one.id == id; };
  if (state != nullptr) {
    const auto found = std::find_if(state->apps.begin(), state->apps.end(), has_id);
    if (found != state->apps.end()) return body + render::encode_routes({state->realm, {*found}}).text + "}\n";
  }
  return tl::unexpected(Failure{"this proxy does not route " + id + "; /v1/explain?app= says why"});
}

}  // namespace chorale::agent
