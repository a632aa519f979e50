#include "tests/marathon_simulator/faults.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <regex>
#include <utility>

#include "tests/marathon_simulator/shapes.h"
#include "tests/marathon_simulator/tokens.h"

namespace chorale::marathon_simulator {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<const char*, FaultMode>, 14> kModes{{
    {"status", FaultMode::kStatus},
    {"unauthorized", FaultMode::kUnauthorized},
    {"malformed", FaultMode::kMalformed},
    {"wrong_types", FaultMode::kWrongTypes},
    {"truncated", FaultMode::kTruncated},
    {"empty_body", FaultMode::kEmptyBody},
    {"no_apps", FaultMode::kNoApps},
    {"empty_object", FaultMode::kEmptyObject},
    {"partial", FaultMode::kPartial},
    {"no_tasks", FaultMode::kNoTasks},
    {"no_health", FaultMode::kNoHealth},
    {"stalled", FaultMode::kStalled},
    {"slow", FaultMode::kSlow},
    {"reset", FaultMode::kReset},
}};

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

template <typename F>
void for_each_app(Json& document, F change) {
  if (document.contains("app")) change(document["app"]);
  if (!document.contains("apps")) return;
  for (auto& app : document["apps"]) change(app);
}

// Rewrites the JSON of the true answer; anything else is left alone.
template <typename F>
void rewrite(Response& response, F change) {
  auto document = Json::parse(response.body, nullptr, false);
  if (!document.is_object()) return;
  change(document);
  response.body = document.dump();
}

void keep_first(Json& document, double fraction) {
  if (!document.contains("apps") || !document["apps"].is_array()) return;
  auto& apps = document["apps"];
  const auto keep = static_cast<std::size_t>(static_cast<double>(apps.size()) * fraction);
  apps.erase(apps.begin() + static_cast<std::ptrdiff_t>(std::min(keep, apps.size())), apps.end());
}

const char* kWrongTypesBody =
    R"({"apps":[{"id":42,"instances":"two","labels":[1],"tasks":{"none":null},"healthChecks":7,"version":false}],)"
    R"("app":["/web"],"tasks":"many"})";

}  // namespace

std::optional<FaultMode> parse_fault_mode(const std::string& name) {
  for (const auto& [known, mode] : kModes) {
    if (name == known) return mode;
  }
  return std::nullopt;
}

std::string request_kind(const std::string& path) {
  if (path == "/ping") return "ping";
  if (path == kLoginPath) return "login";
  if (path == "/v2/apps" || path == "/v2/apps/") return "apps";
  if (starts_with(path, "/v2/apps/")) return "app";
  if (path == "/v2/pods" || path == "/v2/pods::status") return "pods";
  if (starts_with(path, "/v2/pods/")) return "pod";
  for (const char* kind : {"info", "leader", "tasks", "groups", "deployments", "events"}) {
    if (starts_with(path, ("/v2/" + std::string(kind)).c_str()) && !starts_with(path, "/v2/eventSubscriptions")) {
      return kind;
    }
  }
  return starts_with(path, "/v2/eventSubscriptions") ? "subscriptions" : "other";
}

struct Faults::Armed {
  Fault fault;
  std::regex path;
};

Faults::Faults() = default;

Faults::~Faults() = default;

tl::expected<std::uint64_t, std::string> Faults::add(Fault fault) {
  auto armed = std::make_unique<Armed>();
  fault.id = next_id_++;
  armed->fault = std::move(fault);
  try {
    armed->path = std::regex(armed->fault.path);
  } catch (const std::regex_error& error) {
    return tl::make_unexpected("path: " + std::string(error.what()));
  }
  armed_.push_back(std::move(armed));
  return armed_.back()->fault.id;
}

void Faults::clear(std::optional<std::uint64_t> id) {
  const auto gone = [&](const auto& armed) { return !id || armed->fault.id == *id; };
  armed_.erase(std::remove_if(armed_.begin(), armed_.end(), gone), armed_.end());
}

std::optional<Fault> Faults::take(const Request& request) {
  const auto strikes = [&](const auto& armed) {
    const auto& fault = armed->fault;
    if (!fault.path.empty()) return std::regex_search(request.target, armed->path);
    return fault.kind == "all" || fault.kind == request_kind(request.path);
  };
  const auto found = std::find_if(armed_.begin(), armed_.end(), strikes);
  if (found == armed_.end()) return std::nullopt;
  const Fault fault = (*found)->fault;
  auto& remaining = (*found)->fault.remaining;
  if (remaining > 0 && --remaining == 0) armed_.erase(found);
  return fault;
}

std::vector<Fault> Faults::list() const {
  std::vector<Fault> faults;
  faults.reserve(armed_.size());
  for (const auto& armed : armed_) faults.push_back(armed->fault);
  return faults;
}

std::optional<Response> replacement(const Fault& fault) {
  Response response;
  switch (fault.mode) {
    case FaultMode::kStatus:
      return fault.html ? html_error(fault.status, "Simulated failure")
                        : json_response(fault.status, message_json("Simulated failure"));
    case FaultMode::kUnauthorized:
      response = html_error(401, "Unauthorized");
      response.set("WWW-Authenticate", R"(Basic realm="Mesosphere")");
      return response;
    case FaultMode::kStalled:
      response.delivery = Delivery::kNever;
      return response;
    case FaultMode::kReset:
      response.delivery = Delivery::kReset;
      return response;
    case FaultMode::kMalformed:
    case FaultMode::kWrongTypes:
    case FaultMode::kTruncated:
    case FaultMode::kEmptyBody:
    case FaultMode::kNoApps:
    case FaultMode::kEmptyObject:
    case FaultMode::kPartial:
    case FaultMode::kNoTasks:
    case FaultMode::kNoHealth:
    case FaultMode::kSlow:
      return std::nullopt;
  }
  return std::nullopt;
}

void alter(const Fault& fault, Response& response) {
  switch (fault.mode) {
    case FaultMode::kMalformed:
      response.body = response.body.substr(0, response.body.size() * 2 / 3) + "<!-- \xff";
      return;
    case FaultMode::kWrongTypes:
      response.body = kWrongTypesBody;
      return;
    case FaultMode::kTruncated:
      response.delivery = Delivery::kTruncated;
      return;
    case FaultMode::kEmptyBody:
      response.body.clear();
      return;
    case FaultMode::kNoApps:
      response.body = R"({"apps":[]})";
      return;
    case FaultMode::kEmptyObject:
      response.body = "{}";
      return;
    case FaultMode::kPartial:
      rewrite(response, [&](Json& document) { keep_first(document, fault.fraction); });
      return;
    case FaultMode::kNoTasks:
      rewrite(response,
              [](Json& document) { for_each_app(document, [](Json& app) { app["tasks"] = Json::array(); }); });
      return;
    case FaultMode::kNoHealth:
      rewrite(response, [](Json& document) {
        for_each_app(document, [](Json& app) {
          if (!app.contains("tasks")) return;
          for (auto& task : app["tasks"]) task["healthCheckResults"] = Json::array();
        });
      });
      return;
    case FaultMode::kSlow:
      response.delivery = Delivery::kSlow;
      response.bytes_per_second = fault.bytes_per_second;
      return;
    case FaultMode::kStatus:
    case FaultMode::kUnauthorized:
    case FaultMode::kStalled:
    case FaultMode::kReset:
      return;
  }
}

}  // namespace chorale::marathon_simulator
