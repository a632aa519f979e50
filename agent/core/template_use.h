// Which template a pool uses, and what an operator pushed, from what stands in ZooKeeper. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordination/cluster_reader.h"

namespace chorale::agent {

struct TemplateUse {
  struct Pushed {
    std::string digest;
    std::string by;
    std::string at;       // ISO 8601: since when
    bool in_use = false;  // the committed revision was made with it
  };
  std::string digest;            // what the committed revision was made with, its canaries aside; empty: unknown
  std::optional<Pushed> pushed;  // it rules over every agent's file
  std::optional<Pushed> trial;   // on `canaries` alone
  std::vector<std::string> canaries;
  // Agents whose own file is another than what is in use, sorted; without the canaries. None while a template is pushed
  // for all: no file is used then.
  std::vector<std::string> differing;
};
[[nodiscard]] TemplateUse template_use(const coordination::ClusterSnapshot& cluster);

// How an operator sees them: twelve digits, who, when and where; `when` is what the caller makes of Pushed::at.
[[nodiscard]] std::string pushed_text(const TemplateUse::Pushed& pushed, const std::string& when);
[[nodiscard]] std::string trial_text(const TemplateUse& use, const std::string& when);
// What ends a trial, or takes away one that is not in use: nobody should get that. REQUIRES: use.trial.
[[nodiscard]] std::string trial_advice(const TemplateUse& use);

// {"digest", "pushed": null|{"digest", "by", "at", "in_use"}, "trial": null|{..., "on": [...]}, "differing": [...]}
[[nodiscard]] std::string encode(const TemplateUse& use);

}  // namespace chorale::agent
