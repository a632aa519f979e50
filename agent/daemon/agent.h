// The daemon: composes the parts, carries effects between them, owns the loop. Loop thread only.
//
// Data flows one way: Leadership (Marathon -> rendered offer) -> Coordinator (propose, commit)
// -> LocalNginx (stage, apply) -> Coordinator (vote, applied). The leader's own Nginx takes the same path as all
// others.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/config/config.h"
#include "agent/core/behind.h"
#include "agent/core/health.h"
#include "agent/core/outages.h"
#include "agent/daemon/coordination_shell.h"
#include "agent/daemon/drain.h"
#include "agent/daemon/endpoint_watch.h"
#include "agent/daemon/explainer.h"
#include "agent/daemon/framework_watch.h"
#include "agent/daemon/instance_lock.h"
#include "agent/daemon/last_routes.h"
#include "agent/daemon/leadership.h"
#include "agent/daemon/loop_watchdog.h"
#include "agent/daemon/marathon_election.h"
#include "agent/daemon/nginx_counting.h"
#include "agent/daemon/notify.h"
#include "agent/daemon/peer_watch.h"
#include "agent/daemon/serving_log.h"
#include "agent/daemon/statsd.h"
#include "agent/daemon/template_source.h"
#include "agent/http/admin_api.h"
#include "agent/http/metrics.h"
#include "agent/http/server.h"
#include "agent/nginx/local_nginx.h"
#include "agent/nginx/nginx_here.h"

namespace chorale::agent {

class Agent {
 public:
  Agent(Config config, InstanceLock lock, const NotifyEnvironment& service_manager);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Runs until a signal or a refusal ends it; returns the exit code.
  int run();

 private:
  // Start-up and end (agent.cpp).
  bool start();
  void await_signal();
  void end_soon();
  void end(int exit_code);
  void reread_config();
  void ask_again();
  [[nodiscard]] bool may_log_client();
  [[nodiscard]] coordination::CoordinatorOptions coordinator_options() const;
  [[nodiscard]] std::unique_ptr<coordination::Store> make_store();
  [[nodiscard]] std::unique_ptr<coordination::Store> make_zookeeper_store(const coordination::ConnectString& where);
  [[nodiscard]] std::unique_ptr<MarathonElection> make_election();
  [[nodiscard]] LocalNginxOptions nginx_options() const;
  [[nodiscard]] AdminSources admin_sources();
  [[nodiscard]] Explainer::Surroundings explainer_surroundings();

  // Effects of the coordinator (agent_effects.cpp).
  void perform(coordination::AgentEffect effect);
  void gained(const coordination::LeadershipGained& leadership);
  void held_committed(const coordination::HeldCommitted& held);
  void lost(const std::string& reason);
  void end_leadership();
  [[nodiscard]] bool anything_refused() const;
  void staged(coordination::StageFinished staged);
  void apply(const coordination::ApplyRevision& apply);
  void applied(const coordination::RevisionApplied& applied);
  void announce_policy();
  [[nodiscard]] std::vector<std::string> endpoints() const;
  void election_changed();
  void framework_answered();
  // What came over the admin API; why it cannot be taken, or nothing.
  [[nodiscard]] std::optional<Failure> accept_loss(const coordination::AcceptDocument& word);
  void drain(bool drained, const DrainOrder& order, Drain::Answer answer);
  void write_hold(const coordination::HoldDocument& hold, std::function<void(std::optional<Failure>)> done);
  void read_history(std::function<void(tl::expected<std::string, coordination::Error>)> done);
  void offer(coordination::StateOffered offered);

  void nginx_changed(const NginxStatus& status);

  // What is known, gathered for health, status and metrics (agent_status.cpp).
  [[nodiscard]] HealthInputs health_inputs() const;
  void status_changed();
  void routes_changed();
  void look_at_others();
  void find_routes();
  void publish_status();
  [[nodiscard]] AppliedTimes times() const;
  void read_cluster(std::function<void(tl::expected<coordination::ClusterSnapshot, coordination::Error>)> done);

  Config config_;
  InstanceLock lock_;
  std::string started_at_;
  const NginxHere nginx_here_;  // found at the start
  boost::asio::io_context loop_{1};
  boost::asio::thread_pool workers_{2};
  boost::asio::thread_pool nginx_workers_{kNginxThreads};
  boost::asio::signal_set signals_;
  boost::asio::steady_timer end_timer_;
  boost::asio::steady_timer status_timer_;
  Notifier notifier_;
  Metrics metrics_;
  Statsd statsd_;
  TemplateSource templates_;
  const std::shared_ptr<Authorization> authorization_;  // at Marathon
  EndpointWatch endpoint_watch_;
  FrameworkWatch framework_watch_;
  LastRoutes last_routes_;
  TimePoint routes_asked_at_{};  // of ZooKeeper, by find_routes()
  Drain drain_;
  NginxCounting nginx_counting_;
  PeerWatch peer_watch_;
  Explainer explainer_;
  Behind behind_;
  ServingLog serving_log_;
  Outages outages_;
  std::shared_ptr<LocalNginx> nginx_;
  std::unique_ptr<HttpServer> admin_;
  std::unique_ptr<CoordinationShell> coordination_;
  std::unique_ptr<MarathonElection> election_;  // where Marathon is configured as zk://
  std::shared_ptr<Leadership> leadership_;      // while this agent leads
  std::string cluster_id_;                      // as of the last leadership
  coordination::PushedTemplates pushed_;        // while this agent leads: as last told
  bool template_pushed_ = false;                // as last known: from ZooKeeper, or from the agent that leads
  coordination::ViewChanged view_;
  NginxStatus nginx_status_;
  std::optional<coordination::StatusChanged> published_;
  std::optional<coordination::PolicyValues> announced_;
  bool offers_wait_ = false;                              // until it is known which Marathon is followed
  std::optional<coordination::StateOffered> next_offer_;  // the one that waits
  std::uint64_t last_offer_ = 0;
  std::optional<std::pair<coordination::Identity, TimePoint>> applying_;  // since when it is to be applied
  std::string leaderless_since_;  // when view_.leaderless_since was set, on the wall clock
  std::string heard_at_;          // when view_ was connected last, likewise, while it is not
  std::string last_applied_at_;
  std::string last_valid_at_;                  // of the last accepted `nginx -t`
  coordination::Told refusal_told_;            // what this proxy refused last
  std::optional<std::string> config_refusal_;  // of the last re-reading, for health
  int client_lines_ = 0;                       // of the ZooKeeper client, since it was connected
  bool status_posted_ = false;
  bool ending_ = false;
  int rereads_ = 0;
  int exit_code_ = 0;
};

}  // namespace chorale::agent
