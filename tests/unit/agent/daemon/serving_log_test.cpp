#include "agent/daemon/serving_log.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using coordination::Epoch;
using coordination::Identity;
using coordination::Revision;

Identity revision(std::int64_t number) { return {Epoch{1}, Revision{number}, "digest"}; }

class ServingLogTest : public ::testing::Test {
 protected:
  void want(std::int64_t number) {
    auto manifest = std::make_shared<coordination::Manifest>();
    manifest->header.identity = revision(number);
    manifest->header.cause = "cause " + std::to_string(number);
    manifest->header.apps = 20;
    manifest->header.servers = 61;
    manifest->event_at = "2026-11-22T12:00:00.000Z";
    log_.wanted(revision(number), std::move(manifest));
  }
  void apply(std::int64_t number, bool compared = true, std::uint64_t reloads = 0) {
    log_.applied({revision(number), "2026-11-22T12:00:00.500Z"}, compared, reloads);
  }
  [[nodiscard]] std::string taken() { return std::exchange(lines_, ""); }

  std::string lines_;
  LogFacts facts_;
  ServingLog log_{"", [this](const std::string& text, const LogFacts& facts) {
                    lines_ += text + "\n";
                    facts_ = facts;
                  }};
};

TEST_F(ServingLogTest, ARevisionIsOneLineOnceItsDifferenceIsKnown) {
  want(1);
  apply(1);
  EXPECT_EQ(taken(), "");
  log_.difference_known(revision(1), "added /a");
  EXPECT_EQ(taken(), "serving 1.1: the first since the start, added /a (cause 1)\n");
  want(2);
  apply(2);
  log_.difference_known(revision(2), "/a +1 server");
  EXPECT_EQ(taken(), "serving 1.2: /a +1 server (cause 2), 0.50 s after the event\n");
  EXPECT_EQ(facts_.epoch, 1);
  EXPECT_EQ(facts_.revision, 2);
  EXPECT_EQ(facts_.cause, "cause 2");
  EXPECT_EQ(facts_.apps, 20);
  EXPECT_EQ(facts_.servers, 61);
  log_.difference_known(revision(2), "/a +1 server");
  log_.flush();
  EXPECT_EQ(taken(), "");
}

TEST_F(ServingLogTest, WhatWasOvertakenIsSaidToo) {
  want(1);
  apply(1);
  log_.difference_known(revision(1), "added /a");
  (void)taken();
  want(2);
  apply(2);
  want(3);
  apply(3);
  want(4);
  apply(4);
  log_.difference_known(revision(3), "/a -1 server");
  EXPECT_EQ(taken(),
            "serving 1.2: cause 2, 0.50 s after the event\n"
            "serving 1.3: /a -1 server (cause 3), 0.50 s after the event\n");
  log_.flush();
  EXPECT_EQ(taken(), "serving 1.4: cause 4, 0.50 s after the event\n");
}

// Each as far as it is known, whatever the line says.
TEST_F(ServingLogTest, EveryLineHasItsFacts) {
  log_.kept(7, 9);
  apply(6, false);
  EXPECT_EQ(taken(), "serving 1.6: as before the start\n");
  EXPECT_EQ(facts_.epoch, 1);
  EXPECT_EQ(facts_.revision, 6);
  EXPECT_EQ(facts_.cause, "");
  EXPECT_EQ(facts_.apps, 7);
  EXPECT_EQ(facts_.servers, 9);
  want(7);
  apply(7, false);
  EXPECT_EQ(facts_.apps, 20);
  facts_ = {};
  apply(7, false, 1);
  EXPECT_EQ(facts_.cause, "cause 7") << "once more, and it is known why it was made";
  EXPECT_EQ(facts_.apps, 20);
  EXPECT_EQ(facts_.servers, 61);
}

// What is tested takes its time, meanwhile another one is committed: each has its own cause.
TEST_F(ServingLogTest, WhatWasReplacedBeforeItWasAppliedIsKnownAllTheSame) {
  apply(13, false);
  (void)taken();
  want(14);
  want(15);
  want(16);
  want(17);
  apply(15, false);
  EXPECT_EQ(taken(), "serving 1.15: cause 15, 0.50 s after the event\n");
  EXPECT_EQ(facts_.cause, "cause 15");
  EXPECT_EQ(facts_.apps, 20);
  apply(16, false);
  EXPECT_EQ(taken(), "serving 1.16: cause 16, 0.50 s after the event\n");
}

TEST_F(ServingLogTest, AsBeforeTheStartIsTheFirstAlone) {
  log_.kept(7, 9);
  want(12);
  apply(12, false);
  EXPECT_EQ(taken(), "serving 1.12: the first since the start, cause 12\n");
  apply(13, false);
  EXPECT_EQ(taken(), "serving 1.13: nothing is known of its changes\n");
  EXPECT_EQ(facts_.revision, 13);
  EXPECT_EQ(facts_.apps, std::nullopt) << "those were kept of another";
  EXPECT_EQ(facts_.servers, std::nullopt);
  apply(14);
  log_.difference_known(revision(14), "/a +1 server");
  EXPECT_EQ(taken(), "serving 1.14: /a +1 server\n");
}

TEST_F(ServingLogTest, WhatWasWantedLongAgoIsForgotten) {
  apply(1, false);
  for (int number = 2; number < 102; ++number) want(number);
  apply(2, false);
  apply(101, false);
  EXPECT_EQ(taken(),
            "serving 1.1: as before the start\nserving 1.2: nothing is known of its changes\n"
            "serving 1.101: cause 101, 0.50 s after the event\n");
  for (int i = 0; i < 100; ++i) want(102);
  apply(101, false, 1);
  EXPECT_EQ(taken(), "serving 1.101: applied once more\n");
  EXPECT_EQ(facts_.cause, "cause 101") << "the same one again pushes nothing out";
}

TEST_F(ServingLogTest, WhatTheFileHeldIsAsBeforeTheStartAndTheNextIsNews) {
  apply(7, false);
  EXPECT_EQ(taken(), "serving 1.7: as before the start\n");
  apply(7, false);
  EXPECT_EQ(taken(), "") << "it was only looked at again";
  log_.kept(7, 9);
  apply(7, false, 1);
  EXPECT_EQ(taken(), "serving 1.7: applied once more\n");
  EXPECT_EQ(facts_.apps, 7);
  apply(7, false, 1);
  EXPECT_EQ(taken(), "");
  want(8);
  apply(8, false);
  EXPECT_EQ(taken(), "serving 1.8: cause 8, 0.50 s after the event\n");
}

}  // namespace
}  // namespace chorale::agent
