// Many changes under continuous requests: every new connection is served.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/harness/real_cluster.h"
#include "tests/harness/visitor.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

TEST(ClusterTrafficTest, TwoHundredChangesFailNoRequestOnANewConnection) {
  // Short intervals: the changes are to become many reloads, not a few large ones.
  RealCluster cluster({.more_config = "min_reload_interval = \"50ms\"\n"});
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  MarathonSimulator& marathon = cluster.marathon();
  ASSERT_TRUE(marathon.create("/steady", 3));
  // Until it is proven, an old worker may still answer that there is no such app.
  ASSERT_TRUE(wait_until([&] { return cluster.routed_everywhere("/steady") && cluster.converged(); }, seconds(10)))
      << cluster.logs();
  const std::int64_t before = cluster.proxy(0).health().at("Cluster").at("Applied");

  Visitor first(cluster.proxy(0), "/steady/");
  Visitor second(cluster.proxy(2), "/steady/");
  constexpr int kChanges = 200;
  for (int change = 0; change < kChanges; ++change) {
    const std::string app = "/changing-" + std::to_string(change / 2);
    ASSERT_TRUE(change % 2 == 0 ? marathon.create(app, 1) : marathon.destroy(app));
    const bool done = wait_until(
        [&] {
          const int expected = change % 2 == 0 ? 200 : 503;
          return cluster.proxy(1).get(app + "/").status == expected;
        },
        seconds(10));
    ASSERT_TRUE(done) << "change " << change << "\n" << cluster.logs();
  }
  first.end();
  second.end();
  EXPECT_EQ(first.failures(), 0) << first.first_failure();
  EXPECT_EQ(second.failures(), 0) << second.first_failure();
  EXPECT_GT(first.requests(), kChanges);
  EXPECT_TRUE(wait_until([&] { return cluster.converged(); }, seconds(10))) << cluster.logs();
  EXPECT_GE(cluster.proxy(0).health().at("Cluster").at("Applied").get<std::int64_t>() - before, kChanges / 2);
}

}  // namespace
}  // namespace chorale::testing
