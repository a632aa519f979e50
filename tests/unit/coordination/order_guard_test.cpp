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

TEST(OrderGuardTest, WhereNothingIsServedEverythingElseIsAllowed) {
  OrderGuard guard(false);
  EXPECT_TRUE(guard.allows(identity(1, 1)));
  guard.raise(identity(2, 5));
  EXPECT_FALSE(guard.allows(identity(2, 5)));
  EXPECT_TRUE(guard.allows(identity(1, 9)));
  guard.raise(identity(1, 9));
  EXPECT_TRUE(guard.allows(identity(2, 5)));
}

TEST(OrderGuardTest, TheSameNumberWithAnotherDigestIsNotNewer) {
  OrderGuard guard;
  guard.start(identity(2, 5));
  Identity other = identity(2, 5);
  other.digest = "another";
  EXPECT_FALSE(guard.allows(other));
}

}  // namespace
}  // namespace chorale::coordination
