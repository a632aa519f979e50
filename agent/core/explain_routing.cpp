#include "agent/core/explain_routing.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "agent/base/one_line.h"
#include "agent/core/leading/known_apps.h"
#include "agent/core/leading/quarantine.h"
#include "agent/core/leading/routes_hosts.h"
#include "agent/core/leading/routes_ports.h"
#include "render/allow_list.h"
#include "render/merged_apps.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kLeftOut = "is left out: ";
constexpr std::string_view kNoTask = "no routable task";
constexpr std::string_view kWithout = "is served without ";
constexpr std::string_view kToNobody = "is served to nobody";

class Judge {
 public:
  explicit Judge(const ExplainInputs& inputs) : inputs_(inputs) {}

  Judgement run() && {
    const MarathonApps apps = apps_with_it();
    if (inputs_.routes) memory_.remember_routed(*inputs_.routes);
    made_ = build_routes(apps, inputs_.marathon->names, inputs_.policy, memory_, TimePoint{}, inputs_.routes.get());
    contain();
    const auto wanted = std::find_if(made_.state.apps.begin(), made_.state.apps.end(),
                                     [&](const render::App& app) { return app.id == inputs_.app; });
    if (wanted != made_.state.apps.end()) out_.wanted = *wanted;
    for (const Exclusion& exclusion : made_.exclusions) {
      if (exclusion.app == inputs_.app) take(exclusion);
    }
    if (out_.said.pod && !inputs_.policy.pods) leave_out("it is a pod, and pods = false is set", "Set pods = true.");
    if (!out_.wanted && !out_.said.tasks.empty() && declared_ports(out_.said).empty()) {
      leave_out("it has no port", "Add a port: portDefinitions, or container.portMappings.");
    }
    find_conflicts();
    for (const NameDispute& dispute : made_.disputes) {
      const auto is_on_it = [&](const MarathonTask& task) { return task.host == dispute.name; };
      if (std::any_of(out_.said.tasks.begin(), out_.said.tasks.end(), is_on_it)) out_.disputes.push_back(dispute);
    }
    return std::move(out_);
  }

 private:
  // Of all others what is committed, as a new leader starts with it; where nothing is, what Marathon lists.
  MarathonApps apps_with_it() {
    out_.said = *inputs_.marathon->app;
    MarathonApps apps = inputs_.marathon->all;
    if (inputs_.routes) {
      KnownApps known;
      known.adopt(*inputs_.routes);
      apps = known.apps();
    }
    const auto known = apps.find(inputs_.app);
    if (out_.said.unreadable && known != apps.end()) {
      auto reason = std::exchange(out_.said.unreadable, std::nullopt);
      out_.said = known->second;
      out_.said.unreadable = std::move(reason);
    }
    apps.insert_or_assign(inputs_.app, out_.said);
    return apps;
  }

  // What is quarantined stays as it is committed, or out.
  void contain() {
    if (!inputs_.cluster || !inputs_.routes || inputs_.cluster->quarantined.empty()) return;
    Quarantine quarantine;
    quarantine.adopt(inputs_.cluster->quarantined, *inputs_.routes);
    made_.state = quarantine.contain(std::move(made_.state));
  }

  void take(const Exclusion& exclusion) {
    if (!exclusion.task.empty()) return take_task(exclusion);
    if (exclusion.reason.starts_with("is served ")) {
      out_.reduced.push_back(exclusion.reason);
      if (exclusion.kind == Exclusion::Kind::kReduced) advise(advice_on_reduced(exclusion.reason));
      if (exclusion.kind == Exclusion::Kind::kInvalidHost) advise("Correct the labels that name its hosts.");
      if (exclusion.kind == Exclusion::Kind::kDuplicateHost) advise("Give it a host that no other app has.");
      return;
    }
    std::string reason = exclusion.reason;
    if (reason.starts_with(kLeftOut)) reason.erase(0, kLeftOut.size());
    if (reason.starts_with(kNoTask)) {
      // "no routable task: the port has no host port" is about the app, "no routable task" about its tasks.
      if (reason.size() == kNoTask.size()) return;
      reason.erase(0, kNoTask.size() + 2);
    }
    leave_out(std::move(reason), advice());
  }

  // The first reason stands: build_routes() looks no further.
  void leave_out(std::string reason, std::string advice) {
    if (!out_.left_out.empty()) return;
    out_.left_out = std::move(reason);
    advise(std::move(advice));
    out_.wanted.reset();
  }

  void advise(std::string advice) {
    if (!advice.empty() && std::find(out_.advice.begin(), out_.advice.end(), advice) == out_.advice.end()) {
      out_.advice.push_back(std::move(advice));
    }
  }

  void take_task(const Exclusion& exclusion) {
    const auto task = std::find_if(out_.said.tasks.begin(), out_.said.tasks.end(),
                                   [&](const MarathonTask& one) { return one.id == exclusion.task; });
    if (task == out_.said.tasks.end() || !out_.refusals.emplace(exclusion.task, exclusion.reason).second) return;
    out_.tasks.add(cause_of(out_.said, *task, exclusion, memory_, inputs_.policy), exclusion);
  }

  // What to do about an app that is left out as a whole, by the first rule that it breaks.
  std::string advice() const {
    const MarathonApp& app = out_.said;
    if (app.unreadable && app.tasks.empty()) return "Correct its definition; until then nothing is known of it.";
    if (!belongs_to_realm(app, inputs_.policy.realm)) {
      const std::string realm = inputs_.policy.realm.size() == 1 ? " " + *inputs_.policy.realm.begin() : " one of them";
      return "If it belongs here, set its label NIXY_REALM to" + realm + ".";
    }
    if (render::refuse_app_id(app.id)) return "Deploy it under another id.";
    const auto ports = declared_ports(app);
    const auto main_port = choose_main_port(app, ports, inputs_.policy);
    if (!main_port) {
      return std::string("Correct its label ") + kPortLabel + ": it takes a port's name or index.";
    }
    if (!choose_hosts(app, inputs_.policy.longest_server_name).served) {
      return "Correct the label that names its hosts, or take it off.";
    }
    const bool is_unreachable =
        *main_port < ports.size() && unreachable_port(app, ports[*main_port], inputs_.policy).has_value();
    return is_unreachable ? "Give its port a host port (hostPort 0: any)." : "";
  }

  // `reason`: "is served ...", as build_routes() words it.
  [[nodiscard]] std::string advice_on_reduced(std::string_view reason) const {
    for (const auto& [label, value] : out_.said.labels) {
      if (reason.find("its label " + one_line(label) + (reason.starts_with(kWithout) ? ":" : " ")) ==
          std::string_view::npos) {
        continue;
      }
      return "Correct its label " + one_line(label) +
             (reason.starts_with(kToNobody) ? ": until then nobody is let in." : ", or take it off.");
    }
    if (reason.starts_with("is served without its health path")) {
      return "Give its health check a plain path, as in /health.";
    }
    if (!reason.starts_with("is served without service port ")) return "";
    return reason.find(": it belongs to ") != std::string_view::npos
               ? "Give it a service port that no other app has."
               : "Give it a service port on which the template listens.";
  }

  [[nodiscard]] std::set<std::string> asked_hosts() const {
    const std::size_t longest = inputs_.policy.longest_server_name;
    const HostChoice choice = choose_hosts(out_.said, longest);
    std::set<std::string> hosts(choice.hosts.begin(), choice.hosts.end());
    for (auto& [index, of_port] : choose_port_hosts(out_.said, declared_ports(out_.said), longest).hosts) {
      hosts.insert(of_port.begin(), of_port.end());
    }
    return hosts;
  }

  void find_conflicts() {
    if (!out_.left_out.empty()) return;
    const std::set<std::string> asked = asked_hosts();
    const std::string& label = inputs_.policy.merge_label;
    const auto own_path = out_.wanted && !label.empty() ? render::merged_path_of(*out_.wanted, label) : std::nullopt;
    for (const render::App& other : made_.state.apps) {
      if (other.id == inputs_.app || (own_path && render::merged_path_of(other, label) == own_path)) continue;
      std::vector<std::string> hosts = other.hosts;
      for (const render::Port& port : other.ports) hosts.insert(hosts.end(), port.hosts.begin(), port.hosts.end());
      for (const std::string& host : hosts) {
        if (asked.contains(host)) out_.conflicts.push_back({host, other.id});
      }
    }
  }

  const ExplainInputs& inputs_;
  HealthMemory memory_;
  Routes made_;
  Judgement out_;
};

}  // namespace

Judgement judge_app(const ExplainInputs& inputs) { return Judge(inputs).run(); }

std::string why_not_here(const ExplainInputs& inputs) {
  if (!inputs.cluster || !inputs.cluster->state.committed) return {};
  const auto& agents = inputs.cluster->agents;
  const auto own = std::find_if(agents.begin(), agents.end(), [&](const auto& agent) { return agent.id == inputs.id; });
  if (own == agents.end() || !own->applies) return {};
  if (own->nginx == "down") return "this proxy does not serve it: its Nginx is down";
  const coordination::Identity& committed = inputs.cluster->state.committed->identity;
  if (own->applied && own->applied->identity == committed) return {};
  const std::string text = "this proxy serves " + (own->applied ? to_text(own->applied->identity) : "nothing yet") +
                           ", not " + to_text(committed);
  return own->condition == coordination::Condition::kOk ? text + std::string(kNotYetHere) : text + ": " + own->message;
}

}  // namespace chorale::agent
