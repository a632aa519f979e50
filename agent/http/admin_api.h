// The pages of the admin API over HttpServer: who may see what, and Nixy's paths and shapes. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/config/config.h"
#include "agent/core/applying/applier_events.h"
#include "agent/core/drained.h"
#include "agent/core/health.h"
#include "agent/http/routes_json.h"
#include "agent/http/server.h"
#include "coordination/cluster_reader.h"
#include "render/routing_state.h"

namespace chorale::agent {

struct AppliedTimes {  // Nixy's LastUpdates; RFC 3339, "0001-01-01T00:00:00Z" where it never happened
  std::string last_sync = "0001-01-01T00:00:00Z";
  std::string last_config_rendered = "0001-01-01T00:00:00Z";
  std::string last_config_valid = "0001-01-01T00:00:00Z";
  std::string last_nginx_reload = "0001-01-01T00:00:00Z";
};

// Where the pages get their content; all called on the loop thread.
struct AdminSources {
  std::string version;
  std::function<std::string()> xproxy;
  std::string realm;
  StatsdConfig statsd;
  std::string admin_token;  // empty: only loopback sees the protected pages
  std::function<HealthInputs()> health;
  std::function<void(std::function<void(tl::expected<coordination::ClusterSnapshot, coordination::Error>)>)> cluster;
  std::function<coordination::Description()> coordination;
  std::function<std::shared_ptr<const render::RoutingState>()> routes;  // what this proxy serves; may be null
  // Both answer once, with a body in JSON. /v1/explain, of this app; the Failure: not now.
  using Body = std::function<void(tl::expected<std::string, Failure>)>;
  std::function<void(const std::string&, tl::expected<coordination::ClusterSnapshot, coordination::Error>, Body)>
      explain;
  // /v1/routes, of one app or all; the Failure: it is not routed.
  std::function<void(std::optional<std::string>, Body)> routes_page;
  std::function<AppliedTimes()> times;
  std::function<void(std::function<void(std::string)>)> metrics;  // answers once
  // Asks the leader for a full sync; the answer is what /v1/reload prints ("queued").
  std::function<std::string()> request_sync;
  // What an operator asks of this proxy's Nginx; answers once, with why it could not be done or nothing.
  std::function<void(Command, std::function<void(std::optional<Failure>)>)> command;
  // An operator keeps the balancer's traffic away (true), or no longer. Answers once: what was done, or why not.
  std::function<void(bool, const DrainOrder&, std::function<void(tl::expected<std::string, Failure>)>)> drain;
  // Performs it so much later, on the loop.
  std::function<void(Milliseconds, std::function<void()>)> after;
  // What an operator accepts: why this agent cannot take it, or nothing.
  std::function<std::optional<Failure>(const coordination::AcceptDocument&)> accept;
  // What an operator holds, or who releases it. Answers once, with why it could not be written or nothing.
  std::function<void(const coordination::HoldDocument&, std::function<void(std::optional<Failure>)>)> hold;
  // What stands at <root>/history.
  std::function<void(std::function<void(tl::expected<std::string, coordination::Error>)>)> history;
};

// GET / /v1/stream /v1/health /v1/status /v1/config /v1/routes /v1/explain?app= /v1/history /v1/metrics /metrics,
// POST|GET /v1/reload, POST /v1/nginx/reload /v1/nginx/repair /v1/accept /v1/hold /v1/release (the body: what would
// stand in ZooKeeper at <root>/accept and <root>/hold) /v1/drain /v1/undrain (the body: a DrainOrder, or empty).
// Health, status (as JSON and as server-sent events, which the page / listens to) and metrics answer anyone; the rest
// answers loopback or a bearer of the token (compared in constant time), who also see in the status what this agent's
// coordination waits for. What steers this proxy (/v1/nginx/, /v1/accept, /v1/hold, /v1/release, /v1/drain,
// /v1/undrain) answers the unix socket or a bearer alone: loopback is where an Nginx with a careless proxy_pass speaks
// from. Unknown: 404, wrong method: 405. The cluster is read at most once a second, however many ask, and rarely if
// nobody does (ClusterPace): what was read last is shown, with its age, to listeners of the stream while it cannot be
// read.
[[nodiscard]] HttpServer::Handler make_admin_api(AdminSources sources);

}  // namespace chorale::agent
