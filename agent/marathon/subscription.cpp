#include "agent/marathon/subscription.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "agent/marathon/requests.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kEpoch = "epoch=";

// What all agents of the pool have in common.
std::string pool_mark(const CallbackMark& mark) { return "?chorale=" + percent_encoded(mark.pool) + "&"; }

// 0: none is named.
std::int64_t epoch_after(std::string_view mark, std::string_view url) {
  std::string_view rest = url.substr(url.find(mark) + mark.size());
  std::int64_t epoch = 0;
  if (!rest.starts_with(kEpoch)) return epoch;
  rest.remove_prefix(kEpoch.size());
  std::from_chars(rest.data(), rest.data() + rest.size(), epoch);
  return epoch;
}

std::string address_of(const CallbackMark& mark) {
  std::string address = mark.url;
  if (!address.ends_with(kCallbackPath)) {
    if (address.ends_with('/')) address.pop_back();
    address += kCallbackPath;
  }
  return address;
}

}  // namespace

std::string callback_url(const CallbackMark& mark) {
  return address_of(mark) + pool_mark(mark) + std::string(kEpoch) + std::to_string(mark.epoch) +
         "&agent=" + percent_encoded(mark.agent);
}

tl::expected<std::vector<std::string>, Failure> parse_subscriptions(std::string_view body) {
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  const auto unknown = [] {
    return tl::unexpected(
        Failure{"no \"callbackUrls\" in it: this is not an answer of Marathon's /v2/eventSubscriptions"});
  };
  if (!answer.is_object() || !answer.contains("callbackUrls") || !answer["callbackUrls"].is_array()) return unknown();
  std::vector<std::string> urls;
  for (const auto& url : answer["callbackUrls"]) {
    if (!url.is_string()) return unknown();
    urls.push_back(url.get<std::string>());
  }
  return urls;
}

SubscriptionPlan plan_subscriptions(const std::vector<std::string>& there, const CallbackMark& mark) {
  const std::string own = callback_url(mark);
  const std::string address = address_of(mark);
  const std::string of_pool = pool_mark(mark);
  SubscriptionPlan plan{.subscribe = true, .unsubscribe = {}, .newer = {}};
  for (const std::string& url : there) {
    if (url == own) {
      plan.subscribe = false;
      continue;
    }
    const bool of_this_pool = url.find(of_pool) != std::string::npos;
    const bool calls_us = url == address || url.starts_with(address + "?");
    if (of_this_pool && epoch_after(of_pool, url) > mark.epoch) {
      plan.newer.push_back(url);
    } else if (of_this_pool || calls_us) {
      plan.unsubscribe.push_back(url);
    }
  }
  return plan;
}

std::string subscription_path(std::string_view url) {
  return kSubscriptionsPath + std::string("?callbackUrl=") + percent_encoded(url);
}

}  // namespace chorale::agent
