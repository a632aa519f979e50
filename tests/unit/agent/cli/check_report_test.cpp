// What `chorale check` prints, and what it tests a template with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "agent/cli/check_report.h"
#include "agent/cli/cli.h"
#include "agent/cli/rendering.h"
#include "render/app_labels.h"
#include "render/invariants.h"
#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;

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
  const render::RoutingState state = sample_state({});
  ASSERT_EQ(state.apps.size(), 2U);
  EXPECT_LT(state.apps[0].id, state.apps[1].id);
  for (const render::App& app : state.apps) {
    ASSERT_FALSE(app.ports.empty());
    EXPECT_FALSE(app.servers().empty());
  }
  const auto broken = render::find_broken_invariant(state);
  EXPECT_FALSE(broken) << broken->message;
  for (const auto& [label, value] : state.apps[0].labels) EXPECT_FALSE(render::refuse_app_label(label, value)) << label;
}

// `zookeper` would make a standalone agent that looks well.
TEST(CheckConfigTest, MistypedKeyFails) {
  const chorale::testing::TempDir directory("check");
  const std::string file = directory.path() / "chorale.toml";
  std::ofstream(file) << "id = \"proxy-1\"\nlisten = \"127.0.0.1:0\"\nzookeper = \"zk://127.0.0.1:1/chorale\"\n"
                      << "state_dir = \"" << directory.path().string() << "\"\n";
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(run_check(file), kExitUsage);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(),
              HasSubstr("fail  config: " + file + ":3: unknown key 'zookeper'"));
}

}  // namespace
}  // namespace chorale::agent
