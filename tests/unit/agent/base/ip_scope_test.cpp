#include "agent/base/ip_scope.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

void expect_scope(IpScope scope, std::initializer_list<const char*> addresses) {
  for (const char* address : addresses) EXPECT_EQ(ip_scope(address), scope) << address;
}

TEST(IpScopeTest, HostsAndWhatIsNoAddress) {
  expect_scope(IpScope::kUsual, {"10.0.0.1",
                                 "1.0.0.0",
                                 "126.255.255.255",
                                 "128.0.0.1",
                                 "169.253.255.255",
                                 "169.255.0.0",
                                 "168.254.1.1",
                                 "223.255.255.255",
                                 "240.0.0.1",
                                 "255.255.255.254",
                                 "2001:db8::1",
                                 "fec0::1",
                                 "fe7f::1",
                                 "fd00::1",
                                 "::2",
                                 "1::1",
                                 "::1:0",
                                 "::fffe:127.0.0.1",
                                 "::ffff:10.0.0.1",
                                 "",
                                 "localhost",
                                 "127.0.0",
                                 "0"});
}

TEST(IpScopeTest, ReservedRangesFromTheirFirstToTheirLastAddress) {
  expect_scope(IpScope::kUnspecified, {"0.0.0.0", "0.255.255.255", "::", "::ffff:0.0.0.0"});
  expect_scope(IpScope::kLoopback, {"127.0.0.0", "127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"});
  expect_scope(IpScope::kLinkLocal, {"169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::", "febf:ffff::1",
                                     "::ffff:169.254.169.254"});
  expect_scope(IpScope::kMulticast, {"224.0.0.0", "239.255.255.255", "ff00::", "ff02::1", "::ffff:224.0.0.1"});
  expect_scope(IpScope::kBroadcast, {"255.255.255.255", "::ffff:255.255.255.255"});
}

}  // namespace
}  // namespace chorale::agent
