#include "agent/base/host_addresses.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(HostAddressesTest, VirtualAddressOfAnotherHostIsNotThisHosts) {
  for (const char* here : {"127.0.0.1", "127.8.9.10", "::1"}) EXPECT_TRUE(is_of_this_host(here)) << here;
  for (const char* elsewhere : {"192.0.2.1", "2001:db8::1"}) EXPECT_FALSE(is_of_this_host(elsewhere)) << elsewhere;
}

}  // namespace
}  // namespace chorale::agent
