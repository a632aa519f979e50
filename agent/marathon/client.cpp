#include "agent/marathon/client.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <type_traits>
#include <utility>

#include "agent/base/worker.h"
#include "agent/marathon/apps_parser.h"
#include "agent/marathon/framework_id.h"
#include "agent/marathon/requests.h"
#include "agent/marathon/rest_client.h"
#include "agent/marathon/sse_stream.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {
namespace {

// Marathon puts event_stream_attached first on every new stream, unless something in between filters it out.
constexpr std::chrono::seconds kAttachedWithoutSayingSo{2};

// What takes longer to read than the loop may be kept: a deployment event of Marathon <= 1.6 can have many MB.
constexpr std::size_t kBigEvent = 256U << 10U;

constexpr std::size_t kMostOfASubscription = 1U << 20U;

constexpr const char* kPodsPath = "/v2/pods::status";
constexpr const char* kAppsPath = "/v2/apps?embed=apps.tasks&embed=apps.counts&embed=apps.deployments";

using RestResult = tl::expected<std::string, RestFailure>;

// An event that cannot be read is still one: something happened.
MarathonEvent read_event(const SseEvent& event) {
  tl::expected<MarathonEvent, Failure> parsed = tl::unexpected(Failure{});
  if (!event.oversized) {
    parsed = parse_event(event.data);
  }
  if (!parsed) {
    parsed = MarathonEvent{};
    parsed->type = event.oversized ? "oversized" : "unreadable";
  }
  return std::move(*parsed);
}

}  // namespace

class MarathonClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, boost::asio::thread_pool& workers, MarathonClientOptions options, Sink sink)
      : loop_(loop),
        worker_(loop, workers),
        options_(std::move(options)),
        sink_(std::move(sink)),
        rest_(loop, RestOptions{options_.authorization, options_.tls, options_.max_body_bytes}),
        attach_timer_(loop) {
    if (options_.callbacks) {
      callbacks_ = std::make_unique<CallbackSource>(
          loop, RestOptions{options_.authorization, options_.tls, kMostOfASubscription}, *options_.callbacks,
          [this](TrackerEvent event) {
            const auto self = shared_from_this();  // the sink may end the client
            report(std::move(event));
          });
    }
  }

  void close() {
    alive_ = false;
    worker_.cancel();
    close_stream();
    callbacks_.reset();
    rest_.cancel_all();
  }

  void set_endpoints(const std::vector<std::string>& endpoints) {
    if (callbacks_) callbacks_->set_endpoints(endpoints);
  }

  void leave(std::function<void()> done) {
    left_ = true;
    close_stream();
    if (callbacks_) return callbacks_->leave(std::move(done));
    boost::asio::post(loop_, std::move(done));
  }

  // The event stream.

  void open_stream(const std::string& endpoint) {
    thread_.check();
    if (left_) return;
    if (callbacks_) return callbacks_->open(endpoint);
    close_stream();
    const auto url = parse_url(endpoint);
    if (!url) {
      return report_later(StreamFailed{endpoint, url.error()});
    }
    SseOptions options;
    options.authorization = options_.authorization;
    options.tls = options_.tls;
    options.idle_timeout = options_.stream_idle_timeout;
    options.max_event_bytes = options_.max_event_bytes;
    stream_endpoint_ = endpoint;
    stream_ = std::make_unique<SseStream>(loop_, url->below("/v2/events"), std::move(options), listener());
  }

  void close_stream() {
    ++stream_id_;
    attached_ = false;
    attach_timer_.cancel();
    stream_.reset();
  }

  // Requests.

  void fetch_apps(const FetchApps& effect) {
    const std::string target = kAppsPath + std::string(options_.with_readiness ? "&embed=apps.readiness" : "");
    get(effect.endpoint, target, options_.list_timeout, [effect](Impl& self, const Url& url, RestResult body) {
      if (!body) {
        return self.report(AppsFetched{effect.fetch, effect.endpoint, tl::unexpected(std::move(body.error().failure))});
      }
      self.on_worker([effect, where = url.text(), body = std::move(*body)]() -> TrackerEvent {
        return AppsFetched{effect.fetch, effect.endpoint, naming(where, parse_apps(body))};
      });
    });
  }

  void fetch_app(const FetchApp& effect) {
    const std::string target = app_path(effect.app) + (options_.with_readiness ? "?embed=app.readiness" : "");
    get(effect.endpoint, target, options_.request_timeout, [effect](Impl& self, const Url& url, RestResult body) {
      if (!body) {
        return self.report(AppFetched{effect.fetch, effect.endpoint, effect.app, absent_or_failed(body.error())});
      }
      self.on_worker([effect, where = url.text(), body = std::move(*body)]() -> TrackerEvent {
        return AppFetched{effect.fetch, effect.endpoint, effect.app, naming(where, only(effect.app, parse_app(body)))};
      });
    });
  }

  void fetch_pods(const FetchPods& effect) {
    get(effect.endpoint, kPodsPath, options_.list_timeout, [effect](Impl& self, const Url& url, RestResult body) {
      if (!body) {
        return self.report(PodsFetched{effect.fetch, effect.endpoint, absent_or_failed<MarathonApps>(body.error())});
      }
      self.on_worker([effect, where = url.text(), body = std::move(*body)]() -> TrackerEvent {
        return PodsFetched{effect.fetch, effect.endpoint, naming(where, parse_pods(body))};
      });
    });
  }

  void fetch_pod(const FetchPod& effect) {
    const auto answered = [effect](Impl& self, const Url& url, RestResult body) {
      if (!body) {
        return self.report(AppFetched{effect.fetch, effect.endpoint, effect.pod, absent_or_failed(body.error())});
      }
      self.on_worker([effect, where = url.text(), body = std::move(*body)]() -> TrackerEvent {
        return AppFetched{effect.fetch, effect.endpoint, effect.pod, naming(where, only(effect.pod, parse_pod(body)))};
      });
    };
    get(effect.endpoint, pod_status_path(effect.pod), options_.request_timeout, answered);
  }

  void ping(const PingEndpoint& effect) {
    const Milliseconds limit = std::min(options_.request_timeout, options_.ping_timeout);
    get(effect.endpoint, "/ping", limit, [effect](Impl& self, const Url&, RestResult body) {
      if (body) return self.report(EndpointPinged{effect.endpoint, std::nullopt});
      self.report(EndpointPinged{effect.endpoint, std::move(body.error().failure), body.error().status != 0});
    });
  }

  void fetch_framework_id(const std::string& endpoint, std::function<void(tl::expected<std::string, Failure>)> done) {
    get(endpoint, "/v2/info", options_.request_timeout,
        [done = std::move(done)](const Impl& self, const Url& url, const RestResult& body) {
          if (!self.alive_) return;
          done(body ? naming(url.text(), parse_framework_id(*body)) : tl::unexpected(body.error().failure));
        });
  }

 private:
  using Answered = std::function<void(Impl&, const Url&, RestResult)>;
  using AppResult = tl::expected<std::optional<MarathonApp>, Failure>;

  template <class Value>
  static tl::expected<Value, Failure> naming(const std::string& where, tl::expected<Value, Failure> result) {
    if (!result) {
      result.error().message.insert(0, "GET " + where + ": ");
    }
    return result;
  }

  // A Marathon before 1.4 answers 404 or 405 where pods would be.
  template <class Value = MarathonApp>
  static tl::expected<std::optional<Value>, Failure> absent_or_failed(RestFailure& failure) {
    if (failure.status == 404 || (std::is_same_v<Value, MarathonApps> && failure.status == 405)) {
      return std::optional<Value>{};
    }
    return tl::unexpected(std::move(failure.failure));
  }

  // An answer about another app (a confused cache or balancer) must not be taken for this one.
  static AppResult only(const std::string& id, tl::expected<MarathonApp, Failure> app) {
    if (!app) {
      return tl::unexpected(std::move(app.error()));
    }
    if (app->id != id && app->id != "/" + id) {
      return tl::unexpected(Failure{"the answer is about another app"});
    }
    return std::optional(std::move(*app));
  }

  void report(TrackerEvent event) {
    thread_.check();
    if (alive_) {
      sink_(std::move(event));
    }
  }

  // For what is known within perform(): an answer never comes before the question was asked.
  void report_later(TrackerEvent event) {
    boost::asio::post(
        loop_, [self = shared_from_this(), event = std::move(event)]() mutable { self->report(std::move(event)); });
  }

  void get(const std::string& endpoint, const std::string& path, Milliseconds time_limit, Answered answered) {
    thread_.check();
    const auto base = parse_url(endpoint);
    if (!base) {
      boost::asio::post(loop_, [self = shared_from_this(), answered = std::move(answered), failure = base.error()] {
        answered(*self, Url{}, tl::unexpected(RestFailure{0, failure}));
      });
      return;
    }
    const Url url = base->below(path);
    rest_.get(url, time_limit, [weak = weak_from_this(), url, answered = std::move(answered)](RestResult result) {
      if (const auto self = weak.lock()) {
        answered(*self, url, std::move(result));
      }
    });
  }

  // Runs `work` on a worker and reports what it returns.
  template <class Work>
  void on_worker(Work work) {
    worker_.run(std::move(work), [this](TrackerEvent event) {
      const auto self = shared_from_this();  // the sink may end the client
      report(std::move(event));
    });
  }

  // Calls `then` with this client while the stream that the listener was made for is the open one.
  template <class Then>
  auto while_open(Then then) {
    return [weak = weak_from_this(), id = stream_id_, then = std::move(then)](auto&&... args) {
      const auto self = weak.lock();
      if (self != nullptr && self->stream_id_ == id) {
        then(*self, std::forward<decltype(args)>(args)...);
      }
    };
  }

  SseListener listener() {
    SseListener listener;
    listener.opened = while_open([](Impl& self) {
      self.attach_timer_.expires_after(kAttachedWithoutSayingSo);
      self.attach_timer_.async_wait(
          [then = self.while_open([](Impl& late) { late.attached(); })](const boost::system::error_code& error) {
            if (!error) {
              then();
            }
          });
    });
    listener.events = while_open([](Impl& self, std::vector<SseEvent> events) { self.take(std::move(events)); });
    listener.failed = while_open([](Impl& self, Failure failure, bool silent) {
      self.close_stream();
      self.report(StreamFailed{self.stream_endpoint_, std::move(failure), silent});
    });
    return listener;
  }

  void take(std::vector<SseEvent> events) {
    const std::uint64_t id = stream_id_;
    for (SseEvent& event : events) {
      if (event.data.size() > kBigEvent) {
        // Overtaken by those behind it; Marathon promises no order either.
        on_worker([event = std::move(event)]() -> TrackerEvent { return EventReceived{read_event(event)}; });
        continue;
      }
      MarathonEvent read = read_event(event);
      if (read.type == "event_stream_attached") {
        attached();
      }
      if (!alive_ || stream_id_ != id) {
        return;  // the sink closed the stream or the client
      }
      report(EventReceived{std::move(read)});
      if (!alive_ || stream_id_ != id) {
        return;
      }
    }
  }

  void attached() {
    if (!std::exchange(attached_, true)) {
      attach_timer_.cancel();
      report(StreamAttached{stream_endpoint_});
    }
  }

  boost::asio::io_context& loop_;
  Worker worker_;
  const MarathonClientOptions options_;
  const Sink sink_;
  RestClient rest_;
  std::unique_ptr<SseStream> stream_;
  std::string stream_endpoint_;
  std::uint64_t stream_id_ = 0;  // rises with every opening and closing: what comes from an older one is dropped
  bool attached_ = false;
  bool left_ = false;
  std::unique_ptr<CallbackSource> callbacks_;  // instead of stream_
  boost::asio::steady_timer attach_timer_;
  bool alive_ = true;
  coordination::LoopThread thread_;
};

MarathonClient::MarathonClient(boost::asio::io_context& loop, boost::asio::thread_pool& workers,
                               MarathonClientOptions options, Sink sink)
    : impl_(std::make_shared<Impl>(loop, workers, std::move(options), std::move(sink))) {}

MarathonClient::~MarathonClient() { impl_->close(); }

void MarathonClient::perform(const OpenStream& effect) { impl_->open_stream(effect.endpoint); }
void MarathonClient::perform(const FetchApps& effect) { impl_->fetch_apps(effect); }
void MarathonClient::perform(const FetchApp& effect) { impl_->fetch_app(effect); }
void MarathonClient::perform(const FetchPods& effect) { impl_->fetch_pods(effect); }
void MarathonClient::perform(const FetchPod& effect) { impl_->fetch_pod(effect); }
void MarathonClient::perform(const PingEndpoint& effect) { impl_->ping(effect); }
void MarathonClient::set_endpoints(const std::vector<std::string>& endpoints) { impl_->set_endpoints(endpoints); }
void MarathonClient::leave(std::function<void()> done) { impl_->leave(std::move(done)); }
void MarathonClient::fetch_framework_id(const std::string& endpoint,
                                        std::function<void(tl::expected<std::string, Failure>)> done) {
  impl_->fetch_framework_id(endpoint, std::move(done));
}

}  // namespace chorale::agent
