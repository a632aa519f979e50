// `chorale check`: ZooKeeper, Marathon, and the clock that they go by.
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

#include "agent/base/http_client.h"
#include "agent/base/text_file.h"
#include "agent/cli/check_parts.h"
#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/table.h"
#include "agent/config/config_values.h"
#include "agent/core/template_use.h"
#include "agent/marathon/requests.h"
#include "coordination/documents.h"
#include "coordination/paths.h"

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr milliseconds kServerPatience{2'000};  // for each server
constexpr milliseconds kMarathonPatience{5'000};
constexpr seconds kMaxClockDifference{60};
constexpr std::size_t kMaxInstanceBytes = 1'024;

// Reports which of ZooKeeper's servers do not answer, and why. True if any does.
bool check_servers(CheckReport& report, const std::string& hosts) {
  std::vector<std::pair<std::string, std::string>> silent;
  bool any = false;
  for (const std::string& server : split(hosts, ",")) {
    const auto colon = server.rfind(':');
    std::string host = server.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (auto why = why_unreachable(host, server.substr(colon + 1), kServerPatience)) {
      silent.emplace_back(server, std::move(why->message));
    } else {
      any = true;
    }
  }
  for (const auto& [server, why] : silent) {
    if (any) {
      report.warn("zookeeper", server + ": " + why + "; the others carry on without it");
    } else {
      report.fail("zookeeper", server + ": " + why + "; is it running, is the name right, is the port open?",
                  kExitUnreachable);
    }
  }
  return any;
}

// Why the endpoint cannot be used; nullopt: it is Marathon, and well.
std::optional<std::string> why_unwell(const HttpAnswer& answer, const Url& url, const TlsFiles& tls) {
  if (answer.status >= 200 && answer.status < 300) return std::nullopt;
  if (is_redirect(answer.status)) return std::nullopt;  // a standby may send to the leader; the agent follows
  const std::string status = "answers HTTP " + std::to_string(answer.status);
  if (answer.status == 401 || answer.status == 403) return status + "; are the credentials right?";
  if (answer.status == 404) return status + " to /ping; is this Marathon's base URL?";
  return status + certificate_hint(url, answer.status, tls);
}

void check_clock(CheckReport& report, const std::string& endpoint, const std::string& date) {
  const auto theirs = parse_http_date(date);
  if (!theirs) return;
  const auto ahead = std::chrono::duration_cast<seconds>(system_clock::now() - *theirs);
  if (std::chrono::abs(ahead) <= kMaxClockDifference) return;
  report.warn("clock", "this host's clock is " + std::to_string(std::abs(ahead.count())) + " s " +
                           (ahead.count() > 0 ? "ahead of" : "behind") + " that of " + endpoint +
                           "; times in status and log will mislead: synchronise it (chronyd, ntpd)");
}

// Two agents of one name would wait for each other to go.
void check_id_is_free(CheckReport& report, const Config& config, ClusterSession& session) {
  const coordination::Path path = coordination::Paths(config.zookeeper.root).agents.child(config.id);
  const auto read = session.execute(coordination::ReadNode{path}, kServerPatience);
  if (!read || !*read) return;  // nobody has it
  const auto* node = std::get_if<coordination::NodeRead>(&**read);
  const auto agent = node == nullptr ? tl::unexpected(coordination::Error{coordination::ErrorKind::kMalformed, ""})
                                     : coordination::decode_agent(node->data);
  if (!agent) return report.warn("id", path.text() + " cannot be read: " + safe(agent.error().message));
  const auto own = read_text_file(config.state_dir + "/instance", kMaxInstanceBytes);
  if (own && trim(*own) == agent->instance) return;
  report.fail("id",
              "\"" + config.id + "\" is registered by another agent, on " + safe(agent->host) +
                  "; give each agent an id of its own (key \"id\")",
              kExitUsage);
}

// The rights that an agent needs, tried: what an ACL means depends on the credentials.
void check_tree(CheckReport& report, const Config& config, ClusterSession& session) {
  const coordination::Paths paths(config.zookeeper.root);
  const auto root = session.execute(coordination::ReadNode{paths.root}, kServerPatience);
  if (!root) return report.fail("zookeeper", root.error().message, root.error().exit_code);
  if (!*root && root->error().kind == coordination::ErrorKind::kNoNode) {
    return report.ok("zookeeper", paths.root.text() + " is not there yet: the first agent creates it");
  }
  const auto may = [&](const coordination::Operation& operation) {
    const auto done = session.execute(operation, kServerPatience);
    if (!done) {
      report.fail("zookeeper", done.error().message, done.error().exit_code);
      return false;
    }
    if (*done || done->error().kind != coordination::ErrorKind::kNoAuth) return true;
    report.fail("zookeeper", done->error().message + ": the agent could not register, or not lead", kExitUsage);
    return false;
  };
  // An ephemeral that no agent takes for a candidate, and a write at a version that no state has.
  const coordination::Path probe = paths.election.child("check-" + std::to_string(::getpid()));
  constexpr coordination::Version kNone{std::numeric_limits<std::int32_t>::max()};
  if (!may(coordination::CreateNode{probe, "", coordination::NodeKind::kEphemeral}) ||
      !may(coordination::DeleteNode{probe, coordination::kAnyVersion}) ||
      !may(coordination::WriteNode{paths.state, "", kNone})) {
    return;
  }
  report.ok("zookeeper", "this agent may register and lead below " + paths.root.text());
  check_id_is_free(report, config, session);
}

// That nginx_template, which is tested above, is not what this pool uses.
void check_pushed_template(CheckReport& report, const Config& config, ClusterSession& session) {
  const auto cluster = session.read_cluster(kServerPatience);
  if (!cluster) return;  // nothing is there yet; else it was said
  const TemplateUse use = template_use(*cluster);
  if (use.pushed) {
    report.ok("template", safe(pushed_text(*use.pushed, "at " + use.pushed->at)) + "; " + config.nginx_template +
                              " is not used until that is taken back: chorale template rollback");
  }
  if (use.trial) report.ok("template", safe(trial_text(use, "at " + use.trial->at)) + ". " + trial_advice(use));
}

}  // namespace

std::optional<system_clock::time_point> parse_http_date(const std::string& text) {
  std::tm utc{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return system_clock::from_time_t(::timegm(&utc));
}

void check_zookeeper(CheckReport& report, const Config& config) {
  if (config.standalone) {
    report.ok("zookeeper", "not set: this agent runs standalone");
    return;
  }
  if (config.zookeeper.credentials.empty()) {
    report.warn("zookeeper",
                "no credentials are set: anyone who can write to ZooKeeper configures every proxy "
                "(zk://user:password@..., or zookeeper_auth_file)");
  }
  if (!check_servers(report, config.zookeeper.hosts)) return;
  ClusterSession session(config.zookeeper);
  if (const auto connected = session.connect(kServerPatience); !connected) {
    report.fail("zookeeper", connected.error().message, connected.error().exit_code);
    return;
  }
  report.ok("zookeeper", config.zookeeper.hosts + " answers, root " + config.zookeeper.root.text());
  check_tree(report, config, session);
  check_pushed_template(report, config, session);
}

void check_marathon(CheckReport& report, const Config& config, const std::string& authorization) {
  for (const std::string& missing : missing_for_agent(config)) report.fail("marathon", missing, kExitUsage);
  const HttpQuestion question = question_to_marathon(config, authorization, kMarathonPatience);
  std::vector<std::pair<std::string, std::string>> silent;
  bool any = false;
  bool compared = false;
  for (const std::string& endpoint : config.marathon) {
    const auto url = parse_url(endpoint);
    const auto answer = url ? ask_http(url->below("/ping"), question) : tl::unexpected(url.error());
    const auto why = answer ? why_unwell(*answer, *url, config.tls) : std::optional(answer.error().message);
    if (why) {
      silent.emplace_back(endpoint, *why);
      continue;
    }
    any = true;
    report.ok("marathon", endpoint + " answers");
    if (!std::exchange(compared, true)) check_clock(report, endpoint, answer->date);
  }
  for (const auto& [endpoint, why] : silent) {
    if (any) {
      report.warn("marathon", endpoint + ": " + why + "; the others are used meanwhile");
    } else {
      report.fail("marathon", endpoint + ": " + why, kExitUnreachable);
    }
  }
}

}  // namespace chorale::agent
