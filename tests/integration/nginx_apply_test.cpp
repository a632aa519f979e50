// Staging and applying on a real Nginx that is well.
#include <chrono>
#include <filesystem>
#include <string>

#include "tests/integration/nginx_apply_fixture.h"

namespace chorale::agent {
namespace {

using coordination::VoteResult;

TEST_F(NginxApplyTest, FirstApplyKeepsTheForeignFileAside) {
  ASSERT_TRUE(nginx_.start());
  const std::string foreign = file();
  EXPECT_EQ(begin(), std::nullopt);
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(nginx_.answer(), "one");
  EXPECT_EQ(read_text(nginx_.config_file() + ".before-chorale"), foreign);
  EXPECT_EQ(file().substr(0, file().find('\n')), "# chorale 1.1 " + identity(1, nginx_.config("one")).digest);
  EXPECT_TRUE(status().running);
  EXPECT_TRUE(status().config_healthy) << status().config_message;
  EXPECT_EQ(status().applied, identity(1, nginx_.config("one")));
  EXPECT_EQ(applied_.size(), 1u);
}

TEST_F(NginxApplyTest, ProofMeansThatNoOldAnswerFollows) {
  ASSERT_TRUE(nginx_.start());
  begin();
  for (int revision = 1; revision <= 10; ++revision) {
    const std::string answer = "revision " + std::to_string(revision);
    apply(revision, nginx_.config(answer));
    ASSERT_TRUE(run_until_applied(revision)) << logged();
    for (int request = 0; request < 20; ++request) ASSERT_EQ(nginx_.answer(), answer);
  }
  EXPECT_EQ(status().reloads, 10u);
}

TEST_F(NginxApplyTest, StagedContentIsVotedForAndThenAppliedWithoutASecondTest) {
  ASSERT_TRUE(nginx_.start());
  const std::string counting = state_.path() / "counting-nginx";
  const std::string count = state_.path() / "count";
  write_text(counting, "#!/bin/sh\ncase \"$*\" in *-t*) echo run >> " + count + ";; esac\nexec nginx \"$@\"\n");
  std::filesystem::permissions(counting, std::filesystem::perms::owner_all);
  options_.command.front() = counting;
  begin();
  stage(1, nginx_.config("one"));
  const auto answer = vote();
  EXPECT_EQ(answer.identity, identity(1, nginx_.config("one")));
  EXPECT_EQ(answer.result, VoteResult::kAck) << answer.error;
  EXPECT_EQ(nginx_.answer(), "foreign");
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(nginx_.answer(), "one");
  EXPECT_EQ(read_text(count), "run\n");
}

TEST_F(NginxApplyTest, ManyQuickAppliesSettleOnTheLast) {
  ASSERT_TRUE(nginx_.start());
  begin();
  for (int revision = 1; revision <= 60; ++revision) {
    apply(revision, nginx_.config("revision " + std::to_string(revision)));
    run_for(std::chrono::milliseconds(5));
  }
  ASSERT_TRUE(run_until_applied(60)) << logged();
  EXPECT_EQ(nginx_.answer(), "revision 60");
  EXPECT_LT(status().reloads, 60u);
  EXPECT_EQ(status().reload_failures, 0u);
}

TEST_F(NginxApplyTest, EqualContentTakesTheNewIdentityWithoutAReload) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("same"));
  ASSERT_TRUE(run_until_applied(1));
  const std::set<int> before = workers();
  stage(2, nginx_.config("same"));
  EXPECT_EQ(vote().result, VoteResult::kAck);
  apply(2, nginx_.config("same"));
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(workers(), before);
  EXPECT_EQ(status().reloads, 1u);
  EXPECT_EQ(file().compare(0, 14, "# chorale 1.2 "), 0);
}

TEST_F(NginxApplyTest, RefusedContentIsNackedInNginxsOwnWords) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  stage(2, nginx_.config("two", "", "  no_such_directive on;\n"));
  const auto answer = vote();
  EXPECT_EQ(answer.result, VoteResult::kNack);
  EXPECT_NE(answer.error.find("[emerg] unknown directive \"no_such_directive\" in "), std::string::npos)
      << answer.error;
  EXPECT_NE(answer.error.find(".chorale-stage:13"), std::string::npos) << answer.error;
  EXPECT_EQ(nginx_.answer(), "one");
  EXPECT_FALSE(status().config_healthy);
  stage(3, nginx_.config("three"));
  EXPECT_EQ(vote().result, VoteResult::kAck);
  EXPECT_TRUE(status().config_healthy);
}

TEST_F(NginxApplyTest, CommittedContentThatNginxRefusesIsTriedAgain) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  const std::string snippet = nginx_.directory() / "snippet";
  const std::string needs_snippet = nginx_.config("two", "", "  include snippet;\n");
  apply(2, needs_snippet);
  ASSERT_TRUE(run_until([this] { return status().failing_since.has_value(); }));
  EXPECT_EQ(status().applied, identity(1, nginx_.config("one")));
  EXPECT_EQ(nginx_.answer(), "one");
  write_text(snippet, "# here now\n");
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_FALSE(status().failing_since);
  EXPECT_TRUE(status().config_healthy) << status().config_message;
}

TEST_F(NginxApplyTest, LocalValuesAreFilledInAndFollowTheConfig) {
  ASSERT_TRUE(nginx_.start());
  options_.local_values = {{"xproxy", "proxy-1"}};
  begin();
  apply(1, nginx_.config("@{xproxy}"));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(nginx_.answer(), "proxy-1");
  local_->set_local_values({{"xproxy", "renamed"}});
  ASSERT_TRUE(run_until([this] { return nginx_.answer() == "renamed" && status().reloads == 2; })) << logged();
  EXPECT_EQ(status().applied, identity(1, nginx_.config("@{xproxy}")));
}

TEST_F(NginxApplyTest, MissingLocalValueIsThisProxysOwnIllness) {
  ASSERT_TRUE(nginx_.start());
  begin();
  stage(1, nginx_.config("@{nobody_set_this}"));
  const auto answer = vote();
  EXPECT_EQ(answer.result, VoteResult::kUnable);
  EXPECT_NE(answer.error.find("nobody_set_this"), std::string::npos) << answer.error;
}

TEST_F(NginxApplyTest, IncludesAreReadFromTheTargetsDirectory) {
  ASSERT_TRUE(nginx_.start());
  write_text(nginx_.directory() / "part.conf", "broken on;\n");
  begin();
  stage(1, nginx_.config("one", "", "  include *.conf;\n"));
  EXPECT_EQ(vote().result, VoteResult::kNack);
}

}  // namespace
}  // namespace chorale::agent
