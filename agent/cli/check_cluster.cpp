// `chorale check`: ZooKeeper, Marathon, and the clock that they go by.
#include <time.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "agent/cli/check_parts.h"
#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/http_get.h"
#include "agent/config/config_values.h"
#include "agent/marathon/requests.h"

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr milliseconds kServerPatience{2'000};  // for each server
constexpr milliseconds kMarathonPatience{5'000};
constexpr seconds kMaxClockDifference{60};

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
std::optional<std::string> why_unwell(const HttpAnswer& answer) {
  if (answer.status >= 200 && answer.status < 300) return std::nullopt;
  if (is_redirect(answer.status)) return std::nullopt;  // a standby may send to the leader; the agent follows
  const std::string status = "answers HTTP " + std::to_string(answer.status);
  if (answer.status == 401 || answer.status == 403) return status + "; are user and pass right?";
  if (answer.status == 404) return status + " to /ping; is this Marathon's base URL?";
  return status;
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
}

void check_marathon(CheckReport& report, const Config& config) {
  for (const std::string& missing : missing_for_agent(config)) report.fail("marathon", missing, kExitUsage);
  const std::string credentials = config.user.empty() ? std::string() : config.user + ":" + config.pass;
  std::vector<std::pair<std::string, std::string>> silent;
  bool any = false;
  bool compared = false;
  for (const std::string& endpoint : config.marathon) {
    const auto url = parse_url(endpoint);
    const auto answer = url ? http_get(url->below("/ping"), credentials, config.ca_file, kMarathonPatience)
                            : tl::unexpected(url.error());
    const auto why = answer ? why_unwell(*answer) : std::optional(answer.error().message);
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
