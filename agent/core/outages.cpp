#include "agent/core/outages.h"

#include <algorithm>
#include <utility>

#include "agent/base/duration_text.h"
#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr Milliseconds kStartGrace{5'000};
constexpr Milliseconds kHandover{1'000};       // the next leader is there within it
constexpr Milliseconds kPolicySettled{5'000};  // after a reconnect the policies of the others come one by one
constexpr std::size_t kLongestWhy = 300;

std::string why_away(const std::vector<EndpointHealth>& endpoints) {
  const auto ill = std::find_if(endpoints.begin(), endpoints.end(),
                                [](const EndpointHealth& endpoint) { return !endpoint.healthy; });
  if (ill == endpoints.end()) return "no endpoint answers";
  const std::string all =
      endpoints.size() > 1 ? "none of " + std::to_string(endpoints.size()) + " endpoints answers, first " : "";
  return all + one_line(ill->endpoint) + ": " + one_line(ill->message, kLongestWhy);
}

}  // namespace

void Outages::judge(Outage& outage, TimePoint now, bool there, const std::string& lost, const std::string& back,
                    Milliseconds grace) {
  if (there) {
    outage.was_there = true;
    const auto since = std::exchange(outage.since, std::nullopt);
    if (!std::exchange(outage.told, false)) return;
    const auto lasted = std::chrono::duration_cast<Milliseconds>(now - *since);
    lines_.push_back({LogLine::Level::kInfo, back + ", after " + duration_text(lasted), true});
    return;
  }
  if (!outage.since) outage.since = now;
  if (outage.told || now - *outage.since < (outage.was_there ? grace : kStartGrace)) return;
  outage.told = true;
  lines_.push_back({LogLine::Level::kWarning, lost, true});
}

std::vector<LogLine> Outages::look(const HealthInputs& inputs, std::optional<bool> marathon_answers,
                                   std::optional<TimePoint> silent_since) {
  lines_.clear();
  const coordination::ViewChanged& view = inputs.view;
  const std::string stays =
      inputs.nginx.shadow ? "; shadow.conf stays as it is" : "; Nginx goes on serving what it has";
  if (!inputs.standalone) {
    const std::string why =
        zookeeper_.was_there ? "connection lost" : "not connected since the start, " + view.zookeeper_message;
    judge(zookeeper_, inputs.now, view.connected, "ZooKeeper: " + why + stays, "ZooKeeper: connected again");
    // Who leads is known while this agent is registered.
    if (view.connected && view.registered) judge_leader(inputs, stays);
    judge_policy(inputs);
  }
  if (marathon_answers) {
    if (!*marathon_answers && !marathon_.since) marathon_.since = silent_since.value_or(inputs.now);
    judge(marathon_, inputs.now, *marathon_answers, "Marathon: " + why_away(inputs.endpoints) + stays,
          "Marathon: answers again");
  }
  judge_template(inputs);
  return std::move(lines_);
}

// A handover is told as such, by all but the new leader, which says itself that it leads.
void Outages::judge_leader(const HealthInputs& inputs, const std::string& stays) {
  const coordination::ViewChanged& view = inputs.view;
  const bool led = !view.leader.empty() && !view.leaderless_since;
  const std::string last =
      view.leader.empty() ? std::string() : ": " + one_line(view.leader) + " led last and is not registered";
  const bool told = leader_.told;
  judge(leader_, inputs.now, led, "no leader" + last + stays, "led again", kHandover);
  if (!led || view.leader == led_by_) return;
  const std::string before = std::exchange(led_by_, view.leader);
  if (told || before.empty() || view.role == coordination::Role::kLeader) return;
  lines_.push_back(
      {LogLine::Level::kInfo, one_line(view.leader) + " leads now, " + one_line(before) + " did before", true});
}

void Outages::judge_policy(const HealthInputs& inputs) {
  const auto& difference = inputs.view.policy_difference;
  const bool is_known = inputs.view.connected && inputs.view.registered;
  if (!is_known || difference.has_value() == policy_.told) return policy_changes_since_.reset();
  const TimePoint since = policy_changes_since_.value_or(inputs.now);
  policy_changes_since_ = since;
  if (inputs.now - since < kPolicySettled) return;
  policy_changes_since_.reset();
  const auto told_since = std::exchange(policy_.since, since);
  policy_.told = difference.has_value();
  if (difference) {
    lines_.push_back({LogLine::Level::kWarning,
                      "policy: this agent's is not the pool's: " + one_line(*difference, kLongestWhy) +
                          "; what it serves is the pool's all the same",
                      true});
    return;
  }
  const auto lasted = std::chrono::duration_cast<Milliseconds>(since - *told_since);
  lines_.push_back(
      {LogLine::Level::kInfo, "policy: this agent's is the pool's now, after " + duration_text(lasted), true});
}

// Of a leader that uses its file, its choice of a template says more (daemon/template_choice).
void Outages::judge_template(const HealthInputs& inputs) {
  const auto& trouble = inputs.template_file_trouble;
  if (inputs.view.role == coordination::Role::kLeader && !inputs.template_pushed) {
    template_.told = trouble.has_value();
    template_.since = trouble ? std::optional(template_.since.value_or(inputs.now)) : std::nullopt;
    return;
  }
  const std::string why = trouble ? one_line(trouble->message, kLongestWhy) : std::string();
  judge(template_, inputs.now, !trouble,
        "template: " + why +
            (inputs.template_pushed ? "; it is not used: a pushed one rules" : "; the last good one stays in use"),
        "template: this host's file can be used again");
}

}  // namespace chorale::agent
