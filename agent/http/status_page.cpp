#include "agent/http/status_page.h"

#include <utility>

namespace chorale::agent {
namespace {

using coordination::AgentDocument;
using coordination::Condition;
using coordination::RevisionHeader;

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>Chorale</title>
<style>
body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}
h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.6em}
table{border-collapse:collapse}th,td{text-align:left;padding:.25em 1.2em .25em 0;vertical-align:top}
tr+tr td,tr+tr th{border-top:1px solid #ddd}th{font-weight:600;color:#555}
code{font-size:.93em}.ok{color:#176b2c}.degraded{color:#955f00}.down{color:#b00020}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}th{color:#aaa}tr+tr td,tr+tr th{border-color:#444}
.ok{color:#69c783}.degraded{color:#e0a64a}.down{color:#ff7a85}}
</style></head><body>
)";

std::string condition_html(Condition condition) {
  const std::string word(coordination::to_string(condition));
  return "<strong class=\"" + word + "\">" + word + "</strong>";
}

std::string row(std::string_view name, const std::string& html) {
  return "<tr><th>" + std::string(name) + "</th><td>" + html + "</td></tr>\n";
}

std::string identity_html(const coordination::Identity& identity) {
  return to_text(identity) + " <code>" + escape_html(identity.digest.substr(0, 12)) + "</code>";
}

std::string revision_html(const RevisionHeader& header) {
  return identity_html(header.identity) + " &middot; " + std::to_string(header.apps) + " apps, " +
         std::to_string(header.servers) + " servers" +
         (header.quarantined > 0 ? ", " + std::to_string(header.quarantined) + " quarantined" : "") + " &middot; " +
         escape_html(header.created_at) + " &middot; " + escape_html(header.cause);
}

std::string applied_html(const AgentDocument& agent) {
  const auto& applied = agent.applies ? agent.applied : agent.shadow;
  return applied ? identity_html(applied->identity) : "nothing yet";
}

std::string cluster_html(const coordination::ClusterSnapshot& cluster) {
  const auto& state = cluster.state;
  std::string html = "<h2>Cluster</h2>\n<table>\n";
  html += row("Leader", escape_html(state.leader) + ", epoch " + std::to_string(state.epoch.value));
  html += row("Committed", state.committed ? revision_html(*state.committed) : "nothing yet");
  if (state.proposed) html += row("Proposed", revision_html(*state.proposed));
  if (state.held) {
    html += row("Held", "revision " + std::to_string(state.held->revision.value) + " by " +
                            escape_html(state.held->by) + ": " + escape_html(state.held->reason));
  }
  for (const AgentDocument& agent : cluster.agents) {
    if (const auto& blocked = agent.blocked) {
      html += row("Blocked", escape_html("since " + blocked->since + ": " + blocked->reason));
    }
    if (const auto& held = agent.held_back) {
      html += row("Held back", escape_html(held->reason + "; if it is real: chorale accept " + held->digest));
    }
    for (const std::string& id : agent.late) html += row("Late", escape_html(id));
  }
  html += "</table>\n<h2>Agents</h2>\n<table>\n";
  html += "<tr><th>Id</th><th>Role</th><th>Status</th><th>Applied</th><th>Version</th><th>Message</th></tr>\n";
  for (const AgentDocument& agent : cluster.agents) {
    html += "<tr><td>" + escape_html(agent.id) + "</td><td>" +
            (agent.applies ? std::string(coordination::to_string(agent.role)) : "observer") + "</td><td>" +
            condition_html(agent.condition) + "</td><td>" + applied_html(agent) + "</td><td>" +
            escape_html(agent.version) + "</td><td>" + escape_html(agent.message) + "</td></tr>\n";
  }
  html += "</table>\n";
  for (const std::string& unreadable : cluster.unreadable) {
    html += "<p class=\"degraded\">Unreadable agent " + escape_html(unreadable) + "</p>\n";
  }
  for (const coordination::Member& member : missing_members(cluster)) {
    html += "<p class=\"degraded\">Missing agent " + escape_html(member.id) + "</p>\n";
  }
  return html;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string status_page(const std::string& version, const HealthInputs& health,
                        const tl::expected<coordination::ClusterSnapshot, coordination::Error>& cluster) {
  const HealthVerdict verdict = judge(health);
  std::string html(kHead);
  html += "<h1>Chorale on " + escape_html(health.id) + "</h1>\n<table>\n";
  html += row("This proxy", condition_html(verdict.condition) + " &middot; " + escape_html(verdict.message));
  html += row("Nginx", escape_html(health.nginx.running ? "running" : health.nginx.message));
  html += row("ZooKeeper", escape_html(health.view.zookeeper_message));
  for (const EndpointHealth& endpoint : health.endpoints) {
    html += row("Marathon", escape_html(endpoint.endpoint) + " &middot; " + escape_html(endpoint.message));
  }
  for (const coordination::QuarantineEntry& entry : health.quarantined) {
    html += row("Quarantined", escape_html(entry.app + " since " + entry.since + ": " + entry.reason));
  }
  for (const std::string& warning : health.warnings) html += row("Warning", escape_html(warning));
  html += "</table>\n";
  html += cluster ? cluster_html(*cluster)
                  : "<h2>Cluster</h2>\n<p class=\"degraded\">It cannot be read now: " +
                        escape_html(cluster.error().message) + "</p>\n";
  html += "<p>chorale " + escape_html(version) +
          " &middot; <a href=\"/v1/health\">health</a> &middot; <a href=\"/v1/status\">status</a> &middot; "
          "<a href=\"/v1/metrics\">metrics</a></p>\n</body></html>\n";
  return html;
}

}  // namespace chorale::agent
