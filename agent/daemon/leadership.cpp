#include "agent/daemon/leadership.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <utility>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/daemon/endpoint_watch.h"
#include "coordination/overloaded.h"
#include "render/invariants.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kLongestSleep{1};
constexpr std::size_t kRememberedLatencies = 64;

TrackerOptions tracker_options(const Config& config) {
  TrackerOptions options;
  options.policy = {config.realm, config.expose_env, config.health_memory};
  options.endpoints = config.marathon;
  options.resync_interval = config.resync_interval;
  options.min_offer_interval = config.min_reload_interval;
  options.shrink_limit = config.shrink_limit;
  options.jitter = [engine = std::mt19937(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
  };
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

// Runs on a worker: values in, values out.
tl::expected<coordination::StateOffered, std::string> render_offer(const render::Template& compiled,
                                                                   const render::RoutingState& state) {
  // A state that breaks an invariant could not be read back by the next leader: better no change than that.
  if (const auto broken = render::find_broken_invariant(state)) {
    return tl::unexpected("this state must not be published: " + broken->message);
  }
  auto config = compiled.render(state);
  if (!config) return tl::unexpected(config.error().text());
  coordination::StateOffered offer;
  offer.files.push_back(publish("nginx.conf", std::move(*config)));
  offer.files.push_back(publish("routes.json", render::encode_routes(state)));
  offer.files.push_back({"template", std::make_shared<const std::string>(compiled.text()), {}});
  offer.apps = static_cast<std::int64_t>(state.apps.size());
  offer.servers = render::server_count(state);
  return offer;
}

}  // namespace

Leadership::Leadership(Surroundings surroundings, const Config& config)
    : surroundings_(std::move(surroundings)),
      tracker_(tracker_options(config)),
      events_([this](TrackerEvent event) { handle(std::move(event)); }),
      client_(surroundings_.loop, surroundings_.workers, marathon_client_options(config),
              [this](TrackerEvent event) { events_.post(std::move(event)); }),
      resolver_(surroundings_.loop, [this](NamesResolved resolved) { events_.post(std::move(resolved)); }),
      timer_(surroundings_.loop) {}

void Leadership::begin(coordination::LeadershipGained gained, std::shared_ptr<const render::RoutingState> applied) {
  boost::asio::post(surroundings_.workers, [this, gained = std::move(gained), applied = std::move(applied),
                                            delimiters = surroundings_.templates.delimiters(),
                                            alive = std::weak_ptr(alive_), &loop = surroundings_.loop] {
    boost::asio::post(loop, [this, alive, applied, committed = read_committed(gained, delimiters)]() mutable {
      if (!alive.expired()) begun(std::move(committed), applied);
    });
  });
}

Leadership::Begun Leadership::read_committed(const coordination::LeadershipGained& gained,
                                             const render::Delimiters& delimiters) {
  Begun begun;
  begun.trouble = gained.reason;
  for (const coordination::PublishedFile& file : gained.files) {
    if (file.name == "routes.json") {
      auto state = render::decode_routes(*file.text);
      if (state) {
        begun.state = std::move(*state);
      } else {
        begun.trouble = "the committed " + state.error().text();
      }
    } else if (file.name == "template") {
      auto compiled = compile_template(*file.text, "committed template", delimiters);
      if (compiled) begun.in_use = std::move(*compiled);
    }
  }
  return begun;
}

void Leadership::begun(Begun begun, const std::shared_ptr<const render::RoutingState>& applied) {
  if (!begun.trouble.empty()) log_info("the term begins without a committed state: " + begun.trouble);
  choose_template(std::move(begun.in_use));
  TrackingBegun event;
  event.committed = std::move(begun.state);
  if (applied) event.applied = *applied;
  began_ = true;
  events_.post(std::move(event));
}

// A new leader whose file differs goes on with the committed template until its own file changes: proxies are upgraded
// one by one, and a leader change must not flip everybody's configuration.
void Leadership::choose_template(std::optional<LoadedTemplate> committed) {
  const auto& own = surroundings_.templates.current();
  const bool differs = committed && own && committed->digest != own->digest;
  if (differs) {
    template_note_ = surroundings_.templates.file() +
                     " differs from the committed template, which stays in use until " + "the file changes";
    log_warning(template_note_);
  }
  if (committed) {
    template_ = std::move(committed);
  } else {
    template_ = own;
  }
  template_trouble_ = template_ ? std::string() : surroundings_.templates.trouble();
}

void Leadership::template_changed() {
  const TemplateSource& source = surroundings_.templates;
  template_trouble_ = source.trouble();
  if (template_trouble_.empty() && source.current()) {
    template_ = source.current();
    template_note_.clear();
    log_info("template " + source.file() + " changed, rendering again");
    if (began_) events_.post(TemplateChanged{});
  } else {
    log_error("template refused, the last good one stays in use: " + template_trouble_);
  }
  surroundings_.changed();
}

void Leadership::close() {
  alive_.reset();
  events_.close();
  timer_.cancel();
}

void Leadership::handle(TrackerEvent event) {
  account(event);
  const auto* ping = std::get_if<EndpointPinged>(&event);
  const bool ping_failed = ping != nullptr && ping->failure.has_value();
  const bool answered = ping_failed && ping->answered;
  for (TrackerEffect& effect : tracker_.step(std::chrono::steady_clock::now(), std::move(event))) {
    if (events_.closed()) return;
    perform(std::move(effect));
  }
  if (events_.closed()) return;
  if (ping_failed) account_failed_ping(answered);
  set_timer();
  surroundings_.changed();
}

void Leadership::account(const TrackerEvent& event) {
  Metrics& metrics = surroundings_.metrics;
  const auto answered = [&](bool ok) {
    metrics.marathon_request(ok);
    if (!ok) return;
    last_answer_ = std::chrono::steady_clock::now();
    last_sync_ = utc_now();
  };
  if (const auto* apps = std::get_if<AppsFetched>(&event)) {
    answered(apps->apps.has_value());
  } else if (const auto* app = std::get_if<AppFetched>(&event)) {
    answered(app->result.has_value());
  } else if (std::holds_alternative<EventReceived>(event)) {
    metrics.marathon_event();
    if (!first_event_) first_event_ = std::chrono::steady_clock::now();
  } else if (const auto* stream = std::get_if<StreamFailed>(&event)) {
    metrics.marathon_stream_error();
    if (stream->silent) metrics.stream_silent();
  }
  metrics.set_stream_attached(tracker_.stream_attached());
  if (last_answer_) {
    metrics.set_data_age(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - *last_answer_));
  }
}

// After the leader has heard of it: it says what is left.
void Leadership::account_failed_ping(bool answered) {
  if (answered) {
    surroundings_.metrics.endpoint_check_failed();
  } else {
    surroundings_.metrics.endpoint_down();
  }
  const auto endpoints = tracker_.endpoints();
  const bool any = std::any_of(endpoints.begin(), endpoints.end(), [](const auto& each) { return each.healthy; });
  if (!any) surroundings_.metrics.all_endpoints_down();
}

void Leadership::perform(TrackerEffect effect) {
  std::visit(
      coordination::Overloaded{
          [this](const OpenStream& open) { client_.perform(open); },
          [this](const CloseStream& close_stream) { client_.perform(close_stream); },
          [this](const FetchApps& fetch) { client_.perform(fetch); },
          [this](const FetchApp& fetch) { client_.perform(fetch); },
          [this](const PingEndpoint& ping) { client_.perform(ping); },
          [this](const ResolveNames& names) { resolver_.perform(names); },
          [this](const RenderAndOffer& offer) { render(offer); },
          [this](const HostsRefused& hosts) { surroundings_.metrics.hosts_refused(hosts.invalid, hosts.duplicate); },
          [](const LogLine& line) { write_log(line); },
      },
      effect);
}

void Leadership::render(const RenderAndOffer& effect) {
  if (!template_) {
    events_.post(OfferRendered{effect.offer, Failure{template_trouble_}});
    return;
  }
  const std::uint64_t offer = surroundings_.next_offer();
  jobs_[offer] = {effect.offer, effect.cause, std::exchange(first_event_, std::nullopt)};
  boost::asio::post(surroundings_.workers, [this, offer, compiled = template_->compiled, state = effect.state,
                                            alive = std::weak_ptr(alive_), &loop = surroundings_.loop] {
    boost::asio::post(loop, [this, alive, offer, result = render_offer(compiled, *state)]() mutable {
      if (!alive.expired()) rendered(offer, std::move(result));
    });
  });
}

void Leadership::rendered(std::uint64_t offer, tl::expected<coordination::StateOffered, std::string> result) {
  const auto job = jobs_.find(offer);
  if (job == jobs_.end()) return;
  if (!result) {
    template_trouble_ = result.error();
    const std::uint64_t trackers_offer = job->second.trackers_offer;
    jobs_.erase(job);
    log_error("rendering failed, the last state stays: " + template_trouble_);
    events_.post(OfferRendered{trackers_offer, Failure{template_trouble_}});
    return;
  }
  template_trouble_ = surroundings_.templates.trouble();
  last_rendered_ = utc_now();
  result->offer = offer;
  result->cause = job->second.cause;
  result->created_at = last_rendered_;
  events_.post(OfferRendered{job->second.trackers_offer, std::nullopt});
  surroundings_.offer(std::move(*result));
}

void Leadership::offer_closed(const coordination::OfferClosed& closed) {
  using Fate = coordination::OfferClosed::Fate;
  const auto job = jobs_.find(closed.offer);
  if (job == jobs_.end()) return;
  const Job done = std::move(job->second);
  jobs_.erase(job);
  const bool committed = closed.fate == Fate::kCommitted;
  surroundings_.metrics.proposal(committed);
  if (committed && done.first_event) {
    latency_from_[closed.identity.revision] = *done.first_event;
    if (latency_from_.size() > kRememberedLatencies) latency_from_.erase(latency_from_.begin());
  }
  events_.post(OfferDecided{done.trackers_offer, committed, closed.fate == Fate::kRejected, closed.reason});
}

void Leadership::applied(const coordination::Identity& identity) {
  const auto from = latency_from_.find(identity.revision);
  if (from == latency_from_.end()) return;
  surroundings_.metrics.change_applied(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - from->second));
  latency_from_.erase(latency_from_.begin(), std::next(from));
}

void Leadership::set_timer() {
  const TimePoint now = std::chrono::steady_clock::now();
  timer_.expires_at(std::min(tracker_.next_deadline(), now + kLongestSleep));
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) events_.post(TrackerTicked{});
  });
}

}  // namespace chorale::agent
