#include "render/server_names.h"

#include <gtest/gtest.h>

#include <string>

namespace chorale::render {
namespace {

std::size_t longest(const std::string& text) { return longest_server_name(text, "{{"); }

TEST(ServerNamesTest, ATemplateThatPrintsNoHostAsServerNameHasNoBound) {
  EXPECT_EQ(longest("server { listen 80; server_name _; location {{path}} {} }"), 0U);
  EXPECT_EQ(longest("upstream {{host}} {}\nserver_names_hash_bucket_size 128;"), 0U);
  EXPECT_EQ(longest("server_name_in_redirect {{host}};"), 0U);
  EXPECT_EQ(longest("  # server_name {{host}};\n"), 0U);
  EXPECT_EQ(longest(""), 0U);
  EXPECT_EQ(longest("server_name"), 0U);
  EXPECT_EQ(longest("my_server_name {{host}};"), 0U);
}

TEST(ServerNamesTest, NginxTakes46BytesByDefault) {
  EXPECT_EQ(longest("server_name {{host}} {{host}}.*;"), 46U);
  EXPECT_EQ(longest("{{#apps}}server{server_name\n  {{#hosts}} {{.}}{{/hosts}};}{{/apps}}"), 46U);
  EXPECT_EQ(longest("server_name _;\n  server_name {{host}};"), 46U) << "any of them";
  EXPECT_EQ(longest("server_name {{host}};\n  server_name _;"), 46U) << "any of them";
  EXPECT_EQ(longest_server_name("server_name [[host]];", "[["), 46U);
  EXPECT_EQ(longest_server_name("server_name {{host}};", "[["), 0U);
}

TEST(ServerNamesTest, TheTemplateMaySetTheBucket) {
  const std::string name = "server_name {{host}};";
  EXPECT_EQ(longest("server_names_hash_bucket_size 128;" + name), 110U);
  EXPECT_EQ(longest("server_names_hash_bucket_size   512 ;" + name), 494U);
  EXPECT_EQ(longest("server_names_hash_bucket_size 32;" + name), 14U);
  EXPECT_EQ(longest("server_names_hash_bucket_size 100;" + name), 78U) << "not a multiple of a word";
  EXPECT_EQ(longest("# server_names_hash_bucket_size 128;\n" + name), 46U);
  EXPECT_EQ(longest("server_names_hash_bucket_size x;" + name), 46U);
  EXPECT_EQ(longest("server_names_hash_bucket_size 8;" + name), 46U) << "no size that Nginx could use";
  EXPECT_EQ(longest("server_names_hash_bucket_size"), 0U);
}

}  // namespace
}  // namespace chorale::render
