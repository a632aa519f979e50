#include "agent/core/health.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/core/cut_off.h"
#include "agent/core/drained.h"
#include "agent/core/serving_line.h"
#include "coordination/documents.h"

namespace chorale::agent {
namespace {

using coordination::Condition;
using Json = nlohmann::ordered_json;

std::string or_else(const std::string& text, const std::string& fallback) {
  return text.empty() || text == "OK" ? fallback : text;
}

std::string missing_text(const HealthInputs& inputs) {
  return std::to_string(inputs.view.missing.size()) + std::string(kChunksMissing);
}

// Connected, and yet the others do not know of this agent; nullopt: they do, or it is only about to register.
std::optional<std::string> why_unregistered(const HealthInputs& inputs) {
  if (!inputs.view.connected || inputs.view.registered || inputs.view.registration_message.empty()) return std::nullopt;
  return "not registered in ZooKeeper: " + inputs.view.registration_message;
}

std::string why_cut_off(const HealthInputs& inputs) {
  if (auto reason = why_unregistered(inputs)) return *reason;
  return "ZooKeeper: " + or_else(inputs.view.zookeeper_message, "no answer");
}

// Why this proxy has nothing to serve yet: the root cause.
std::string why_nothing_applied(const HealthInputs& inputs) {
  const std::string nothing =
      inputs.nginx.shadow ? "shadow.conf is not written yet: " : "nothing was ever applied on this proxy: ";
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

// A state that another live agent proved to be applicable, and that this one lacks for too long: its own fault.
bool lacks_what_others_serve(const HealthInputs& inputs) {
  return inputs.behind_since && inputs.now - *inputs.behind_since >= kDownAfterBehind && inputs.nginx.applied &&
         inputs.view.peer_applied;
}

std::string why_not_applied(const HealthInputs& inputs) {
  const std::string missing = inputs.view.missing.empty() ? "see the log" : missing_text(inputs);
  return or_else(inputs.nginx.config_message, missing);
}

// Texts that stand in the agent's znode name no running time: each would be a write of its own.
std::string seconds_text(Milliseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

// Why this proxy must get no traffic.
std::optional<std::string> why_down(const HealthInputs& inputs) {
  if (inputs.view.connected && inputs.view.id_taken) return why_unregistered(inputs);
  if (!inputs.nginx.running) return why_not_running(or_else(inputs.nginx.message, "no master process found"));
  if (!inputs.nginx.applied) return why_nothing_applied(inputs);
  if (lacks_what_others_serve(inputs)) {
    return "serves " + to_text(*inputs.nginx.applied) + " for more than " + seconds_text(kDownAfterBehind) +
           " after another proxy has applied a newer revision (" + to_text(*inputs.view.peer_applied) +
           " by now): " + why_not_applied(inputs);
  }
  if (inputs.replaced_by) {
    return "hears nothing of the cluster for more than " + seconds_text(kCutOffAfter) + " (" + why_cut_off(inputs) +
           "), and " + *inputs.replaced_by + " serves a newer revision than " + to_text(*inputs.nginx.applied);
  }
  return std::nullopt;
}

std::optional<std::string> why_degraded_here(const HealthInputs& inputs) {
  if (inputs.nginx.failing_since) {
    return std::string(kCannotApply) + or_else(inputs.nginx.config_message, "see the log");
  }
  if (inputs.nginx.shadow && !inputs.nginx.config_healthy) return inputs.nginx.config_message;
  if (inputs.nginx.shadow && !inputs.nginx.applied) return why_nothing_applied(inputs);
  if (!inputs.nginx.config_healthy) {
    return (inputs.nginx.drifted ? "" : "Nginx refuses its config: ") +
           or_else(inputs.nginx.config_message, "see the log");
  }
  if (!inputs.view.missing.empty()) return missing_text(inputs);
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

std::string what_stays(const HealthInputs& inputs) {
  return inputs.nginx.shadow ? "; shadow.conf stays as it is" : "; the last applied routes stay in use";
}

// The next agent should lead by now.
std::optional<std::string> why_leaderless(const HealthInputs& inputs) {
  const auto& since = inputs.view.leaderless_since;
  if (!since || inputs.now < *since + inputs.session_timeout + kLeaderlessGrace) return std::nullopt;
  return std::string(kNoLeaderSince) + inputs.leaderless_since + ": " + inputs.view.leader +
         " led last and is not registered" + what_stays(inputs);
}

// An operator's own doing, and never to be forgotten.
std::optional<std::string> why_held(const HealthInputs& inputs) {
  const auto& held = inputs.view.held;
  if (!held) return std::nullopt;
  std::string why = to_text(*held);
  if (!held->error.empty()) why += "; " + held->error;
  if (const auto& blocked = inputs.view.blocked) {
    why += "; it is not committed since " + blocked->since + ": " + blocked->reason;
  }
  if (inputs.waiting) why += "; keeps back since " + inputs.waiting->since + ": " + inputs.waiting->what;
  return why;
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

// What comes of the content, and is alike on all proxies. `held`: what a hold says already is left out.
std::optional<std::string> why_degraded_by_content(const HealthInputs& inputs, bool held) {
  if (inputs.template_trouble) return "template: " + inputs.template_trouble->message;
  if (inputs.marathon_trouble) return "Marathon: " + inputs.marathon_trouble->message;
  if (const auto& blocked = inputs.view.blocked; blocked && !held) {
    return "a change is blocked since " + blocked->since + ": " + blocked->reason;
  }
  if (inputs.name_trouble) return inputs.name_trouble->message;
  if (inputs.refusal) return "routes stay as they are, Nginx refuses the new ones: " + inputs.refusal->message;
  if (auto quarantine = why_degraded_quarantine(inputs)) return quarantine;
  return why_degraded_endpoints(inputs);
}

std::optional<std::string> why_degraded(const HealthInputs& inputs) {
  if (auto here = why_degraded_here(inputs)) return here;
  if (!inputs.view.connected) {
    return "ZooKeeper is not connected: " + or_else(inputs.view.zookeeper_message, "no answer") + what_stays(inputs);
  }
  if (!or_else(inputs.view.zookeeper_message, {}).empty()) return "ZooKeeper: " + inputs.view.zookeeper_message;
  if (auto reason = why_unregistered(inputs)) return reason;
  if (inputs.view.policy_difference) {
    const bool leads = inputs.view.role == coordination::Role::kLeader;
    const std::string who = inputs.nginx.shadow ? "" : leads ? "leads, but " : "does not lead, ";
    return who + "its policy is not the pool's: " + *inputs.view.policy_difference;
  }
  if (inputs.view.leader.empty()) return "no leader is elected" + what_stays(inputs);
  if (auto leaderless = why_leaderless(inputs)) return leaderless;
  const auto held = why_held(inputs);
  const auto content = why_degraded_by_content(inputs, held.has_value());
  if (held && content) return *held + "; besides: " + *content;
  return held ? held : content;
}

Json part(bool healthy, const std::string& message, const std::string& fallback) {
  return Json{{"Healthy", healthy}, {"Message", healthy ? "OK" : or_else(message, fallback)}};
}

Json part(const std::optional<Failure>& trouble) {
  return Json{{"Healthy", !trouble}, {"Message", trouble ? trouble->message : "OK"}};
}

// An agent that is not registered has no word in the cluster, whatever it reads there.
Json zookeeper_part(const HealthInputs& inputs) {
  if (const auto reason = why_unregistered(inputs)) return part(false, *reason, "");
  return part(inputs.view.connected, inputs.view.zookeeper_message, "not connected");
}

Json drained_json(const HealthInputs& inputs) {
  if (!inputs.drained) return nullptr;
  return Json{{"By", inputs.drained->by}, {"Reason", inputs.drained->reason}, {"Since", inputs.drained->since}};
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

// What an observer has written is applied nowhere: other agents, older ones too, take "Applied" for what is served.
Json cluster_json(const HealthInputs& inputs) {
  const auto& view = inputs.view;
  const auto& written = inputs.nginx.applied;
  const auto applied = inputs.nginx.shadow ? std::nullopt : written;
  Json json{{"Id", inputs.id},
            {"Role", inputs.nginx.shadow ? "observer" : std::string(coordination::to_string(view.role))},
            {"Leader", view.leader},
            {"Epoch", view.epoch.value},
            {"Committed", view.committed ? view.committed->identity.revision.value : 0},
            {"Applied", applied ? applied->revision.value : 0},
            {"Digest", applied ? applied->digest : std::string()},
            {"Agents", view.agents.size()},
            {"Missing", view.missing_members},
            {"Quarantined", view.committed ? view.committed->quarantined : 0}};
  if (!view.connected && !inputs.heard_at.empty()) json["AsOf"] = inputs.heard_at;
  if (inputs.nginx.shadow) json["Shadow"] = written ? written->revision.value : 0;
  return json;
}

}  // namespace

HealthVerdict judge(const HealthInputs& inputs) {
  // Whether an observer's proxy gets traffic is not its business: it serves nothing there.
  auto down = inputs.nginx.shadow ? std::nullopt : why_down(inputs);
  if (inputs.drained && !inputs.nginx.shadow) {
    if (!down) down = why_degraded(inputs);
    return {Condition::kDown, drained_text(*inputs.drained) + (down ? "; besides: " + *down : "")};
  }
  if (down) return {Condition::kDown, std::move(*down)};
  if (auto reason = why_degraded(inputs)) return {Condition::kDegraded, std::move(*reason)};
  if (inputs.nginx.shadow) return {Condition::kOk, "OK, an observer: writes shadow.conf, touches no Nginx"};
  return {Condition::kOk, "OK"};
}

Milliseconds blocked_for(const HealthInputs& inputs, const std::string& utc) {
  const auto& view = inputs.view;
  if (view.blocked_at) return std::chrono::duration_cast<Milliseconds>(inputs.now - *view.blocked_at);
  if (!view.blocked_there) return Milliseconds(0);
  return time_since(view.blocked_there->since, utc).value_or(Milliseconds(0));
}

std::string health_json(const HealthInputs& inputs) {
  const HealthVerdict verdict = judge(inputs);
  Json body;
  body["Status"] = std::string(coordination::to_string(verdict.condition));
  body["Message"] = verdict.message;
  body["Config"] = part(inputs.nginx.config_healthy, inputs.nginx.config_message, "not tested yet");
  body["Template"] = part(inputs.template_trouble);
  body["Endpoints"] = endpoints_json(inputs.endpoints);
  body["ZooKeeper"] = zookeeper_part(inputs);
  body["Nginx"] = part(inputs.nginx.running, inputs.nginx.message, "no master process found");
  if (inputs.nginx.shadow) body["Nginx"] = Json{{"Healthy", true}, {"Message", inputs.nginx.message}};
  body["Cluster"] = cluster_json(inputs);
  body["Drained"] = drained_json(inputs);
  body["Quarantined"] = quarantined_json(inputs.quarantined);
  body["Warnings"] = inputs.warnings;
  // Nginx's words may hold any byte: what is not UTF-8 is replaced.
  return body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace chorale::agent
