// What the coordinator asks of the agent, performed.
#include <boost/asio/post.hpp>
#include <utility>

#include "agent/base/clock.h"
#include "agent/base/exit_code.h"
#include "agent/base/log.h"
#include "agent/daemon/agent.h"
#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

LogLine::Level level_of(coordination::Note::Level level) {
  switch (level) {
    case coordination::Note::Level::kInfo:
      return LogLine::Level::kInfo;
    case coordination::Note::Level::kWarning:
      return LogLine::Level::kWarning;
    case coordination::Note::Level::kError:
      return LogLine::Level::kError;
  }
  return LogLine::Level::kError;
}

std::string text_of(const coordination::Identity& identity) {
  return std::to_string(identity.epoch.value) + "." + std::to_string(identity.revision.value);
}

}  // namespace

void Agent::perform(coordination::Effect effect) {
  std::visit(coordination::Overloaded{
                 // The shell performs these by itself; they never get here.
                 [](const coordination::OpenHandle&) {},
                 [](const coordination::CloseHandle&) {},
                 [](const coordination::SendRequest&) {},
                 [this](coordination::LeadershipGained& leadership) { gained(std::move(leadership)); },
                 [this](const coordination::LeadershipLost& leadership) { lost(leadership.reason); },
                 [this](const coordination::SyncWanted& wanted) {
                   log_info("full sync, as " + wanted.agent + " was asked for one");
                   if (leadership_) leadership_->reload();
                 },
                 [this](const coordination::OfferClosed& closed) {
                   if (leadership_) leadership_->offer_closed(closed);
                 },
                 [this](const coordination::StageRevision& stage) { nginx_->stage(stage); },
                 [this](const coordination::ApplyRevision& wish) { apply(wish); },
                 [this](coordination::ViewChanged& view) {
                   view_ = std::move(view);
                   status_changed();
                 },
                 [](const coordination::Note& note) {
                   write_log({level_of(note.level), note.text});
                 },
                 [this](const coordination::Refuse& refusal) {
                   log_error("this agent must not run: " + refusal.reason);
                   notifier_.stopping("must not run: " + refusal.reason);
                   end(kExitUsage);
                 },
                 [this](const coordination::HandedOver&) { end(0); },
             },
             effect);
}

void Agent::gained(coordination::LeadershipGained leadership) {
  log_info("leading epoch " + std::to_string(leadership.epoch.value));
  Leadership::Surroundings surroundings{
      loop_,
      workers_,
      metrics_,
      templates_,
      [this](coordination::StateOffered offer) { coordination_->post(std::move(offer)); },
      [this] { status_changed(); },
      [this] { return ++last_offer_; },
  };
  leadership_ = std::make_shared<Leadership>(std::move(surroundings), config_);
  endpoint_watch_.pause(true);
  leadership_->begin(std::move(leadership), last_routes_.state());
}

void Agent::lost(const std::string& reason) {
  log_info("leads no longer: " + reason);
  endpoint_watch_.pause(false);
  if (!leadership_) return;
  leadership_->close();
  // Destroyed later: the term itself may be the caller, up the stack.
  boost::asio::post(loop_, [ended = std::move(leadership_)] {});
  leadership_ = nullptr;
  status_changed();
}

void Agent::apply(const coordination::ApplyRevision& wish) {
  for (const coordination::PublishedFile& file : wish.files) {
    if (file.name == "routes.json") last_routes_.wanted(wish.identity, file.text);
  }
  nginx_->apply(wish);
}

void Agent::applied(const coordination::RevisionApplied& done) {
  log_info("serving " + text_of(done.identity));
  last_applied_at_ = done.at;
  last_routes_.applied(done.identity);
  metrics_.set_applied(done.identity);
  if (leadership_) leadership_->applied(done.identity);
  coordination_->post(done);
  status_changed();
}

// Counted here, where one report is compared with the last: a reload is either proven or not.
void Agent::reported(const NginxReport& report) {
  if (report.accepted_tests > report_.accepted_tests) last_valid_at_ = utc_now();
  if (report.reloads > report_.reloads) {
    metrics_.reload(true, report.last_apply);
    statsd_.reloaded(report.last_apply);
  }
  if (report.reload_failures > report_.reload_failures) {
    metrics_.reload(false, report.last_apply);
    statsd_.reload_failed();
  }
  report_ = report;
  status_changed();
}

}  // namespace chorale::agent
