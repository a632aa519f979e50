#include "agent/cli/explain_text.h"

#include <string_view>
#include <vector>

#include "agent/cli/table.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kExplainHead = 12;

std::string explain_line(std::string_view head, const std::string& text) {
  std::string padded(head);
  padded.resize(std::max(padded.size() + 1, kExplainHead), ' ');
  return wrapped(padded, text);
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

// in, out: it is so by both; soon, still: by what Marathon says now it will be otherwise.
std::string word_of(const ExplainedTask& task) {
  if (task.serves) return task.wanted ? "in" : "still";
  return task.wanted ? "soon" : "out";
}

std::string task_line(const ExplainedTask& task) {
  std::string text = task.id;
  if (!task.address.empty()) {
    text += " at " + task.address;
  } else if (!task.host.empty()) {
    text += " on " + task.host;
  }
  if (!task.state.empty() && task.state != "TASK_RUNNING" && task.state != task.reason) text += ", " + task.state;
  if (!task.reason.empty()) text += ": " + task.reason;
  return explain_line("  " + word_of(task), text);
}

}  // namespace

std::string explain_text(const Explanation& explanation) {
  std::string text = wrapped("", explanation.verdict) + "\n";
  if (!explanation.path.empty()) text += explain_line("path", explanation.path);
  if (!explanation.hosts.empty()) text += explain_line("hosts", joined(explanation.hosts));
  if (!explanation.urls.empty()) {
    text += explain_line(explanation.routed && explanation.not_here.empty() ? "url" : "url (then)",
                         joined(explanation.urls));
  }
  if (!explanation.shown_with.empty()) text += explain_line("as one", "with " + joined(explanation.shown_with));
  if (!explanation.tasks.empty()) text += "tasks\n";
  for (const ExplainedTask& task : explanation.tasks) text += task_line(task);
  for (const std::string& reduced : explanation.reduced) text += explain_line("but", "it " + reduced);
  for (const HostConflict& conflict : explanation.conflicts) {
    text += explain_line("conflict", "host " + conflict.host + " is " + conflict.owner + "'s");
  }
  if (const auto& entry = explanation.quarantined) {
    const std::string since = entry->since.empty() ? "" : "since " + entry->since + ": ";
    text += explain_line("quarantined", since + entry->reason);
  }
  for (const std::string& pending : explanation.pending) text += explain_line("pending", pending);
  for (const Withheld& one : explanation.withheld) text += explain_line(one.kind, one.text);
  for (const std::string& next : explanation.next) text += explain_line("next", next);
  for (const std::string& note : explanation.notes) text += explain_line("as of", note);
  return text;
}

}  // namespace chorale::agent
