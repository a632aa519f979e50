#include "agent/nginx/counters_page.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

constexpr const char* kBody =
    "Active connections: 6 \nserver accepts handled requests\n 11 10 25 \nReading: 1 Writing: 2 Waiting: 3 \n";

// As the shipped templates write it, `@{proof}` filled in.
std::string config_with(const std::string& location) {
  return "http { server { listen 127.0.0.2:8081; server_name proxy;\n"
         "location = /.chorale/proof { if ($remote_addr = $server_addr) { return 200 \"$pid "
         "0123456789abcdef0123456789abcdef\"; } return 404; }\n" +
         location + " } }";
}

TEST(CountersPageTest, WhatNginxCountsIsRead) {
  const auto read = parse_counters(kBody);
  ASSERT_TRUE(read);
  NginxCounters expected;
  expected.active = 6;
  expected.accepted = 11;
  expected.handled = 10;
  expected.requests = 25;
  expected.reading = 1;
  expected.writing = 2;
  expected.waiting = 3;
  EXPECT_EQ(*read, expected);
}

TEST(CountersPageTest, WhatIsCutOffOrAnotherPageIsNothing) {
  const std::string body = kBody;
  const std::string whole = body.substr(0, body.rfind('3'));
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_FALSE(parse_counters(body.substr(0, bytes))) << body.substr(0, bytes);
  }
  EXPECT_FALSE(parse_counters("<html>Active connections: 6</html>"));
  EXPECT_FALSE(parse_counters("Active connections: many\nserver accepts handled requests\n 1 1 1\n"));
}

TEST(CountersPageTest, IsWhereTheProofIs) {
  const auto page = find_counters_page(config_with("location = /.chorale/nginx_status { stub_status; }"));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->address, "127.0.0.2");
  EXPECT_EQ(page->port, 8081);
  EXPECT_EQ(page->host, "proxy");
}

TEST(CountersPageTest, ConfigWithoutItIsNotAsked) {
  EXPECT_FALSE(find_counters_page(""));
  EXPECT_FALSE(find_counters_page(config_with("")));
  EXPECT_FALSE(find_counters_page(config_with("# location = /.chorale/nginx_status { stub_status; }\n")));
  EXPECT_FALSE(find_counters_page(config_with("location /.chorale/nginx_status { proxy_pass http://a; }")));
  EXPECT_FALSE(find_counters_page("http { server { location = /.chorale/nginx_status { stub_status; } } }"))
      << "without @{proof} it is not known where";
}

}  // namespace
}  // namespace chorale::agent
