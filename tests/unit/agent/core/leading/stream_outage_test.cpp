#include "agent/core/leading/stream_outage.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

class StreamOutageTest : public testing::Test {
 protected:
  void lost(bool was_attached = true) { take(outage_.lost("http://a", "closed", was_attached, now_)); }
  void attached() { take(outage_.attached("http://a", now_)); }
  void pass(Milliseconds time) {
    now_ += time;
    take(outage_.look(now_));
  }
  void take(const std::optional<LogLine>& line) {
    if (!line) return;
    const bool warns = line->level == LogLine::Level::kWarning;
    log_ += (warns ? "W " : "I ") + line->text + "\n";
  }
  [[nodiscard]] std::string taken() { return std::exchange(log_, ""); }

  StreamOutage outage_{"event stream", "event stream attached to"};
  TimePoint now_ = TimePoint{} + std::chrono::hours(1);
  std::string log_;
};

TEST_F(StreamOutageTest, SaysOnceThatItIsLostAndOnceThatItIsBack) {
  attached();
  EXPECT_EQ(taken(), "I event stream attached to http://a\n");
  lost();
  EXPECT_EQ(taken(), "W event stream lost: http://a: closed\n");
  for (int i = 0; i < 10; ++i) {
    pass(Milliseconds(3'400));
    lost(false);
  }
  EXPECT_EQ(taken(), "");
  attached();
  EXPECT_EQ(taken(), "I event stream attached to http://a, after 34 s without it\n");
  pass(Milliseconds(10'000));
  EXPECT_EQ(taken(), "");
  lost();
  EXPECT_EQ(taken(), "W event stream lost: http://a: closed\n") << "another outage";
}

TEST_F(StreamOutageTest, OneThatWasNeverThereIsRefused) {
  lost(false);
  EXPECT_EQ(taken(), "W event stream refused: http://a: closed\n");
  pass(Milliseconds(2'000));
  attached();
  EXPECT_EQ(taken(), "I event stream attached to http://a, after 2.0 s without it\n");
}

// The loss itself may be what wakes the loop.
TEST_F(StreamOutageTest, OneThatHeldThoughNobodyLookedIsLostAnew) {
  attached();
  lost();
  pass(Milliseconds(2'000));
  attached();
  (void)taken();
  now_ += Milliseconds(10'000);
  lost();
  EXPECT_EQ(taken(), "W event stream lost: http://a: closed\n");
  pass(Milliseconds(3'000));
  attached();
  EXPECT_EQ(taken(), "I event stream attached to http://a, after 3.0 s without it\n");
}

// Marathon in an election.
TEST_F(StreamOutageTest, OneThatIsAcceptedAndEndedForHoursIsThreeLines) {
  attached();
  (void)taken();
  lost();
  for (int i = 0; i < 1'000; ++i) {
    pass(Milliseconds(5'000));
    attached();
    pass(Milliseconds(4'999));
    lost();
  }
  EXPECT_EQ(taken(),
            "W event stream lost: http://a: closed\n"
            "I event stream attached to http://a, after 5.0 s without it\n"
            "W event stream is unsteady, http://a: closed; said when it holds\n");
  attached();
  EXPECT_EQ(taken(), "");
  pass(Milliseconds(9'999));
  EXPECT_EQ(taken(), "");
  pass(Milliseconds(1));
  EXPECT_EQ(taken(), "I event stream attached to http://a and holds, 2 h after it was lost first\n");
  lost();
  EXPECT_EQ(taken(), "W event stream lost: http://a: closed\n");
}

}  // namespace
}  // namespace chorale::agent
