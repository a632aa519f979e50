#include "agent/core/health.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "coordination/documents.h"

namespace chorale::agent {
namespace {

using coordination::Condition;
using Json = nlohmann::ordered_json;

std::string or_else(const std::string& text, const std::string& fallback) {
  return text.empty() || text == "OK" ? fallback : text;
}

// Why this proxy has nothing to serve yet: the root cause.
std::string why_nothing_applied(const HealthInputs& inputs) {
  const std::string nothing = "nothing was ever applied on this proxy: ";
  if (!inputs.view.connected) {
    return nothing + "ZooKeeper is not connected (" + or_else(inputs.view.zookeeper_message, "no answer yet") + ")";
  }
  if (inputs.view.committed) {
    return nothing + or_else(inputs.nginx.config_message, "revision " + to_text(inputs.view.committed->identity) +
                                                              " is being fetched, tested and applied");
  }
  if (inputs.marathon_trouble) return nothing + "Marathon: " + inputs.marathon_trouble->message;
  if (inputs.name_trouble) return nothing + inputs.name_trouble->message;
  if (inputs.template_trouble) return nothing + "template: " + inputs.template_trouble->message;
  return nothing + (inputs.view.leader.empty() ? "no leader is elected yet"
                                               : "leader " + inputs.view.leader + " has committed no revision yet");
}

// A state that another live agent proved to be applicable, and that this one has failed at for too long: its own fault.
bool cannot_apply_what_others_can(const HealthInputs& inputs) {
  return inputs.nginx.failing_since && inputs.now - *inputs.nginx.failing_since >= kDownAfterCannotApply &&
         inputs.view.peer_applied && inputs.nginx.applied &&
         inputs.nginx.applied->older_than(*inputs.view.peer_applied);
}

// Why this proxy must get no traffic.
std::optional<std::string> why_down(const HealthInputs& inputs) {
  if (inputs.drained) return "drained by an operator";
  if (!inputs.nginx.running) return why_not_running(or_else(inputs.nginx.message, "no master process found"));
  if (!inputs.nginx.applied) return why_nothing_applied(inputs);
  if (cannot_apply_what_others_can(inputs)) {
    const auto failing = std::chrono::duration_cast<std::chrono::seconds>(inputs.now - *inputs.nginx.failing_since);
    return "cannot apply revision " + to_text(*inputs.view.peer_applied) + " for " + std::to_string(failing.count()) +
           " s although another proxy has: " + or_else(inputs.nginx.config_message, "see the log");
  }
  return std::nullopt;
}

std::optional<std::string> why_degraded_here(const HealthInputs& inputs) {
  if (inputs.nginx.failing_since) {
    return "cannot apply a committed revision: " + or_else(inputs.nginx.config_message, "see the log");
  }
  if (!inputs.nginx.config_healthy) {
    return (inputs.nginx.drifted ? "" : "Nginx refuses its config: ") +
           or_else(inputs.nginx.config_message, "see the log");
  }
  if (!inputs.view.missing.empty()) {
    return std::to_string(inputs.view.missing.size()) + " chunk(s) of the committed revision are missing in ZooKeeper";
  }
  return std::nullopt;
}

std::optional<std::string> why_degraded_endpoints(const HealthInputs& inputs) {
  const auto ill = std::find_if(inputs.endpoints.begin(), inputs.endpoints.end(),
                                [](const EndpointHealth& endpoint) { return !endpoint.healthy; });
  if (ill == inputs.endpoints.end()) return std::nullopt;
  const auto count = std::count_if(inputs.endpoints.begin(), inputs.endpoints.end(),
                                   [](const EndpointHealth& endpoint) { return !endpoint.healthy; });
  return std::to_string(count) + " of " + std::to_string(inputs.endpoints.size()) +
         " Marathon endpoints are down, first " + ill->endpoint + ": " + ill->message;
}

// The next agent should lead by now.
std::optional<std::string> why_leaderless(const HealthInputs& inputs) {
  const auto& since = inputs.view.leaderless_since;
  if (!since || inputs.now < *since + inputs.session_timeout + kLeaderlessGrace) return std::nullopt;
  return "no leader since " + inputs.leaderless_since + ": " + inputs.view.leader +
         " led last and is not registered; the last applied routes stay in use";
}

std::optional<std::string> why_degraded_quarantine(const HealthInputs& inputs) {
  const std::int64_t committed = inputs.view.committed ? inputs.view.committed->quarantined : 0;
  if (committed == 0 && inputs.quarantined.empty()) return std::nullopt;
  if (inputs.quarantined.empty()) {
    return std::to_string(committed) + " quarantined app(s), named by the leader " + inputs.view.leader;
  }
  const coordination::QuarantineEntry& first = inputs.quarantined.front();
  return std::to_string(inputs.quarantined.size()) + " quarantined app(s), first " + first.app + " since " +
         first.since + ": " + first.reason;
}

std::optional<std::string> why_degraded(const HealthInputs& inputs) {
  if (auto here = why_degraded_here(inputs)) return here;
  if (!inputs.view.connected) {
    return "ZooKeeper is not connected: " + or_else(inputs.view.zookeeper_message, "no answer") +
           "; the last applied routes stay in use";
  }
  if (!or_else(inputs.view.zookeeper_message, {}).empty()) return "ZooKeeper: " + inputs.view.zookeeper_message;
  if (inputs.view.policy_difference) {
    return "does not lead, its policy is not the pool's: " + *inputs.view.policy_difference;
  }
  if (inputs.view.leader.empty()) return "no leader is elected; the last applied routes stay in use";
  if (auto leaderless = why_leaderless(inputs)) return leaderless;
  if (inputs.template_trouble) return "template: " + inputs.template_trouble->message;
  if (inputs.marathon_trouble) return "Marathon: " + inputs.marathon_trouble->message;
  if (const auto& blocked = inputs.view.blocked) {
    return "a change is blocked since " + blocked->since + ": " + blocked->reason;
  }
  if (inputs.name_trouble) return inputs.name_trouble->message;
  if (inputs.refusal) return "routes stay as they are, Nginx refuses the new ones: " + inputs.refusal->message;
  if (auto quarantine = why_degraded_quarantine(inputs)) return quarantine;
  return why_degraded_endpoints(inputs);
}

Json part(bool healthy, const std::string& message, const std::string& fallback) {
  return Json{{"Healthy", healthy}, {"Message", healthy ? "OK" : or_else(message, fallback)}};
}

Json part(const std::optional<Failure>& trouble) {
  return Json{{"Healthy", !trouble}, {"Message", trouble ? trouble->message : "OK"}};
}

Json endpoints_json(const std::vector<EndpointHealth>& endpoints) {
  Json list = Json::array();
  for (const EndpointHealth& endpoint : endpoints) {
    list.push_back(Json{{"Endpoint", endpoint.endpoint}, {"Healthy", endpoint.healthy}, {"Message", endpoint.message}});
  }
  return list;
}

Json quarantined_json(const std::vector<coordination::QuarantineEntry>& entries) {
  Json list = Json::array();
  for (const coordination::QuarantineEntry& entry : entries) {
    list.push_back(Json{{"App", entry.app}, {"Reason", entry.reason}, {"Since", entry.since}});
  }
  return list;
}

Json cluster_json(const HealthInputs& inputs) {
  const auto& view = inputs.view;
  return Json{{"Id", inputs.id},
              {"Role", std::string(coordination::to_string(view.role))},
              {"Leader", view.leader},
              {"Epoch", view.epoch.value},
              {"Committed", view.committed ? view.committed->identity.revision.value : 0},
              {"Applied", inputs.nginx.applied ? inputs.nginx.applied->revision.value : 0},
              {"Digest", inputs.nginx.applied ? inputs.nginx.applied->digest : std::string()},
              {"Agents", view.agents.size()}};
}

}  // namespace

HealthVerdict judge(const HealthInputs& inputs) {
  if (auto reason = why_down(inputs)) return {Condition::kDown, std::move(*reason)};
  if (auto reason = why_degraded(inputs)) return {Condition::kDegraded, std::move(*reason)};
  return {Condition::kOk, "OK"};
}

std::string health_json(const HealthInputs& inputs) {
  const HealthVerdict verdict = judge(inputs);
  Json body;
  body["Status"] = std::string(coordination::to_string(verdict.condition));
  body["Message"] = verdict.message;
  body["Config"] = part(inputs.nginx.config_healthy, inputs.nginx.config_message, "not tested yet");
  body["Template"] = part(inputs.template_trouble);
  body["Endpoints"] = endpoints_json(inputs.endpoints);
  body["ZooKeeper"] = part(inputs.view.connected, inputs.view.zookeeper_message, "not connected");
  body["Nginx"] = part(inputs.nginx.running, inputs.nginx.message, "no master process found");
  body["Cluster"] = cluster_json(inputs);
  body["Quarantined"] = quarantined_json(inputs.quarantined);
  body["Warnings"] = inputs.warnings;
  // Nginx's words may hold any byte: what is not UTF-8 is replaced.
  return body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace chorale::agent
