#include "agent/marathon/subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const CallbackMark kMark{"http://proxy-1:7000", "c0ffee", "proxy-1"};
constexpr const char* kOwn = "http://proxy-1:7000/v1/events?chorale=c0ffee&agent=proxy-1";

TEST(SubscriptionTest, UrlNamesThePoolAndTheAgent) {
  EXPECT_EQ(callback_url(kMark), kOwn);
  EXPECT_EQ(callback_url({"http://proxy-1:7000/", "c0ffee", "proxy-1"}), kOwn);
  EXPECT_EQ(callback_url({"http://proxy-1:7000/v1/events", "c0ffee", "proxy-1"}), kOwn);
  EXPECT_EQ(callback_url({"https://lb/chorale", "a b", "p&q=r/s"}),
            "https://lb/chorale/v1/events?chorale=a%20b&agent=p%26q%3Dr%2Fs");
}

TEST(SubscriptionTest, PathIsPercentEncoded) {
  EXPECT_EQ(subscription_path(kOwn),
            "/v2/eventSubscriptions?callbackUrl=http%3A%2F%2Fproxy-1%3A7000%2Fv1%2Fevents%3Fchorale%3Dc0ffee%26agent%3D"
            "proxy-1");
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
  EXPECT_THAT(plan_subscriptions({of_another, kOwn, moved, of_another_tree, bare}, kMark).unsubscribe,
              ElementsAre(of_another, moved, of_another_tree, bare));
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
