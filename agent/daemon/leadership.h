// One leadership of this agent: follows Marathon, renders, offers states to the coordinator. Loop thread only.
//
// The shell around core/leading. It lives from LeadershipGained to LeadershipLost; everything under way dies with it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "agent/base/event_queue.h"
#include "agent/base/types.h"
#include "agent/base/worker.h"
#include "agent/config/config.h"
#include "agent/core/leading/marathon_tracker.h"
#include "agent/daemon/leadership_metrics.h"
#include "agent/daemon/template_choice.h"
#include "agent/daemon/template_source.h"
#include "agent/daemon/trials.h"
#include "agent/http/metrics.h"
#include "agent/marathon/client.h"
#include "agent/marathon/resolver.h"
#include "coordination/coordinator.h"

namespace chorale::agent {

class Leadership {
 public:
  struct Surroundings {
    boost::asio::io_context& loop;
    boost::asio::thread_pool& workers;
    Metrics& metrics;
    TemplateSource& templates;
    // Hands a rendered state to the coordinator; its number comes back in offer_closed().
    std::function<void(coordination::StateOffered)> offer;
    std::function<void()> listing;              // Marathon is asked for its whole list
    std::function<void()> changed;              // something that health or status shows has changed
    std::function<std::uint64_t()> next_offer;  // rises across all leaderships of this process
    Trials::TryOut try_out;                     // asks this proxy's Nginx
    std::shared_ptr<Authorization> authorization;
  };

  // `endpoints`: Marathon's base URLs; may be none until endpoints_found(). `cluster_id`: the pool's. `epoch`: of this
  // leadership.
  Leadership(Surroundings surroundings, const Config& config, const std::vector<std::string>& endpoints,
             const std::string& cluster_id, coordination::Epoch epoch);
  Leadership(const Leadership&) = delete;
  Leadership& operator=(const Leadership&) = delete;

  // `applied`: what this proxy served last, the guard's baseline where nothing is committed.
  void begin(const coordination::LeadershipGained& gained, std::shared_ptr<const render::RoutingState> applied);
  // Nothing is offered or reported afterwards; to be called before destruction.
  void close();
  // Marathon need tell this agent nothing more; `done` follows within half a second. Leadership goes on meanwhile.
  void leave_marathon(std::function<void()> done) { client_.leave(std::move(done)); }

  void offer_closed(const coordination::OfferClosed& closed);
  void commit_refused(const coordination::CommitRefused& refused);
  void endpoints_found(std::vector<std::string> endpoints) {
    client_.set_endpoints(endpoints);
    events_.post(EndpointsFound{std::move(endpoints)});
  }
  // An operator holds what is committed, or no longer: by whose word.
  void set_held(bool held, const std::string& released_by);
  void request_sync() { events_.post(SyncRequested{}); }
  // This proxy's Nginx may accept by now what it refused.
  void ask_again() { events_.post(RefusalOutdated{}); }
  void loss_accepted(const coordination::LossAccepted& loss) { events_.post(LossBelieved{loss.digest, loss.by}); }
  void template_changed() { choice_.file_changed(); }
  void template_pushed(const coordination::PushedTemplates& pushed);
  // This proxy's workers serve the revision.
  void applied(const coordination::Identity& identity);

  // What ages by itself.
  void count_again() { metrics_.handled(std::chrono::steady_clock::now(), tracker_); }

  [[nodiscard]] const MarathonTracker& tracker() const { return tracker_; }
  // Why the template that should be used cannot be, or the last rendering failed.
  [[nodiscard]] const std::optional<Failure>& template_trouble() const {
    return choice_.trouble() ? choice_.trouble() : rendering_trouble_;
  }
  // That another template than this host's is in use.
  [[nodiscard]] const std::optional<std::string>& template_note() const { return choice_.note(); }
  // What a hold keeps back.
  [[nodiscard]] const std::optional<coordination::WaitingChange>& waiting() const { return waiting_; }
  [[nodiscard]] const std::string& last_sync() const { return last_sync_; }
  [[nodiscard]] const std::string& last_rendered() const { return last_rendered_; }

 private:
  struct Begun {  // made on a worker from the committed files
    std::optional<render::RoutingState> state;
    std::vector<coordination::QuarantineEntry> quarantined;
    TemplateChoice::Committed templates;
    std::optional<std::string> template_trouble;
    std::optional<std::string> trouble;  // why there is no state
  };
  static Begun read_committed(const coordination::LeadershipGained& gained, const render::TemplateOptions& options);
  // Whose lines Nginx's error about an offer names; empty: not known.
  [[nodiscard]] std::string app_named_in(const std::string& error, std::uint64_t offer) const;
  void begun(Begun begun, const std::shared_ptr<const render::RoutingState>& applied);
  [[nodiscard]] SharedState served() const;  // what a template is judged by
  [[nodiscard]] bool is_canary(const std::string& agent, std::uint64_t offer) const;
  void report_waiting(const SharedState& state);
  void begin_tracking();
  struct RenderedOffer {
    coordination::StateOffered offer;
    std::shared_ptr<const render::Rendered> config;
    std::vector<std::string> canaries{};
    std::optional<Failure> canary_trouble{};  // then the canaries get what all others get
  };
  static tl::expected<RenderedOffer, std::string> render_offer(const render::Template& compiled,
                                                               const std::optional<CanaryTemplate>& canary,
                                                               const render::RoutingState& state,
                                                               const SharedState& committed,
                                                               const coordination::Path& root);
  void handle(TrackerEvent event);
  void perform(TrackerEffect effect);
  void render(const RenderAndOffer& effect);
  void rendered(const RenderAndOffer& effect, tl::expected<RenderedOffer, std::string> result);
  void try_state(const TryState& effect);
  void set_timer();

  Surroundings surroundings_;
  LeadershipMetrics metrics_;
  MarathonTracker tracker_;
  EventQueue<TrackerEvent> events_;
  MarathonClient client_;
  Resolver resolver_;
  Worker worker_;
  Trials trials_;
  TemplateChoice choice_;
  boost::asio::steady_timer timer_;
  std::string id_;
  coordination::Path root_;
  std::optional<Failure> rendering_trouble_;
  std::optional<TrackingBegun> to_begin_;
  std::optional<coordination::PushedTemplates> pushed_;  // until begun(): as last told
  std::uint64_t rendered_offer_ = 0;
  std::pair<std::uint64_t, std::string> offered_by_;  // the last offer, and whose template it is the first of
  // Who gets another configuration by the last offers, by their numbers.
  std::deque<std::pair<std::uint64_t, std::vector<std::string>>> rendered_canaries_;
  std::shared_ptr<const render::Rendered> rendered_config_;  // of that offer
  std::string last_sync_;
  std::string last_rendered_;
  bool held_ = false;
  std::optional<coordination::WaitingChange> waiting_;
};

}  // namespace chorale::agent
