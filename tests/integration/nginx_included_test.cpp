// Chorale's file as one of those that the user's own nginx.conf includes: tested as part of it, and put back as part of
// it; what else is there goes on.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "agent/nginx/config_test.h"
#include "agent/nginx/config_text.h"
#include "agent/nginx/main_config.h"
#include "tests/harness/child_process.h"
#include "tests/harness/loopback.h"
#include "tests/integration/nginx_apply_fixture.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;
using coordination::VoteResult;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class NginxIncludedTest : public NginxApplyTest {
 protected:
  NginxIncludedTest() {
    options_.config_file = directory() / "chorale.conf";
    options_.main_config = nginx_.config_file();
    fs::create_directory(directory());
  }

  // The user's nginx.conf, which answers "foreign" on a port of its own, with these lines in http.
  void start(const std::string& http = "  include conf.d/*.conf;\n") {
    main_ = nginx_.config("foreign", "", http);
    write_text(nginx_.config_file(), main_);
    ASSERT_TRUE(nginx_.start());
  }
  [[nodiscard]] fs::path directory() const { return nginx_.directory() / "conf.d"; }
  [[nodiscard]] fs::path kept() const {
    std::string name = options_.config_file.substr(1);
    std::replace(name.begin(), name.end(), '/', '_');
    return fs::path(options_.state_dir) / "included" / name;
  }
  [[nodiscard]] static std::set<std::string> files_in(const fs::path& path) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file()) names.insert(entry.path().filename());
    }
    return names;
  }
  [[nodiscard]] std::string ours() const { return read_text(options_.config_file); }
  // A server of Chorale's that answers this.
  [[nodiscard]] std::string server(const std::string& answer, const std::string& more = {}) const {
    return "server {\n  listen 127.0.0.1:" + std::to_string(port_) + ";\n  @{proof}\n  location / { return 200 \"" +
           answer + "\"; }\n}\n" + more;
  }
  [[nodiscard]] std::string answer(const std::string& target = "/") const {
    const std::string reply =
        chorale::testing::ask(port_, "GET " + target + " HTTP/1.0\r\n\r\n", std::chrono::seconds(1));
    const std::size_t head = reply.find("\r\n\r\n");
    return head == std::string::npos ? std::string() : reply.substr(head + 4);
  }
  // The main config is as it was and Nginx accepts it: what a restart of it would read.
  void expect_sound() {
    EXPECT_EQ(read_text(nginx_.config_file()), main_);
    EXPECT_EQ(nginx_.answer(), "foreign");
    const auto tested = test_config(options_.command, nginx_.config_file(), std::atomic<bool>(false));
    EXPECT_EQ(tested.result, TestResult::kAccepted) << tested.error;
  }

  std::uint16_t port_ = chorale::testing::pick_port();
  std::string main_;
};

TEST_F(NginxIncludedTest, ServesBesideTheUsersOwnServersAndLeavesNothingElseThere) {
  write_text(directory() / "own.conf", "map $host $own { default 1; }\n");
  start("  include conf.d/*;\n");  // all files
  EXPECT_EQ(begin(), std::nullopt);
  EXPECT_EQ(ours(), "") << "it is there, so that it can be taken back";
  const std::string text = server("one");
  stage(1, text);
  EXPECT_EQ(vote().result, VoteResult::kAck) << vote().error;
  EXPECT_EQ(nginx_.answer(), "foreign");
  apply(1, text);
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(answer(), "one");
  EXPECT_THAT(ours(), HasSubstr("# chorale 1.1 "));
  apply(2, server("two"));
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(answer(), "two");
  EXPECT_THAT(files_in(directory()), UnorderedElementsAre("chorale.conf", "own.conf")) << "hidden ones included";
  EXPECT_THAT(files_in(nginx_.directory()), Not(Contains(HasSubstr("chorale"))));
  expect_sound();
}

TEST_F(NginxIncludedTest, RefusedDraftIsNamedByItsLineAndNothingOfItStays) {
  start();
  begin();
  apply(1, server("one"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  stage(2, server("two", "upstream x {\n  nonsense 1;\n}\n"));
  EXPECT_EQ(vote().result, VoteResult::kNack);
  EXPECT_THAT(vote().error, EndsWith("/.chorale.conf.chorale-stage:8")) << "one for the identity, 6 before it";
  EXPECT_EQ(answer(), "one");
  EXPECT_THAT(ours(), HasSubstr("# chorale 1.1 "));
  // Fine by itself, and not beside what the user has.
  stage(3, "sendfile on;\nsendfile on;\n");
  EXPECT_EQ(vote().result, VoteResult::kNack);
  std::vector<TestFinished> tried;
  for (const std::string& text : {std::string("nonsense;\n"), server("fine")}) {
    local_->try_out(std::make_shared<const std::string>(text), [&](TestFinished result) { tried.push_back(result); });
  }
  ASSERT_TRUE(run_until([&] { return tried.size() == 2; }));
  EXPECT_EQ(tried[0].result, TestResult::kRefused);
  EXPECT_EQ(tried[0].line, 1);
  EXPECT_EQ(tried[1].result, TestResult::kAccepted) << tried[1].error;
  EXPECT_THAT(files_in(nginx_.directory()), Not(Contains(HasSubstr("chorale"))));
  expect_sound();
}

// The user's own file is broken: that is no fault of the revision, and is named as it is.
TEST_F(NginxIncludedTest, BrokenMainConfigIsThisProxysIllness) {
  start();
  begin();
  write_text(nginx_.config_file(), "nonsense;\n" + main_);
  stage(1, server("one"));
  EXPECT_EQ(vote().result, VoteResult::kUnable);
  EXPECT_THAT(vote().error, HasSubstr("unknown directive \"nonsense\" in " + nginx_.config_file() + ":1"));
  EXPECT_THAT(vote().error, Not(HasSubstr("-main"))) << "its copy is nothing that a user would find";
  write_text(nginx_.config_file(), nginx_.config("foreign"));
  stage(2, server("two"));
  EXPECT_EQ(vote().result, VoteResult::kUnable);
  EXPECT_THAT(vote().error, HasSubstr(nginx_.config_file() + " does not include " + options_.config_file));
}

// It has passed every test, and cannot be served: another program takes the port.
TEST_F(NginxIncludedTest, WhatCannotBeServedIsTakenBackTheFirstOneToo) {
  start();
  begin();
  stage(1, server("one"));
  ASSERT_EQ(vote().result, VoteResult::kAck);
  chorale::testing::Socket holder = hold_port(port_);
  apply(1, server("one"));
  ASSERT_TRUE(run_until([this] { return status().reload_failures > 0 && ours().empty(); })) << logged();
  EXPECT_THAT(status().config_message, HasSubstr("Address already in use"));
  expect_sound();
  holder = {};
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(answer(), "one");
}

TEST_F(NginxIncludedTest, ForeignFileAndEditsAreKeptWhereNoIncludeFindsThem) {
  const std::string foreign = "server { listen 127.0.0.1:" + std::to_string(port_) + "; return 200 before; }\n";
  write_text(options_.config_file, foreign);
  start("  include conf.d/*;\n");
  EXPECT_EQ(answer(), "before");
  begin();
  apply(1, server("one"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(read_text(kept() / "chorale.conf.before-chorale"), foreign);
  const std::string proven = ours();
  write_text(options_.config_file, proven + "# edited\n");
  ASSERT_TRUE(run_until([&] { return ours() == proven && status().reloads == 2; })) << logged();
  EXPECT_EQ(read_text(kept() / "chorale.conf.drift-1"), proven + "# edited\n");
  fs::remove(options_.config_file);
  ASSERT_TRUE(run_until([&] { return ours() == proven; })) << logged();
  EXPECT_THAT(files_in(directory()), ElementsAre("chorale.conf"));
  // The removal may have been seen by the reload before.
  EXPECT_TRUE(run_until([&] { return answer() == "one"; })) << logged();
  expect_sound();
}

TEST_F(NginxIncludedTest, NextLifeFindsAnUnchangedFileAndTouchesNothing) {
  start();
  begin();
  const std::string text = server("one");
  apply(1, text);
  ASSERT_TRUE(run_until_applied(1)) << logged();
  ASSERT_TRUE(run_until([this] { return fs::exists(kept() / "proven.record"); }));
  run_for(std::chrono::milliseconds(200));
  end();
  applied_.clear();
  const std::set<int> before = workers();
  // As an agent leaves them that is killed during a test.
  for (const char* draft : {".chorale.conf.chorale-stage", ".chorale.conf.chorale-trial"}) {
    write_text(directory() / draft, "nonsense\n");
    write_text(main_copy(nginx_.config_file(), directory() / draft), "nonsense\n");
  }
  EXPECT_EQ(begin(), identity(1, text));
  EXPECT_THAT(files_in(directory()), ElementsAre("chorale.conf"));
  EXPECT_THAT(files_in(nginx_.directory()), Not(Contains(HasSubstr("chorale"))));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(workers(), before);
  EXPECT_EQ(status().reloads, 0U);
}

// Another target, by the same state_dir: what was proven of the one is never put in place of the other.
TEST_F(NginxIncludedTest, AnotherTargetStartsAnew) {
  start();
  begin();
  apply(1, server("one"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  end();
  options_.config_file = directory() / "other.conf";
  EXPECT_EQ(begin(), std::nullopt);
  run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(ours(), "");
  expect_sound();
}

// By a file between, in the middle of others, and after a part of the text that looks like an include.
TEST_F(NginxIncludedTest, EveryIncludeThatLeadsThereIsFollowedInNginxsOrder) {
  fs::create_directory(nginx_.directory() / "sites");
  write_text(nginx_.directory() / "sites" / "all.conf",
             "# include nothing;\nmap $host $between { default 'include x;'; }\n"
             "include \"conf.d/*.conf\" ; map $host $after { default 1; }\n");
  // Served by name only if the file before it was read before it.
  write_text(directory() / "a.conf", "log_format first '$between';\n");
  write_text(directory() / "z.conf", "access_log " + (nginx_.directory() / "z.log").string() + " ours;\n");
  write_text(options_.config_file, "log_format ours '$host';\n");
  start("  include sites/a*.conf;\n");
  begin();
  const std::string text = "log_format ours '$uri';\naccess_log off;\n" + server("one");
  stage(1, "log_format other '$uri';\n" + server("none"));
  EXPECT_EQ(vote().result, VoteResult::kNack) << "z.conf names a format that is gone";
  EXPECT_THAT(vote().error, HasSubstr("unknown log format \"ours\" in "));
  stage(2, server("one") + "log_format ours '$uri';\n");
  EXPECT_EQ(vote().result, VoteResult::kAck) << vote().error;
  apply(2, server("one") + "log_format ours '$uri';\n");
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(answer(), "one");
  EXPECT_THAT(files_in(nginx_.directory() / "sites"), ElementsAre("all.conf"));
  for (const std::string& name : files_in(kept())) EXPECT_THAT(name, Not(HasSubstr("between")));
  expect_sound();
}

// Locations for a server of the user's. Which file is served is told by the workers alone there.
TEST_F(NginxIncludedTest, IncludedInAServerBlock) {
  options_.config_file = nginx_.directory() / "conf.d" / "apps.locations";
  main_ = nginx_.config("foreign", "",
                        "  server {\n    listen 127.0.0.1:" + std::to_string(port_) + ";\n    include " +
                            options_.config_file + ";\n    location / { return 200 rest; }\n  }\n");
  write_text(nginx_.config_file(), main_);
  begin();  // before Nginx is started: the include names a file that has to be there
  ASSERT_TRUE(nginx_.start());
  apply(1, "location /app/ { return 200 one; }\n");
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(answer("/app/"), "one");
  EXPECT_EQ(answer(), "rest");
  stage(2, "server { listen 1; }\n");
  EXPECT_EQ(vote().result, VoteResult::kNack);
  EXPECT_THAT(vote().error, HasSubstr("\"server\" directive is not allowed here"));
  expect_sound();
}

// Servers for a stream block of the user's. There is no page to ask: the set of workers proves a reload.
TEST_F(NginxIncludedTest, IncludedInAStreamBlock) {
  const auto tcp = [this](const std::string& answer) {
    return "server {\n  listen 127.0.0.1:" + std::to_string(port_) + ";\n  return " + answer + ";\n}\n";
  };
  const auto said = [this] { return chorale::testing::ask(port_, "", std::chrono::seconds(2)); };
  main_ = nginx_.config("foreign", "include /etc/nginx/modules-enabled/*-mod-stream.conf;\n") +
          "stream {\n  include conf.d/*.conf;\n}\n";
  write_text(nginx_.config_file(), main_);
  ASSERT_TRUE(nginx_.start());
  begin();
  stage(1, "server { listen 1; location / { } }\n");
  EXPECT_EQ(vote().result, VoteResult::kNack);
  EXPECT_THAT(vote().error, HasSubstr("\"location\" directive is not allowed here in "));
  apply(2, tcp("one"));
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(said(), "one");
  const std::set<int> before = workers();

  // What the vote could not see is taken back, and comes once it can be served.
  const std::uint16_t other = chorale::testing::pick_port();
  const std::string more = tcp("two") + "server { listen 127.0.0.1:" + std::to_string(other) + "; return more; }\n";
  stage(3, more);
  ASSERT_EQ(vote().result, VoteResult::kAck) << vote().error;
  chorale::testing::Socket holder = hold_port(other);
  apply(3, more);
  const std::string first = "# chorale 1.2 ";
  ASSERT_TRUE(run_until([&] { return status().reload_failures > 0 && ours().compare(0, first.size(), first) == 0; }))
      << logged();
  EXPECT_EQ(said(), "one");
  EXPECT_EQ(workers(), before);
  holder = {};
  ASSERT_TRUE(run_until_applied(3)) << logged();
  EXPECT_EQ(said(), "two");
  EXPECT_NE(workers(), before);
  expect_sound();
}

TEST_F(NginxIncludedTest, MasterOfAnotherMainConfigIsNamedAndNotSignalled) {
  start();
  const fs::path other = nginx_.directory() / "other.conf";
  write_text(other, main_);
  options_.main_config = other;
  options_.pid_file = nginx_.pid_file();
  begin();
  apply(1, server("one"));
  ASSERT_TRUE(run_until([this] { return !ours().empty(); })) << logged();
  run_for(std::chrono::milliseconds(300));
  EXPECT_THAT(applied_, IsEmpty());
  EXPECT_FALSE(status().running);
  EXPECT_THAT(status().message, HasSubstr("reads " + nginx_.config_file() + ", not " + other.string()));
  EXPECT_EQ(status().reloads, 0U);
}

// The file that includes it is the user's: it says where the pid is, today.
TEST_F(NginxIncludedTest, MasterIsFoundWhereTheEditedMainConfigSays) {
  start();
  begin();
  apply(1, server("one"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  nginx_.stop();
  ASSERT_TRUE(run_until([this] { return !status().running; }));
  const std::string pid = nginx_.pid_file();
  main_.replace(main_.find(pid), pid.size(), pid + ".other");
  write_text(nginx_.config_file(), main_);
  ASSERT_TRUE(nginx_.start());
  EXPECT_TRUE(run_until([this] { return status().running; })) << status().message;
  apply(2, server("two"));
  EXPECT_TRUE(run_until_applied(2)) << logged();
}

TEST_F(NginxIncludedTest, IncludeOfHiddenFilesIsRefused) {
  start();
  write_text(nginx_.config_file(), nginx_.config("foreign", "", "  include conf.d/.*;\n  include conf.d/c*;\n"));
  begin();
  stage(1, server("one"));
  EXPECT_EQ(vote().result, VoteResult::kUnable);
  EXPECT_THAT(vote().error, HasSubstr("\"include conf.d/.*\" includes hidden files, Chorale's drafts among them"));
}

TEST_F(NginxIncludedTest, TheRunningNginxSaysWhatIncludesIt) {
  start();
  const MainConfigSources sources{options_.config_file, "", options_.command, nginx_.pid_file(), {}};
  EXPECT_EQ(find_main_config(sources), nginx_.config_file());
  MainConfigSources outside = sources;
  outside.target = nginx_.directory() / "elsewhere.conf";
  EXPECT_EQ(find_main_config(outside), "");
  outside.target = nginx_.config_file();
  EXPECT_EQ(find_main_config(outside), "") << "it is the whole configuration";
}

}  // namespace
}  // namespace chorale::agent
