#include "agent/core/explanation.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "agent/base/clock.h"
#include "agent/base/nearest.h"
#include "agent/core/explain_routing.h"
#include "agent/core/leading/explain_tasks.h"
#include "agent/core/leading/task_standing.h"
#include "agent/core/problems.h"
#include "render/merged_apps.h"
#include "render/server_names.h"
#include "render/service_ports.h"

namespace chorale::agent {
namespace {

using coordination::AgentDocument;

constexpr std::size_t kMostNamed = 5;  // of what is listed in a sentence

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kMostNamed ? text + " and " + std::to_string(names.size() - kMostNamed) + " more" : text;
}

// A tag of this name stands in the template, as a value or a section.
bool has_tag(const std::string& text, const std::string& delimiter, std::string_view name) {
  for (std::size_t at = text.find(delimiter); at != std::string::npos; at = text.find(delimiter, at)) {
    at = text.find_first_not_of("{&#^ ", at + delimiter.size());
    if (at == std::string::npos) return false;
    const std::string_view rest = std::string_view(text).substr(at);
    if (!rest.starts_with(name)) continue;
    const char next = rest.size() > name.size() ? rest[name.size()] : '\0';
    if (next != '_' && next != '.' && (next < 'a' || next > 'z')) return true;
  }
  return false;
}

class Composer {
 public:
  explicit Composer(const ExplainInputs& inputs) : inputs_(inputs) { out_.app = inputs.app; }

  Explanation run() && {
    if (inputs_.routes) served_ = find_served();
    if (inputs_.cluster) find_policy(*inputs_.cluster);
    if (inputs_.marathon && inputs_.marathon->app) judged_ = judge_app(inputs_);
    out_.known = served_ != nullptr || judged_;
    out_.pod = judged_ && judged_->said.pod;
    out_.routed = served_ != nullptr && !served_->servers().empty();
    if (const render::App* shown = served_ != nullptr ? served_ : wanted()) show_reach(*shown);
    if (inputs_.cluster) {
      for (const coordination::QuarantineEntry& entry : inputs_.cluster->quarantined) {
        if (entry.app == inputs_.app) out_.quarantined = entry;
      }
    }
    if (judged_) take_judgement();
    list_lost_tasks();
    if (inputs_.marathon && !foreign_) compare();
    withhold();
    if (out_.routed) out_.not_here = why_not_here(inputs_);
    out_.verdict = verdict() + (out_.not_here.empty() ? "" : "; " + out_.not_here) + foreign_reading();
    advise();
    note_sources();
    return std::move(out_);
  }

 private:
  const render::App* find_served() const {
    const auto& apps = inputs_.routes->apps;
    const auto found = std::lower_bound(apps.begin(), apps.end(), inputs_.app,
                                        [](const render::App& app, const std::string& id) { return app.id < id; });
    return found != apps.end() && found->id == inputs_.app ? &*found : nullptr;
  }
  [[nodiscard]] const render::App* wanted() const { return judged_ && judged_->wanted ? &*judged_->wanted : nullptr; }
  [[nodiscard]] bool is_wanted() const { return wanted() != nullptr && !wanted()->servers().empty(); }

  // Where this proxy's policy is another, the leader makes something else of Marathon's word, if that is its Marathon.
  void find_policy(const coordination::ClusterSnapshot& cluster) {
    const auto pool = pool_policy(cluster);
    if (pool) foreign_ = coordination::policy_difference(inputs_.own_policy, *pool);
    if (!foreign_) return;
    for (const AgentDocument& agent : cluster.agents) {
      if (!agent.policy.empty() && !coordination::policy_difference(agent.policy, *pool)) {
        have_policy_.push_back(agent.id);
      }
    }
  }

  [[nodiscard]] std::string foreign_reading() const {
    if (!foreign_ || !inputs_.marathon) return "";
    std::string own;
    if (judged_ && !is_wanted()) own = why_not();
    if (judged_ && is_wanted() && !out_.routed) own = "it would be routed";
    return "; this proxy's configuration differs from the pool's (" + *foreign_ +
           "), so its own reading does not decide" + (own.empty() ? "" : " (which is: " + own + ")");
  }

  static const render::Server* server_of(const render::App* app, const std::string& task) {
    if (app == nullptr) return nullptr;
    const render::Server* found = nullptr;
    for (const render::Port& port : app->ports) {
      for (const render::Server& server : port.servers) {
        if (server.task_id == task && (found == nullptr || port.index == app->main_port)) found = &server;
      }
    }
    return found;
  }

  void show_reach(const render::App& app) {
    out_.path = app.path;
    out_.hosts = app.hosts;
    const std::string& label = inputs_.policy.merge_label;
    const auto merged = label.empty() ? std::nullopt : render::merged_path_of(app, label);
    if (merged) out_.path = *merged;
    if (merged && inputs_.routes) {
      for (const render::App& other : inputs_.routes->apps) {
        if (other.id != app.id && render::merged_path_of(other, label) == merged) out_.shown_with.push_back(other.id);
      }
    }
    if (has_tag(inputs_.template_text, inputs_.left_delimiter, "path")) {
      out_.urls.push_back("http://" + inputs_.proxy + out_.path + "/");
    }
    if (has_tag(inputs_.template_text, inputs_.left_delimiter, "host") ||
        has_tag(inputs_.template_text, inputs_.left_delimiter, "hosts")) {
      for (const std::string& host : out_.hosts) out_.urls.push_back("http://" + host + "/");
    }
    if (!inputs_.policy.service_ports) return;
    const std::string name = inputs_.proxy.substr(0, inputs_.proxy.rfind(':'));
    for (const render::Port& port : app.ports) {
      if (!inputs_.policy.service_ports->holds(port.service_port)) continue;
      const std::string scheme = port.protocol == "udp" ? "udp://" : "tcp://";
      out_.urls.push_back(scheme + name + ":" + std::to_string(port.service_port));
    }
  }

  void take_judgement() {
    out_.reduced = judged_->reduced;
    out_.conflicts = judged_->conflicts;
    for (const MarathonTask& task : judged_->said.tasks) {
      ExplainedTask explained{task.id, task.host, task.state, "", false, false, ""};
      const render::Server* now = server_of(served_, task.id);
      const render::Server* then = server_of(wanted(), task.id);
      explained.serves = now != nullptr;
      explained.wanted = then != nullptr;
      if (now != nullptr || then != nullptr) explained.address = now != nullptr ? now->address : then->address;
      explained.reason = reason_of(task, then != nullptr);
      out_.tasks.push_back(std::move(explained));
    }
  }

  [[nodiscard]] std::string reason_of(const MarathonTask& task, bool is_in) const {
    if (const auto refusal = judged_->refusals.find(task.id); refusal != judged_->refusals.end()) {
      return refusal->second;
    }
    if (!is_in) return wanted() != nullptr ? "another task has its address" : "";
    if (phase_of(task) == TaskPhase::kUnclear) return "it stays, since unreachable = \"keep\"";
    if (health_of(judged_->said, task) == HealthWord::kNoResult) {
      return "its health results are lost: it stays for at most " +
             age_text(std::chrono::duration_cast<std::chrono::seconds>(inputs_.policy.health_memory).count());
    }
    return "";
  }

  // What is committed and Marathon does not list.
  void list_lost_tasks() {
    if (served_ == nullptr) return;
    std::set<std::string> seen;
    for (const ExplainedTask& task : out_.tasks) seen.insert(task.id);
    for (const render::Port& port : served_->ports) {
      for (const render::Server& server : port.servers) {
        if (!seen.insert(server.task_id).second) continue;
        const std::string why = inputs_.marathon ? "Marathon does not list it" : "";
        out_.tasks.push_back({server.task_id, server.host, "", server.address, true, false, why});
      }
    }
  }

  void compare() {
    if (served_ != nullptr && wanted() == nullptr) {
      out_.pending.emplace_back(judged_ ? "it is still routed, and by what Marathon says now it would not be"
                                        : "it is still routed, and Marathon does not have it any more");
      return;
    }
    if (wanted() == nullptr) return;
    if (served_ == nullptr) {
      out_.pending.emplace_back("it would be routed, and is not committed yet");
      return;
    }
    std::vector<std::string> missing;
    std::vector<std::string> left;
    for (const ExplainedTask& task : out_.tasks) {
      if (task.wanted && !task.serves) missing.push_back(task.id);
      if (task.serves && !task.wanted) left.push_back(task.id);
    }
    if (!missing.empty()) out_.pending.push_back("what is committed does not have yet: " + listed(missing));
    if (!left.empty()) out_.pending.push_back("what is committed still has: " + listed(left));
    if (missing.empty() && left.empty() && *wanted() != *served_) {
      out_.pending.push_back(wanted()->hosts == served_->hosts
                                 ? "what is committed has another definition (labels, ports, addresses) of it"
                                 : "what is committed has other hosts: Marathon's word makes " +
                                       (wanted()->hosts.empty() ? std::string("none") : listed(wanted()->hosts)));
    }
  }

  // Why what is pending may last.
  void withhold() {
    if (!inputs_.cluster) return;
    for (const Problem& problem : problems_of(*inputs_.cluster)) {
      const bool stops = problem.kind == "NO LEADER" || problem.kind == "BLOCKED" || problem.kind == "HELD BACK";
      if (problem.kind != "HELD" && (!stops || out_.pending.empty())) continue;
      const std::string since = problem.since.empty() ? "" : "since " + problem.since + ": ";
      out_.withheld.push_back({problem.kind, since + problem.text});
      if (!problem.next.empty()) out_.next.push_back(problem.next);
    }
    if (out_.pending.empty() || !out_.withheld.empty()) return;
    const AgentDocument* leader = leader_of(*inputs_.cluster);
    if (leader != nullptr && leader->condition != coordination::Condition::kOk) {
      out_.withheld.push_back({"LEADER", leader->id + ", which leads, says: " + leader->message});
    } else {
      out_.next.emplace_back("Ask again: a change takes about a second.");
    }
  }

  [[nodiscard]] std::string why_not() const {
    if (!judged_->left_out.empty()) return judged_->left_out;
    if (out_.quarantined && wanted() == nullptr) return "Nginx refuses its definition: " + out_.quarantined->reason;
    return why_no_task(judged_->said, judged_->tasks);
  }

  [[nodiscard]] std::string verdict() const {
    const std::string app = inputs_.app;
    const std::string what = out_.pod ? "pod " + app : app;
    if (!inputs_.marathon) {
      if (!inputs_.routes) {
        return "nothing is known of " + app + ": neither Marathon nor what is committed can be read";
      }
      const std::string servers = served_ == nullptr ? "" : ", with " + counted(served_->servers().size(), "server");
      return app + (out_.routed ? " is routed" + servers : " is not routed") +
             "; Marathon cannot be asked: " + inputs_.marathon.error().message;
    }
    if (!judged_) {
      return out_.routed ? app + " is routed, but Marathon does not have it any more"
                         : app + " is not routed: Marathon has no app and no pod of this id";
    }
    if (foreign_ && !(out_.routed && is_wanted())) {
      const std::string servers = out_.routed ? ", with " + counted(served_->servers().size(), "server") : "";
      return what + (out_.routed          ? " is routed" + servers
                     : served_ != nullptr ? " is among the routes without a server"
                                          : " is not routed: what is committed does not have it");
    }
    if (!out_.routed && is_wanted()) return what + " is not routed yet: what is committed does not have it";
    if (!out_.routed) {
      const bool kept = served_ != nullptr && wanted() != nullptr;
      return what + (kept ? " is among the routes without a server: " : " is not routed: ") + why_not();
    }
    if (!is_wanted()) return what + " is still routed, though by what Marathon says now it would not be: " + why_not();
    const auto serving = std::count_if(out_.tasks.begin(), out_.tasks.end(),
                                       [](const ExplainedTask& task) { return task.serves && !task.state.empty(); });
    const std::size_t tasks = judged_->said.tasks.size();
    const auto in = static_cast<std::size_t>(serving);
    const std::string how = in == tasks ? (tasks == 1 ? "its task" : "all of its " + std::to_string(tasks) + " tasks")
                                        : std::to_string(in) + " of its " + counted(tasks, "task");
    return what + " is routed: " + how + (tasks == 1 || in == 1 ? " serves it" : " serve it") +
           (out_.quarantined ? ", by an earlier definition (quarantined)" : "");
  }

  void advise() {
    if (!out_.not_here.empty()) {
      out_.next.emplace_back(out_.not_here.ends_with(kNotYetHere) ? "Ask again: a change takes about a second."
                                                                  : "On this proxy: chorale check.");
    }
    if (!inputs_.marathon) return;
    if (foreign_) {
      out_.next.insert(out_.next.begin(),
                       have_policy_.empty()
                           ? "Correct this proxy's configuration, and restart its agent."
                           : "Ask on a proxy that has the pool's configuration: " + listed(have_policy_) +
                                 ". Or correct this proxy's, and restart its agent.");
    }
    if (!judged_) {
      if (served_ == nullptr) suggest();
      return;
    }
    if (!foreign_) {
      for (const std::string& advice : judged_->advice) out_.next.push_back(advice);
    }
    if (out_.quarantined) {
      out_.next.emplace_back(
          "Correct its definition, or give Nginx what it lacks. It is tried again when it is another one, and at least "
          "every 10 minutes as it is; /v1/reload of any agent tries it at once.");
    }
    if (!foreign_ && judged_->left_out.empty() && !(out_.quarantined && wanted() == nullptr) && !is_wanted()) {
      for (std::string& advice : advice_on_tasks(judged_->said, judged_->tasks)) out_.next.push_back(std::move(advice));
    }
  }

  void suggest() {
    std::vector<std::string_view> ids;
    for (const auto& [id, app] : inputs_.marathon->all) ids.emplace_back(id);
    if (inputs_.routes) {
      for (const render::App& app : inputs_.routes->apps) ids.emplace_back(app.id);
    }
    std::string_view meant = nearest(inputs_.app, ids);
    if (meant.empty()) {
      const auto ends = [&](std::string_view id) { return id.ends_with(inputs_.app); };
      const auto found = std::find_if(ids.begin(), ids.end(), ends);
      if (found != ids.end()) meant = *found;
    }
    if (!meant.empty()) out_.next.push_back("Did you mean " + std::string(meant) + "?");
  }

  void note_sources() {
    if (inputs_.marathon) {
      out_.notes.push_back("Marathon at " + inputs_.marathon->endpoint + " was asked now (" +
                           counted(static_cast<std::size_t>(inputs_.marathon->requests), "request") + ")");
      if (!inputs_.marathon->names.empty()) {
        out_.notes.emplace_back("host names were looked up on this host; what counts is the leader's resolver");
      }
    }
    if (judged_) {
      for (const NameDispute& dispute : judged_->disputes) {
        out_.notes.push_back("host name " + dispute.name + " is " + dispute.resolved + " on this host, and served at " +
                             dispute.served);
      }
    }
    if (!inputs_.cluster) {
      out_.notes.push_back(inputs_.cluster.error().message + "; " +
                           (inputs_.routes ? "what this proxy has applied last counts, " +
                                                 age_text(inputs_.time - inputs_.routes_at) + " old"
                                           : "what this proxy serves is not known either"));
      return;
    }
    note_cluster(*inputs_.cluster);
  }

  void note_cluster(const coordination::ClusterSnapshot& cluster) {
    const auto& committed = cluster.state.committed;
    if (!committed) {
      out_.notes.emplace_back("nothing is committed yet");
      return;
    }
    const auto at = seconds_of(committed->created_at);
    out_.notes.push_back("revision " + to_text(committed->identity) + " is committed" +
                         (at ? ", made " + age_text(inputs_.time - *at) + " ago" : ""));
    std::vector<std::string> behind;
    for (const AgentDocument& agent : cluster.agents) {
      const auto& served = served_by(agent);
      if (served && served->identity == committed->identity) continue;
      behind.push_back(agent.id + (served ? " (" + to_text(served->identity) + ")" : " (nothing)"));
    }
    if (!behind.empty()) out_.notes.push_back("not on every proxy: these serve another revision: " + listed(behind));
  }

  const ExplainInputs& inputs_;
  const render::App* served_ = nullptr;
  std::optional<Judgement> judged_;
  std::optional<std::string> foreign_;    // what this proxy's policy has otherwise than the pool's
  std::vector<std::string> have_policy_;  // where it is another: agents that have the pool's
  Explanation out_;
};

}  // namespace

std::string app_id_of(const std::string& text) {
  std::string id = text.starts_with('/') ? text : "/" + text;
  while (id.size() > 1 && id.ends_with('/')) id.pop_back();
  return id;
}

Explanation explain(ExplainInputs inputs) {
  inputs.policy.longest_server_name = render::longest_server_name(inputs.template_text, inputs.left_delimiter);
  inputs.policy.service_ports = render::service_port_range(inputs.template_text, inputs.left_delimiter);
  return Composer(inputs).run();
}

}  // namespace chorale::agent
