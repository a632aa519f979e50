// Performs what the coordinator asks of the agent.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "agent/base/clock.h"
#include "agent/base/exit_code.h"
#include "agent/base/log.h"
#include "agent/config/policy_values.h"
#include "agent/core/applying/published_files.h"
#include "agent/daemon/agent.h"
#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

// What cannot be read rules as well: no file is used instead.
bool rules(const coordination::PushedTemplates& pushed) { return pushed.ruling || pushed.trouble; }

}  // namespace

void Agent::perform(coordination::AgentEffect effect) {
  std::visit(coordination::Overloaded{
                 [this](const coordination::LeadershipGained& leadership) { gained(leadership); },
                 [this](const coordination::LeadershipLost& leadership) { lost(leadership.reason); },
                 [this](coordination::TemplatePushed& pushed) {
                   pushed_ = std::move(pushed.pushed);
                   template_pushed_ = rules(pushed_);
                   if (leadership_) leadership_->template_pushed(pushed_);
                 },
                 [this](const coordination::SyncWanted& wanted) {
                   log_info("full sync: " + wanted.agent + " was asked for one");
                   if (leadership_) leadership_->request_sync();
                 },
                 [this](const coordination::RetryWanted& wanted) {
                   log_info("configuration of " + wanted.agent + " changed" +
                            (anything_refused() ? ": what was refused is offered again" : ""));
                   if (leadership_) leadership_->ask_again();
                 },
                 [this](const coordination::LossAccepted& loss) {
                   if (leadership_) leadership_->loss_accepted(loss);
                 },
                 [this](const coordination::OfferClosed& closed) {
                   if (leadership_) leadership_->offer_closed(closed);
                 },
                 [this](const coordination::CommitRefused& refused) {
                   if (leadership_) leadership_->commit_refused(refused);
                 },
                 [this](const coordination::HeldCommitted& held) { held_committed(held); },
                 [this](coordination::StageRevision& stage) {
                   stage.files = files_for(config_.id, std::move(stage.files));
                   nginx_->stage(stage);
                 },
                 [this](const coordination::ApplyRevision& revision) { apply(revision); },
                 [this](coordination::ViewChanged& view) {
                   if (view.leaderless_since && !view_.leaderless_since) leaderless_since_ = utc_now();
                   if (view_.connected && !view.connected) heard_at_ = utc_now();
                   view_ = std::move(view);
                   if (view_.template_pushed) template_pushed_ = *view_.template_pushed;
                   if (leadership_) leadership_->set_held(view_.held.has_value(), view_.released_by);
                   if (!view_.proposed) {
                     nginx_->proposal_ended(view_.committed ? std::optional(view_.committed->identity) : std::nullopt);
                   }
                   status_changed();
                 },
                 [](const LogLine& line) { write_log(line); },
                 [this](const coordination::Refuse& refusal) {
                   log_error("this agent must not run: " + refusal.reason);
                   notifier_.stopping("must not run: " + refusal.reason);
                   end(kExitUsage);
                 },
                 [this](const coordination::HandedOver&) { end(0); },
             },
             effect);
}

// As a whole, an app alone, or by so many that the change cannot be committed.
bool Agent::anything_refused() const {
  if (!leadership_) return false;
  const MarathonTracker& tracker = leadership_->tracker();
  return tracker.refusal().has_value() || !tracker.quarantined().empty() || view_.blocked.has_value();
}

void Agent::gained(const coordination::LeadershipGained& leadership) {
  Leadership::Surroundings surroundings{
      loop_,
      workers_,
      metrics_,
      templates_,
      [this](coordination::StateOffered offered) { offer(std::move(offered)); },
      [this] { framework_watch_.ask(); },
      [this] { status_changed(); },
      [this] { return ++last_offer_; },
      [this](std::shared_ptr<const std::string> text, LocalNginx::Tried tried) {
        nginx_->try_out(std::move(text), std::move(tried));
      },
      authorization_,
  };
  leadership_ = std::make_shared<Leadership>(std::move(surroundings), config_, endpoints(), leadership.cluster_id,
                                             leadership.epoch);
  endpoint_watch_.pause(true);
  cluster_id_ = leadership.cluster_id;
  framework_watch_.ask();
  offers_wait_ = framework_watch_.asking();
  pushed_ = leadership.pushed;
  template_pushed_ = rules(pushed_);
  leadership_->begin(leadership, last_routes_.state());
}

void Agent::lost(const std::string& reason) {
  write_log({LogLine::Level::kInfo, "no longer the leader: " + reason, true});
  endpoint_watch_.pause(false);
  end_leadership();
  status_changed();
}

void Agent::end_leadership() {
  next_offer_.reset();
  if (!leadership_) return;
  leadership_->close();
  // Destroyed later: the leadership itself may be the caller, up the stack.
  boost::asio::post(loop_, [ended = std::move(leadership_)] {});
  leadership_ = nullptr;
  metrics_.leadership_ended();
  status_changed();
}

// All that was known of what is committed, and of what was served before, is of another day: as after a takeover.
void Agent::held_committed(const coordination::HeldCommitted& held) {
  if (!leadership_) return;
  end_leadership();
  gained({view_.epoch, *held.manifest, held.files, {}, cluster_id_, pushed_, true, true});
}

// The first one waits until it is known which Marathon it comes from, or that this cannot be known now.
void Agent::offer(coordination::StateOffered offered) {
  if (offers_wait_) {
    next_offer_ = std::move(offered);
  } else {
    coordination_->post(std::move(offered));
  }
}

void Agent::framework_answered() {
  announce_policy();
  offers_wait_ = false;
  if (next_offer_) coordination_->post(*std::exchange(next_offer_, std::nullopt));
}

std::optional<Failure> Agent::accept_loss(const coordination::AcceptDocument& word) {
  if (!leadership_) return Failure{"this agent does not lead: it holds nothing back"};
  const auto held = leadership_->tracker().held_back();
  if (!held) return Failure{"nothing is held back"};
  if (held->digest != word.what) return Failure{"what is held back is " + held->digest + ", see `chorale status`"};
  leadership_->loss_accepted({word.what, word.by});
  return std::nullopt;
}

void Agent::drain(bool drained, const DrainOrder& order, Drain::Answer answer) {
  if (!config_.apply) return answer(tl::unexpected(Failure{"an observer has no traffic of its own to keep away"}));
  drained ? drain_.drain(order, std::move(answer)) : drain_.undrain(order, std::move(answer));
}

void Agent::announce_policy() {
  auto values = policy_values(config_, framework_watch_.framework_id());
  if (values == announced_) return;
  announced_ = values;
  coordination_->post(coordination::PolicyAnnounced{std::move(values)});
}

std::vector<std::string> Agent::endpoints() const {
  return election_ ? election_->endpoints() : marathon_urls(config_);
}

void Agent::election_changed() {
  if (!election_->endpoints().empty()) {
    endpoint_watch_.set_endpoints(election_->endpoints());
    framework_watch_.set_endpoints(election_->endpoints());
    if (!framework_watch_.framework_id()) framework_watch_.ask();
    if (leadership_) leadership_->endpoints_found(election_->endpoints());
  }
  status_changed();
}

void Agent::apply(const coordination::ApplyRevision& revision) {
  for (const coordination::PublishedFile& file : revision.files) {
    if (file.name == "routes.json") last_routes_.wanted(revision.identity, file.text);
  }
  serving_log_.wanted(revision.identity, revision.manifest);
  if (!applying_ || applying_->first != revision.identity) {
    applying_ = {revision.identity, std::chrono::steady_clock::now()};
  }
  nginx_->apply({revision.identity, revision.manifest, files_for(config_.id, revision.files)});
}

// Named where it happens: the leader names it too, by the vote. Asked again and again, it is told once.
void Agent::staged(coordination::StageFinished staged) {
  const bool refused = staged.result == coordination::VoteResult::kNack;
  std::string text;
  if (staged.result != coordination::VoteResult::kAck) {
    text = to_text(staged.identity) +
           (refused ? " is refused by this Nginx, which goes on with what it serves: "
                    : " cannot be tested on this proxy: ") +
           staged.error;
  }
  if (refusal_told_.is_news(text) && !text.empty()) {
    write_log({LogLine::Level::kWarning, text}, Repeats::kSameButNumbers);
  }
  coordination_->post(std::move(staged));
}

void Agent::applied(const coordination::RevisionApplied& done) {
  last_applied_at_ = done.at;
  serving_log_.applied(done, last_routes_.applied(done.identity), nginx_->status().reloads);
  if (config_.apply) metrics_.set_applied(done.identity);
  if (applying_ && applying_->first == done.identity) {
    const auto since = std::exchange(applying_, std::nullopt)->second;
    metrics_.commit_applied(std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - since));
  }
  if (leadership_) leadership_->applied(done.identity);
  coordination_->post(done);
  status_changed();
}

// Counted here, where one status is compared with the last: a reload is either proven or not.
void Agent::nginx_changed(const NginxStatus& status) {
  if (status.accepted_tests > nginx_status_.accepted_tests) last_valid_at_ = utc_now();
  for (const std::string& warning : status.warnings) {
    const auto& known = nginx_status_.warnings;
    if (std::find(known.begin(), known.end(), warning) == known.end()) log_warning("Nginx warns: " + warning);
  }
  if (status.reloads > nginx_status_.reloads) {
    metrics_.reload(true, status.last_apply);
    statsd_.reloaded(status.last_apply);
  }
  if (status.reload_failures > nginx_status_.reload_failures) {
    metrics_.reload(false, status.last_apply);
    statsd_.reload_failed();
  }
  nginx_status_ = status;
  status_changed();
}

}  // namespace chorale::agent
