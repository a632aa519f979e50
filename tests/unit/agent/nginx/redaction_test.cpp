// What Nginx may say of a file with secrets in it, and what is left of that.
#include "agent/nginx/redaction.h"

#include <gtest/gtest.h>

#include "agent/nginx/config_test.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

std::string shown(const std::string& secret, const std::string& text, const std::string& kept = {}) {
  Redaction redaction;
  redaction.learn({{"db_pass", secret}});
  return redaction.apply(text, kept);
}

TEST(RedactionTest, WholeValuesGoWhereverTheyStand) {
  EXPECT_EQ(shown("hunter2", "unknown directive \"hunter2\""), "unknown directive \"***\"");
  EXPECT_EQ(shown("hunter2", "open() \"/etc/nginx/hunter2x\""), "open() \"/etc/nginx/***x\"");
  EXPECT_EQ(shown("abcd", "xabcdx abcd"), "x***x ***");
  EXPECT_EQ(shown("a b;c", "in \"a b;c\""), "in \"***\"");
}

TEST(RedactionTest, PiecesThatNginxCutsAreHiddenToo) {
  EXPECT_EQ(shown("pw;drop", "unknown directive \"drop\" in x"), "unknown directive \"***\" in x");
  EXPECT_EQ(shown("one two", "invalid parameter \"two\""), "invalid parameter \"***\"");
  EXPECT_EQ(shown("a$key!x", "unknown \"key\" variable"), "unknown \"***\" variable");
  EXPECT_EQ(shown("sec{ret}", "unknown directive \"ret\""), "unknown directive \"***\"");
  EXPECT_EQ(shown("say\"what", "directive \"what\""), "directive \"***\"");
  EXPECT_EQ(shown("wxyz'back\\slash", "\"slash\""), "\"***\"");
  EXPECT_EQ(shown("0123456789abcdef", "too long parameter \"0123456789...\" started"),
            "too long parameter \"***...\" started");
}

TEST(RedactionTest, ShortValuesAreHiddenAsWordsOnly) {
  EXPECT_EQ(shown("on", "on the configuration, on_x; on"), "*** the configuration, on_x; ***");
  EXPECT_EQ(shown("ab cde", "a cab ab cde"), "a cab ***");
  EXPECT_EQ(shown("", "nothing"), "nothing");
}

TEST(RedactionTest, FileAndLineStay) {
  EXPECT_EQ(shown("12", "[emerg] bad 12 in /etc/nginx/n.conf:12", "/etc/nginx/n.conf"),
            "[emerg] bad *** in /etc/nginx/n.conf:12");
  EXPECT_EQ(shown("/etc/nginx/tls", "\"/etc/nginx/tls/a\" in /etc/nginx/n.conf:3", "/etc/nginx/n.conf"),
            "\"***/a\" in /etc/nginx/n.conf:3");
}

TEST(RedactionTest, BuiltInValuesAreNoSecretsAndEarlierOnesStayOnes) {
  Redaction redaction;
  EXPECT_EQ(redaction.apply("proxy-1 is here"), "proxy-1 is here");
  redaction.learn({{"id", "proxy-1"}, {"http_port", "8080"}, {"pass", "before"}});
  redaction.learn({{"pass", "afterwards"}});
  EXPECT_EQ(redaction.apply("proxy-1 8080 before afterwards"), "proxy-1 8080 *** ***");
}

TEST(RedactionTest, TestOfAFileSaysNothingOfThem) {
  testing::TempDir directory("redaction");
  const std::string file = directory.path() / "nginx.conf";
  write_file(file, "");
  Redaction redaction;
  redaction.learn({{"pass", "hunter2"}});
  const std::vector<std::string> refuses{"sh", "-c",
                                         "echo \"nginx: [emerg] unknown directive \\\"hunter2\\\" in $3:7\"; exit 1"};
  const TestFinished refused = test_config(refuses, file, kNeverStopped, Milliseconds(10'000), redaction);
  EXPECT_EQ(refused.result, TestResult::kRefused);
  EXPECT_EQ(refused.error, "nginx: [emerg] unknown directive \"***\" in " + file + ":7");
  EXPECT_EQ(refused.line, 7);
  const std::vector<std::string> warns{"sh", "-c", "echo \"nginx: [warn] hunter2 ignored in $3:7\""};
  EXPECT_EQ(test_config(warns, file, kNeverStopped, Milliseconds(10'000), redaction).warnings,
            std::vector<std::string>{"*** ignored"});
}

}  // namespace
}  // namespace chorale::agent
