#include "agent/http/request_rules.h"

#include <gtest/gtest.h>

#include <boost/beast/http/field.hpp>

namespace chorale::agent {
namespace {

namespace http = boost::beast::http;

RequestHeader request(const std::string& target = "/") {
  RequestHeader header;
  header.version(11);
  header.method(http::verb::get);
  header.target(target);
  header.set(http::field::host, "proxy-1:8000");
  return header;
}

unsigned status_of(const RequestHeader& header) {
  const auto refusal = refuse_request(header);
  return refusal ? refusal->status : 200;
}

TEST(RequestRulesTest, OrdinaryRequestsPass) {
  EXPECT_EQ(status_of(request()), 200U);
  RequestHeader old = request();
  old.version(10);
  old.erase(http::field::host);
  EXPECT_EQ(status_of(old), 200U);
}

TEST(RequestRulesTest, HostMustStandOnce) {
  RequestHeader header = request();
  header.erase(http::field::host);
  EXPECT_EQ(status_of(header), 400U);
  header.insert(http::field::host, "a");
  header.insert(http::field::host, "b");
  EXPECT_EQ(status_of(header), 400U);
}

TEST(RequestRulesTest, AmbiguousFramingIsRefused) {
  RequestHeader header = request();
  header.set(http::field::content_length, "3");
  header.set(http::field::transfer_encoding, "chunked");
  EXPECT_EQ(status_of(header), 400U);
  header.erase(http::field::content_length);
  EXPECT_EQ(status_of(header), 200U);
  header.set(http::field::transfer_encoding, "gzip, chunked");
  EXPECT_EQ(status_of(header), 501U);
}

TEST(RequestRulesTest, OtherProtocolsAndExpectationsAreRefused) {
  RequestHeader header = request();
  header.version(20);
  EXPECT_EQ(status_of(header), 505U);
  header = request();
  header.set(http::field::expect, "a-miracle");
  EXPECT_EQ(status_of(header), 417U);
  header.set(http::field::expect, "100-Continue");
  EXPECT_EQ(status_of(header), 200U);
}

TEST(RequestRulesTest, PathIsDecodedAndQueryCutOff) {
  const auto read = read_request(request("/v1/he%61lth?a=%20b"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->path, "/v1/health");
  EXPECT_EQ(read->query, "a=%20b");
  EXPECT_EQ(read->method, "GET");
  for (const char* wrong : {"*", "http://a/", "/%", "/%2", "/%zz", "/%00", "/%0a"}) {
    EXPECT_FALSE(read_request(request(wrong))) << wrong;
  }
}

TEST(RequestRulesTest, ForwardedRequestsAreSeen) {
  EXPECT_FALSE(was_forwarded(request()));
  for (const char* name : {"Via", "Forwarded", "x-forwarded-for", "X-Real-Ip"}) {
    RequestHeader header = request();
    header.set(name, "198.51.100.7");
    EXPECT_TRUE(was_forwarded(header)) << name;
  }
}

}  // namespace
}  // namespace chorale::agent
