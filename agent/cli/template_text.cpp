#include "agent/cli/template_text.h"

#include <algorithm>

#include "agent/base/clock.h"
#include "agent/cli/table.h"
#include "agent/core/applying/published_files.h"
#include "agent/core/template_use.h"

namespace chorale::agent {
namespace {

using coordination::ClusterSnapshot;
using coordination::TemplateDocument;
using coordination::TemplateVersion;

constexpr std::size_t kShownDigits = 12;

// Which of a document's templates are in use, by what is committed.
struct InUse {
  bool current = false;    // by all, or while on trial by its agents
  std::string everywhere;  // the digest of what all others have; empty: unknown
};

InUse in_use(const ClusterSnapshot& cluster) {
  const TemplateDocument& document = *cluster.pushed_template;
  const TemplateUse use = template_use(cluster);
  if (use.trial) return {use.trial->in_use, use.digest};
  bool is_current = document.current.file.digest == use.digest;
  if (document.current.from_file) {  // whatever it says now
    is_current = is_current || std::any_of(cluster.agents.begin(), cluster.agents.end(), [&](const auto& agent) {
                   return agent.role == coordination::Role::kLeader && agent.template_digest == use.digest;
                 });
  }
  return {is_current && !use.digest.empty(), use.digest};
}

std::string current_use(const TemplateDocument& document, const InUse& use) {
  if (!document.on.empty()) {
    return use.current ? "on " + list_of(document.on) : "not yet (on " + list_of(document.on) + ")";
  }
  if (!use.current) return "not yet";
  return "everywhere";
}

// Why what was pushed last is not in use; empty: it is.
std::string obstacle(const ClusterSnapshot& cluster, const InUse& use) {
  const TemplateDocument& document = *cluster.pushed_template;
  if (use.current) return "";
  const std::string what = document.current.from_file ? version_text(document.current) : short_digest(document.current);
  if (cluster.state.held) {
    return what + " comes into force after `chorale release`: " + to_text(*cluster.state.held) + ".";
  }
  for (const coordination::AgentDocument& agent : cluster.agents) {
    if (agent.role != coordination::Role::kLeader || !agent.message.starts_with("template: ")) continue;
    return what + " is not in use: " + agent.id + " says " + agent.message + ".";
  }
  return what + " is not in use yet; see `chorale status`.";
}

}  // namespace

std::string time_text(const std::string& at) {
  if (!parse_utc(at)) return safe(at);
  std::string text = at.substr(0, 19) + "Z";
  text[10] = ' ';
  return text;
}

std::string short_digest(const TemplateVersion& version) { return version.file.digest.substr(0, kShownDigits); }

std::string list_of(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ", ") + safe(id);
  return text;
}

std::string version_text(const TemplateVersion& version) {
  if (version.from_file) return "the leader's template file";
  return "template " + short_digest(version) + " (" + safe(version.by) + ", " + time_text(version.at) + ")";
}

std::string rollback_text(const TemplateDocument& document) {
  if (document.previous.empty()) return "There is no earlier one to roll back to";
  const std::string before = version_text(document.previous.front());
  if (!document.on.empty()) {
    return "For all: chorale template push. To end the trial: chorale template rollback; then " + before +
           " is in use everywhere";
  }
  // A rollback leaves what it took away in front, newer than what it went back to.
  return document.previous.front().at > document.current.at
             ? "`chorale template rollback` undoes the last rollback: it brings back " + before
             : "`chorale template rollback` goes back to " + before;
}

std::string template_history_text(const ClusterSnapshot& cluster) {
  if (!cluster.pushed_template) return "nothing was pushed: each leader's own file rules\n";
  const TemplateDocument& document = *cluster.pushed_template;
  const InUse use = in_use(cluster);
  const bool on_trial = !document.on.empty();
  std::vector<std::vector<std::string>> rows{{"TEMPLATE", "BYTES", "PUSHED", "BY", "IN USE"}};
  const auto add = [&rows](const TemplateVersion& version, const std::string& used) {
    rows.push_back(
        {short_digest(version), std::to_string(version.file.bytes), time_text(version.at), version.by, used});
  };
  add(document.current, current_use(document, use));
  bool is_named = !on_trial && use.current;
  for (const TemplateVersion& version : document.previous) {
    const bool is_it = !is_named && !use.everywhere.empty() && version.file.digest == use.everywhere;
    is_named = is_named || is_it;
    add(version, !is_it ? "" : on_trial && use.current ? "everywhere else" : "everywhere");
  }
  std::string text = table(rows) + "\n";
  if (!is_named && cluster.state.committed && !use.everywhere.empty()) {
    text += wrapped("", "In use is " + use.everywhere.substr(0, kShownDigits) + ", the template of revision " +
                            to_text(cluster.state.committed->identity) + ", which is none of these.");
  }
  if (use.current && document.current.from_file && document.current.file.digest != use.everywhere) {
    text +=
        wrapped("", "The leader's file has changed since: " + use.everywhere.substr(0, kShownDigits) + " is in use.");
  }
  if (!document.rolled_back_by.empty()) {
    text += wrapped("", "The first is there by a rollback of " + document.rolled_back_by + ".");
  }
  if (const std::string why = obstacle(cluster, use); !why.empty()) text += wrapped("", why);
  return text + wrapped("", rollback_text(document) + ".");
}

}  // namespace chorale::agent
