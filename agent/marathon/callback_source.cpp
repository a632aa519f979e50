#include "agent/marathon/callback_source.h"

#include <boost/asio/post.hpp>
#include <map>
#include <set>
#include <utility>

#include "agent/base/log.h"
#include "agent/base/one_line.h"
#include "agent/base/url.h"

namespace chorale::agent {
namespace {

using boost::system::error_code;
using RestResult = tl::expected<std::string, RestFailure>;

// The echo of our first request would come from an address that is not known yet.
constexpr std::chrono::seconds kNamesWithin{3};
constexpr std::size_t kNamedStrangers = 100;

// A request that outlives its source. The timer's own handler holds it, and so ends it in any case.
struct Farewell {
  Farewell(boost::asio::io_context& loop, std::unique_ptr<RestClient> client) : rest(std::move(client)), timer(loop) {}
  std::unique_ptr<RestClient> rest;
  boost::asio::steady_timer timer;
};

}  // namespace

class CallbackSource::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, RestOptions rest, CallbackOptions options, Sink sink)
      : loop_(loop),
        rest_(std::make_unique<RestClient>(loop, std::move(rest))),
        options_(std::move(options)),
        sink_(std::move(sink)),
        own_(callback_url(options_.mark)),
        callers_(loop, options_.from),
        timer_(loop) {
    callers_.on_known = [this] { begin(); };
  }

  void set_endpoints(const std::vector<std::string>& endpoints) { callers_.set_endpoints(endpoints); }

  void open(const std::string& endpoint) {
    thread_.check();
    if (left_) return;
    stop_following();
    endpoint_ = endpoint;
    if (const auto listening = listen(); !listening) return fail_later(listening.error());
    to_begin_ = true;
    callers_.refresh();
    after(kNamesWithin, [](Impl& self) { self.begin(); });
    if (callers_.known()) begin_later();
  }

  void leave(std::function<void()> done);
  void end() {
    ended_ = true;
    leave([] {});
  }

 private:
  void stop_following() {
    ++attempt_;
    attached_ = false;
    to_begin_ = false;
    timer_.cancel();
  }

  tl::expected<void, Failure> listen();
  void begin();
  void begin_later();
  void look();
  void looked(const RestResult& answer);
  void take_back_old(const std::vector<std::string>& newer);
  void take_back(const std::string& url);
  void subscribe(bool was_lost);
  void subscribed(const RestResult& answer, bool was_lost);
  void heard(MarathonEvent event);
  void refused(const boost::asio::ip::address& address);
  void refused_by(const RestFailure& refusal);
  void fail(Failure failure);
  void fail_later(Failure failure);

  void report(TrackerEvent event) {
    if (!ended_) sink_(std::move(event));
  }

  // Calls `then` while this is still the attempt, and there is somebody to report to.
  template <class Then>
  auto while_open(Then then) {
    return [weak = weak_from_this(), attempt = attempt_, then = std::move(then)](auto&&... args) {
      const auto self = weak.lock();
      if (self && !self->left_ && self->attempt_ == attempt) then(*self, std::forward<decltype(args)>(args)...);
    };
  }

  template <class Then>
  void after(Milliseconds delay, Then then) {
    timer_.expires_after(delay);
    timer_.async_wait([then = while_open(std::move(then))](const error_code& error) {
      if (!error) then();
    });
  }

  void ask(const char* method, const std::string& path, std::function<void(Impl&, RestResult)> answered) {
    const auto base = parse_url(endpoint_);
    if (!base) return fail_later(base.error());
    rest_->send(method, base->below(path), options_.request_timeout, while_open(std::move(answered)));
  }

  boost::asio::io_context& loop_;
  std::unique_ptr<RestClient> rest_;
  const CallbackOptions options_;
  const Sink sink_;
  const std::string own_;
  Callers callers_;
  std::unique_ptr<CallbackListener> listener_;
  boost::asio::steady_timer timer_;
  std::string endpoint_;
  std::string subscribed_at_;  // the last endpoint that was asked to subscribe us; empty: none was
  std::uint64_t attempt_ = 0;  // rises with every opening: answers to an older one are dropped
  std::chrono::steady_clock::time_point sign_of_life_{};                      // when one came, or was asked for
  std::set<std::string> strangers_;                                           // named in the log
  std::map<std::string, std::chrono::steady_clock::time_point> newer_since_;  // later leaders' subscriptions
  bool to_begin_ = false;
  bool attached_ = false;
  bool left_ = false;
  bool ended_ = false;
  coordination::LoopThread thread_;
};

tl::expected<void, Failure> CallbackSource::Impl::listen() {
  if (listener_) return {};
  CallbackListener::Callbacks callbacks;
  callbacks.allows = [this](const auto& address) { return callers_.allows(address); };
  callbacks.event = [this](MarathonEvent event) { heard(std::move(event)); };
  callbacks.refused = [this](const auto& address) { refused(address); };
  auto listener = std::make_unique<CallbackListener>(loop_, options_.listener, std::move(callbacks));
  if (auto started = listener->start(); !started) return started;
  listener_ = std::move(listener);
  return {};
}

void CallbackSource::Impl::begin_later() {
  boost::asio::post(loop_, while_open([](Impl& self) { self.begin(); }));
}

void CallbackSource::Impl::begin() {
  if (!std::exchange(to_begin_, false)) return;
  timer_.cancel();
  look();
}

void CallbackSource::Impl::look() {
  ask("GET", kSubscriptionsPath, [](Impl& self, const RestResult& answer) { self.looked(answer); });
}

void CallbackSource::Impl::looked(const RestResult& answer) {
  if (!answer) return refused_by(answer.error());
  const auto there = parse_subscriptions(*answer);
  if (!there) return fail(there.error());
  const SubscriptionPlan plan = plan_subscriptions(*there, options_.mark);
  for (const std::string& url : plan.unsubscribe) take_back(url);
  take_back_old(plan.newer);
  callers_.refresh();
  const bool is_quiet = std::chrono::steady_clock::now() - sign_of_life_ >= options_.ask_after;
  if (plan.subscribe || !attached_ || is_quiet) return subscribe(attached_ && plan.subscribe);
  after(options_.look_interval, [](Impl& self) { self.look(); });
}

void CallbackSource::Impl::take_back_old(const std::vector<std::string>& newer) {
  const auto now = std::chrono::steady_clock::now();
  std::map<std::string, std::chrono::steady_clock::time_point> seen;
  for (const std::string& url : newer) {
    const auto known = newer_since_.find(url);
    const auto since = known == newer_since_.end() ? now : known->second;
    seen.emplace(url, since);
    if (now - since >= options_.newer_stays) take_back(url);
  }
  newer_since_ = std::move(seen);
}

void CallbackSource::Impl::take_back(const std::string& url) {
  log_info("Marathon still has an earlier leader's subscription, which is taken back: " + one_line(url));
  ask("DELETE", subscription_path(url), [](Impl& /*self*/, const RestResult& answer) {
    if (!answer) log_warning("a subscription could not be taken back: " + one_line(answer.error().failure.message));
  });
}

void CallbackSource::Impl::subscribe(bool was_lost) {
  subscribed_at_ = endpoint_;
  sign_of_life_ = std::chrono::steady_clock::now();
  ask("POST", subscription_path(own_),
      [was_lost](Impl& self, const RestResult& answer) { self.subscribed(answer, was_lost); });
}

void CallbackSource::Impl::subscribed(const RestResult& answer, bool was_lost) {
  if (!answer) return refused_by(answer.error());
  const bool is_new = !std::exchange(attached_, true);
  after(is_new ? options_.first_look : options_.look_interval, [](Impl& self) { self.look(); });
  if (is_new) return report(StreamAttached{endpoint_});
  if (!was_lost) return;
  log_warning("Marathon had lost the subscription to its events; it is renewed, and the list asked for");
  report(SyncRequested{});
}

void CallbackSource::Impl::heard(MarathonEvent event) {
  if (left_) return;
  const auto self = shared_from_this();  // the sink may end the source
  sign_of_life_ = std::chrono::steady_clock::now();
  report(EventReceived{std::move(event)});
}

void CallbackSource::Impl::refused(const boost::asio::ip::address& address) {
  const std::string text = address.to_string();
  if (strangers_.size() >= kNamedStrangers || !strangers_.insert(text).second) return;
  log_warning("an event from " + text +
              " is refused: it is no address of Marathon's endpoints; see callback_from if it is Marathon's");
}

void CallbackSource::Impl::refused_by(const RestFailure& refusal) {
  Failure failure = refusal.failure;
  if (refusal.status != 0) {
    failure.message += "; callbacks need Marathon up to 1.4, started with --event_subscriber http_callback";
  }
  fail(std::move(failure));
}

void CallbackSource::Impl::fail(Failure failure) {
  stop_following();
  report(StreamFailed{endpoint_, std::move(failure)});
}

void CallbackSource::Impl::fail_later(Failure failure) {
  boost::asio::post(loop_, while_open([failure = std::move(failure)](Impl& self) {
                      self.stop_following();
                      self.report(StreamFailed{self.endpoint_, failure});
                    }));
}

void CallbackSource::Impl::leave(std::function<void()> done) {
  thread_.check();
  const bool leaves = !std::exchange(left_, true);
  stop_following();
  listener_.reset();
  const auto base = parse_url(subscribed_at_);
  if (!leaves || !base) return boost::asio::post(loop_, std::move(done));
  auto farewell = std::make_shared<Farewell>(loop_, std::move(rest_));
  farewell->rest->send("DELETE", base->below(subscription_path(own_)), options_.leave_timeout,
                       [done = std::move(done)](const RestResult& answer) {
                         if (!answer) {
                           log_warning("the subscription to Marathon's events could not be taken back: " +
                                       one_line(answer.error().failure.message));
                         }
                         done();
                       });
  auto& timer = farewell->timer;
  timer.expires_after(options_.leave_timeout * 2);
  timer.async_wait([farewell = std::move(farewell)](const error_code& /*error*/) {});
}

CallbackSource::CallbackSource(boost::asio::io_context& loop, RestOptions rest, CallbackOptions options, Sink sink)
    : impl_(std::make_shared<Impl>(loop, std::move(rest), std::move(options), std::move(sink))) {}

CallbackSource::~CallbackSource() { impl_->end(); }

void CallbackSource::set_endpoints(const std::vector<std::string>& endpoints) { impl_->set_endpoints(endpoints); }
void CallbackSource::open(const std::string& endpoint) { impl_->open(endpoint); }
void CallbackSource::leave(std::function<void()> done) { impl_->leave(std::move(done)); }

}  // namespace chorale::agent
