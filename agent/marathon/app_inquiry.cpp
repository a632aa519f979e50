#include "agent/marathon/app_inquiry.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>

#include "agent/base/one_line.h"
#include "agent/marathon/resolver.h"

namespace chorale::agent {

class AppInquiry::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, boost::asio::thread_pool& workers, AppInquiryOptions options, Done done)
      : loop_(loop),
        options_(std::move(options)),
        done_(std::move(done)),
        deadline_(std::chrono::steady_clock::now() + options_.limit),
        timer_(loop),
        client_(loop, workers, options_.client, [this](TrackerEvent event) { take(std::move(event)); }),
        resolver_(loop, [this](const NamesResolved& answer) { take(answer); }) {}

  void start() {
    boost::asio::post(loop_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->ask_next(Failure{"no endpoint of Marathon is known"});
    });
  }

 private:
  // The next endpoint, from the beginning; `failure`: why the last one is given up.
  void ask_next(const Failure& failure) {
    const auto now = std::chrono::steady_clock::now();
    if (next_ == options_.endpoints.size() || now >= deadline_) return finish(tl::unexpected(failure));
    const bool last = next_ + 1 == options_.endpoints.size();
    const int requests = findings_.requests;
    findings_ = AppFindings{};
    asked_pod_ = false;
    findings_.requests = requests;
    findings_.endpoint = options_.endpoints[next_++];
    timer_.expires_at(last ? deadline_ : std::min(deadline_, now + options_.patience));
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (!error && self != nullptr) self->ask_next(Failure{self->findings_.endpoint + " does not answer in time"});
    });
    ask(FetchApp{++fetch_, findings_.endpoint, options_.app});
  }

  template <class Request>
  void ask(const Request& request) {
    ++findings_.requests;
    client_.perform(request);
  }

  // One question is open at a time; answers to others are late.
  void take(TrackerEvent event) {
    const auto self = shared_from_this();  // `done` may end the inquiry
    if (auto* app = std::get_if<AppFetched>(&event); app != nullptr && app->fetch == fetch_) take_app(*app);
    if (auto* apps = std::get_if<AppsFetched>(&event); apps != nullptr && apps->fetch == fetch_) take_apps(*apps);
    if (auto* pods = std::get_if<PodsFetched>(&event); pods != nullptr && pods->fetch == fetch_) take_pods(*pods);
  }

  void take_app(AppFetched& answer) {
    if (!answer.result) return ask_next(answer.result.error());
    findings_.app = std::move(*answer.result);
    if (!findings_.app && !std::exchange(asked_pod_, true)) {
      return ask(FetchPod{++fetch_, findings_.endpoint, options_.app});
    }
    if (!findings_.app || options_.all) return ask(FetchApps{++fetch_, findings_.endpoint});
    look_up(names_to_resolve(*findings_.app));
  }

  void take_apps(AppsFetched& answer) {
    if (!answer.apps) return ask_next(answer.apps.error());
    findings_.all = std::move(*answer.apps);
    ask(FetchPods{++fetch_, findings_.endpoint});
  }

  // A Marathon without pods has none to name.
  void take_pods(PodsFetched& answer) {
    if (answer.pods && *answer.pods) findings_.all.merge(**answer.pods);
    std::set<std::string> names =
        options_.all && findings_.app ? names_to_resolve(findings_.all) : std::set<std::string>{};
    if (findings_.app) names.merge(names_to_resolve(*findings_.app));
    look_up(std::move(names));
  }

  void look_up(std::set<std::string> names) {
    timer_.cancel();
    asked_names_ = std::move(names);
    if (asked_names_.empty()) return finish(std::move(findings_));
    resolver_.perform(ResolveNames{asked_names_});
  }

  void take(const NamesResolved& answer) {
    const auto self = shared_from_this();
    for (const auto& [name, addresses] : answer.names) {
      findings_.names[name] = addresses;
      asked_names_.erase(name);
    }
    for (const auto& [name, why] : answer.failed) asked_names_.erase(name);
    if (asked_names_.empty()) finish(std::move(findings_));
  }

  void finish(tl::expected<AppFindings, Failure> result) {
    timer_.cancel();
    ++fetch_;
    if (!result) result.error().message = one_line(result.error().message, 500);
    if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  boost::asio::io_context& loop_;
  const AppInquiryOptions options_;
  Done done_;
  const std::chrono::steady_clock::time_point deadline_;
  boost::asio::steady_timer timer_;
  std::size_t next_ = 0;
  std::uint64_t fetch_ = 0;
  bool asked_pod_ = false;
  AppFindings findings_;               // of the endpoint that is asked
  std::set<std::string> asked_names_;  // that were not answered yet
  MarathonClient client_;
  Resolver resolver_;
};

AppInquiry::AppInquiry(boost::asio::io_context& loop, boost::asio::thread_pool& workers, AppInquiryOptions options,
                       Done done)
    : impl_(std::make_shared<Impl>(loop, workers, std::move(options), std::move(done))) {
  impl_->start();
}

AppInquiry::~AppInquiry() = default;

}  // namespace chorale::agent
