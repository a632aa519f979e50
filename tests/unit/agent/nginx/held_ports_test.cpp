#include "agent/nginx/held_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> parsed(const std::string& text, bool udp) {
  std::vector<std::string> all;
  std::istringstream lines(text);
  for (const OpenSocket& one : read_open_sockets(lines, udp)) {
    all.push_back(one.at.address.to_string() + " " + std::to_string(one.at.port) + " " + std::to_string(one.inode) +
                  (one.udp ? " udp" : ""));
  }
  return all;
}

constexpr const char* kHeading =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

TEST(HeldPortsTest, ListeningSocketsAreReadFromProc) {
  const std::string tcp = std::string(kHeading) +
                          "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
                          "16251 1 ffff8a 100 0 0 10 0\n"
                          "   1: 0100007F:2742 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 "
                          "18446744073709551615 1 ffff8a 100 0 0 10 0\n"
                          "   2: 0100007F:1F90 0100007F:9C40 03 00000000:00000000 01:00000000 00000000  1000        0 "
                          "0 1 ffff8a 20 4 30 10 -1\n"
                          "nonsense\n   4: 0100007F:274 2\n   5: 0100007F 00000000:0000 0A 0:0 0:0 0 0 0 9\n"
                          "   6: 0100007G:1F90 00000000:0000 0A 0:0 0:0 0 0 0 9\n"
                          "   7: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 x\n"
                          "   8: 0100007F:1FFFF 00000000:0000 0A 0:0 0:0 0 0 0 9\n"
                          "   9: 0200007F:0050 00000000:0000 0A 0:0 0:0 0 0 0 12\n";
  EXPECT_THAT(parsed(tcp, false),
              ElementsAre("0.0.0.0 8080 16251", "127.0.0.1 10050 18446744073709551615", "127.0.0.2 80 12"));
  EXPECT_THAT(parsed("   0: 00000000000000000000000000000000:2742 00000000000000000000000000000000:0000 0A "
                     "00000000:00000000 00:00000000 00000000     0        0 7 1\n"
                     "   1: B80D0120000000000000000001000000:2742 00000000000000000000000000000000:0000 0A "
                     "00000000:00000000 00:00000000 00000000     0        0 8 1\n",
                     false),
              ElementsAre(":: 10050 7", "2001:db8::1 10050 8"));
  EXPECT_THAT(parsed("  9: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 11 2 ffff 0\n"
                     " 10: 0100007F:0036 0100007F:0035 01 00000000:00000000 00:00000000 00000000 0 0 12 2 ffff 0\n",
                     true),
              ElementsAre("127.0.0.1 53 11 udp", "127.0.0.1 54 12 udp"));
  EXPECT_THAT(parsed(kHeading, false), IsEmpty());
}

// A hundred thousand connections that are about to close once held up every vote by two seconds.
TEST(HeldPortsTest, ConnectionsAreNotRead) {
  const std::string listening =
      std::string(kHeading) + "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 16251\n";
  std::istringstream file(listening +
                          "   1: 0100007F:9C40 0100007F:1F90 06 00000000:00000000 03:00000000 00000000 0 0 0\n"
                          "   2: 0100007F:9C41 0100007F:1F90 06 00000000:00000000 03:00000000 00000000 0 0 0\n");
  EXPECT_EQ(read_open_sockets(file, false).size(), 1U);
  std::string rest;
  EXPECT_TRUE(std::getline(file, rest));
  EXPECT_THAT(rest, ::testing::StartsWith("   2:"));
}

bool collide(const std::string& wanted, const std::string& open, bool wanted_udp = false, bool open_udp = false) {
  return may_collide({*parse_listen_address(wanted), wanted_udp, 1}, {*parse_listen_address(open), open_udp, 1});
}

TEST(HeldPortsTest, OneAddressIsListenedOnOnce) {
  EXPECT_TRUE(collide("10.0.0.1:80", "10.0.0.1:80"));
  EXPECT_TRUE(collide("80", "10.0.0.1:80"));
  EXPECT_TRUE(collide("10.0.0.1:80", "80"));
  EXPECT_TRUE(collide("[::]:80", "[::1]:80"));
  EXPECT_TRUE(collide("80", "[::]:80")) << "it may have taken both families";
  EXPECT_TRUE(collide("53", "53", true, true));
  EXPECT_FALSE(collide("10.0.0.1:80", "10.0.0.2:80"));
  EXPECT_FALSE(collide("10.0.0.1:80", "10.0.0.1:81"));
  EXPECT_FALSE(collide("80", "[::1]:80"));
  EXPECT_FALSE(collide("[::]:80", "80")) << "Nginx listens for IPv6 alone there";
  EXPECT_FALSE(collide("[::1]:80", "[::2]:80"));
  EXPECT_FALSE(collide("53", "53", true, false));
  EXPECT_FALSE(collide("53", "53", false, true));
}

TEST(HeldPortsTest, WithoutAMasterNothingIsKnown) {
  const NginxLocations nowhere{{"/nowhere/nginx.pid"}, {}};
  EXPECT_FALSE(find_held_port({{*parse_listen_address("1"), false, 1}}, nowhere, "nginx", false));
}

}  // namespace
}  // namespace chorale::agent
