#include "agent/base/log.h"

#include <glog/logging.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "agent/base/duration_text.h"
#include "coordination/require.h"

namespace chorale::agent {
namespace {

using std::chrono::system_clock;

constexpr pid_t kPid = 4711;

TEST(LogTest, JournalGetsThePriorityAndNoTime) {
  const auto now = system_clock::now();
  EXPECT_EQ(log_prefix(LogTarget::kJournal, LogLine::Level::kInfo, now, kPid), "<6>");
  EXPECT_EQ(log_prefix(LogTarget::kJournal, LogLine::Level::kWarning, now, kPid), "<4>");
  EXPECT_EQ(log_prefix(LogTarget::kJournal, LogLine::Level::kError, now, kPid), "<3>");
}

// In local time, as glog has it; which zone that is does not matter for the shape.
TEST(LogTest, TerminalGetsLevelTimeAndPidWithoutSourceLine) {
  const system_clock::time_point moment{std::chrono::microseconds(1'795'000'000'000'042)};
  const std::string prefix = log_prefix(LogTarget::kTerminal, LogLine::Level::kWarning, moment, kPid);
  ASSERT_EQ(prefix.size(), std::string("W20261122 12:00:00.000042 4711] ").size()) << prefix;
  EXPECT_EQ(prefix.substr(0, 7), "W202611");
  EXPECT_EQ(prefix.substr(18), ".000042 4711] ");
}

TEST(LogTest, OnlyTheStreamThatSystemdConnectedIsTheJournal) {
  EXPECT_EQ(log_target("8:1234", 8, 1234), LogTarget::kJournal);
  EXPECT_EQ(log_target("8:1234", 8, 1235), LogTarget::kTerminal);  // redirected since
  EXPECT_EQ(log_target("8:1234", 9, 1234), LogTarget::kTerminal);
  EXPECT_EQ(log_target("", 8, 1234), LogTarget::kTerminal);
  EXPECT_EQ(log_target("8:1234:1", 8, 1234), LogTarget::kTerminal);
}

TEST(LogTest, DurationsHaveAsManyDigitsAsSaySomething) {
  EXPECT_EQ(duration_text(Milliseconds(0)), "0.00 s");
  EXPECT_EQ(duration_text(Milliseconds(140)), "0.14 s");
  EXPECT_EQ(duration_text(Milliseconds(999)), "1.00 s");
  EXPECT_EQ(duration_text(Milliseconds(1'000)), "1.0 s");
  EXPECT_EQ(duration_text(Milliseconds(9'949)), "9.9 s");
  EXPECT_EQ(duration_text(Milliseconds(10'000)), "10 s");
  EXPECT_EQ(duration_text(Milliseconds(34'400)), "34 s");
  EXPECT_EQ(duration_text(Milliseconds(119'400)), "119 s");
  EXPECT_EQ(duration_text(Milliseconds(120'000)), "2 min");
  EXPECT_EQ(duration_text(Milliseconds(7'200'000)), "2 h");
}

TEST(LogTest, AJsonLineIsOneObjectWhateverItsTextHolds) {
  const system_clock::time_point moment{std::chrono::milliseconds(1'795'000'000'042)};
  EXPECT_EQ(json_line(LogLine::Level::kInfo, moment, "proxy-1", "no \"news\""),
            R"({"time":"2026-11-18T11:06:40.042Z","level":"info","id":"proxy-1","message":"no \"news\""})");
  LogFacts facts;
  facts.epoch = 5;
  facts.revision = 42;
  facts.cause = "resync\n";
  facts.apps = 20;
  facts.servers = 61;
  const std::string hostile = json_line(LogLine::Level::kError, moment, "proxy\n1", "\xff\xc3(\n\x1b", facts);
  EXPECT_EQ(hostile.find('\n'), std::string::npos);
  const auto line = nlohmann::json::parse(hostile);  // which refuses what is no UTF-8
  EXPECT_EQ(line.at("level"), "error");
  EXPECT_EQ(line.at("message"), "\xef\xbf\xbd\xef\xbf\xbd(\n\x1b");
  EXPECT_EQ(line.at("epoch"), 5);
  EXPECT_EQ(line.at("revision"), 42);
  EXPECT_EQ(line.at("cause"), "resync\n");
  EXPECT_EQ(line.at("apps"), 20);
  EXPECT_EQ(line.at("servers"), 61);
  EXPECT_EQ(nlohmann::json::parse(json_line(LogLine::Level::kWarning, moment, "", "")).at("level"), "warning");
}

TEST(LogTest, ARepetitionIsWrittenAfterEverLongerPauses) {
  RepeatFilter filter;
  const TimePoint begin = TimePoint{} + std::chrono::hours(1);
  std::vector<int> written;
  int left_out = 0;
  for (int second = 0; second <= 24 * 3'600; second += 10) {
    const auto [admitted, before] = filter.admit("no", begin + std::chrono::seconds(second));
    if (!admitted) continue;
    written.push_back(second / 60);
    left_out = before;
  }
  EXPECT_EQ(written, (std::vector<int>{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1'023}));
  EXPECT_EQ(left_out, 512 * 6 - 1);
}

TEST(LogTest, WhatWasNotHeardForAnHourIsNew) {
  RepeatFilter filter;
  const TimePoint begin = TimePoint{} + std::chrono::hours(1);
  EXPECT_TRUE(filter.admit("no", begin).first);
  EXPECT_FALSE(filter.admit("no", begin + std::chrono::seconds(59)).first);
  EXPECT_TRUE(filter.admit("other", begin).first);
  EXPECT_EQ(filter.admit("no", begin + std::chrono::minutes(1)), std::pair(true, 1));
  EXPECT_FALSE(filter.admit("no", begin + std::chrono::minutes(2)).first);
  EXPECT_EQ(filter.admit("no", begin + std::chrono::minutes(62)), std::pair(true, 0));
  EXPECT_EQ(filter.admit("no", begin + std::chrono::minutes(63)), std::pair(true, 0)) << "with the pauses of a new one";
}

TEST(LogTest, NumbersDoNotMakeTroubleNew) {
  EXPECT_EQ(coordination::without_numbers("a12:345 b6"), "a0:0 b0");
  EXPECT_EQ(coordination::without_numbers("a 1.5"), coordination::without_numbers("a 22.0"));
  EXPECT_NE(coordination::without_numbers("a 1"), coordination::without_numbers("b 1"));
}

// Each in a process of its own: the log is the process's.
class JsonLogTest : public ::testing::Test {
 protected:
  // What `act` writes to stderr, in lines that are all objects of this agent, with what `ends` the process.
  template <class Act>
  static void expect_lines(const std::vector<std::string>& messages, Act act, int exit_code, int signal) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto fits = [&messages](const std::string& output) {
      std::istringstream stream(output);
      std::size_t at = 0;
      for (std::string text; std::getline(stream, text); ++at) {
        const auto line = nlohmann::json::parse(text, nullptr, false);
        if (!line.is_object() || line.value("id", "") != "proxy-\"1\"" || line.value("time", "").size() != 24)
          return false;
        const std::string message = line.value("message", "");
        if (at >= messages.size() || message.find(messages[at]) == std::string::npos) return false;
      }
      return at == messages.size();
    };
    const auto in_json = [&act] {
      init_log("log_test");
      write_json_from_now_on("proxy-\"1\"");
      act();
      std::_Exit(0);
    };
    if (signal == 0) {
      EXPECT_EXIT(in_json(), ::testing::ExitedWithCode(exit_code), ::testing::Truly(fits));
    } else {
      EXPECT_EXIT(in_json(), ::testing::KilledBySignal(signal), ::testing::Truly(fits));
    }
  }
};

TEST_F(JsonLogTest, OwnLinesAndThoseOfGlogAreObjects) {
  expect_lines(
      {"one\\ntwo", "again", "again", "of a library\\nforged", "of an error"},
      [] {
        log_info("one\ntwo");
        log_info("one\ntwo");  // a repetition
        write_log({LogLine::Level::kError, "again", true});
        write_log({LogLine::Level::kError, "again", true});
        LOG(WARNING) << "of a library\nforged";
        LOG(ERROR) << "of an error";
      },
      0, 0);
}

// Left out, the log's last word of the app would be wrong.
TEST_F(JsonLogTest, NewsIsWrittenEachTime) {
  const std::string in = "app /q is quarantined";
  const std::string out = "app /q is out of quarantine";
  expect_lines(
      {in, out, in, out, "trouble"},
      [&] {
        for (const std::string& text : {in, out, in, out}) write_log({LogLine::Level::kWarning, text, true});
        for (int i = 0; i < 2; ++i) write_log({LogLine::Level::kWarning, "trouble"});
      },
      0, 0);
}

TEST_F(JsonLogTest, SameButNumbersIsARepetition) {
  expect_lines(
      {"try 1", "try 3"},
      [] {
        write_log({LogLine::Level::kInfo, "try 1"}, Repeats::kSameButNumbers);
        write_log({LogLine::Level::kInfo, "try 2"}, Repeats::kSameButNumbers);
        log_info("try 3");
      },
      0, 0);
}

TEST_F(JsonLogTest, AFatalLineIsTheLastObject) {
  expect_lines(
      {"the end"}, [] { LOG(FATAL) << "the end"; }, 0, SIGABRT);
}

TEST_F(JsonLogTest, ABrokenPromiseIsAnObject) {
  expect_lines(
      {"please report this: it \"holds\""}, [] { coordination::require(false, "it \"holds\""); }, 0, SIGABRT);
}

TEST_F(JsonLogTest, AnExceptionThatNobodyCatchesIsAnObject) {
  expect_lines(
      {"an exception was not caught: oh"}, [] { std::thread([] { throw std::runtime_error("oh"); }).join(); }, 0,
      SIGABRT);
}

TEST(LogTest, LastWordsAreTextWithoutJson) {
  EXPECT_EXIT(
      {
        write_last_words("the loop is hung");
        std::abort();
      },
      ::testing::KilledBySignal(SIGABRT), "^the loop is hung\n$");
}

}  // namespace
}  // namespace chorale::agent
