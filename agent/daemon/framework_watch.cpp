#include "agent/daemon/framework_watch.h"

#include <chrono>
#include <utility>

#include "agent/base/log.h"
#include "agent/base/one_line.h"
#include "agent/daemon/endpoint_watch.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kAskAgain{10};  // while nothing is known

}  // namespace

FrameworkWatch::FrameworkWatch(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const Config& config,
                               std::shared_ptr<Authorization> authorization, std::function<void()> answered)
    : client_(loop, workers, marathon_client_options(config, std::move(authorization)), [](const TrackerEvent&) {}),
      timer_(loop),
      endpoints_(marathon_urls(config)),
      answered_(std::move(answered)) {}

void FrameworkWatch::ask() {
  if (asking_ || endpoints_.empty()) return;
  asking_ = true;
  timer_.cancel();
  ask_endpoint(0);
}

void FrameworkWatch::ask_endpoint(std::size_t index) {
  if (index >= endpoints_.size()) return end();
  client_.fetch_framework_id(endpoints_[index], [this, index](tl::expected<std::string, Failure> id) {
    if (!id) return ask_endpoint(index + 1);
    if (framework_id_ && *framework_id_ != *id) {
      log_warning("another Marathon answers: its framework was " + one_line(*framework_id_) + " and is " +
                  one_line(*id));
    }
    framework_id_ = std::move(*id);
    end();
  });
}

void FrameworkWatch::end() {
  asking_ = false;
  if (!framework_id_) {
    timer_.expires_after(kAskAgain);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) ask();
    });
  }
  answered_();
}

}  // namespace chorale::agent
