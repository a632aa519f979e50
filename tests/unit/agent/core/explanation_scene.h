// One app, a pool of two and Marathon's word, for the tests of explain().
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "agent/core/explanation.h"
#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {

inline constexpr std::int64_t kCommittedAt = 1'764'201'600;  // 2025-11-27T00:00:00Z
inline constexpr const char* kCommittedText = "2025-11-27T00:00:00.000Z";

inline coordination::Identity identity(std::int64_t revision) {
  return {coordination::Epoch{7}, coordination::Revision{revision}, std::string(64, 'a')};
}

inline coordination::ClusterSnapshot pool() {
  coordination::ClusterSnapshot cluster;
  cluster.state.leader = "proxy-1";
  cluster.state.committed = coordination::RevisionHeader{identity(41), kCommittedText, "full sync", 1, 1, 0};
  for (const char* id : {"proxy-1", "proxy-2"}) {
    coordination::AgentDocument agent;
    agent.id = id;
    agent.condition = coordination::Condition::kOk;
    agent.applied = coordination::AppliedEntry{identity(41), kCommittedText};
    cluster.agents.push_back(agent);
  }
  return cluster;
}

class ExplanationScene : public ::testing::Test {
 protected:
  ExplanationScene() {
    inputs_.app = "/web";
    inputs_.marathon = AppFindings{"http://marathon:8080", std::nullopt, {}, {}, 1};
    inputs_.cluster = pool();
    inputs_.template_text = "{{#apps}}{{path}}{{/apps}}";
    inputs_.proxy = "proxy-1";
    inputs_.time = kCommittedAt + 12;
    commit(apps({app_of_size("/other", 1)}));
  }

  void commit(const MarathonApps& list) {
    inputs_.routes = std::make_shared<const render::RoutingState>(state_of(list));
  }
  void says(MarathonApp word) { inputs_.marathon->app = std::move(word); }
  // Marathon says it, and nothing of it is committed.
  Explanation of(MarathonApp word) {
    says(std::move(word));
    return explain(inputs_);
  }
  std::string verdict_of(MarathonApp word) { return of(std::move(word)).verdict; }

  static MarathonApp unhealthy(int tasks) {
    MarathonApp web = app_of_size("/web", tasks);
    web.health_checks = 1;
    web.health_path = "/health";
    for (MarathonTask& task : web.tasks) task.health = {{false}};
    return web;
  }

  ExplainInputs inputs_;
};

}  // namespace chorale::agent
