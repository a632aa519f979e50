// The pages behind the server: who may see what, and how the cluster is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "agent/http/admin_api.h"

namespace chorale::agent {
namespace {

using ClusterDone = std::function<void(tl::expected<coordination::ClusterSnapshot, coordination::Error>)>;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class AdminPagesTest : public ::testing::Test {
 protected:
  AdminSources sources() {
    AdminSources made;
    made.version = "1.2.3";
    made.xproxy = [] { return std::string("proxy-1"); };
    made.health = [this] { return health_; };
    made.cluster = [this](ClusterDone done) { reads_.push_back(std::move(done)); };
    made.coordination = [] {
      return coordination::Description{{"election: waiting, fresh"}, {"roster: read /chorale/agents/b\xff"}};
    };
    made.routes = [] { return std::make_shared<const render::RoutingState>(); };
    made.times = [] { return AppliedTimes{}; };
    made.metrics = [](const auto& done) { done("chorale_build_info 1\n"); };
    made.request_sync = [this] {
      ++reloads_;
      return std::string("queued");
    };
    made.after = [this](Milliseconds, std::function<void()> then) { later_.push_back(std::move(then)); };
    made.accept = [this](const coordination::AcceptDocument& word) {
      accepted_.push_back(word);
      return failure_;
    };
    made.explain = [this](const std::string& app, const auto& cluster, const auto& done) {
      explained_.push_back(app + (cluster ? " with" : " without") + " the cluster");
      failure_ ? done(tl::unexpected(*failure_)) : done(std::string("{\"routed\": true}"));
    };
    made.routes_page = [this](const std::optional<std::string>& app, const auto& done) {
      explained_.push_back(app.value_or("all"));
      failure_ ? done(tl::unexpected(*failure_)) : done(std::string("{\"routes\": null}"));
    };
    made.drain = [this](bool drained, const DrainOrder& order,
                        const std::function<void(tl::expected<std::string, Failure>)>& answer) {
      drains_.emplace_back(drained, order);
      failure_ ? answer(tl::unexpected(*failure_)) : answer("done, for " + order.by);
    };
    made.hold = [this](const std::optional<coordination::HoldDocument>& hold,
                       const std::function<void(std::optional<Failure>)>& done) {
      holds_.push_back(hold);
      done(failure_);
    };
    made.history = [this](const std::function<void(tl::expected<std::string, coordination::Error>)>& done) {
      done(history_);
    };
    made.command = [this](Command command, std::function<void(std::optional<Failure>)> done) {
      commands_.push_back(command);
      done(failure_);
    };
    return made;
  }

  // nullopt: no answer yet.
  std::shared_ptr<std::optional<HttpResponse>> ask(const std::string& path, const std::string& method = "GET",
                                                   bool from_loopback = true, const std::string& authorization = "") {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.query = query_;
    request.from_loopback = from_loopback;
    request.authorization = authorization;
    request.from_operator = over_unix_;
    request.body = body_;
    auto answer = std::make_shared<std::optional<HttpResponse>>();
    handler_(request, [answer](HttpResponse response) { answer->emplace(std::move(response)); });
    return answer;
  }
  unsigned status(const std::string& path, const std::string& method = "GET", bool from_loopback = true,
                  const std::string& authorization = "") {
    const auto answer = ask(path, method, from_loopback, authorization);
    return *answer ? (*answer)->status : 0;
  }

  HealthInputs health_;
  std::vector<ClusterDone> reads_;
  std::vector<std::function<void()>> later_;
  int reloads_ = 0;
  std::vector<Command> commands_;
  std::vector<std::string> explained_;
  std::string query_;
  std::string body_;
  std::vector<coordination::AcceptDocument> accepted_;
  std::vector<std::pair<bool, DrainOrder>> drains_;
  std::vector<std::optional<coordination::HoldDocument>> holds_;
  tl::expected<std::string, coordination::Error> history_ = std::string("[]");
  std::optional<Failure> failure_;
  bool over_unix_ = false;
  HttpServer::Handler handler_ = make_admin_api(sources());
};

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

TEST_F(AdminPagesTest, WhatSteersAnswersTheUnixSocketAndABearerButNotLoopback) {
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

TEST_F(AdminPagesTest, LossIsAcceptedByTheOperatorAlone) {
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

TEST_F(AdminPagesTest, AHoldIsSetAndReleasedByTheOperatorAlone) {
  body_ = R"({"revision": "current", "by": "jo", "reason": "deploy"})";
  EXPECT_EQ(status("/v1/hold", "POST"), 403U);
  EXPECT_EQ(status("/v1/release", "POST"), 403U);
  over_unix_ = true;
  EXPECT_EQ(status("/v1/hold", "GET"), 405U);
  EXPECT_EQ(status("/v1/hold", "POST"), 200U);
  EXPECT_EQ(status("/v1/release", "POST"), 200U);
  ASSERT_EQ(holds_.size(), 2U);
  EXPECT_EQ(holds_[0], (coordination::HoldDocument{{}, "jo", "deploy"}));
  EXPECT_EQ(holds_[1], std::nullopt);
  body_ = "{}";
  EXPECT_EQ(status("/v1/hold", "POST"), 400U);
  EXPECT_EQ(holds_.size(), 2U);
  failure_ = Failure{"nothing is held"};
  EXPECT_EQ(status("/v1/release", "POST"), 409U);
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

TEST_F(AdminPagesTest, OnlyTheDigestOfALossIsTakenForOne) {
  over_unix_ = true;
  for (const char* body : {"", "policy", "0123456789a", R"({"accept": "policy"})", "{"}) {
    body_ = body;
    EXPECT_EQ(status("/v1/accept", "POST"), 400U) << body;
  }
  EXPECT_THAT(accepted_, IsEmpty());
}

TEST_F(AdminPagesTest, CommandThatCouldNotBeDoneSaysWhy) {
  over_unix_ = true;
  failure_ = Failure{"nginx: [emerg] no"};
  const auto answer = ask("/v1/nginx/reload", "POST");
  EXPECT_EQ((*answer)->status, 409U);
  EXPECT_EQ((*answer)->body, "nginx: [emerg] no\n");
}

TEST_F(AdminPagesTest, DrainIsForOperatorsAlone) {
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

TEST_F(AdminPagesTest, DrainThatIsNotKeptIsAConflictAndAForeignBodyIsRefused) {
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

TEST_F(AdminPagesTest, BearerOfTheTokenDrainsFromElsewhere) {
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
