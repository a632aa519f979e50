#include "agent/core/template_use.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/core/applying/published_files.h"

namespace chorale::agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShortDigest = 12;

std::string committed_digest(const coordination::ClusterSnapshot& cluster, std::string_view file) {
  const auto found = cluster.committed_files.find(std::string(file));
  return found == cluster.committed_files.end() ? std::string() : found->second;
}

TemplateUse::Pushed pushed_of(const coordination::TemplateVersion& version, const std::string& committed) {
  return {version.file.digest, version.by, version.at, version.file.digest == committed};
}

Json to_json(const std::optional<TemplateUse::Pushed>& pushed) {
  if (!pushed) return {};
  return Json{{"digest", pushed->digest}, {"by", pushed->by}, {"at", pushed->at}, {"in_use", pushed->in_use}};
}

std::string pushed_head(const TemplateUse::Pushed& pushed, const std::string& when) {
  return "pushed " + pushed.digest.substr(0, kShortDigest) + " (" + pushed.by + ", " + when + "): ";
}

}  // namespace

TemplateUse template_use(const coordination::ClusterSnapshot& cluster) {
  TemplateUse use;
  use.digest = committed_digest(cluster, kTemplateName);
  if (const auto& document = cluster.pushed_template) {
    const bool on_trial = !document->on.empty();
    if (on_trial) {
      use.canaries = document->on;
      use.trial = pushed_of(document->current, committed_digest(cluster, kCanaryTemplateName));
    }
    if (!on_trial && !document->current.from_file) use.pushed = pushed_of(document->current, use.digest);
    if (on_trial && !document->previous.empty() && !document->previous.front().from_file) {
      use.pushed = pushed_of(document->previous.front(), use.digest);
    }
    if (use.pushed) return use;
  }
  for (const coordination::AgentDocument& agent : cluster.agents) {
    const bool known = !use.digest.empty() && !agent.template_digest.empty();
    const bool tries = std::find(use.canaries.begin(), use.canaries.end(), agent.id) != use.canaries.end();
    if (known && !tries && agent.template_digest != use.digest) use.differing.push_back(agent.id);
  }
  return use;
}

std::string pushed_text(const TemplateUse::Pushed& pushed, const std::string& when) {
  return pushed_head(pushed, when) +
         (pushed.in_use ? "in use instead of each proxy's own file" : "not in use yet, the last good one is");
}

std::string trial_text(const TemplateUse& use, const std::string& when) {
  std::string ids;
  for (const std::string& id : use.canaries) ids += (ids.empty() ? "" : ", ") + id;
  return pushed_head(*use.trial, when) + (use.trial->in_use ? "in use on " + ids + " alone" : "not in use on " + ids);
}

std::string trial_advice(const TemplateUse& use) {
  return use.trial->in_use ? "For all: chorale template push; to end it: chorale template rollback."
                           : "The leader's health says why, if this lasts. To take it back: chorale template rollback.";
}

std::string encode(const TemplateUse& use) {
  Json trial = to_json(use.trial);
  if (use.trial) trial["on"] = use.canaries;
  const Json json{{"digest", use.digest},
                  {"pushed", to_json(use.pushed)},
                  {"trial", std::move(trial)},
                  {"differing", use.differing}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace chorale::agent
