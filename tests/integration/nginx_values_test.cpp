// Values and files that are this proxy's own: edited while no agent ran, or renewed under the same text.
#include <string>

#include "tests/integration/nginx_apply_fixture.h"

namespace chorale::agent {
namespace {

TEST_F(NginxApplyTest, ValuesEditedWhileNoAgentRanAreAppliedAtTheStart) {
  ASSERT_TRUE(nginx_.start());
  options_.local_values = {{"xproxy", "before"}};
  begin();
  apply(1, nginx_.config("@{xproxy}"));
  ASSERT_TRUE(run_until_applied(1) && run_until([this] { return kept_as_proven(1); })) << logged();
  end();
  options_.local_values = {{"xproxy", "after"}};
  begin();
  ASSERT_TRUE(run_until([this] { return nginx_.answer() == "after"; })) << logged();
  ASSERT_TRUE(run_until([this] { return status().reloads == 1 && status().applied; }));
  EXPECT_EQ(status().applied, identity(1, nginx_.config("@{xproxy}")));
  EXPECT_TRUE(status().config_healthy) << status().config_message;
}

TEST_F(NginxApplyTest, ValuesReReadAfterARestartAreApplied) {
  ASSERT_TRUE(nginx_.start());
  options_.local_values = {{"xproxy", "before"}};
  begin();
  apply(1, nginx_.config("@{xproxy}"));
  ASSERT_TRUE(run_until_applied(1) && run_until([this] { return kept_as_proven(1); })) << logged();
  end();
  begin();
  local_->set_local_values({{"xproxy", "after"}});
  ASSERT_TRUE(run_until([this] { return nginx_.answer() == "after"; })) << logged();
}

TEST_F(NginxApplyTest, RestartWithTheSameValuesReloadsNothing) {
  ASSERT_TRUE(nginx_.start());
  options_.local_values = {{"xproxy", "same"}};
  begin();
  apply(1, nginx_.config("@{xproxy}"));
  ASSERT_TRUE(run_until_applied(1) && run_until([this] { return kept_as_proven(1); })) << logged();
  const auto workers_before = workers();
  end();
  applied_.clear();
  begin();
  ASSERT_TRUE(run_until_applied(1));
  run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(workers(), workers_before);
  EXPECT_EQ(status().reloads, 0U);
}

}  // namespace
}  // namespace chorale::agent
