#include "coordination/connect_string.h"

#include <gtest/gtest.h>

namespace chorale::coordination {
namespace {

TEST(ConnectStringTest, ReadsHostsAndPath) {
  const auto parsed = parse_connect_string("zk://10.0.0.1:2181,zk-2.example.org:2182/proxies/blue");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->hosts, "10.0.0.1:2181,zk-2.example.org:2182");
  EXPECT_EQ(parsed->credentials, "");
  EXPECT_EQ(parsed->root, Path("/proxies/blue"));
}

TEST(ConnectStringTest, WithoutAPathTheRootIsChorale) {
  for (const auto* text : {"zk://a:2181", "zk://a:2181/"}) {
    const auto parsed = parse_connect_string(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->root, Path("/chorale")) << text;
  }
}

TEST(ConnectStringTest, ATrailingSlashIsNoPartOfTheRoot) {
  EXPECT_EQ(parse_connect_string("zk://a:1/x/")->root, Path("/x"));
}

TEST(ConnectStringTest, CredentialsEndAtTheLastAt) {
  const auto parsed = parse_connect_string("zk://jo:p@ss:w0rd@a:2181/x");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->credentials, "jo:p@ss:w0rd");
  EXPECT_EQ(parsed->hosts, "a:2181");
}

TEST(ConnectStringTest, HighestPortIsOne) {
  const auto parsed = parse_connect_string("zk://a:65535/x");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->hosts, "a:65535");
}

TEST(ConnectStringTest, RefusesWhatCannotBeMeant) {
  for (const auto* text : {"",
                           "a:2181/x",
                           "http://a:2181/x",
                           "zk://",
                           "zk:///x",
                           "zk://a/x",
                           "zk://a:/x",
                           "zk://a:0/x",
                           "zk://a:65536/x",
                           "zk://a:21x/x",
                           "zk://a:2181,/x",
                           "zk://,a:2181/x",
                           "zk://a:2181,,b:2181/x",
                           "zk://a b:2181/x",
                           "zk://:2181/x",
                           "zk://a:2181//x",
                           "zk://a:2181/x//y",
                           "zk://a:2181/./x",
                           "zk://a:2181/x/..",
                           "zk://a:2181/x y",
                           "zk://a:2181/zookeeper",
                           "zk://a:2181/zookeeper/x",
                           "zk://jo@a:2181/x",
                           "zk://:pw@a:2181/x",
                           "zk://jo:@a:2181/x",
                           "zk://a:2181/x\n"}) {
    const auto parsed = parse_connect_string(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find("expected zk://"), std::string::npos) << parsed.error().message;
  }
}

TEST(ConnectStringTest, ErrorsNeverRepeatCredentials) {
  for (const auto* text : {"zk://jo:hunter2@a/x", "zk://jo:hunter2@a:2181//x", "zk://jo:hun/ter2@a:2181/x",
                           "zk://hunter2@a:2181/x", "jo:hunter2@a:2181/x", "zk://jo:hunter2@"}) {
    const auto parsed = parse_connect_string(text);
    ASSERT_FALSE(parsed) << text;
    for (const auto* secret : {"hun", "ter2"}) {
      EXPECT_EQ(parsed.error().message.find(secret), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace chorale::coordination
