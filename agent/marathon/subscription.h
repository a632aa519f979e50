// Our subscription among those that Marathon (up to 1.4) has: its URL, how to recognise it and those that earlier
// leaders left behind, what is to be asked of /v2/eventSubscriptions. Pure.
//
//   http://proxy-1:7000/v1/events?chorale=<pool>&epoch=<leadership>&agent=<id>
//
// A pool has one subscription, its leader's. Whatever else bears the pool's mark, or calls our own address, is what an
// earlier leader has left behind; nothing else is touched. The epoch tells an earlier leader from a later one: who was
// held up and has not heard yet that another leads would else take that one's away. It also makes each leadership's URL
// its own, so that the last word of one cannot cross the first of the next.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/types.h"

namespace chorale::agent {

struct CallbackMark {
  std::string url;         // as configured: http(s)://host:port[/path], without a query
  std::string pool;        // the same for all agents of a pool, and for no other's
  std::string agent;       // its id
  std::int64_t epoch = 0;  // of the leadership; 0: standalone
};

// What Marathon is to call. The path is the configured one, /v1/events being added where it does not end so.
[[nodiscard]] std::string callback_url(const CallbackMark& mark);

// {"callbackUrls":[...]}, the answer to a GET.
[[nodiscard]] tl::expected<std::vector<std::string>, Failure> parse_subscriptions(std::string_view body);

struct SubscriptionPlan {
  bool subscribe = false;                // ours is missing
  std::vector<std::string> unsubscribe;  // left behind
  std::vector<std::string> newer;        // of the same pool and of a later leadership
};
[[nodiscard]] SubscriptionPlan plan_subscriptions(const std::vector<std::string>& there, const CallbackMark& mark);

// /v2/eventSubscriptions?callbackUrl=..., percent-encoded.
[[nodiscard]] std::string subscription_path(std::string_view url);

inline constexpr const char* kSubscriptionsPath = "/v2/eventSubscriptions";
inline constexpr const char* kCallbackPath = "/v1/events";

}  // namespace chorale::agent
