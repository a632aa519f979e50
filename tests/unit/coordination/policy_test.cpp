#include "coordination/policy.h"

#include <gtest/gtest.h>

namespace chorale::coordination {
namespace {

using Announced = std::map<std::string, PolicyValues>;

const PolicyValues kA{{"marathon", "1"}, {"realm", "a"}};
const PolicyValues kB{{"marathon", "1"}, {"realm", "b"}};
const PolicyValues kOther{{"marathon", "2"}, {"realm", "a"}};
const PolicyValues kUnknown{{"realm", "a"}};

TEST(PolicyTest, DigestIsOverNamesAndValues) {
  EXPECT_EQ(policy_digest({}), "");
  EXPECT_EQ(policy_digest(kA).size(), 12U);
  EXPECT_EQ(policy_digest(kA).find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(policy_digest(kA), policy_digest(kB));
  EXPECT_NE(policy_digest({{"a", "b"}}), policy_digest({{"b", "a"}}));
  EXPECT_NE(policy_digest({{"a", "1\nb 1 2"}}), policy_digest({{"a", "1"}, {"b", "2"}}));
}

TEST(PolicyTest, DifferenceNamesEveryValueThatBothKnow) {
  EXPECT_EQ(policy_difference(kA, kA), std::nullopt);
  EXPECT_EQ(policy_difference(kA, kUnknown), std::nullopt);
  EXPECT_EQ(policy_difference(kUnknown, kOther), std::nullopt);
  EXPECT_EQ(policy_difference(kA, kB), "realm is \"a\" here and \"b\" in the pool");
  EXPECT_EQ(policy_difference(kB, kOther),
            "marathon is \"1\" here and \"2\" in the pool; realm is \"b\" here and \"a\" in the pool");
}

TEST(PolicyTest, PoolHasNoneBeforeTheFirstLeader) {
  EXPECT_EQ(pool_policy({"1", "2"}, Announced{{"1", kA}}, {}), std::nullopt);
  EXPECT_EQ(pool_policy({}, {}, {}), std::nullopt);
}

TEST(PolicyTest, MoreThanHalfOfTheMembersDecide) {
  EXPECT_EQ(pool_policy({"1"}, Announced{{"1", kB}}, kA), kB);
  EXPECT_EQ(pool_policy({"1", "2"}, Announced{{"1", kB}, {"2", kA}}, kA), kA);
  EXPECT_EQ(pool_policy({"1", "2"}, Announced{{"1", kB}}, kA), kA);
  EXPECT_EQ(pool_policy({"1", "2", "3"}, Announced{{"1", kB}, {"2", kB}, {"3", kA}}, kA), kB);
  EXPECT_EQ(pool_policy({"1", "2", "3"}, Announced{{"1", kB}, {"2", {}}, {"3", {}}}, kA), kA);
}

TEST(PolicyTest, AgentsThatAreNoMembersDoNotCount) {
  EXPECT_EQ(pool_policy({"1", "2", "3"}, Announced{{"1", kB}, {"x", kB}, {"y", kB}}, kA), kA);
  EXPECT_EQ(pool_policy({"1"}, Announced{{"1", kA}, {"x", kB}, {"y", kB}}, {}), kA);
}

TEST(PolicyTest, WhatTheMajorityDoesNotKnowStaysAsCommitted) {
  EXPECT_EQ(pool_policy({"1", "2"}, Announced{{"1", kUnknown}, {"2", kUnknown}}, kOther), kOther);
  EXPECT_EQ(pool_policy({"1", "2"}, Announced{{"1", kUnknown}, {"2", kUnknown}}, {}), kUnknown);
}

TEST(PolicyTest, OfTwoMajoritiesTheCommittedOneStands) {
  const Announced announced{{"1", kA}, {"2", kUnknown}, {"3", kOther}};
  EXPECT_EQ(pool_policy({"1", "2", "3"}, announced, kA), kA);
  EXPECT_EQ(pool_policy({"1", "2", "3"}, announced, kOther), kOther);
}

TEST(PolicyTest, OfTwoMajoritiesTheGreaterStands) {
  const Announced announced{{"1", kOther}, {"2", kUnknown}, {"3", kUnknown}, {"4", kA}, {"5", kA}};
  EXPECT_EQ(pool_policy({"1", "2", "3", "4", "5"}, announced, kB), kUnknown.size() == 1 ? kA : kB);
}

}  // namespace
}  // namespace chorale::coordination
