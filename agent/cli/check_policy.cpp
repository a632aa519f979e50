// `chorale check`: whether this agent would have the policy of its pool.
#include <optional>
#include <string>

#include "agent/base/http_client.h"
#include "agent/cli/check_parts.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/table.h"
#include "agent/config/policy_values.h"
#include "agent/marathon/framework_id.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::milliseconds kPatience{2'000};

// The first endpoint that says which Marathon it is; what is wrong with the others is said elsewhere.
std::optional<std::string> ask_framework_id(const Config& config, const std::string& authorization) {
  const HttpQuestion question = question_to_marathon(config, authorization, kPatience);
  for (const std::string& endpoint : marathon_urls(config)) {
    const auto url = parse_url(endpoint);
    if (!url) continue;
    const auto answer = ask_http(url->below("/v2/info"), question);
    if (!answer || answer->status != 200) continue;
    if (auto id = parse_framework_id(answer->body)) return std::move(*id);
  }
  return std::nullopt;
}

}  // namespace

void check_policy(CheckReport& report, const Config& config, const std::string& authorization) {
  if (config.standalone) return;
  ClusterSession session(config.zookeeper);
  const auto cluster = session.read_cluster(kPatience);
  if (!cluster) return;  // unreachable was said; a pool without a state has no policy
  const auto policy = pool_policy(*cluster);
  if (!policy) return;
  const auto difference =
      coordination::policy_difference(policy_values(config, ask_framework_id(config, authorization)), *policy);
  if (difference && !config.apply) {
    report.warn("policy", safe(*difference) + ": what this observer shows is the pool's all the same");
    return;
  }
  if (difference) {
    report.warn("policy", safe(*difference) +
                              ": this agent does not lead until it is the same, or until more than half "
                              "of the members have what this one has");
    return;
  }
  report.ok("policy", "the pool's, " + coordination::policy_digest(*policy));
}

}  // namespace chorale::agent
