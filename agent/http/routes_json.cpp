#include "agent/http/routes_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/base/clock.h"
#include "agent/core/conflicts.h"
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

bool has_part_in(const Conflict& conflict, const std::string& app) {
  return conflict.owner == app || std::binary_search(conflict.losers.begin(), conflict.losers.end(), app);
}

// `app`: empty: all.
Json conflicts_json(const render::RoutingState* state, const std::string& merge_label, const std::string& app) {
  Json list = Json::array();
  if (state == nullptr) return list;
  for (Conflict& conflict : conflicts_of(*state, merge_label)) {
    if (!app.empty() && !has_part_in(conflict, app)) continue;
    Json json = Json::object();
    if (conflict.service_port == 0) {
      json["host"] = std::move(conflict.host);
    } else {
      json["service_port"] = conflict.service_port;
      json["protocol"] = std::move(conflict.protocol);
    }
    json["owner"] = std::move(conflict.owner);
    json["losers"] = std::move(conflict.losers);
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

tl::expected<std::string, Failure> routes_json(const AppliedRoutes& applied, const render::RoutingState* state,
                                               const std::optional<std::string>& app, const std::string& merge_label,
                                               std::int64_t time) {
  const std::string id = app ? app_id_of(*app) : "";
  const std::string body = "{\n\"applied\": " + applied_json(applied, time).dump() +
                           ",\n\"conflicts\": " + conflicts_json(state, merge_label, id).dump() + ",\n\"routes\": ";
  if (!app) return body + (state == nullptr ? "null" : render::encode_routes(*state).text) + "}\n";
  const auto has_id = [&](const render::App& one) { return one.id == id; };
  if (state != nullptr) {
    const auto found = std::find_if(state->apps.begin(), state->apps.end(), has_id);
    if (found != state->apps.end()) return body + render::encode_routes({state->realm, {*found}}).text + "}\n";
  }
  return tl::unexpected(Failure{"this proxy does not route " + id + "; /v1/explain?app= says why"});
}

}  // namespace chorale::agent
