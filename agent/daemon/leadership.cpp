#include "agent/daemon/leadership.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/core/applying/published_files.h"
#include "agent/core/leading/change_summary.h"
#include "agent/daemon/endpoint_watch.h"
#include "agent/nginx/config_file.h"
#include "agent/nginx/config_text.h"
#include "coordination/overloaded.h"
#include "coordination/require.h"
#include "render/invariants.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kLongestSleep{1};
constexpr std::chrono::seconds kSilentCallbacks{60};
constexpr std::size_t kOffersUnderWay = 16;  // more of them are never waited for

TrackerOptions tracker_options(const Config& config, std::vector<std::string> endpoints,
                               std::function<std::uint64_t()> next_offer) {
  TrackerOptions options;
  options.policy = {config.routing, config.expose_env, config.health_memory, reaches_cluster_on_loopback(config), 0};
  options.endpoints = std::move(endpoints);
  options.resync_interval = config.resync_interval;
  options.min_offer_interval = config.min_reload_interval;
  if (config.event_callbacks) options.silence_limit = kSilentCallbacks;
  options.shrink_limit = config.shrink_limit;
  options.jitter = [engine = std::mt19937(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
  };
  options.next_offer = std::move(next_offer);
  return options;
}

MarathonClientOptions client_options(const Config& config, std::shared_ptr<Authorization> authorization,
                                     const std::string& cluster_id, coordination::Epoch epoch) {
  MarathonClientOptions options = marathon_client_options(config, std::move(authorization));
  if (!config.event_callbacks) return options;
  CallbackOptions& callbacks = options.callbacks.emplace();
  // Alone there is no tree, and its id is another one at every start.
  callbacks.mark = {config.callback_url, config.standalone ? "alone-" + config.id : cluster_id, config.id, epoch.value};
  callbacks.listener.address = config.callback_address;
  callbacks.listener.port = config.callback_port;
  callbacks.from = config.callback_from;
  return options;
}

coordination::PublishedFile publish(std::string name, render::Rendered rendered) {
  coordination::PublishedFile file;
  file.name = std::move(name);
  file.sections.reserve(rendered.sections.size());
  for (render::TextSection& section : rendered.sections) {
    file.sections.push_back({section.offset, std::move(section.app)});
  }
  file.text = std::make_shared<const std::string>(std::move(rendered.text));
  return file;
}

}  // namespace

Leadership::Leadership(Surroundings surroundings, const Config& config, const std::vector<std::string>& endpoints,
                       const std::string& cluster_id, coordination::Epoch epoch)
    : surroundings_(std::move(surroundings)),
      metrics_(surroundings_.metrics),
      tracker_(tracker_options(config, endpoints, surroundings_.next_offer)),
      events_([this](TrackerEvent event) { handle(std::move(event)); }),
      client_(surroundings_.loop, surroundings_.workers,
              client_options(config, surroundings_.authorization, cluster_id, epoch),
              [this](TrackerEvent event) { events_.post(std::move(event)); }),
      resolver_(surroundings_.loop, [this](NamesResolved resolved) { events_.post(std::move(resolved)); }),
      worker_(surroundings_.loop, surroundings_.workers),
      trials_(surroundings_.loop, surroundings_.workers, surroundings_.try_out),
      choice_(
          surroundings_.loop, surroundings_.workers, surroundings_.templates, trials_,
          {[this] { begin_tracking(); },
           [this] {
             events_.post(TemplateChanged{choice_.longest_server_name(), choice_.service_ports(), choice_.change()});
           },
           [this] { surroundings_.changed(); }, [this] { return served(); }},
          {}),
      timer_(surroundings_.loop),
      id_(config.id),
      root_(config.zookeeper.root) {
  client_.set_endpoints(endpoints);
}

void Leadership::begin(const coordination::LeadershipGained& gained,
                       std::shared_ptr<const render::RoutingState> applied) {
  set_held(gained.held, "");
  pushed_ = gained.pushed;
  worker_.run([gained, options = surroundings_.templates.options()] { return read_committed(gained, options); },
              [this, applied = std::move(applied)](Begun committed) { begun(std::move(committed), applied); });
}

void Leadership::template_pushed(const coordination::PushedTemplates& pushed) {
  pushed_ ? void(pushed_ = pushed) : choice_.push(pushed);
}

// Before the tracker knows it: what it is about to be told.
SharedState Leadership::served() const {
  SharedState served = tracker_.committed();
  if (!served && to_begin_ && to_begin_->committed) {
    served = std::make_shared<const render::RoutingState>(*to_begin_->committed);
  }
  return served ? served : std::make_shared<const render::RoutingState>();
}

Leadership::Begun Leadership::read_committed(const coordination::LeadershipGained& gained,
                                             const render::TemplateOptions& options) {
  Begun begun;
  if (gained.committed) begun.quarantined = gained.committed->quarantined;
  for (const coordination::PublishedFile& file : gained.files) {
    if (file.name == "routes.json") {
      auto state = render::decode_routes(*file.text);
      if (state) {
        begun.state = std::move(*state);
      } else {
        begun.trouble = "the committed " + state.error().text();
      }
    } else if (file.name == kTemplateName) {
      auto compiled = compile_template(*file.text, "committed template", options);
      if (compiled) {
        begun.templates.ruling = std::move(*compiled);
      } else {
        begun.template_trouble = compiled.error().message;
      }
    } else if (file.name == kCanaryTemplateName) {
      auto compiled = compile_template(*file.text, "pushed template", options);
      if (compiled) begun.templates.canary = CanaryTemplate{std::move(*compiled), canaries_in(gained.files)};
    }
  }
  begun.templates.restored = gained.restored;
  return begun;
}

void Leadership::begun(Begun begun, const std::shared_ptr<const render::RoutingState>& applied) {
  if (begun.template_trouble) log_warning("what is committed cannot be made again: " + *begun.template_trouble);
  if (begun.trouble) log_info("this leadership begins without a committed state: " + *begun.trouble);
  TrackingBegun event;
  event.committed = std::move(begun.state);
  event.quarantined = std::move(begun.quarantined);
  if (applied) event.applied = *applied;
  to_begin_ = std::move(event);
  choice_.begin(std::move(begun.templates), *std::exchange(pushed_, std::nullopt));
}

void Leadership::begin_tracking() {
  to_begin_->longest_server_name = choice_.longest_server_name();
  to_begin_->service_ports = choice_.service_ports();
  events_.post(*std::exchange(to_begin_, std::nullopt));
}

void Leadership::close() {
  worker_.cancel();
  trials_.close();
  events_.close();
  choice_.close();
  timer_.cancel();
}

void Leadership::handle(TrackerEvent event) {
  const TimePoint now = std::chrono::steady_clock::now();
  if (metrics_.arrived(now, event)) last_sync_ = utc_now();
  for (TrackerEffect& effect : tracker_.step(now, std::move(event))) {
    if (events_.closed()) return;
    perform(std::move(effect));
  }
  if (events_.closed()) return;
  metrics_.handled(now, tracker_);
  set_timer();
  surroundings_.changed();
}

void Leadership::perform(TrackerEffect effect) {
  std::visit(
      coordination::Overloaded{
          [this](const OpenStream& open) { client_.perform(open); },
          [this](const FetchApps& fetch) {
            surroundings_.listing();
            client_.perform(fetch);
          },
          [this](const FetchApp& fetch) { client_.perform(fetch); },
          [this](const FetchPods& fetch) { client_.perform(fetch); },
          [this](const FetchPod& fetch) { client_.perform(fetch); },
          [this](const PingEndpoint& ping) { client_.perform(ping); },
          [this](const ResolveNames& names) { resolver_.perform(names); },
          [this](const RenderAndOffer& offer) { render(offer); },
          [this](const ReportWaiting& waiting) { report_waiting(waiting.state); },
          [this](const TryState& trial) { try_state(trial); },
          [this](const HostsRefused& hosts) { surroundings_.metrics.hosts_refused(hosts.invalid, hosts.duplicate); },
          [](const LogLine& line) { write_log(line); },
      },
      effect);
}

void Leadership::render(const RenderAndOffer& effect) {
  const auto& in_use = choice_.in_use();
  if (!in_use) {
    coordination::require(choice_.trouble().has_value(), "what is missing has a reason");
    events_.post(OfferRendered{effect.offer, choice_.trouble()});
    return;
  }
  metrics_.offered(effect.offer, effect.cause.event);
  offered_by_ = {effect.offer, choice_.changed_by()};
  worker_.run(
      [compiled = in_use->compiled, canary = choice_.canary(), state = effect.state, committed = tracker_.committed(),
       root = root_] { return render_offer(compiled, canary, *state, committed, root); },
      [this, effect](auto result) { rendered(effect, std::move(result)); });
}

// Runs on a worker: values in, values out.
tl::expected<Leadership::RenderedOffer, std::string> Leadership::render_offer(
    const render::Template& compiled, const std::optional<CanaryTemplate>& canary, const render::RoutingState& state,
    const SharedState& committed, const coordination::Path& root) {
  const TimePoint began = std::chrono::steady_clock::now();
  // A state that breaks an invariant could not be read back by the next leader: better no change than that.
  if (const auto broken = render::find_broken_invariant(state)) {
    return tl::unexpected("this state must not be published: " + broken->message);
  }
  auto config = compiled.render(state);
  if (!config) return tl::unexpected(config.error().text());
  RenderedOffer result;
  result.config = std::make_shared<const render::Rendered>(*config);
  std::vector<coordination::PublishedFile> files;
  files.push_back(publish(std::string(kConfigName), std::move(*config)));
  files.push_back(publish("routes.json", render::encode_routes(state)));
  files.push_back({std::string(kTemplateName), std::make_shared<const std::string>(compiled.text()), {}});
  if (canary) {
    auto other = canary->loaded.compiled.render(state);
    if (other) {
      add_canary(files, publish(std::string(kConfigName), std::move(*other)), canary->loaded.compiled.text(),
                 canary->agents);
      result.canaries = canary->agents;
    } else {
      result.canary_trouble = Failure{other.error().text()};
    }
  }
  result.offer.content = coordination::describe_files(std::move(files), root);
  result.offer.apps = static_cast<std::int64_t>(state.apps.size());
  result.offer.servers = render::server_count(state);
  result.offer.changes = change_summary(committed.get(), state);
  result.offer.render_ms = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - began).count();
  return result;
}

void Leadership::rendered(const RenderAndOffer& effect, tl::expected<RenderedOffer, std::string> result) {
  const auto trouble_before = rendering_trouble_;
  if (!result) {
    rendering_trouble_ = Failure{result.error()};
    if (rendering_trouble_ != trouble_before) {
      log_error("rendering failed, the last state stays: " + rendering_trouble_->message);
    }
    events_.post(OfferRendered{effect.offer, rendering_trouble_});
    return;
  }
  rendering_trouble_ = std::move(result->canary_trouble);
  if (rendering_trouble_ && rendering_trouble_ != trouble_before) {
    log_error("the canaries get what all others get: " + rendering_trouble_->message);
  }
  last_rendered_ = utc_now();
  rendered_offer_ = effect.offer;
  rendered_config_ = std::move(result->config);
  rendered_canaries_.emplace_back(effect.offer, std::move(result->canaries));
  if (rendered_canaries_.size() > kOffersUnderWay) rendered_canaries_.pop_front();
  coordination::StateOffered offer = std::move(result->offer);
  offer.offer = effect.offer;
  offer.cause = effect.cause.text;
  if (effect.cause.event) {
    const auto age = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - *effect.cause.event);
    offer.event_at = format_utc(std::chrono::system_clock::now() - age);
  }
  offer.quarantined = effect.quarantined;
  offer.by = effect.by.empty() && offered_by_.first == effect.offer ? offered_by_.second : effect.by;
  offer.created_at = last_rendered_;
  events_.post(OfferRendered{effect.offer, std::nullopt});
  surroundings_.offer(std::move(offer));
}

void Leadership::set_held(bool held, const std::string& released_by) {
  if (std::exchange(held_, held) != held) events_.post(HoldChanged{held, released_by});
}

void Leadership::report_waiting(const SharedState& state) {
  if (!state) {
    waiting_.reset();
    return;
  }
  worker_.run(
      [state, committed = tracker_.committed()] { return change_summary(committed.get(), *state).what; },
      [this](const std::string& what) {
        if (!held_) return;
        waiting_ = coordination::WaitingChange{waiting_ ? waiting_->since : utc_now(), coordination::cut_text(what)};
        surroundings_.changed();
      });
}

void Leadership::try_state(const TryState& effect) {
  const auto& in_use = choice_.in_use();
  if (!in_use) {
    events_.post(StateTried{effect.trial, {TrialOutcome::Result::kFailed, "there is no template", {}}});
    return;
  }
  trials_.ask(in_use->compiled, effect.state, [this, trial = effect.trial](const Trials::Answer& answer) {
    events_.post(StateTried{trial, answer.outcome});
  });
}

void Leadership::offer_closed(const coordination::OfferClosed& closed) {
  metrics_.closed(std::chrono::steady_clock::now(), closed);
  if (closed.fate == coordination::Fate::kCommitted && closed.offer == offered_by_.first) {
    choice_.committed_change_of(offered_by_.second);
  }
  OfferDecided decided{closed.offer, closed.fate, closed.reason};
  // What a canary refuses, the template on trial has made of the apps: it is no app's fault, and nobody else's trouble.
  for (const std::string& agent : closed.nacked) {
    if (!is_canary(agent, closed.offer)) decided.nacked.push_back(agent);
  }
  if (decided.nacked.size() < closed.nacked.size()) {
    if (decided.nacked.empty() && closed.fate == coordination::Fate::kRejected) {
      decided.fate = coordination::Fate::kAbandoned;
    }
    choice_.end_trial(closed.reason);
    if (decided.nacked.empty()) {
      events_.post(std::move(decided));
      return;
    }
  }
  decided.nacked_here = std::find(decided.nacked.begin(), decided.nacked.end(), id_) != decided.nacked.end();
  decided.at = utc_now();
  decided.app = app_named_in(closed.reason, closed.offer);
  events_.post(std::move(decided));
}

void Leadership::commit_refused(const coordination::CommitRefused& refused) {
  if (is_canary(refused.agent, refused.offer)) return choice_.end_trial(refused.reason);
  events_.post(CommitDoubted{refused.offer, refused.agent, refused.reason, app_named_in(refused.reason, refused.offer),
                             utc_now()});
}

bool Leadership::is_canary(const std::string& agent, std::uint64_t offer) const {
  return std::any_of(rendered_canaries_.begin(), rendered_canaries_.end(), [&](const auto& rendered) {
    const auto& [number, canaries] = rendered;
    return number == offer && std::find(canaries.begin(), canaries.end(), agent) != canaries.end();
  });
}

std::string Leadership::app_named_in(const std::string& error, std::uint64_t offer) const {
  const int line = error_line(error, kStageSuffix) - 1;  // the identity line stands above what was rendered
  return offer == rendered_offer_ && line > 0 ? render::app_at_line(*rendered_config_, line) : std::string();
}

void Leadership::applied(const coordination::Identity& identity) {
  metrics_.applied(std::chrono::steady_clock::now(), identity);
}

void Leadership::set_timer() {
  const TimePoint now = std::chrono::steady_clock::now();
  timer_.expires_at(std::min(tracker_.next_deadline(), now + kLongestSleep));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) events_.post(TrackerTicked{});
  });
}

}  // namespace chorale::agent
