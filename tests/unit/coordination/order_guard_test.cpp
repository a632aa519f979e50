#include "coordination/order_guard.h"

#include <gtest/gtest.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

TEST(OrderGuardTest, WithoutAFileEverythingIsNew) {
  OrderGuard guard;
  guard.start(std::nullopt);
  EXPECT_TRUE(guard.allows(identity(1, 1)));
}

TEST(OrderGuardTest, OnlyWhatIsNewerThanTheFile) {
  OrderGuard guard;
  guard.start(identity(2, 5));
  EXPECT_FALSE(guard.allows(identity(2, 5)));
  EXPECT_FALSE(guard.allows(identity(1, 9)));
  EXPECT_TRUE(guard.allows(identity(2, 6)));
  EXPECT_TRUE(guard.allows(identity(3, 1)));
}

TEST(OrderGuardTest, TheFloorNeverSinks) {
  OrderGuard guard;
  guard.start(std::nullopt);
  guard.raise(identity(2, 5));
  guard.raise(identity(2, 4));
  EXPECT_EQ(guard.floor(), identity(2, 5));
}

TEST(OrderGuardTest, ANewLineageBeginsAtTheFileAndAnOldOneWhereItWasLeft) {
  OrderGuard guard;
  guard.start(identity(1, 3));
  guard.raise(identity(1, 7));
  guard.change_lineage("one", "two");
  EXPECT_EQ(guard.floor(), identity(1, 3));
  guard.raise(identity(1, 5));
  guard.change_lineage("two", "one");
  EXPECT_EQ(guard.floor(), identity(1, 7));
  guard.change_lineage("one", "two");
  EXPECT_EQ(guard.floor(), identity(1, 5));
}

}  // namespace
}  // namespace chorale::coordination
