#include "agent/http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

#include "agent/base/clock.h"
#include "agent/http/nginx_metrics.h"
#include "agent/http/nixy_metrics.h"
#include "agent/http/process_metrics.h"

namespace chorale::agent {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using Labels = std::map<std::string, std::string>;

constexpr const char* kDataAge = "chorale_marathon_data_age_seconds";

const Histogram::BucketBoundaries& change_buckets() {
  static const Histogram::BucketBoundaries buckets{0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30};
  return buckets;
}

const Histogram::BucketBoundaries& delay_buckets() {
  static const Histogram::BucketBoundaries buckets{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};
  return buckets;
}

double seconds(std::chrono::milliseconds duration) { return static_cast<double>(duration.count()) / 1000.0; }

double unix_seconds(std::chrono::system_clock::time_point time) {
  return seconds(std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()));
}

}  // namespace

class Metrics::Impl {
 public:
  Impl(const std::string& version, bool nixy_names) : with_nixy_names(nixy_names) {
    gauge("chorale_build_info", "Always 1; the label says which version runs.", {{"version", version}}).Set(1);
  }

  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {}) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
  }
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {}) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
  }
  Histogram& histogram(const std::string& name, const std::string& help, const Histogram::BucketBoundaries& buckets) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add({}, buckets);
  }

  Counter& session_counter(const std::string& event) {
    return counter("chorale_zookeeper_session_events_total",
                   "What became of ZooKeeper's session; unresolved: no host name of the ensemble is known.",
                   {{"event", event}});
  }

 private:
  prometheus::Registry registry_;  // declared first: the references below point into it

 public:
  // Marathon.
  Counter& requests_ok = counter("chorale_marathon_requests_total", "REST requests to Marathon.", {{"result", "ok"}});
  Counter& requests_failed =
      counter("chorale_marathon_requests_total", "REST requests to Marathon.", {{"result", "failed"}});
  Counter& events = counter("chorale_marathon_events_total", "Events received from Marathon.");
  Counter& stream_errors = counter("chorale_marathon_stream_errors_total", "Event streams that broke or were refused.");
  Counter& stream_silences = counter("chorale_marathon_stream_silent_total", "Event streams given up in silence.");
  Counter& unreachable = counter("chorale_marathon_endpoint_unreachable_total", "Endpoints that could not be reached.");
  Counter& check_fails = counter("chorale_marathon_endpoint_refused_total", "Endpoints that answered with an error.");
  Counter& all_down = counter("chorale_marathon_all_endpoints_down_total", "Times when no endpoint was left to ask.");
  Gauge& stream_attached =
      gauge("chorale_marathon_stream_attached", "1 while the event stream is attached; leader only.");
  Gauge& data_age = gauge(kDataAge, "Time since Marathon last answered well; on the leader alone.");
  Gauge& loss_held_back = gauge("chorale_loss_held_back", "1 while a loss of routes is not believed; leader only.");
  Counter& invalid_hosts = counter("chorale_invalid_host_labels_total", "Host labels that are no host names.");
  Counter& duplicate_hosts = counter("chorale_duplicate_hosts_total", "Hosts claimed by more than one app.");
  // The cluster.
  Counter& committed =
      counter("chorale_proposals_total", "Revisions proposed by this agent.", {{"result", "committed"}});
  Counter& rejected = counter("chorale_proposals_total", "Revisions proposed by this agent.", {{"result", "rejected"}});
  Counter& session_connected = session_counter("connected");
  Counter& session_disconnected = session_counter("disconnected");
  Counter& session_expired = session_counter("expired");
  Counter& session_refused = session_counter("auth_failed");
  Counter& session_unresolved = session_counter("unresolved");
  Gauge& connected = gauge("chorale_zookeeper_connected", "1 while ZooKeeper is connected.");
  Gauge& registered = gauge("chorale_registered", "1 while this agent's znode stands: the others know of it.");
  Gauge& leading = gauge("chorale_leader", "1 while this agent leads.");
  Gauge& agents = gauge("chorale_agents", "Live agents in the cluster.");
  Gauge& missing_members = gauge("chorale_missing_members", "Members of the pool whose agents are not registered.");
  Gauge& policy_differs = gauge("chorale_policy_differs", "1 while this agent's policy is not the pool's.");
  Gauge& epoch = gauge("chorale_epoch", "The epoch of the current leader.");
  Gauge& committed_revision = gauge("chorale_committed_revision", "The committed revision.");
  Gauge& committed_at = gauge("chorale_committed_timestamp_seconds",
                              "When the committed revision was made, seconds since 1970: the last change.");
  Gauge& applied_at =
      gauge("chorale_applied_timestamp_seconds", "When this agent applied a revision last, seconds since 1970.");
  Gauge& applied_revision = gauge("chorale_applied_revision", "The revision that this proxy's Nginx serves.");
  Gauge& applied_epoch = gauge("chorale_applied_epoch", "The epoch of the revision that this proxy's Nginx serves.");
  Gauge& quarantined = gauge("chorale_quarantined_apps", "Apps frozen because Nginx refused their content.");
  Gauge& missing = gauge("chorale_missing_chunks", "Chunks of the committed revision that could not be found.");
  Gauge& late = gauge("chorale_late_agents", "Agents that the leader does not wait for; leader only.");
  Gauge& blocked = gauge("chorale_blocked_seconds", "How long a change could not be committed, from 5 s on; 0: none.");
  Gauge& held = gauge("chorale_held", "1: an operator holds what is committed; 0: not.");
  Gauge& tree_znodes = gauge("chorale_tree_znodes", "Znodes below the root, as the leader found them; leader only.");
  Gauge& tree_bytes = gauge("chorale_tree_bytes", "Bytes of data in these znodes; leader only.");
  Gauge& apps = gauge("chorale_apps", "Apps served by this proxy.");
  Gauge& servers = gauge("chorale_servers", "Servers behind the apps of this proxy.");
  Histogram& committed_change =
      histogram("chorale_change_committed_seconds",
                "From the first event of a change until it was committed; leader only.", change_buckets());
  Histogram& change =
      histogram("chorale_change_applied_seconds",
                "From the first event of a change until the leader's own Nginx served it.", change_buckets());
  Histogram& commit =
      histogram("chorale_commit_applied_seconds",
                "From when this agent read that a revision is committed until its Nginx served it.", change_buckets());
  // Nginx and this process.
  Counter& reloads_ok = counter("chorale_reloads_total", "Reloads of Nginx.", {{"result", "ok"}});
  Counter& reloads_failed = counter("chorale_reloads_total", "Reloads of Nginx.", {{"result", "failed"}});
  Histogram& reload_duration =
      histogram("chorale_reload_duration_seconds", "From the rename until new workers were proven.", change_buckets());
  Gauge& nginx_running = gauge("chorale_nginx_running", "1 while a verified Nginx master runs.");
  Gauge& workers = gauge("chorale_nginx_workers", "Worker processes.", {{"state", "serving"}});
  Gauge& old_workers = gauge("chorale_nginx_workers", "Worker processes.", {{"state", "shutting_down"}});
  Gauge& old_generations = gauge("chorale_nginx_old_worker_generations",
                                 "Reloads whose workers still finish old connections, by their number.");
  Gauge& config_healthy = gauge("chorale_nginx_config_healthy",
                                "1 while Nginx accepted what it was last asked about, and nobody edited it.");
  Gauge& drifted = gauge("chorale_nginx_config_drifted", "1 while somebody else's edit of Nginx's file stays.");
  Gauge& failing = gauge("chorale_apply_failing", "1 while a committed revision cannot be applied here.");
  Gauge& observer = gauge("chorale_observer", "1 for an agent that applies nothing.");
  Gauge& health = gauge("chorale_health", "0 ok, 1 degraded, 2 down.");
  Gauge& loop_delay = gauge("chorale_loop_delay_max_seconds", "The longest that the event loop ever came late.");
  Histogram& loop_delays =
      histogram("chorale_loop_delay_seconds", "How late the event loop came, ten times a second.", delay_buckets());
  Gauge& drained = gauge("chorale_drained", "1 while an operator keeps the balancer's traffic away.");
  Gauge& template_healthy =
      gauge("chorale_template_healthy",
            "0 while the template that is in use, or that this agent would use if it led, is broken.");
  Gauge& config_refused =
      gauge("chorale_config_reload_refused",
            "1 while chorale.toml, as it was re-read last, is refused: a start would refuse it too.");
  // Under Nixy's names; counted always, shown on request.
  bool with_nixy_names;
  NixyMetrics nixy;
  bool knows_data_age = false;

  [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }
};

Metrics::Metrics(const std::string& version, bool nixy_names) : impl_(std::make_unique<Impl>(version, nixy_names)) {}
Metrics::~Metrics() = default;

void Metrics::marathon_request(bool ok) { (ok ? impl_->requests_ok : impl_->requests_failed).Increment(); }

void Metrics::marathon_event() {
  impl_->events.Increment();
  impl_->nixy.events.Increment();
}

void Metrics::marathon_stream_error() {
  impl_->stream_errors.Increment();
  impl_->nixy.stream_errors.Increment();
}

void Metrics::stream_silent() {
  impl_->stream_silences.Increment();
  impl_->nixy.no_data.Increment();
}

void Metrics::proposal(bool committed) { (committed ? impl_->committed : impl_->rejected).Increment(); }

void Metrics::reload(bool ok, std::chrono::milliseconds duration) {
  (ok ? impl_->reloads_ok : impl_->reloads_failed).Increment();
  (ok ? impl_->nixy.successful : impl_->nixy.failed).Increment();
  if (!ok) return;
  impl_->reload_duration.Observe(seconds(duration));
  impl_->nixy.reload_duration.Observe(seconds(duration));
}

void Metrics::hosts_refused(std::size_t invalid, std::size_t duplicate) {
  impl_->invalid_hosts.Increment(static_cast<double>(invalid));
  impl_->nixy.invalid.Increment(static_cast<double>(invalid));
  impl_->duplicate_hosts.Increment(static_cast<double>(duplicate));
  impl_->nixy.duplicate.Increment(static_cast<double>(duplicate));
}

void Metrics::endpoint_down() {
  impl_->unreachable.Increment();
  impl_->nixy.down_errors.Increment();
}

void Metrics::endpoint_check_failed() {
  impl_->check_fails.Increment();
  impl_->nixy.check_fails.Increment();
}

void Metrics::all_endpoints_down() {
  impl_->all_down.Increment();
  impl_->nixy.all_down.Increment();
}

void Metrics::session_event(coordination::SessionState state) {
  using coordination::SessionState;
  switch (state) {
    case SessionState::kConnected:
      return impl_->session_connected.Increment();
    case SessionState::kConnecting:
      return impl_->session_disconnected.Increment();
    case SessionState::kExpired:
      return impl_->session_expired.Increment();
    case SessionState::kAuthFailed:
      return impl_->session_refused.Increment();
    case SessionState::kUnresolved:
      return impl_->session_unresolved.Increment();
  }
}

void Metrics::change_committed(std::chrono::milliseconds latency) { impl_->committed_change.Observe(seconds(latency)); }

void Metrics::commit_applied(std::chrono::milliseconds latency) { impl_->commit.Observe(seconds(latency)); }

void Metrics::change_applied(std::chrono::milliseconds latency) { impl_->change.Observe(seconds(latency)); }

void Metrics::set_cluster(const coordination::ViewChanged& view) {
  impl_->connected.Set(view.connected ? 1 : 0);
  impl_->registered.Set(view.connected && view.registered ? 1 : 0);
  impl_->leading.Set(view.role == coordination::Role::kLeader ? 1 : 0);
  impl_->agents.Set(static_cast<double>(view.agents.size()));
  impl_->missing_members.Set(static_cast<double>(view.missing_members.size()));
  impl_->epoch.Set(static_cast<double>(view.epoch.value));
  impl_->missing.Set(static_cast<double>(view.missing.size()));
  impl_->late.Set(static_cast<double>(view.late.size()));
  const coordination::TreeSize tree = view.tree.value_or(coordination::TreeSize{});
  impl_->tree_znodes.Set(static_cast<double>(tree.znodes));
  impl_->tree_bytes.Set(static_cast<double>(tree.bytes));
  impl_->held.Set(view.held ? 1 : 0);
  impl_->policy_differs.Set(view.policy_difference ? 1 : 0);
  if (!view.committed) return;
  if (const auto at = parse_utc(view.committed->created_at)) impl_->committed_at.Set(unix_seconds(*at));
  impl_->committed_revision.Set(static_cast<double>(view.committed->identity.revision.value));
  impl_->quarantined.Set(static_cast<double>(view.committed->quarantined));
}

void Metrics::set_blocked(std::chrono::milliseconds duration) { impl_->blocked.Set(seconds(duration)); }

void Metrics::set_applied(const coordination::Identity& identity) {
  impl_->applied_revision.Set(static_cast<double>(identity.revision.value));
  impl_->applied_epoch.Set(static_cast<double>(identity.epoch.value));
  impl_->applied_at.Set(unix_seconds(std::chrono::system_clock::now()));
}

void Metrics::set_routes(std::int64_t apps, std::int64_t servers) {
  impl_->apps.Set(static_cast<double>(apps));
  impl_->servers.Set(static_cast<double>(servers));
}

void Metrics::set_nginx(const NginxStatus& status) {
  impl_->nginx_running.Set(status.running ? 1 : 0);
  impl_->workers.Set(status.workers);
  impl_->old_workers.Set(status.old_workers);
  const int each = std::max(status.workers, 1);
  const int generations = (status.old_workers + each - 1) / each;
  impl_->old_generations.Set(generations);
  impl_->config_healthy.Set(status.config_healthy ? 1 : 0);
  impl_->drifted.Set(status.drifted ? 1 : 0);
  impl_->failing.Set(status.failing_since ? 1 : 0);
  impl_->observer.Set(status.shadow ? 1 : 0);
}

void Metrics::set_health(coordination::Condition condition) {
  switch (condition) {
    case coordination::Condition::kOk:
      impl_->health.Set(0);
      return;
    case coordination::Condition::kDegraded:
      impl_->health.Set(1);
      return;
    case coordination::Condition::kDown:
      impl_->health.Set(2);
      return;
  }
}

void Metrics::set_drained(bool drained) { impl_->drained.Set(drained ? 1 : 0); }
void Metrics::set_config_refused(bool refused) { impl_->config_refused.Set(refused ? 1 : 0); }
void Metrics::set_template_healthy(bool healthy) { impl_->template_healthy.Set(healthy ? 1 : 0); }
void Metrics::set_loss_held_back(bool held) { impl_->loss_held_back.Set(held ? 1 : 0); }
void Metrics::set_stream_attached(bool attached) { impl_->stream_attached.Set(attached ? 1 : 0); }

void Metrics::set_data_age(std::chrono::milliseconds age) {
  impl_->knows_data_age = true;
  impl_->data_age.Set(seconds(age));
}

void Metrics::leadership_ended() {
  impl_->knows_data_age = false;
  set_stream_attached(false);
  set_loss_held_back(false);
}

void Metrics::observe_loop_delay(std::chrono::milliseconds delay) {
  impl_->loop_delays.Observe(seconds(delay));
  impl_->loop_delay.Set(std::max(impl_->loop_delay.Value(), seconds(delay)));
}

std::string Metrics::text(const std::optional<NginxCounters>& nginx) const {
  auto families = impl_->collect();
  if (!impl_->knows_data_age) std::erase_if(families, [](const auto& family) { return family.name == kDataAge; });
  const auto add = [&families](std::vector<prometheus::MetricFamily> more) {
    families.insert(families.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  if (nginx) add(nginx_metrics(*nginx));
  if (impl_->with_nixy_names) add(impl_->nixy.collect());
  add(collect_process_metrics());
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace chorale::agent
