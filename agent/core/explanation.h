// Why an app is routed as it is, or is not: what `chorale explain` and /v1/explain say. Pure.
//
// Three things are held against each other: what Marathon says of the app now, what is made of that by the same code
// that the leader runs (core/leading), and what is committed. So any proxy can answer, with or without a leader. What
// only the leader knows (since when a health result is missing, what it holds back) is taken from its own words in
// ZooKeeper.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/core/leading/app_findings.h"
#include "agent/core/leading/routes.h"
#include "coordination/cluster_reader.h"

namespace chorale::agent {

struct ExplainInputs {
  std::string app;  // as app_id_of() makes it
  std::string id;   // of this proxy
  tl::expected<AppFindings, Failure> marathon = tl::unexpected(Failure{});
  // What stands in ZooKeeper; of a standalone agent what it says itself. Or why it cannot be read.
  tl::expected<coordination::ClusterSnapshot, Failure> cluster = tl::unexpected(Failure{});
  // What is committed; where the cluster cannot be read, what this proxy has applied last. Null: nothing, or unknown.
  std::shared_ptr<const render::RoutingState> routes;
  std::int64_t routes_at =
      0;               // since when this proxy has them, in seconds since 1970; for those alone that are its own
  RoutePolicy policy;  // of this proxy; the bounds that a template sets are taken from `template_text`
  coordination::PolicyValues own_policy;
  std::string template_text;  // the one in use; empty: unknown
  std::string left_delimiter = "{{";
  std::string proxy;      // where this proxy's Nginx answers: "proxy-1", "proxy-1:8080"
  std::int64_t time = 0;  // now, in seconds since 1970: for ages, which are for people
};

struct ExplainedTask {
  std::string id;
  std::string host;     // the slave's, as Marathon calls it
  std::string state;    // Marathon's word; empty: it says none
  std::string address;  // where it is served, or would be
  bool serves = false;  // by what is committed
  bool wanted = false;  // by what Marathon says now
  std::string reason;   // why not, or what else there is to say; empty: nothing
};

struct HostConflict {
  std::string host;
  std::string owner;  // the app that has it
};

// What keeps the routes from following what Marathon says.
struct Withheld {
  std::string kind;  // "HELD", "BLOCKED", ...: the word that `chorale status` has for it
  std::string text;
};

struct Explanation {
  std::string app;
  bool known = false;  // Marathon has it, or it is routed
  bool pod = false;
  bool routed = false;   // it is committed, with a server
  std::string verdict;   // one sentence
  std::string not_here;  // why this proxy does not serve what is committed; empty: it does, or it is not known
  std::string path;      // where it is reached; these four are empty where it is not among the routes
  std::vector<std::string> hosts;
  std::vector<std::string> urls;
  std::vector<std::string> shown_with;  // the other apps that are served as one with it
  std::vector<ExplainedTask> tasks;     // Marathon's, then those that it does not list
  std::vector<std::string> reduced;     // "it is served without ..."
  std::vector<HostConflict> conflicts;
  std::optional<coordination::QuarantineEntry> quarantined;
  std::vector<std::string> pending;  // what is committed otherwise than Marathon says
  std::vector<Withheld> withheld;
  std::vector<std::string> next;   // what to do
  std::vector<std::string> notes;  // how old this is, and whose word
};

// The app that somebody means: with a slash in front, and none at the end.
[[nodiscard]] std::string app_id_of(const std::string& text);

[[nodiscard]] Explanation explain(ExplainInputs inputs);
// Indented JSON, every text as it came.
[[nodiscard]] std::string encode(const Explanation& explanation);

}  // namespace chorale::agent
