// Marathon's election as its znodes show it, in each of its forms.
#include "agent/marathon/election.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chorale::agent {
namespace {

using coordination::DirectoryTexts;
using coordination::Path;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Path kRoot("/marathon");

std::vector<std::string> elected(const DirectoryTexts& members, const DirectoryTexts& latches, bool https = false) {
  return elected_endpoints(kRoot, {{Path("/marathon/leader"), members}, {Path("/marathon/leader-curator"), latches}},
                           https);
}

TEST(ElectionTest, FollowsBothDirectories) {
  EXPECT_THAT(election_directories(kRoot), ElementsAre(Path("/marathon/leader"), Path("/marathon/leader-curator")));
  EXPECT_THAT(elected_endpoints(kRoot, {}, false), IsEmpty());
}

TEST(ElectionTest, LowestMemberLeadsWhateverItsHost) {
  EXPECT_THAT(elected({{"member_0000000012", "master-1:8080"},
                       {"member_0000000009", "master-3:8080"},
                       {"member_0000000010", "master-2:8080"}},
                      {}),
              ElementsAre("http://master-3:8080", "http://master-2:8080", "http://master-1:8080"));
}

// The latch's names begin with a guid; its digits alone are the order.
TEST(ElectionTest, LowestLatchLeadsWhateverItsGuid) {
  EXPECT_THAT(elected({}, {{"_c_0aaa-latch-0000000007", "master-1:8080"},
                           {"_c_9bbb-latch-0000000003", "master-2:8080"},
                           {"latch-0000000005", "master-3:8080"}}),
              ElementsAre("http://master-2:8080", "http://master-3:8080", "http://master-1:8080"));
}

// Of the versions in between: the latch elects, and the leader points to itself among the members of old.
TEST(ElectionTest, PointerOfTheLatchAgreesWithIt) {
  EXPECT_THAT(elected({{"member_-00000000", "master-2:8080"},
                       {"member_-10000000001", "master-1:8080"},
                       {"member_-10000000004", "master-2:8080"}},
                      {{"_c_1-latch-0000000002", "master-2:8080"}, {"_c_2-latch-0000000004", "master-1:8080"}}),
              ElementsAre("http://master-2:8080", "http://master-1:8080"));
  EXPECT_THAT(elected({{"member_-00000000", "master-2:8080"}, {"member_0000000001", "master-1:8080"}}, {}),
              ElementsAre("http://master-2:8080", "http://master-1:8080"));
}

TEST(ElectionTest, NodesWithoutHttpSayTheirPortOfHttps) {
  EXPECT_THAT(elected({{"member_0000000001", "master-1:8443"}}, {}, true), ElementsAre("https://master-1:8443"));
}

TEST(ElectionTest, WhatIsNoNodeIsLeftOut) {
  EXPECT_THAT(elected({{"member_0000000001", ""},
                       {"member_0000000002", "user:word@master-1:8080"},
                       {"member_0000000003", "master-1:8080/path"},
                       {"member_0000000004", "master-1:80\n80"},
                       {"somebody", "master-4:8080"},
                       {"member_0000000005", "[::1]:8080"}},
                      {{"lock-0000000001", "master-5:8080"}, {"latch-1", "master-6:8080"}}),
              ElementsAre("http://[::1]:8080"));
}

}  // namespace
}  // namespace chorale::agent
