#include "tests/marathon_simulator/callbacks.h"

#include <algorithm>
#include <utility>

namespace chorale::marathon_simulator {
namespace {

constexpr std::chrono::milliseconds kTimeout{10'000};
constexpr std::chrono::milliseconds kFirstPause{1'000};
constexpr std::chrono::milliseconds kLongestPause{60'000};
constexpr std::size_t kOutstanding = 50;
constexpr std::string_view kScheme = "http://";

// What a proxy is asked for: it resolves names itself.
std::string authority_of(const std::string& url) {
  return url.substr(kScheme.size(), url.find('/', kScheme.size()) - kScheme.size());
}

}  // namespace

bool Callbacks::add(const std::string& url) {
  if (proxy_ ? !url.starts_with(kScheme) : !parse_url(url)) return false;
  auto& subscriber = subscribers_[url];
  if (!subscriber) subscriber = std::make_shared<Subscriber>(Subscriber{.url = url, .queue = {}});
  return true;
}

bool Callbacks::set_proxy(const std::string& url) {
  const auto parsed = parse_url(url);
  if (!url.empty() && !parsed) return false;
  proxy_ = parsed;
  for (auto& [name, subscriber] : subscribers_) {
    subscriber->queue.clear();  // a call that is under way ends by itself
    subscriber = std::make_shared<Subscriber>(Subscriber{.url = name, .queue = {}});
  }
  return true;
}

bool Callbacks::remove(const std::string& url) { return subscribers_.erase(url) != 0; }

std::vector<std::string> Callbacks::urls() const {
  std::vector<std::string> list;
  for (const auto& [url, subscriber] : subscribers_) list.push_back(url);
  return list;
}

void Callbacks::publish(const Event& event) {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [url, subscriber] : subscribers_) {
    if (now < subscriber->skip_until || subscriber->queue.size() >= kOutstanding) continue;
    subscriber->queue.push_back(event.data);
    if (!subscriber->calling) call_next(subscriber);
  }
}

void Callbacks::call_next(const std::shared_ptr<Subscriber>& subscriber) {
  subscriber->calling = !subscriber->queue.empty();
  if (!subscriber->calling) return;
  const auto url = proxy_ ? proxy_ : parse_url(subscriber->url);
  if (!url) {  // it was added while a proxy resolved names
    subscriber->queue.clear();
    subscriber->calling = false;
    return;
  }
  OutboundRequest request{"POST", proxy_ ? subscriber->url : url->target, {}, std::move(subscriber->queue.front())};
  subscriber->queue.pop_front();
  request.headers = {
      {"Host", authority_of(subscriber->url)}, {"Accept", "application/json"}, {"Content-Type", "application/json"}};
  send_request(io_, *url, std::move(request), kTimeout,
               [this, subscriber](const tl::expected<Response, OutboundError>& answer) {
                 if (answer && answer->status / 100 == 2) {
                   subscriber->pause = std::chrono::milliseconds(0);
                 } else {
                   subscriber->pause = std::clamp(subscriber->pause * 2, kFirstPause, kLongestPause);
                   subscriber->skip_until = std::chrono::steady_clock::now() + subscriber->pause;
                   subscriber->queue.clear();
                 }
                 call_next(subscriber);
               });
}

}  // namespace chorale::marathon_simulator
