// What this agent knows of itself, gathered for health, its znode and the metrics.
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/daemon/agent.h"
#include "coordination/cluster_reader.h"
#include "coordination/paths.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kLookedAtEvery{1};
constexpr std::chrono::seconds kRoutesAskedEvery{5};
constexpr const char* kNever = "0001-01-01T00:00:00Z";  // as Nixy prints a time that never was

std::string or_never(const std::string& time) { return time.empty() ? kNever : time; }

}  // namespace

HealthInputs Agent::health_inputs() const {
  HealthInputs inputs;
  inputs.now = std::chrono::steady_clock::now();
  inputs.id = config_.id;
  inputs.view = view_;
  inputs.standalone = config_.standalone;
  inputs.session_timeout = config_.session_timeout;
  inputs.leaderless_since = leaderless_since_;
  inputs.heard_at = heard_at_;
  inputs.nginx = nginx_status_;
  inputs.drained = drain_.state();
  inputs.behind_since = behind_.since();
  if (nginx_status_.applied) inputs.replaced_by = peer_watch_.replaced_by(nginx_status_.applied->revision);
  inputs.template_file_trouble = templates_.trouble();
  inputs.template_pushed = template_pushed_;
  if (leadership_) inputs.template_trouble = leadership_->template_trouble();
  if (!leadership_ && !template_pushed_) inputs.template_trouble = templates_.trouble();
  inputs.endpoints = leadership_ ? leadership_->tracker().endpoints() : endpoint_watch_.endpoints();
  if (election_ && election_->message() != "OK") {
    const coordination::ConnectString& where = *config_.marathon_zookeeper;
    inputs.endpoints.push_back({"zk://" + where.hosts + where.root.text(), false, election_->message()});
  }
  if (leadership_) {
    inputs.marathon_trouble = leadership_->tracker().trouble();
    inputs.name_trouble = leadership_->tracker().name_trouble();
    inputs.refusal = leadership_->tracker().refusal();
    inputs.waiting = leadership_->waiting();
    inputs.quarantined = leadership_->tracker().quarantined();
    if (const auto& note = leadership_->template_note()) inputs.warnings.push_back(*note);
  }
  if (template_pushed_ && templates_.trouble()) {
    inputs.warnings.push_back("this host's template file is not used, since a pushed one rules, and could not be: " +
                              templates_.trouble()->message);
  }
  if (config_refusal_) inputs.warnings.push_back(*config_refusal_);
  if (const auto trouble = authorization_->trouble()) inputs.marathon_trouble = trouble;
  for (const std::string& warning : nginx_status_.warnings) inputs.warnings.push_back("Nginx warns: " + warning);
  if (nginx_status_.reload_spacing > Milliseconds(0)) {
    inputs.warnings.push_back(
        "old workers of Nginx wait for their connections to end (worker_shutdown_timeout): "
        "reloads are at least " +
        std::to_string(nginx_status_.reload_spacing.count() / 1'000) + " s apart");
  }
  if (!config_.standalone && config_.zookeeper.credentials.empty()) {
    inputs.warnings.emplace_back(
        "ZooKeeper is used without credentials: anyone who can write there configures every proxy");
  }
  return inputs;
}

// Many things change at once; they are published together, after the events of this turn of the loop.
void Agent::status_changed() {
  if (status_posted_) return;
  status_posted_ = true;
  boost::asio::post(loop_, [this] {
    status_posted_ = false;
    publish_status();
  });
}

// Whether this proxy falls behind the others, by their znodes or, where those cannot be read, by their own word.
void Agent::look_at_others() {
  if (config_.standalone || !config_.apply) return;
  const TimePoint now = std::chrono::steady_clock::now();
  behind_.observe(now, nginx_status_.applied, view_.peer_applied);
  peer_watch_.look(now, view_);
}

// What this Nginx served before the start is handed over by nobody: its routes are read, for those who ask for them.
void Agent::find_routes() {
  const auto& applied = nginx_status_.applied;
  if (!applied || last_routes_.knows(*applied)) return;
  if (!view_.connected || !view_.committed || view_.committed->identity != *applied) return;
  const TimePoint now = std::chrono::steady_clock::now();
  if (now - routes_asked_at_ < kRoutesAskedEvery) return;
  routes_asked_at_ = now;
  const auto take = [this, identity = *applied](tl::expected<std::string, coordination::Error> text) {
    if (text && nginx_status_.applied == identity) last_routes_.found(identity, std::move(*text));
  };
  coordination::read_file(coordination_->store(), config_.zookeeper.root, *applied, render::kRoutesFile, take);
}

void Agent::publish_status() {
  if (ending_) return;
  status_timer_.expires_after(kLookedAtEvery);  // some verdicts change with time alone
  status_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) status_changed();
  });
  look_at_others();
  find_routes();
  const HealthInputs inputs = health_inputs();
  const HealthVerdict verdict = judge(inputs);
  const auto marathon = leadership_ ? leadership_->tracker().answers() : endpoint_watch_.answers();
  const auto silent_since = leadership_ ? leadership_->tracker().silent_since() : std::nullopt;
  for (const LogLine& line : outages_.look(inputs, marathon, silent_since)) write_log(line);
  metrics_.set_cluster(view_);
  metrics_.set_blocked(blocked_for(inputs, utc_now()));
  metrics_.set_nginx(nginx_status_);
  metrics_.set_health(verdict.condition);
  metrics_.set_drained(inputs.drained.has_value());
  metrics_.set_template_healthy(!inputs.template_trouble);
  metrics_.set_config_refused(config_refusal_.has_value());
  if (leadership_) leadership_->count_again();
  notifier_.status(status_line(inputs, verdict), inputs.now);

  coordination::StatusChanged status;
  status.condition = verdict.condition;
  status.message = verdict.message;
  if (verdict.condition == coordination::Condition::kOk && !nginx_status_.warnings.empty()) {
    status.message += ", but Nginx warns: " + nginx_status_.warnings.front();
  }
  if (templates_.current()) status.template_digest = templates_.current()->digest;
  status.marathon_reachable =
      leadership_ ? leadership_->tracker().reaches_marathon() : endpoint_watch_.reaches_marathon();
  if (leadership_) {
    if (const auto held = leadership_->tracker().held_back()) status.held_back = {held->digest, held->reason};
    status.waiting = leadership_->waiting();
    status.template_pushed = template_pushed_;
  }
  status.drained = inputs.drained;
  status.nginx = nginx_word(nginx_status_);
  const bool same = published_ && published_->held_back == status.held_back && published_->waiting == status.waiting &&
                    published_->template_pushed == status.template_pushed && published_->drained == status.drained &&
                    published_->nginx == status.nginx && published_->condition == status.condition &&
                    published_->message == status.message && published_->template_digest == status.template_digest &&
                    published_->marathon_reachable == status.marathon_reachable;
  if (same) return;
  published_ = status;
  coordination_->post(std::move(status));
}

// What this proxy serves, whichever agent leads.
void Agent::routes_changed() {
  const auto& state = last_routes_.state();
  if (state) metrics_.set_routes(static_cast<std::int64_t>(state->apps.size()), render::server_count(*state));
}

AppliedTimes Agent::times() const {
  return {or_never(leadership_ ? leadership_->last_sync() : std::string()),
          or_never(leadership_ ? leadership_->last_rendered() : std::string()), or_never(last_valid_at_),
          or_never(last_applied_at_)};
}

void Agent::read_history(std::function<void(tl::expected<std::string, coordination::Error>)> done) {
  using coordination::ErrorKind;
  if (!view_.connected) {
    return done(tl::unexpected(coordination::Error{ErrorKind::kConnectionLoss, "ZooKeeper is not connected"}));
  }
  const coordination::Paths paths(config_.zookeeper.root);
  coordination_->store().execute(coordination::ReadNode{paths.history},
                                 [done = std::move(done)](const coordination::Outcome& outcome) {
                                   if (outcome) return done(std::get<coordination::NodeRead>(*outcome).data);
                                   if (outcome.error().kind == ErrorKind::kNoNode) return done(std::string("[]\n"));
                                   done(tl::unexpected(outcome.error()));
                                 });
}

// For an agent without ZooKeeper, whose store nobody else can write to. There the hold lasts as long as the process.
void Agent::write_hold(const coordination::HoldDocument& hold, std::function<void(std::optional<Failure>)> done) {
  if (!config_.standalone) return done(Failure{"this agent has ZooKeeper: `chorale hold` writes there"});
  const coordination::Path path = coordination::Paths(config_.zookeeper.root).hold;
  coordination::Store& store = coordination_->store();
  if (!hold.released_by.empty() && !view_.held) return done(Failure{"nothing is held"});
  store.execute(coordination::WriteNode{path, encode(hold), coordination::kAnyVersion},
                [&store, path, hold, done = std::move(done)](const coordination::Outcome& written) {
                  if (written) return done(std::nullopt);
                  store.execute(coordination::CreateNode{path, encode(hold)},
                                [done](const coordination::Outcome& created) {
                                  done(created ? std::nullopt : std::optional(Failure{created.error().message}));
                                });
                });
}

void Agent::read_cluster(std::function<void(tl::expected<coordination::ClusterSnapshot, coordination::Error>)> done) {
  if (!view_.connected) {
    done(tl::unexpected(coordination::Error{coordination::ErrorKind::kConnectionLoss,
                                            "ZooKeeper is not connected: " + view_.zookeeper_message}));
    return;
  }
  coordination::read_cluster(coordination_->store(), config_.zookeeper.root, std::move(done));
}

}  // namespace chorale::agent
