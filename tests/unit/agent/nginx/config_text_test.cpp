#include "agent/nginx/config_text.h"

#include <gtest/gtest.h>

#include "coordination/digest.h"

namespace chorale::agent {
namespace {

const std::string kDigest(64, 'a');

TEST(ConfigTextTest, IdentityLineIsReadBackAsWritten) {
  const coordination::Identity identity{{7}, {42}, kDigest};
  EXPECT_EQ(identity_line(identity), "# chorale 7.42 " + kDigest + "\n");
  EXPECT_EQ(parse_identity_line(identity_line(identity) + "events {}\n"), identity);
}

TEST(ConfigTextTest, AnythingButAnExactIdentityLineIsForeign) {
  for (const std::string& text :
       {std::string(), std::string("events {}\n"), "# chorale 7.42 " + kDigest, "# chorale 7.42 " + kDigest + " \n",
        "# chorale -7.42 " + kDigest + "\n", "# chorale 7 " + kDigest + "\n", "#chorale 7.42 " + kDigest + "\n",
        "# chorale 7.42 " + std::string(64, 'A') + "\n", "# chorale 7.42 " + std::string(63, 'a') + "\n",
        "# chorale 99999999999999999999.42 " + kDigest + "\n", "\n# chorale 7.42 " + kDigest + "\n"}) {
    EXPECT_FALSE(parse_identity_line(text)) << text;
  }
}

TEST(ConfigTextTest, BodyIsEverythingButTheIdentityLine) {
  const std::string body = "events {}\n";
  EXPECT_EQ(content_of(identity_line({{7}, {42}, kDigest}) + body).body, coordination::sha256_hex(body));
  EXPECT_EQ(content_of(body), (FileContent{std::nullopt, coordination::sha256_hex(body)}));
  EXPECT_EQ(content_of(identity_line({{7}, {42}, kDigest}) + body).body,
            content_of(identity_line({{8}, {1}, kDigest}) + body).body);
}

TEST(ConfigTextTest, MainDirectivesAreFoundOnlyInTheMainContext) {
  const MainDirectives found = main_directives(R"(# pid /commented;
worker_processes auto; pid "/run/my nginx.pid";
error_log /var/log/a.log warn;
error_log stderr;
http {
  log_format f '{ pid /quoted; }';
  server { error_log /var/log/inner.log; set $x ${pid}; location ~ "a{2}" { } }
  map $a $b { default ";"; }
}
error_log /var/log/b.log;
)");
  EXPECT_EQ(found.pid, "/run/my nginx.pid");
  EXPECT_EQ(found.error_logs, (std::vector<std::string>{"/var/log/a.log", "stderr", "/var/log/b.log"}));
}

TEST(ConfigTextTest, MainDirectivesOfUnfinishedTextEnd) {
  for (const char* text : {"pid", "pid \"", "pid '\\", "{", "}}}}", "#", "${", "\\", "pid /x"}) {
    EXPECT_FALSE(main_directives(text).pid) << text;
  }
}

TEST(ConfigTextTest, NginxErrorIsTheEmergLine) {
  EXPECT_EQ(nginx_error("nginx: [warn] conflicting name\nnginx: [emerg] unknown directive \"x\" in /a:12\nnginx: "
                        "configuration file /a test failed\n"),
            "nginx: [emerg] unknown directive \"x\" in /a:12");
  EXPECT_EQ(nginx_error("docker: no such container\nmore"), "docker: no such container");
  EXPECT_EQ(nginx_error(""), "");
}

TEST(ConfigTextTest, ErrorNamesALineOfItsOwnFileOnly) {
  const std::string error = "nginx: [emerg] unknown directive \"x\" in /etc/nginx/.nginx.conf.chorale-stage:12";
  EXPECT_EQ(error_line(error, ".chorale-stage"), 12);
  EXPECT_EQ(error_line("proxy-3: " + error, ".chorale-stage"), 12);
  EXPECT_EQ(error_line(error, "/etc/nginx/.nginx.conf.chorale-stage"), 12);
  EXPECT_EQ(error_line(error, ".chorale-trial"), 0);
  EXPECT_EQ(error_line("[emerg] no in /etc/nginx/mime.types:3", ".chorale-stage"), 0);
  for (const char* none : {"", ":", "a.chorale-stage", "a.chorale-stage:", "a.chorale-stage:x", "a.chorale-stage:1x",
                           "a.chorale-stage:0", "a.chorale-stage:-1", "a.chorale-stage:99999999999"}) {
    EXPECT_EQ(error_line(none, ".chorale-stage"), 0) << none;
  }
}

TEST(ConfigTextTest, ErrorIsSaidWithoutItsPlace) {
  EXPECT_EQ(without_place("nginx: [emerg] unknown directive \"x\" in /etc/nginx/.nginx.conf.chorale-trial:12"),
            "unknown directive \"x\"");
  EXPECT_EQ(without_place("something else"), "something else");
}

TEST(ConfigTextTest, WarningsAreComparableWords) {
  const std::string output =
      "2026/11/26 11:20:16 [warn] 2398#2398: conflicting server name \"a\" on 127.0.0.1:8999, ignored\n"
      "nginx: [warn] duplicate value \"error\" in /etc/nginx/.nginx.conf.chorale-stage:7\n"
      "2026/11/26 11:20:17 [warn] 2399#2399: conflicting server name \"a\" on 127.0.0.1:8999, ignored\n"
      "nginx: [emerg] no\n";
  EXPECT_EQ(nginx_warnings(output), (std::vector<std::string>{
                                        "conflicting server name \"a\" on 127.0.0.1:8999, ignored",
                                        "duplicate value \"error\"",
                                    }));
  EXPECT_TRUE(nginx_warnings("").empty());
  EXPECT_EQ(nginx_warnings("[warn] 12 is not a process"), std::vector<std::string>{"12 is not a process"});
}

TEST(ConfigTextTest, LongNginxErrorKeepsItsLineNumber) {
  const std::string error =
      nginx_error("nginx: [emerg] " + std::string(3000, 'x') + " in /etc/nginx/nginx.conf:4711\n");
  EXPECT_LE(error.size(), 1024u);
  EXPECT_EQ(error.substr(error.size() - 5), ":4711");
  EXPECT_EQ(error.compare(0, 15, "nginx: [emerg] "), 0);
}

}  // namespace
}  // namespace chorale::agent
