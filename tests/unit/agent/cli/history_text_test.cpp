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
            "5.42    2026-11-22 12:00:00Z  0.14 s to commit, 0.31 s more to all\n"
            "        /shop/cart +1 -1 server\n"
            "        cause: status_update_event /shop/cart TASK_RUNNING\n"
            "        votes: 3 ack\n");
  HistoryEntry held = entry();
  held.changes.what.clear();
  held.by = "jo";
  held.votes = {2, 1, 3, 4};
  held.all_applied_ms.reset();
  EXPECT_EQ(history_text({held}),
            "5.42    2026-11-22 12:00:00Z  0.14 s to commit, not on all yet\n"
            "        cause: status_update_event /shop/cart TASK_RUNNING\n"
            "        votes: 2 ack, 1 nack, 3 unable, 4 silent; by jo\n");
  EXPECT_THAT(history_text({entry(), held}), ::testing::HasSubstr("0.14 s to commit, replaced before all had it\n"));
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
            "5.42    2026-11-22 12:00:00Z\n"
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
  many.changes.all_added = 1;
  many.changes.all_changed = 12;
  EXPECT_THAT(history_text({many}), HasSubstr("1 app added, 0 removed, 12 changed; servers +44 -0\n"));
}

TEST(HistoryTextTest, HostileTextStaysOnItsLine) {
  HistoryEntry hostile = entry();
  hostile.cause = "a\n9.99 forged \x1b[2J";
  const std::string text = history_text({hostile});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

HistoryEntry made_at(std::int64_t revision, const std::string& at) {
  HistoryEntry made = entry();
  made.revision = Revision{revision};
  made.at = at;
  return made;
}

TEST(HistoryTextTest, OfTheLastHourAndHowFarItReaches) {
  constexpr std::int64_t kNoon = 1'795'348'800;  // 2026-11-22T12:00:00Z
  const std::vector<HistoryEntry> all{made_at(3, "2026-11-22T12:00:00.500Z"), made_at(2, ""),
                                      made_at(1, "2026-11-22T11:00:00.000Z")};
  ASSERT_EQ(entries_since(all, kNoon).size(), 2U);
  EXPECT_EQ(entries_since(all, kNoon)[0].revision, Revision{3});
  EXPECT_EQ(entries_since(all, kNoon)[1].revision, Revision{2}) << "nobody knows when";
  EXPECT_EQ(entries_since(all, kNoon - 3'600).size(), 3U);
  EXPECT_EQ(reach_text(all, kNoon), "");
  EXPECT_EQ(reach_text(all, kNoon - 3'600), "");
  EXPECT_EQ(reach_text(all, kNoon - 3'601),
            "what is kept begins with 5.1 of 2026-11-22 11:00:00Z: of what was before nothing\nis known\n");
  const std::vector<HistoryEntry> old{made_at(1, "2026-11-22T11:00:00.000Z")};
  EXPECT_EQ(reach_text(old, kNoon), "no commit since 2026-11-22 12:00:00Z; the last is 5.1 of 2026-11-22 11:00:00Z\n");
  EXPECT_EQ(reach_text({}, kNoon), "no commit is recorded yet\n");
}

TEST(HistoryTextTest, NothingYet) { EXPECT_EQ(history_text({}), "no commit is recorded yet\n"); }

render::App app_of(const std::string& id, int servers) {
  render::App app;
  app.id = id;
  app.ports.resize(1);
  for (int number = 10; number < 10 + servers; ++number) {
    app.ports[0].servers.emplace_back().address = "10.0.0." + std::to_string(number) + ":1";
  }
  return app;
}

TEST(DifferenceTextTest, NamesEachAppAndItsServers) {
  render::RoutesDifference difference;
  difference.realm = true;
  difference.added = {"/new", "/none"};
  difference.removed = {"/old"};
  difference.changed = {{"/web", {"10.0.0.1:1"}, {"10.0.0.2:2"}, {"hosts"}}};
  difference.servers_added = 3;
  difference.servers_removed = 4;
  const render::RoutingState before{"", {app_of("/a", 1), app_of("/old", 1), app_of("/web", 1)}};
  const render::RoutingState after{"", {app_of("/new", 2), app_of("/none", 0), app_of("/web", 1)}};
  EXPECT_EQ(difference_text(difference, before, after),
            "~ realm\n"
            "+ /new +2 servers\n    + 10.0.0.10:1\n    + 10.0.0.11:1\n"
            "+ /none without a server\n"
            "- /old -1 server\n    - 10.0.0.10:1\n"
            "~ /web +1 -1 server, hosts\n    + 10.0.0.1:1\n    - 10.0.0.2:2\n"
            "2 apps added, 1 removed, 1 changed; servers +3 -4\n");
}

// An app of a thousand tasks is no thousand lines.
TEST(DifferenceTextTest, ServersAreCountedBeyondTheFirst) {
  render::RoutesDifference difference;
  difference.added = {"/many"};
  std::vector<std::string> addresses;
  const render::App many = app_of("/many", 21);
  for (const render::Server& server : many.servers()) addresses.push_back(server.address);
  difference.changed = {{"/web", addresses, {}, {}}};
  const render::RoutingState after{"", {app_of("/many", 20)}};
  std::string text = difference_text(difference, {}, after);
  EXPECT_THAT(text, HasSubstr("+ /many +20 servers\n"));
  EXPECT_THAT(text, HasSubstr("    + 10.0.0.29:1\n~ /web +21 servers\n"));
  EXPECT_THAT(text, HasSubstr("    + 10.0.0.29:1\n    + and 1 more\n1 app added, 0 removed"));
}

}  // namespace
}  // namespace chorale::agent
