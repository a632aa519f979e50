// A pool that has committed three revisions, for the tests of holds.
#pragma once

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {

inline const std::string kHold = "/chorale/hold";

// "one", "two" and "three" are committed as 1.1, 1.2 and 1.3.
class HoldTest : public PoolTest {
 protected:
  HoldTest() {
    for (const char* text : {"one", "two", "three"}) {
      a().offer(text);
      cluster_.settle();
      identities_.push_back(cluster_.state().committed->identity);
    }
  }

  [[nodiscard]] const Identity& one() const { return identities_[0]; }
  [[nodiscard]] const Identity& two() const { return identities_[1]; }
  [[nodiscard]] const Identity& three() const { return identities_[2]; }
  [[nodiscard]] Identity committed() { return cluster_.state().committed->identity; }
  [[nodiscard]] HoldDocument held() { return cluster_.state().held.value_or(HoldDocument{}); }

  void hold(const std::string& text) {
    create(kHold, text);
    cluster_.settle();
  }
  // Whoever leads, what it offers now is not published.
  void expect_kept_back(TestAgent& leader, const std::string& text = "later") {
    const Identity before = committed();
    const auto offer = leader.offer(text);
    cluster_.advance(std::chrono::seconds(1));
    EXPECT_EQ(committed(), before);
    ASSERT_THAT(leader.closed, testing::Not(testing::IsEmpty()));
    EXPECT_EQ(leader.closed.back().offer, offer);
    EXPECT_EQ(leader.closed.back().fate, Fate::kAbandoned);
    EXPECT_THAT(leader.closed.back().reason, testing::HasSubstr("hel"));
  }

 private:
  std::vector<Identity> identities_;
};

class HoldTroubleTest : public HoldTest {};

}  // namespace chorale::coordination
