// One app asked for, as `chorale explain` does, against the simulator over real sockets.
#include "agent/marathon/app_inquiry.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/harness/marathon_simulator.h"
#include "tests/integration/marathon_fixture.h"

namespace chorale::agent {
namespace {

using std::chrono::seconds;
using testing::MarathonSimulator;

class AppInquiryTest : public MarathonFixture {
 protected:
  void SetUp() override {
    ASSERT_TRUE(marathon_.start());
    ASSERT_TRUE(marathon_.create("/shop/cart", 2));
    ASSERT_TRUE(marathon_.settled(seconds(10)));
    ASSERT_TRUE(marathon_.reset_stats());
    options_.endpoints = {marathon_.url()};
    options_.app = "/shop/cart";
  }

  tl::expected<AppFindings, Failure> ask() {
    std::optional<tl::expected<AppFindings, Failure>> found;
    std::unique_ptr<AppInquiry> inquiry =
        std::make_unique<AppInquiry>(loop_, workers_, options_, [&](tl::expected<AppFindings, Failure> result) {
          EXPECT_FALSE(found) << "once";
          found = std::move(result);
          inquiry.reset();  // as an owner may do
        });
    EXPECT_FALSE(found) << "never within the constructor";
    if (!run_until([&] { return found.has_value(); })) return tl::unexpected(Failure{"no answer"});
    return *found;
  }

  MarathonSimulator marathon_;
  AppInquiryOptions options_;
};

TEST_F(AppInquiryTest, AnAppTakesOneSmallRequestHoweverManyThereAre) {
  ASSERT_FALSE(marathon_.control("create", {{"id", "/other"}, {"tasks", 1}, {"count", 50}}).is_null());
  const auto found = ask();
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_TRUE(found->app);
  EXPECT_EQ(found->app->id, "/shop/cart");
  EXPECT_EQ(found->app->tasks.size(), 2U);
  EXPECT_EQ(found->app->instances, 2U);
  EXPECT_TRUE(found->all.empty());
  EXPECT_EQ(found->endpoint, marathon_.url());
  EXPECT_EQ(found->requests, 1);
  EXPECT_EQ(marathon_.requests("app"), 1);
  EXPECT_EQ(marathon_.requests("apps"), 0);
}

TEST_F(AppInquiryTest, APodTakesTwo) {
  ASSERT_TRUE(marathon_.create_pod("/pod", 1, nlohmann::json::object()));
  ASSERT_TRUE(marathon_.settled(seconds(10)));
  options_.app = "/pod";
  const auto found = ask();
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_TRUE(found->app);
  EXPECT_TRUE(found->app->pod);
  EXPECT_EQ(found->requests, 2);
}

TEST_F(AppInquiryTest, WhatIsNotThereBringsTheListOfWhatIs) {
  ASSERT_TRUE(marathon_.create_pod("/pod", 1, nlohmann::json::object()));
  options_.app = "/shop/card";
  const auto found = ask();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_FALSE(found->app);
  EXPECT_EQ(found->all.size(), 2U);
  EXPECT_TRUE(found->names.empty());
}

TEST_F(AppInquiryTest, AllAppsComeWhereTheyAreWanted) {
  ASSERT_TRUE(marathon_.create("/other", 1));
  ASSERT_TRUE(marathon_.settled(seconds(10)));
  options_.all = true;
  const auto found = ask();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->app);
  EXPECT_EQ(found->all.size(), 2U);
}

TEST_F(AppInquiryTest, AnEndpointThatIsDeadOrSilentGivesWayToTheNext) {
  MarathonSimulator silent;
  ASSERT_TRUE(silent.start());
  options_.endpoints = {"http://127.0.0.1:1", silent.url(), marathon_.url()};
  options_.patience = Milliseconds(300);
  silent.pause();
  const auto found = ask();
  silent.resume();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->endpoint, marathon_.url());
  EXPECT_EQ(found->requests, 3);
}

TEST_F(AppInquiryTest, WhereNoneAnswersTheLastSaysWhy) {
  options_.endpoints = {};
  EXPECT_FALSE(ask());
  options_.endpoints = {"http://127.0.0.1:1"};
  const auto refused = ask();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("127.0.0.1:1"), std::string::npos) << refused.error().message;
  options_.endpoints = {marathon_.url()};
  options_.limit = Milliseconds(300);
  marathon_.pause();
  const auto silent = ask();
  marathon_.resume();
  ASSERT_FALSE(silent);
  EXPECT_NE(silent.error().message.find("does not answer in time"), std::string::npos) << silent.error().message;
}

TEST_F(AppInquiryTest, HostNamesAreLookedUp) {
  MarathonSimulator named({{"--hosts", "localhost=127.0.0.1"}});
  ASSERT_TRUE(named.start());
  ASSERT_TRUE(named.create("/web", 1));
  ASSERT_TRUE(named.settled(seconds(10)));
  options_.endpoints = {named.url()};
  options_.app = "/web";
  const auto found = ask();
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_TRUE(found->names.contains("localhost"));
  EXPECT_EQ(found->names.at("localhost").front(), "127.0.0.1");
}

}  // namespace
}  // namespace chorale::agent
