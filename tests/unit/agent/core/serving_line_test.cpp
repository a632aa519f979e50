#include "agent/core/serving_line.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using coordination::Epoch;
using coordination::Identity;
using coordination::Revision;
using Kind = ServedRevision::Kind;

ServedRevision served(Kind kind, std::optional<std::string> difference, std::string cause,
                      std::optional<Milliseconds> after_event = std::nullopt) {
  ServedRevision made;
  made.kind = kind;
  made.identity = Identity{Epoch{5}, Revision{42}, "digest"};
  made.difference = std::move(difference);
  made.cause = std::move(cause);
  made.after_event = after_event;
  return made;
}

TEST(ServingLineTest, NamesWhatChangedWhyAndHowLongAfterTheEvent) {
  EXPECT_EQ(serving_line(served(Kind::kNews, "/shop/cart +1 -1 server", "status_update_event /shop/cart TASK_RUNNING",
                                Milliseconds(140))),
            "serving 5.42: /shop/cart +1 -1 server (status_update_event /shop/cart TASK_RUNNING), 0.14 s after the "
            "event");
  EXPECT_EQ(serving_line(served(Kind::kNews, "/a +1 server", "full sync: resync")),
            "serving 5.42: /a +1 server (full sync: resync)");
  EXPECT_EQ(serving_line(served(Kind::kNews, "/a +1 server", "")), "serving 5.42: /a +1 server");
}

TEST(ServingLineTest, WithoutAChangeOfAppsTheCauseIsTheNews) {
  EXPECT_EQ(serving_line(served(Kind::kNews, "", "held on 5.40 by jo: deploy")),
            "serving 5.42: held on 5.40 by jo: deploy");
  EXPECT_EQ(serving_line(served(Kind::kNews, "", "template changed")), "serving 5.42: template changed");
  EXPECT_EQ(serving_line(served(Kind::kNews, "", "health_status_changed_event", Milliseconds(1'040))),
            "serving 5.42: no app or server changed (health_status_changed_event), 1.0 s after the event");
  EXPECT_EQ(serving_line(served(Kind::kNews, std::nullopt, "app_terminated_event /a", Milliseconds(34'000))),
            "serving 5.42: app_terminated_event /a, 34 s after the event");
  EXPECT_EQ(serving_line(served(Kind::kNews, std::nullopt, "")), "serving 5.42: nothing is known of its changes");
}

TEST(ServingLineTest, SaysWhereThereIsNoEventWhatThereIs) {
  EXPECT_EQ(serving_line(served(Kind::kAsBefore, std::nullopt, "")), "serving 5.42: as before the start");
  EXPECT_EQ(serving_line(served(Kind::kOnceMore, std::nullopt, "")), "serving 5.42: applied once more");
  EXPECT_EQ(serving_line(served(Kind::kFirst, std::nullopt, "")), "serving 5.42: the first since the start");
  EXPECT_EQ(serving_line(served(Kind::kFirst, "added /a", "some event", Milliseconds(86'400'000))),
            "serving 5.42: the first since the start, added /a (some event)");
}

TEST(ServingLineTest, AnObserverWrites) {
  ServedRevision one = served(Kind::kNews, "added /a", "");
  one.shadow_file = "/var/lib/chorale/shadow.conf";
  EXPECT_EQ(serving_line(one), "wrote 5.42 to /var/lib/chorale/shadow.conf: added /a");
}

TEST(ServingLineTest, IsBoundedAndCannotBeForged) {
  const std::string hostile(5'000, '\n');
  const std::string line = serving_line(served(Kind::kNews, "/a\n" + hostile, "b\x1b" + hostile, Milliseconds(1)));
  EXPECT_LT(line.size(), 1'000U);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_EQ(line.substr(0, 20), "serving 5.42: /a\\x0a");
}

TEST(ServingLineTest, TimeIsKnownByClocksThatDoNotContradictEachOther) {
  EXPECT_EQ(time_since("2026-11-22T12:00:00.000Z", "2026-11-22T12:00:00.140Z"), Milliseconds(140));
  EXPECT_EQ(time_since("2026-11-22T12:00:00.000Z", "2026-11-22T12:00:00.000Z"), Milliseconds(0));
  EXPECT_EQ(time_since("2026-11-22T12:00:00.141Z", "2026-11-22T12:00:00.140Z"), std::nullopt);
  EXPECT_EQ(time_since("", "2026-11-22T12:00:00.140Z"), std::nullopt);
  EXPECT_EQ(time_since("soon", "2026-11-22T12:00:00.140Z"), std::nullopt);
}

}  // namespace
}  // namespace chorale::agent
