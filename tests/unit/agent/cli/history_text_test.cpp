#include "agent/cli/history_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "agent/cli/difference_text.h"

namespace chorale::agent {
namespace {

using coordination::Epoch;
using coordination::HistoryEntry;
using coordination::Revision;
using ::testing::HasSubstr;
using ::testing::Not;

HistoryEntry entry() {
  HistoryEntry made;
  made.epoch = Epoch{5};
  made.revision = Revision{42};
  made.at = "2026-11-22T12:00:00.123Z";
  made.cause = "status_update_event /shop/cart TASK_RUNNING";
  made.changes.what = "/shop/cart +1 -1 server";
  made.changes.all_changed = 1;
  made.votes = {3, 0, 0, 0};
  made.commit_ms = 140;
  made.all_applied_ms = 310;
  return made;
}

TEST(HistoryTextTest, SaysWhatChangedWhyWhoAndHowLong) {
  EXPECT_EQ(history_text({entry()}),
            "5.42    2026-11-22 12:00:00  0.14 s to commit, 0.31 s to all\n"
            "        /shop/cart +1 -1 server\n"
            "        cause: status_update_event /shop/cart TASK_RUNNING\n"
            "        votes: 3 ack\n");
  HistoryEntry held = entry();
  held.changes.what.clear();
  held.by = "jo";
  held.votes = {2, 1, 3, 4};
  held.all_applied_ms.reset();
  EXPECT_EQ(history_text({held}),
            "5.42    2026-11-22 12:00:00  0.14 s to commit, not on all yet\n"
            "        cause: status_update_event /shop/cart TASK_RUNNING\n"
            "        votes: 2 ack, 1 nack, 3 unable, 4 silent; by jo\n");
}

// What the next leader wrote down of a commit.
TEST(HistoryTextTest, SaysWhatWasNotRecorded) {
  HistoryEntry completed = entry();
  completed.votes = {};
  completed.commit_ms = 0;
  completed.all_applied_ms.reset();
  completed.changes = {};
  completed.changes.what = "1 apps, 2 servers; its leader ended before it wrote what changed";
  EXPECT_EQ(history_text({completed}),
            "5.42    2026-11-22 12:00:00\n"
            "        1 apps, 2 servers; its leader ended before it wrote what changed\n"
            "        cause: status_update_event /shop/cart TASK_RUNNING\n"
            "        votes: not recorded\n");
}

TEST(HistoryTextTest, FitsInto80ColumnsAndBreaksBetweenWords) {
  HistoryEntry long_one = entry();
  long_one.changes.what.clear();
  for (int number = 0; number < 30; ++number) {
    long_one.changes.what += (number == 0 ? "/shop/cart/" : ", /shop/cart/") + std::to_string(number) + " +1 server";
  }
  std::istringstream lines(history_text({long_one, long_one}));
  std::string joined;
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_LE(line.size(), 80U) << line;
    EXPECT_THAT(line, Not(::testing::EndsWith(" ")));
    joined += line.substr(line.starts_with("        ") ? 7 : 0);
  }
  EXPECT_GT(count, 16);
  EXPECT_THAT(joined, HasSubstr(long_one.changes.what));
}

TEST(HistoryTextTest, CountsWhereNotAllNamesAreThere) {
  HistoryEntry many = entry();
  many.changes.all_added = 22;
  many.changes.servers_added = 44;
  EXPECT_THAT(history_text({many}), HasSubstr("22 apps added, 0 removed, 1 changed; servers +44 -0\n"));
  EXPECT_THAT(history_text({entry()}), Not(HasSubstr("apps added")));
}

TEST(HistoryTextTest, HostileTextStaysOnItsLine) {
  HistoryEntry hostile = entry();
  hostile.cause = "a\n9.99 forged \x1b[2J";
  const std::string text = history_text({hostile});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(HistoryTextTest, NothingYet) { EXPECT_EQ(history_text({}), "no commit is recorded yet\n"); }

TEST(DifferenceTextTest, NamesEachAppAndItsServers) {
  render::RoutesDifference difference;
  difference.realm = true;
  difference.added = {"/new"};
  difference.removed = {"/old"};
  difference.changed = {{"/web", {"10.0.0.1:1"}, {"10.0.0.2:2"}, {"hosts"}}};
  difference.servers_added = 3;
  difference.servers_removed = 4;
  EXPECT_EQ(difference_text(difference),
            "~ realm\n+ /new\n- /old\n~ /web +1 -1 server, hosts\n    + 10.0.0.1:1\n    - 10.0.0.2:2\n"
            "1 apps added, 1 removed, 1 changed; servers +3 -4\n");
}

}  // namespace
}  // namespace chorale::agent
