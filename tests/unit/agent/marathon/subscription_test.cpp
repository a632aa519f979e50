#include "agent/marathon/subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const CallbackMark kMark{"http://proxy-1:7000", "c0ffee", "proxy-1", 7};
constexpr const char* kOwn = "http://proxy-1:7000/v1/events?chorale=c0ffee&epoch=7&agent=proxy-1";

TEST(SubscriptionTest, UrlNamesThePoolAndTheAgent) {
  EXPECT_EQ(callback_url(kMark), kOwn);
  EXPECT_EQ(callback_url({"http://proxy-1:7000/", "c0ffee", "proxy-1", 7}), kOwn);
  EXPECT_EQ(callback_url({"http://proxy-1:7000/v1/events", "c0ffee", "proxy-1", 7}), kOwn);
  EXPECT_EQ(callback_url({"https://lb/chorale", "a b", "p&q=r/s"}),
            "https://lb/chorale/v1/events?chorale=a%20b&epoch=0&agent=p%26q%3Dr%2Fs");
}

TEST(SubscriptionTest, PathIsPercentEncoded) {
  EXPECT_EQ(
      subscription_path(kOwn),
      "/v2/eventSubscriptions?callbackUrl=http%3A%2F%2Fproxy-1%3A7000%2Fv1%2Fevents%3Fchorale%3Dc0ffee%26epoch%3D7"
      "%26agent%3Dproxy-1");
}

TEST(SubscriptionTest, ListIsReadOrRefused) {
  const auto urls = parse_subscriptions(R"({"callbackUrls":["http://a/","http://b/"]})");
  ASSERT_TRUE(urls);
  EXPECT_THAT(*urls, ElementsAre("http://a/", "http://b/"));
  EXPECT_THAT(parse_subscriptions(R"({"callbackUrls":[]})").value(), IsEmpty());
  for (const char* body : {"", "[]", "{}", R"({"callbackUrls":{}})", R"({"callbackUrls":[1]})", "<html>"}) {
    const auto refused = parse_subscriptions(body);
    ASSERT_FALSE(refused) << body;
    EXPECT_THAT(refused.error().message, HasSubstr("callbackUrls"));
  }
}

TEST(SubscriptionTest, OursIsAddedWhereItIsMissing) {
  EXPECT_TRUE(plan_subscriptions({}, kMark).subscribe);
  EXPECT_TRUE(plan_subscriptions({std::string(kOwn) + "0"}, kMark).subscribe);
  const auto there = plan_subscriptions({"http://other/", kOwn}, kMark);
  EXPECT_FALSE(there.subscribe);
  EXPECT_THAT(there.unsubscribe, IsEmpty());
}

TEST(SubscriptionTest, WhatEarlierLeadersLeftBehindIsTakenBack) {
  const std::string of_another = "http://proxy-2:7000/v1/events?chorale=c0ffee&agent=proxy-2";
  const std::string moved = "http://10.0.0.9:81/x/v1/events?chorale=c0ffee&agent=proxy-1";
  const std::string of_another_tree = "http://proxy-1:7000/v1/events?chorale=0ld&agent=proxy-1";
  const std::string bare = "http://proxy-1:7000/v1/events";
  const std::string own_earlier = "http://proxy-1:7000/v1/events?chorale=c0ffee&epoch=6&agent=proxy-1";
  const std::string equal = "http://proxy-2:7000/v1/events?chorale=c0ffee&epoch=7&agent=proxy-2";
  const std::string no_number = "http://proxy-2:7000/v1/events?chorale=c0ffee&epoch=x&agent=proxy-2";
  const auto plan =
      plan_subscriptions({of_another, kOwn, moved, of_another_tree, bare, own_earlier, equal, no_number}, kMark);
  EXPECT_THAT(plan.unsubscribe, ElementsAre(of_another, moved, of_another_tree, bare, own_earlier, equal, no_number));
  EXPECT_THAT(plan.newer, IsEmpty());
}

TEST(SubscriptionTest, ALaterLeadersIsNoLeftover) {
  const std::string later = "http://proxy-2:7000/v1/events?chorale=c0ffee&epoch=8&agent=proxy-2";
  const std::string much_later = "http://proxy-1:7000/v1/events?chorale=c0ffee&epoch=12&agent=proxy-1";
  const std::string of_another_pool = "http://proxy-3:7000/v1/events?chorale=another&epoch=99&agent=proxy-3";
  const std::string of_another_tree = "http://proxy-1:7000/v1/events?chorale=0ld&epoch=99&agent=proxy-1";
  const auto plan = plan_subscriptions({later, of_another_pool, much_later, of_another_tree}, kMark);
  EXPECT_THAT(plan.newer, ElementsAre(later, much_later));
  EXPECT_THAT(plan.unsubscribe, ElementsAre(of_another_tree))
      << "it calls us, and is of no pool that this leader knows";
  EXPECT_TRUE(plan.subscribe);
}

TEST(SubscriptionTest, OthersAreLeftAlone) {
  EXPECT_THAT(plan_subscriptions({"http://proxy-2:7000/v1/events?chorale=c0ffee2&agent=proxy-2",
                                  "http://proxy-2:7000/v1/events", "http://proxy-1:7000/v1/eventsx?a",
                                  "http://proxy-1:7000/bamboo", "http://proxy-1:70000/v1/events?chorale=x&agent=y", ""},
                                 kMark)
                  .unsubscribe,
              IsEmpty());
}

}  // namespace
}  // namespace chorale::agent
