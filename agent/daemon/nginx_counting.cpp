#include "agent/daemon/nginx_counting.h"

#include <utility>

#include "agent/nginx/counters_page.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kCountAgain{15};
constexpr Milliseconds kLongestCount{1'000};

}  // namespace

NginxCounting::NginxCounting(boost::asio::io_context& loop, boost::asio::thread_pool& workers, std::string config_file)
    : worker_(loop, workers), config_file_(std::move(config_file)) {}

NginxCounting::Answer NginxCounting::ask(const std::string& config_file, Place place) {
  const auto signature = signature_of(config_file);
  if (!signature) return {};
  if (place.file != signature) {
    const auto file = read_file(config_file);
    if (!file || !*file) return {};
    place = {(*file)->signature, find_counters_page((*file)->text)};
  }
  if (!place.page) return {std::move(place), std::nullopt};
  const auto counters = ask_counters(*place.page, kLongestCount);
  return {std::move(place), counters ? std::optional(*counters) : std::nullopt};
}

void NginxCounting::count(TimePoint now, Counted counted) {
  if (asked_at_ && now - *asked_at_ < kCountAgain && waiting_.empty()) return counted(counters_);
  waiting_.push_back(std::move(counted));
  if (waiting_.size() > 1) return;
  asked_at_ = now;
  worker_.run([file = config_file_, place = place_] { return ask(file, place); },
              [this](Answer answer) {
                place_ = std::move(answer.place);
                counters_ = answer.counters;
                for (const Counted& each : std::exchange(waiting_, {})) each(counters_);
              });
}

}  // namespace chorale::agent
