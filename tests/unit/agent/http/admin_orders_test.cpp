// What steers a proxy or the pool: who may, and what becomes of the order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/http/admin_pages_fixture.h"

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using AdminOrdersTest = AdminPagesTest;

TEST_F(AdminOrdersTest, WhatSteersAnswersTheUnixSocketAndABearerButNotLoopback) {
  EXPECT_EQ(status("/v1/nginx/reload", "POST"), 403U);
  EXPECT_THAT((*ask("/v1/nginx/reload", "POST"))->body, HasSubstr("unix socket"));
  over_unix_ = true;
  EXPECT_EQ(status("/v1/nginx/reload", "POST", false), 200U);
  EXPECT_EQ(status("/v1/nginx/repair", "POST", false), 200U);
  EXPECT_EQ(status("/v1/config", "GET", false), 200U);
  EXPECT_EQ(status("/v1/nginx/reload", "GET", false), 405U);
  EXPECT_EQ((*ask("/v1/nginx/reload"))->headers[0].second, "POST");
  over_unix_ = false;
  auto with_token = sources();
  with_token.admin_token = "secret";
  handler_ = make_admin_api(with_token);
  EXPECT_EQ(status("/v1/nginx/reload", "POST"), 401U);
  EXPECT_EQ(status("/v1/nginx/repair", "POST", false, "Bearer secret"), 200U);
  EXPECT_EQ(commands_, (std::vector<Command>{Command::kReload, Command::kRepair, Command::kRepair}));
}

TEST_F(AdminOrdersTest, LossIsAcceptedByTheOperatorAlone) {
  body_ = R"({"accept": "0123456789ab", "by": "jo"})";
  EXPECT_EQ(status("/v1/accept", "POST"), 403U);
  EXPECT_THAT(accepted_, IsEmpty());
  over_unix_ = true;
  EXPECT_EQ(status("/v1/accept", "GET"), 405U);
  EXPECT_EQ(status("/v1/accept", "POST"), 200U);
  EXPECT_THAT(accepted_, ElementsAre(coordination::AcceptDocument{"0123456789ab", "jo"}));
  body_ = "ba9876543210";
  EXPECT_EQ(status("/v1/accept", "POST"), 200U);
  EXPECT_EQ(accepted_.back().what, "ba9876543210");
  failure_ = Failure{"nothing is held back"};
  const auto answer = ask("/v1/accept", "POST");
  EXPECT_EQ((*answer)->status, 409U);
  EXPECT_EQ((*answer)->body, "nothing is held back\n");
}

TEST_F(AdminOrdersTest, AHoldIsSetAndReleasedByTheOperatorAlone) {
  body_ = R"({"revision": "current", "by": "jo", "reason": "deploy"})";
  EXPECT_EQ(status("/v1/hold", "POST"), 403U);
  EXPECT_EQ(status("/v1/release", "POST"), 403U);
  over_unix_ = true;
  EXPECT_EQ(status("/v1/hold", "GET"), 405U);
  EXPECT_EQ(status("/v1/hold", "POST"), 200U);
  body_ = R"({"by": "al"})";
  EXPECT_EQ(status("/v1/release", "POST"), 200U);
  ASSERT_EQ(holds_.size(), 2U);
  EXPECT_EQ(holds_[0], (coordination::HoldDocument{{}, "jo", "deploy"}));
  EXPECT_EQ(holds_[1].released_by, "al");
  body_ = "al";
  EXPECT_EQ(status("/v1/release", "POST"), 400U);
  body_ = "{}";
  EXPECT_EQ(status("/v1/hold", "POST"), 400U);
  EXPECT_EQ(holds_.size(), 2U);
  failure_ = Failure{"nothing is held"};
  EXPECT_EQ(status("/v1/release", "POST"), 409U);
}

TEST_F(AdminOrdersTest, OnlyTheDigestOfALossIsTakenForOne) {
  over_unix_ = true;
  for (const char* body : {"", "policy", "0123456789a", R"({"accept": "policy"})", "{"}) {
    body_ = body;
    EXPECT_EQ(status("/v1/accept", "POST"), 400U) << body;
  }
  EXPECT_THAT(accepted_, IsEmpty());
}

TEST_F(AdminOrdersTest, CommandThatCouldNotBeDoneSaysWhy) {
  over_unix_ = true;
  failure_ = Failure{"nginx: [emerg] no"};
  const auto answer = ask("/v1/nginx/reload", "POST");
  EXPECT_EQ((*answer)->status, 409U);
  EXPECT_EQ((*answer)->body, "nginx: [emerg] no\n");
}

TEST_F(AdminOrdersTest, DrainIsForOperatorsAlone) {
  for (const char* path : {"/v1/drain", "/v1/undrain"}) {
    EXPECT_EQ(status(path, "POST"), 403U) << "loopback is where a careless proxy_pass speaks from";
    EXPECT_EQ(status(path, "GET"), 405U);
  }
  EXPECT_THAT(drains_, IsEmpty());
  over_unix_ = true;
  body_ = R"({"by": "jo", "reason": "a new kernel"})";
  const auto drained = ask("/v1/drain", "POST");
  ASSERT_TRUE(*drained);
  EXPECT_EQ((*drained)->status, 200U);
  EXPECT_EQ((*drained)->body, "done, for jo\n");
  body_.clear();
  EXPECT_EQ(status("/v1/undrain", "POST"), 200U);
  EXPECT_THAT(drains_, ElementsAre(std::pair(true, DrainOrder{"jo", "a new kernel"}),
                                   std::pair(false, DrainOrder{"an operator", ""})));
}

TEST_F(AdminOrdersTest, DrainThatIsNotKeptIsAConflictAndAForeignBodyIsRefused) {
  over_unix_ = true;
  body_ = "drain, please";
  EXPECT_EQ(status("/v1/drain", "POST"), 400U);
  EXPECT_THAT(drains_, IsEmpty());
  body_.clear();
  failure_ = Failure{"disk full"};
  const auto refused = ask("/v1/drain", "POST");
  ASSERT_TRUE(*refused);
  EXPECT_EQ((*refused)->status, 409U);
  EXPECT_EQ((*refused)->body, "disk full\n");
}

TEST_F(AdminOrdersTest, BearerOfTheTokenDrainsFromElsewhere) {
  AdminSources made = sources();
  made.admin_token = "secret";
  handler_ = make_admin_api(std::move(made));
  EXPECT_EQ(status("/v1/drain", "POST", false), 401U);
  EXPECT_EQ(status("/v1/drain", "POST", true), 401U);
  EXPECT_EQ(status("/v1/drain", "POST", false, "Bearer secret"), 200U);
  EXPECT_EQ(drains_.size(), 1U);
}

}  // namespace
}  // namespace chorale::agent
