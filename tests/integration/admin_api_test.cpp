// The admin API as clients meet it: pages over a real socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "agent/http/admin_api.h"
#include "tests/integration/raw_http.h"

namespace chorale::agent {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(AdminApiTest, PagesAreServedOverTheSocket) {
  AdminSources sources;
  sources.coordination = [] { return coordination::Description{}; };
  sources.version = "1.2.3";
  sources.xproxy = [] { return std::string("proxy-1"); };
  sources.health = [] {
    HealthInputs inputs;
    inputs.nginx.running = true;
    inputs.nginx.config_healthy = true;
    inputs.nginx.applied = coordination::Identity{};
    return inputs;
  };
  sources.cluster = [](auto done) { done(coordination::ClusterSnapshot{}); };
  sources.routes = [] { return std::shared_ptr<const render::RoutingState>(); };
  sources.times = [] { return AppliedTimes{}; };
  sources.metrics = [](const auto& done) { done("chorale_build_info 1\n"); };
  sources.request_sync = [] { return std::string("queued"); };
  sources.after = [](Milliseconds, const auto&) {};
  RunningServer server({}, make_admin_api(std::move(sources)));
  EXPECT_THAT(exchange(server.port(), get("/")), AllOf(HasSubstr("200 OK"), HasSubstr("text/html")));
  EXPECT_THAT(exchange(server.port(), get("/v1/health")), AllOf(HasSubstr("200 OK"), HasSubstr("\"degraded\"")));
  EXPECT_THAT(exchange(server.port(), get("/v1/status")), AllOf(HasSubstr("200 OK"), HasSubstr("\"agents\"")));
  EXPECT_THAT(exchange(server.port(), get("/v1/config")), AllOf(HasSubstr("200 OK"), HasSubstr("\"Apps\": null")));
  EXPECT_THAT(exchange(server.port(), get("/metrics")), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(exchange(server.port(), get("/v1/reload", "POST")),
              AllOf(HasSubstr("202 Accepted"), EndsWith("queued\n")));
  EXPECT_THAT(exchange(server.port(), get("/none")), HasSubstr("404 Not Found"));
}

}  // namespace
}  // namespace chorale::agent
