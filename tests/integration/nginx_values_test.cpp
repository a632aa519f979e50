// Values and files that are this proxy's own: edited while no agent ran, or renewed under the same text.
#include <string>

#include "tests/harness/loopback.h"
#include "tests/integration/nginx_apply_fixture.h"

namespace chorale::agent {
namespace {

TEST_F(NginxApplyTest, ValuesEditedWhileNoAgentRanAreAppliedAtTheStart) {
  ASSERT_TRUE(nginx_.start());
  options_.local_values = {{"xproxy", "before"}};
  begin();
  apply(1, nginx_.config("@{xproxy}"));
  ASSERT_TRUE(run_until_applied(1) && run_until([this] { return kept_as_proven(1); })) << logged();
  end();
  options_.local_values = {{"xproxy", "after"}};
  begin();
  ASSERT_TRUE(run_until([this] { return nginx_.answer() == "after"; })) << logged();
  ASSERT_TRUE(run_until([this] { return status().reloads == 1 && status().applied; }));
  EXPECT_EQ(status().applied, identity(1, nginx_.config("@{xproxy}")));
  EXPECT_TRUE(status().config_healthy) << status().config_message;
}

TEST_F(NginxApplyTest, ValuesReReadAfterARestartAreApplied) {
  ASSERT_TRUE(nginx_.start());
  options_.local_values = {{"xproxy", "before"}};
  begin();
  apply(1, nginx_.config("@{xproxy}"));
  ASSERT_TRUE(run_until_applied(1) && run_until([this] { return kept_as_proven(1); })) << logged();
  end();
  begin();
  local_->set_local_values({{"xproxy", "after"}});
  ASSERT_TRUE(run_until([this] { return nginx_.answer() == "after"; })) << logged();
}

TEST_F(NginxApplyTest, RestartWithTheSameValuesReloadsNothing) {
  ASSERT_TRUE(nginx_.start());
  options_.local_values = {{"xproxy", "same"}};
  begin();
  apply(1, nginx_.config("@{xproxy}"));
  ASSERT_TRUE(run_until_applied(1) && run_until([this] { return kept_as_proven(1); })) << logged();
  const auto workers_before = workers();
  end();
  applied_.clear();
  begin();
  ASSERT_TRUE(run_until_applied(1));
  run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(workers(), workers_before);
  EXPECT_EQ(status().reloads, 0U);
}

class RenewedFileTest : public NginxApplyTest {
 protected:
  // What a proxy answers stands in a file that its configuration includes, as a certificate would.
  void begin_with(const std::string& included) {
    write_text(part_, answer(included));
    options_.reload_on = {part_};
    ASSERT_TRUE(nginx_.start());
    begin();
    apply(1, text_);
    ASSERT_TRUE(run_until_applied(1) && run_until([this] { return kept_as_proven(1); })) << logged();
    ASSERT_EQ(header(), included);
  }
  static std::string answer(const std::string& value) { return "add_header X-Part " + value + ";\n"; }
  std::string header() {
    const std::string reply = testing::ask(nginx_.port(), "GET / HTTP/1.0\r\n\r\n", std::chrono::seconds(1));
    const std::size_t at = reply.find("X-Part: ");
    return at == std::string::npos ? std::string() : reply.substr(at + 8, reply.find('\r', at) - at - 8);
  }

  const std::string part_ = nginx_.directory() / "part.inc";
  const std::string text_ = nginx_.config("one", "", "  include " + part_ + ";\n");
};

TEST_F(RenewedFileTest, IsTestedReloadedAndProven) {
  begin_with("old");
  const std::string before = file();
  write_text(part_, answer("new"));
  ASSERT_TRUE(run_until([this] { return header() == "new"; })) << logged();
  ASSERT_TRUE(run_until([this] { return status().reloads == 2; }));
  run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(status().reloads, 2U);
  EXPECT_EQ(file(), before);
  write_text(part_, "broken on;\n");
  ASSERT_TRUE(run_until([this] { return !status().config_healthy; }));
  EXPECT_NE(status().config_message.find("part.inc changed and is not loaded"), std::string::npos)
      << status().config_message;
  EXPECT_EQ(header(), "new");
  EXPECT_EQ(status().reload_failures, 0U) << "Nginx was only asked";
  write_text(part_, answer("newer"));
  ASSERT_TRUE(run_until([this] { return header() == "newer" && status().config_healthy; })) << logged();
}

TEST_F(RenewedFileTest, WhileNoAgentRanIsReloadedAtTheStart) {
  begin_with("old");
  end();
  write_text(part_, answer("new"));
  begin();
  ASSERT_TRUE(run_until([this] { return header() == "new"; })) << logged();
}

TEST_F(RenewedFileTest, IsReadByCommandAndTheAnswerSaysWhatNginxSaid) {
  options_.reload_on.clear();
  begin_with("old");
  end();
  options_.reload_on.clear();
  begin();
  std::optional<std::optional<Failure>> answered;
  const auto reload = [&] {
    answered.reset();
    local_->command(Command::kReload, [&](std::optional<Failure> failure) { answered = std::move(failure); });
    return run_until([&] { return answered.has_value(); });
  };
  write_text(part_, answer("new"));
  run_for(std::chrono::milliseconds(300));
  ASSERT_EQ(header(), "old");
  ASSERT_TRUE(reload());
  EXPECT_FALSE(*answered) << (*answered)->message;
  EXPECT_EQ(header(), "new");
  write_text(part_, "broken on;\n");
  ASSERT_TRUE(reload());
  ASSERT_TRUE(*answered);
  EXPECT_NE((*answered)->message.find("broken"), std::string::npos) << (*answered)->message;
}

}  // namespace
}  // namespace chorale::agent
