#include <gtest/gtest.h>

#include <sstream>

#include "agent/cli/check_report.h"
#include "agent/cli/cli.h"
#include "agent/cli/rendering.h"

namespace chorale::agent {
namespace {

TEST(CheckReportTest, PrintsOneFindingALine) {
  std::ostringstream output;
  CheckReport report(output);
  report.ok("config", "fine");
  report.warn("listen", "open\nwide");
  EXPECT_EQ(output.str(), "ok    config: fine\nwarn  listen: open\\x0awide\n");
  EXPECT_EQ(report.exit_code(), kExitFine);
}

// An unreachable ZooKeeper hides nothing that is wrong with the config.
TEST(CheckReportTest, ReachabilityIsTheWeakestFailure) {
  std::ostringstream output;
  CheckReport report(output);
  report.fail("zookeeper", "gone", kExitUnreachable);
  EXPECT_EQ(report.exit_code(), kExitUnreachable);
  report.fail("nginx", "refused", kExitNo);
  EXPECT_EQ(report.exit_code(), kExitNo);
  report.fail("zookeeper", "gone", kExitUnreachable);
  EXPECT_EQ(report.exit_code(), kExitNo);
}

TEST(SampleStateTest, KeepsTheInvariantsOfARoutingState) {
  const render::RoutingState state = sample_state("");
  ASSERT_EQ(state.apps.size(), 2U);
  EXPECT_LT(state.apps[0].id, state.apps[1].id);
  for (const render::App& app : state.apps) {
    ASSERT_FALSE(app.ports.empty());
    EXPECT_FALSE(app.servers().empty());
  }
}

}  // namespace
}  // namespace chorale::agent
