#include "agent/cli/status_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/cli/table.h"
#include "agent/core/problems.h"
#include "agent/core/template_use.h"

namespace chorale::agent {
namespace {

using coordination::AgentDocument;
using coordination::ClusterSnapshot;
using coordination::RevisionHeader;

constexpr std::size_t kShortDigest = 12;
constexpr std::size_t kStatusHead = 12;
constexpr std::size_t kScreenColumns = 80;
constexpr std::size_t kMostLines = 4;  // of one text; the whole is in --json

std::string status_row(std::string_view head, const std::string& text) {
  std::string padded(head);
  padded.resize(std::max(padded.size() + 1, kStatusHead), ' ');
  return wrapped(padded, text, kMostLines);
}

std::string ago(const std::string& at, std::int64_t time) {
  const auto seconds = seconds_of(at);
  return seconds ? age_text(time - *seconds) + " ago" : at;
}

std::string revision_text(const RevisionHeader& header, std::int64_t time) {
  std::string text = to_text(header.identity) + " " + header.identity.digest.substr(0, kShortDigest) + ", " +
                     std::to_string(header.apps) + " apps, " + std::to_string(header.servers) + " servers";
  if (header.quarantined > 0) text += ", " + std::to_string(header.quarantined) + " quarantined";
  return text + ", made " + ago(header.created_at, time);
}

std::string role_text(const AgentDocument& agent) {
  return agent.applies ? std::string(coordination::to_string(agent.role)) : "observer";
}

// How far an agent is behind what is committed: in revisions, and for how long at least, by when that was made.
std::string lag(const AgentDocument& agent, const std::optional<RevisionHeader>& committed, std::int64_t time) {
  const auto& served = served_by(agent);
  const bool is_out = agent.applies && agent.nginx == "down";  // what it has applied, nobody gets
  if (!served || !committed || is_out) return "-";
  if (served->identity == committed->identity) return "0";
  const auto behind = committed->identity.revision.value - served->identity.revision.value;
  const auto made = seconds_of(committed->created_at);
  return (behind > 0 ? std::to_string(behind) : "differs") + (made ? ", " + age_text(time - *made) : std::string());
}

// In the unit that says most: the exact number is in --json.
std::string size_text(const coordination::TreeSize& size) {
  constexpr std::int64_t kKib = 1024;
  const auto kib = (size.bytes + kKib / 2) / kKib;
  return std::to_string(size.znodes) + " znodes in ZooKeeper, " + std::to_string(kib) + " KiB";
}

std::string list(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ", ") + id;
  return text;
}

std::string policy_text(const coordination::PolicyValues& policy) {
  std::string text = coordination::policy_digest(policy);
  for (const auto& [name, value] : policy) text += " " + name + "=\"" + value + "\"";
  return text;
}

// What an operator pushed; where nothing is, each agent's own file rules.
std::string template_rows(const TemplateUse& use, std::int64_t time) {
  std::string text;
  if (use.pushed) text += status_row("template", pushed_text(*use.pushed, ago(use.pushed->at, time)));
  if (!use.trial) return text;
  return text + status_row("trial", trial_text(use, ago(use.trial->at, time))) + status_row("", trial_advice(use));
}

// What else there is to say of an agent, below its row, where the problems on top do not say it.
std::string remarks(const AgentDocument& agent, const TemplateUse& use, const std::vector<Problem>& problems) {
  std::vector<std::string> texts;
  const bool said = std::any_of(problems.begin(), problems.end(), [&](const Problem& problem) {
    const bool is_of_it = problem.text.starts_with(agent.id + ":") || problem.text.starts_with(agent.id + " ");
    return is_of_it && problem.text.find(agent.message) != std::string::npos;
  });
  if (agent.message != "OK" && !said) texts.push_back(agent.message);
  const auto has = [&agent](const std::vector<std::string>& ids) {
    return std::find(ids.begin(), ids.end(), agent.id) != ids.end();
  };
  if (has(use.differing)) {
    texts.push_back("its template file, " + agent.template_digest.substr(0, kShortDigest) +
                    ", is not what is in use, " + use.digest.substr(0, kShortDigest));
  }
  if (use.trial && use.trial->in_use && has(use.canaries)) {
    texts.push_back("on trial here: template " + use.trial->digest.substr(0, kShortDigest));
  }
  const bool refused = agent.vote && agent.vote->result != coordination::VoteResult::kAck && !agent.vote->error.empty();
  if (refused && agent.message.find(agent.vote->error) == std::string::npos) {
    texts.push_back("said " + std::string(coordination::to_string(agent.vote->result)) + " to " +
                    to_text(agent.vote->identity) + ": " + agent.vote->error);
  }
  std::string text;
  for (const std::string& one : texts) text += wrapped("  - ", one, kMostLines);
  return text;
}

using Row = std::vector<std::string>;

// Where a row is too long for the screen, its first cell stands above the others.
std::string agent_rows(const std::vector<Row>& rows, const std::vector<std::string>& below) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], safe(row[i]).size());
  }
  std::size_t others = 0;
  for (std::size_t i = 1; i < widths.size(); ++i) others += widths[i] + 2;
  const bool stacked = widths[0] + others > kScreenColumns;
  if (stacked) widths[0] = 2;
  std::string text;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::string cells = stacked ? "" : safe(rows[row][0]);
    if (stacked) text += safe(rows[row][0]) + "\n";
    cells.resize(widths[0], ' ');
    for (std::size_t i = 1; i < widths.size(); ++i) {
      std::string cell = safe(rows[row][i]);
      cell.resize(widths[i], ' ');
      cells += "  " + cell;
    }
    cells.erase(cells.find_last_not_of(' ') + 1);
    text += cells + "\n" + below[row];
  }
  return text;
}

std::string problems_text(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    const std::string since = problem.since.empty() ? "" : "since " + problem.since + ": ";
    text += status_row(problem.kind, since + problem.text);
    if (!problem.next.empty()) text += status_row("", problem.next);
  }
  return text.empty() ? text : text + "\n";
}

}  // namespace

std::string status_text(const ClusterSnapshot& snapshot, std::int64_t time) {
  const auto& state = snapshot.state;
  const std::vector<Problem> problems = problems_of(snapshot);
  std::string text = problems_text(problems);
  text += status_row("leader", (state.leader.empty() ? std::string("none") : state.leader) + ", epoch " +
                                   std::to_string(state.epoch.value));
  text += status_row("committed", state.committed ? revision_text(*state.committed, time) : "nothing yet");
  if (state.committed) text += status_row("cause", state.committed->cause);
  if (state.proposed) text += status_row("proposed", revision_text(*state.proposed, time));
  if (const auto policy = pool_policy(snapshot)) text += status_row("policy", policy_text(*policy));
  const TemplateUse use = template_use(snapshot);
  text += template_rows(use, time);
  for (const AgentDocument& agent : snapshot.agents) {
    if (agent.tree) text += status_row("tree", size_text(*agent.tree));
    if (!agent.late.empty()) text += status_row("late", list(agent.late));
  }

  std::vector<Row> rows{{"AGENT", "ROLE", "STATUS", "NGINX", "APPLIED", "DIGEST", "LAG"}};
  std::vector<std::string> below{""};
  for (const AgentDocument& agent : snapshot.agents) {
    const auto& served = served_by(agent);
    rows.push_back({agent.id, role_text(agent), std::string(coordination::to_string(agent.condition)),
                    agent.nginx.empty() ? "-" : agent.nginx, served ? to_text(served->identity) : "-",
                    served ? served->identity.digest.substr(0, kShortDigest) : "-", lag(agent, state.committed, time)});
    below.push_back(remarks(agent, use, problems));
  }
  text += "\n" + agent_rows(rows, below);
  if (snapshot.agents.empty()) text += "(no agent is registered)\n";
  return text;
}

std::string local_status_text(const LocalStatus& local, std::int64_t time) {
  std::string text = wrapped("", local.why);
  if (!local.id.empty()) text += wrapped("", "What the agent of this proxy knows by itself:");
  text += "\n";
  if (local.id.empty()) return text;
  text += status_row("agent", local.id + ", " + local.role + ", " + local.condition + ": " + local.message);
  text += status_row("serves", local.applied == 0 ? "nothing of Chorale's yet"
                                                  : "revision " + std::to_string(local.applied) + " " +
                                                        local.digest.substr(0, kShortDigest));
  const std::string age =
      local.as_of.empty() ? "as it is now" : "as it was " + ago(local.as_of, time) + " (" + local.as_of + ")";
  // Who is registered is not known without a session, and 0 would be no answer.
  const std::string agents = local.agents > 0 ? ", " + std::to_string(local.agents) + " agents" : "";
  text += status_row("cluster", age + ": leader " + (local.leader.empty() ? "none" : local.leader) +
                                    ", committed revision " + std::to_string(local.committed) + agents);
  return text;
}

}  // namespace chorale::agent
