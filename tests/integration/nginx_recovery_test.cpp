// What an agent finds that died at any point of an apply, or that did not: its next life.
#include <chrono>
#include <filesystem>
#include <string>

#include "agent/nginx/config_file.h"
#include "agent/nginx/config_text.h"
#include "tests/integration/nginx_apply_fixture.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;

TEST_F(NginxApplyTest, NextLifeFindsAnUnchangedFileAndTouchesNothing) {
  ASSERT_TRUE(nginx_.start());
  begin();
  const std::string text = nginx_.config("one");
  apply(1, text);
  ASSERT_TRUE(run_until_applied(1));
  ASSERT_TRUE(run_until([this] { return kept_as_proven(1); }));
  end();
  applied_.clear();
  const std::set<int> before = workers();
  const auto written = fs::last_write_time(nginx_.config_file());

  EXPECT_EQ(begin(), identity(1, text));
  ASSERT_TRUE(run_until_applied(1)) << logged();
  apply(1, text);
  run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(workers(), before);
  EXPECT_EQ(fs::last_write_time(nginx_.config_file()), written);
  EXPECT_EQ(status().reloads, 0u);
  EXPECT_TRUE(status().config_healthy);
}

TEST_F(NginxApplyTest, NextLifeFinishesAnApplyThatDiedBeforeTheSignal) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  ASSERT_TRUE(run_until([this] { return kept_as_proven(1); }));
  end();
  const ConfigFile file(nginx_.config_file(), options_.state_dir);
  const PublishedConfig config{identity(2, "two"), std::make_shared<const std::string>(nginx_.config("two"))};
  const StageWritten staged = file.write_stage(config, {});
  ASSERT_TRUE(staged.content);
  const auto installed = file.install({*staged.content, content_of(read_text(nginx_.config_file())), false, config});
  ASSERT_FALSE(installed.failure) << installed.failure->message;
  EXPECT_EQ(nginx_.answer(), "one");

  EXPECT_EQ(begin(), identity(2, "two"));
  ASSERT_TRUE(run_until_applied(2)) << logged();
  EXPECT_EQ(nginx_.answer(), "two");
  EXPECT_EQ(status().reloads, 1u);
  EXPECT_FALSE(fs::exists(nginx_.config_file() + ".drift-1"));
}

TEST_F(NginxApplyTest, FileThatWasEditedBetweenTwoLivesIsRepaired) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  ASSERT_TRUE(run_until([this] { return kept_as_proven(1); }));
  const std::string ours = file();
  end();
  write_text(nginx_.config_file(), nginx_.config("edited"));
  begin();
  ASSERT_TRUE(run_until([this, &ours] { return file() == ours; })) << logged();
  EXPECT_EQ(read_text(nginx_.config_file() + ".drift-1"), nginx_.config("edited"));
}

TEST_F(NginxApplyTest, LostStateDirectoryCostsOneReload) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("one"));
  ASSERT_TRUE(run_until_applied(1));
  end();
  applied_.clear();
  fs::remove_all(options_.state_dir);
  begin();
  ASSERT_TRUE(run_until_applied(1)) << logged();
  EXPECT_EQ(status().reloads, 1u);
  EXPECT_EQ(nginx_.answer(), "one");
}

TEST_F(NginxApplyTest, AgentThatEndsAtAnyMomentLeavesOneWholeFileAndRecovers) {
  ASSERT_TRUE(nginx_.start());
  begin();
  apply(1, nginx_.config("revision 1"));
  ASSERT_TRUE(run_until_applied(1));
  for (int round = 1; round <= 30; ++round) {
    const std::string before = nginx_.config("revision " + std::to_string(round));
    const std::string after = nginx_.config("revision " + std::to_string(round + 1));
    apply(round + 1, after);
    run_for(std::chrono::milliseconds(round * 7 % 200));
    end();
    const std::string text = file();
    const std::string body = text.substr(text.find('\n') + 1);
    ASSERT_TRUE(body == before || body == after) << text;
    applied_.clear();
    begin();
    apply(round + 1, after);
    ASSERT_TRUE(run_until([&] { return status().applied == identity(round + 1, after); })) << logged();
    ASSERT_EQ(nginx_.answer(), "revision " + std::to_string(round + 1));
  }
  EXPECT_FALSE(fs::exists(nginx_.config_file() + ".drift-1")) << logged();
}

}  // namespace
}  // namespace chorale::agent
