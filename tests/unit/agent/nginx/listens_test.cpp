#include "agent/nginx/listens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string listen_text(const std::string& address) {
  const auto at = parse_listen_address(address);
  return at ? at->address.to_string() + " " + std::to_string(at->port) : "none";
}

// "ADDRESS PORT line", and "udp" where it is.
std::vector<std::string> found(const std::string& text) {
  std::vector<std::string> all;
  for (const Listen& one : listens_in(text)) {
    all.push_back(one.at.address.to_string() + " " + std::to_string(one.at.port) + " " + std::to_string(one.line) +
                  (one.udp ? " udp" : ""));
  }
  return all;
}

TEST(ListensTest, AddressIsReadAsNginxDoes) {
  EXPECT_EQ(listen_text("80"), "0.0.0.0 80");
  EXPECT_EQ(listen_text("*:8080"), "0.0.0.0 8080");
  EXPECT_EQ(listen_text("*"), "0.0.0.0 80");
  EXPECT_EQ(listen_text("10.0.0.1"), "10.0.0.1 80");
  EXPECT_EQ(listen_text("10.0.0.1:443"), "10.0.0.1 443");
  EXPECT_EQ(listen_text("localhost:81"), "127.0.0.1 81");
  EXPECT_EQ(listen_text("[::]:80"), ":: 80");
  EXPECT_EQ(listen_text("[::1]"), "::1 80");
  EXPECT_EQ(listen_text("65535"), "0.0.0.0 65535");
  for (const char* other : {"unix:/run/x.sock", "0", "65536", "host.example.com:80", "80-90", "10.0.0.1:", ":80", "",
                            "10.0.0.1:0", "[::", "10.0.0.1:80x"}) {
    EXPECT_EQ(listen_text(other), "none") << other;
  }
}

TEST(ListensTest, EachAddressIsFoundOnceWithItsLine) {
  EXPECT_THAT(found("# chorale\nhttp {\n  server {\n    listen 80 default_server;\n    listen\n 443 ssl;\n  }\n"
                    "  server { listen 80; listen 10.0.0.1:80; }\n}\n"
                    "stream {\n  server { listen 53 udp reuseport; }\n  server { listen 53; listen \"54\"; }\n}\n"),
              ElementsAre("0.0.0.0 80 4", "0.0.0.0 443 5", "10.0.0.1 80 8", "0.0.0.0 53 11 udp", "0.0.0.0 53 12",
                          "0.0.0.0 54 12"));
  EXPECT_THAT(found("listen 80;\n"), ElementsAre("0.0.0.0 80 1")) << "included in a server";
  EXPECT_THAT(found("\nserver { listen 443 quic; }"), ElementsAre("0.0.0.0 443 2 udp"));
}

TEST(ListensTest, NothingElseIsTakenForOne) {
  EXPECT_THAT(found("map $a $b { listen 80; }\n# listen 81;\nserver { location / { listen 82; } set $x 'listen 83;'; "
                    "listen; listen unix:/x; }\nserver { types { } } upstream a { listen 84; }"),
              IsEmpty());
  EXPECT_THAT(found(""), IsEmpty());
}

}  // namespace
}  // namespace chorale::agent
