// The pages behind the server: who may see what, and how the cluster is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/http/admin_pages_fixture.h"

namespace chorale::agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(AdminPagesTest, PathsAreExactAndMethodsFew) {
  EXPECT_EQ(status("/nothing"), 404U);
  EXPECT_EQ(status("/v1/health/"), 404U);
  EXPECT_EQ(status("/v1/config", "POST"), 405U);
  EXPECT_EQ(status("/v1/reload", "DELETE"), 405U);
  const auto refused = ask("/v1/config", "PUT");
  ASSERT_TRUE(*refused);
  EXPECT_THAT((*refused)->headers, ::testing::Contains(std::pair<std::string, std::string>("Allow", "GET, HEAD")));
}

TEST_F(AdminPagesTest, HealthIs503OnlyWhenDown) {
  health_.nginx.running = false;
  EXPECT_EQ(status("/v1/health"), 503U);
  health_.nginx.running = true;
  health_.nginx.config_healthy = true;
  health_.nginx.applied = coordination::Identity{};
  EXPECT_EQ(status("/v1/health", "HEAD", false), 200U);  // degraded: ZooKeeper is not connected
}

TEST_F(AdminPagesTest, ReloadAnswersAsNixyDoes) {
  const auto answer = ask("/v1/reload");
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->status, 202U);
  EXPECT_EQ((*answer)->body, "queued\n");
  EXPECT_THAT((*answer)->content_type, HasSubstr("text/plain"));
  EXPECT_EQ(status("/v1/reload", "POST"), 202U);
  EXPECT_EQ(reloads_, 2);
}

TEST_F(AdminPagesTest, StrangersSeeOnlyTheOpenPages) {
  EXPECT_EQ(status("/v1/health", "GET", false), 503U);
  EXPECT_EQ(status("/metrics", "GET", false), 200U);
  EXPECT_EQ(status("/v1/metrics", "GET", false), 200U);
  EXPECT_EQ(status("/v1/config", "GET", false), 403U);
  EXPECT_EQ(status("/v1/reload", "POST", false), 403U);
  EXPECT_EQ(reloads_, 0);
  // No token is set, so no token fits; not the empty one either.
  EXPECT_EQ(status("/v1/config", "GET", false, "Bearer "), 403U);
}

TEST_F(AdminPagesTest, ExplainTakesTheAppFromTheQueryAndReadsTheCluster) {
  EXPECT_EQ(status("/v1/explain"), 400U);
  query_ = "app=";
  EXPECT_EQ(status("/v1/explain"), 400U);
  query_ = "apps=/no&app=%2Fshop%2Fcart&app=/later";
  const auto answer = ask("/v1/explain");
  EXPECT_FALSE(*answer) << "the cluster is being read";
  ASSERT_EQ(reads_.size(), 1U);
  reads_[0](coordination::ClusterSnapshot{});
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->status, 200U);
  EXPECT_EQ((*answer)->body, "{\"routed\": true}");
  EXPECT_THAT(explained_, ElementsAre("/shop/cart with the cluster"));
  failure_ = Failure{"busy"};
  EXPECT_EQ(status("/v1/explain"), 503U);
  EXPECT_EQ(status("/v1/explain", "GET", false), 403U);
  EXPECT_EQ(status("/v1/explain", "POST"), 405U);
}

TEST_F(AdminPagesTest, RoutesAreOfAllAppsOrOfOne) {
  EXPECT_EQ(status("/v1/routes"), 200U);
  query_ = "app=%2Fweb";
  failure_ = Failure{"this proxy does not route /web\n"};
  const auto answer = ask("/v1/routes");
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->status, 404U);
  EXPECT_EQ((*answer)->body, "this proxy does not route /web\\x0a\n");
  EXPECT_THAT(explained_, ElementsAre("all", "/web"));
  EXPECT_EQ(status("/v1/routes", "GET", false), 403U);
}

TEST_F(AdminPagesTest, TokenOpensTheRest) {
  AdminSources guarded = sources();
  guarded.admin_token = "t0ken";
  handler_ = make_admin_api(std::move(guarded));
  EXPECT_EQ(status("/v1/config", "GET", false), 401U);
  EXPECT_EQ(status("/v1/config", "GET", false, "Bearer t0keN"), 401U);
  EXPECT_EQ(status("/v1/config", "GET", false, "Bearer t0ke"), 401U);
  EXPECT_EQ(status("/v1/config", "GET", false, "Basic t0ken"), 401U);
  EXPECT_EQ(status("/v1/config", "GET", false, "bearer t0ken"), 200U);
  EXPECT_EQ(status("/v1/config", "GET", true), 200U);
}

TEST_F(AdminPagesTest, ConcurrentRequestsShareOneReadOfTheCluster) {
  const auto first = ask("/v1/status", "GET", false);
  const auto second = ask("/v1/status", "GET", false);
  ASSERT_EQ(reads_.size(), 1U);
  EXPECT_FALSE(*first);
  coordination::ClusterSnapshot snapshot;
  snapshot.state.leader = "proxy-2";
  reads_.front()(snapshot);
  ASSERT_TRUE(*first && *second);
  EXPECT_EQ((*first)->status, 200U);
  EXPECT_THAT((*first)->body, HasSubstr("\"leader\": \"proxy-2\""));
  EXPECT_EQ((*second)->body, (*first)->body);
  // Within the second that follows it is not read again.
  EXPECT_EQ(status("/v1/status"), 200U);
  EXPECT_EQ(reads_.size(), 1U);
}

// Most wanted when the cluster cannot be read.
TEST_F(AdminPagesTest, StatusTellsThisHostWhatCoordinationWaitsFor) {
  const auto own = ask("/v1/status");
  const auto strange = ask("/v1/status", "GET", false);
  reads_.front()(coordination::ClusterSnapshot{});
  ASSERT_TRUE(*own && *strange);
  EXPECT_THAT((*own)->body, HasSubstr("\"coordination\": {\n"
                                      "    \"machines\": [\"election: waiting, fresh\"],\n"
                                      "    \"waits_for\": [\"roster: read /chorale/agents/b\uFFFD\"]\n"));
  EXPECT_THAT((*strange)->body, HasSubstr("\"agents\""));
  EXPECT_THAT((*strange)->body, Not(HasSubstr("coordination")));
}

TEST_F(AdminPagesTest, PageIsThereWithoutTheCluster) {
  const auto page = ask("/", "GET", false);
  ASSERT_TRUE(*page);
  EXPECT_TRUE(reads_.empty());
  EXPECT_EQ((*page)->status, 200U);
  EXPECT_THAT((*page)->content_type, HasSubstr("text/html"));
  EXPECT_THAT((*page)->headers,
              ::testing::Contains(::testing::Pair("Content-Security-Policy", HasSubstr("default-src 'none'"))));
}

TEST_F(AdminPagesTest, StreamAnswersAnyoneAndReadsTheClusterLater) {
  const auto stream = ask("/v1/stream", "GET", false);
  ASSERT_TRUE(*stream);
  EXPECT_EQ((*stream)->status, 200U);
  ASSERT_NE((*stream)->live, nullptr);
  EXPECT_TRUE(reads_.empty());
  const auto listening = (*stream)->live->listen([] {});
  ASSERT_EQ(later_.size(), 2U);  // the first is not for the stream
  later_[1]();
  ASSERT_EQ(reads_.size(), 1U);
  reads_[0](coordination::ClusterSnapshot{});
  ASSERT_NE((*stream)->live->text(), nullptr);
  EXPECT_THAT(*(*stream)->live->text(), HasSubstr("\"version\": \"1.2.3\""));
  EXPECT_EQ((*ask("/v1/stream"))->live, (*stream)->live) << "one text for all";
  EXPECT_EQ(status("/v1/stream", "POST"), 405U);
}

// A page that is opened later than that shows what was there, though nobody asked while it could be read.
TEST_F(AdminPagesTest, OneReadAtATimeIsUnderWayThatNobodyAskedFor) {
  later_[0]();
  later_[1]();
  EXPECT_EQ(reads_.size(), 1U);
  reads_[0](tl::unexpected(coordination::Error{coordination::ErrorKind::kConnectionLoss, "lost"}));
  later_[2]();
  EXPECT_EQ(reads_.size(), 2U);
}

TEST_F(AdminPagesTest, WhatCouldBeReadLastIsKeptForTheStreamAlone) {
  later_[0]();
  ASSERT_EQ(reads_.size(), 1U);
  reads_[0](coordination::ClusterSnapshot{});
  const auto answer = ask("/v1/status", "GET", false);
  ASSERT_EQ(reads_.size(), 2U) << "who asks gets what is there now";
  reads_[1](tl::unexpected(coordination::Error{coordination::ErrorKind::kConnectionLoss, "lost"}));
  EXPECT_EQ(answer->value().status, 503U);
  const auto stream = ask("/v1/stream", "GET", false);
  const auto listening = (*stream)->live->listen([] {});
  later_.back()();
  ASSERT_NE((*stream)->live->text(), nullptr);
  EXPECT_THAT(*(*stream)->live->text(), AllOf(HasSubstr("\"cluster\": null"), HasSubstr("\"last_cluster\": {"),
                                              HasSubstr("\"last_cluster_at\": \"20")));
}

TEST_F(AdminPagesTest, UnreadableClusterIs503AsJson) {
  const auto answer = ask("/v1/status");
  ASSERT_EQ(reads_.size(), 1U);
  reads_.front()(tl::unexpected(coordination::Error{coordination::ErrorKind::kConnectionLoss, "gone \xff"}));
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->status, 503U);
  EXPECT_THAT((*answer)->body, HasSubstr("\"error\": \"the cluster cannot be read now: gone \uFFFD\""));
  EXPECT_THAT((*answer)->body, HasSubstr("\"waits_for\""));
  EXPECT_THAT((*ask("/v1/status", "GET", false))->body, Not(HasSubstr("waits_for")));
}

TEST_F(AdminPagesTest, HistoryIsForLoopbackAndBearers) {
  EXPECT_EQ(status("/v1/history", "GET", false), 403U);
  const auto answer = ask("/v1/history");
  EXPECT_EQ((*answer)->status, 200U);
  EXPECT_EQ((*answer)->body, "[]");
  history_ = tl::unexpected(coordination::Error{coordination::ErrorKind::kConnectionLoss, "ZooKeeper is away"});
  const auto refused = ask("/v1/history");
  EXPECT_EQ((*refused)->status, 503U);
  EXPECT_EQ((*refused)->body, "ZooKeeper is away\n");
}

}  // namespace
}  // namespace chorale::agent
