#include "agent/core/leading/change_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(ChangeSummaryTest, NamesAppsAndCountsServers) {
  const auto before = state_of(apps({app_of_size("/gone", 3), app_of_size("/same", 1), app_of_size("/web", 1)}));
  const auto after = state_of(apps({app_of_size("/new", 2), app_of_size("/same", 1), app_of_size("/web", 2)}));
  const coordination::ChangeSummary summary = change_summary(&before, after);
  EXPECT_THAT(summary.added, ElementsAre("/new"));
  EXPECT_THAT(summary.removed, ElementsAre("/gone"));
  EXPECT_THAT(summary.changed, ElementsAre("/web"));
  EXPECT_EQ(summary.all_added, 1);
  EXPECT_EQ(summary.all_removed, 1);
  EXPECT_EQ(summary.all_changed, 1);
  EXPECT_EQ(summary.servers_added, 3);
  EXPECT_EQ(summary.servers_removed, 3);
  EXPECT_EQ(summary.what, "/web +1 server, added /new, removed /gone");
}

TEST(ChangeSummaryTest, WhereNothingWasCommittedAllIsNew) {
  const auto after = state_of(apps({app_of_size("/new", 2)}));
  EXPECT_EQ(change_summary(nullptr, after).what, "added /new");
  EXPECT_EQ(change_summary(&after, after), coordination::ChangeSummary{});
}

TEST(ChangeSummaryTest, NamesTenOfEachAndCountsAll) {
  MarathonApps few;
  MarathonApps many;
  for (int number = 10; number < 25; ++number) {
    const std::string digits = std::to_string(number);
    few.emplace("/changed/" + digits, app_of_size("/changed/" + digits, 1));
    many.emplace("/changed/" + digits, app_of_size("/changed/" + digits, 2));
    many.emplace("/new/" + digits, app_of_size("/new/" + digits, 1));
  }
  const auto small = state_of(few);
  const auto big = state_of(many);
  const auto grown = change_summary(&small, big);
  EXPECT_THAT(grown.added, SizeIs(10));
  EXPECT_THAT(grown.changed, SizeIs(10));
  EXPECT_EQ(grown.all_added, 15);
  EXPECT_EQ(grown.all_changed, 15);
  const auto shrunk = change_summary(&big, small);
  EXPECT_THAT(shrunk.removed, SizeIs(10));
  EXPECT_EQ(shrunk.all_removed, 15);
}

}  // namespace
}  // namespace chorale::agent
