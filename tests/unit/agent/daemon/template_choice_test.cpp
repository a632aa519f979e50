// Which template is used, beside an Nginx that is a rule on the text: it refuses "bad", and cannot be asked about
// "ill".
#include "agent/daemon/template_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fstream>

#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::agent {
namespace {

using coordination::PushedTemplate;
using coordination::PushedTemplates;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

PushedTemplate pushed(const std::string& text) { return {std::make_shared<const std::string>(text), "jo", "noon"}; }
PushedTemplates for_all(const std::string& text, const std::string& by = "jo") {
  return {pushed(text), std::nullopt, {}, std::nullopt, by};
}

class TemplateChoiceTest : public ::testing::Test {
 protected:
  TemplateChoiceTest() {
    write("file\n");
    source_.emplace(loop_, pool_, file_, render::TemplateOptions{}, [this] { choice_->file_changed(); });
    source_->start();
    choice_.emplace(loop_, pool_, *source_, trials_,
                    TemplateChoice::Callbacks{[this] { ++begun_; }, [this] { ++another_; }, [this] { ++changed_; },
                                              [] { return std::make_shared<const render::RoutingState>(); }},
                    TemplateChoice::Pauses{Milliseconds(50), Milliseconds(100)});
  }
  ~TemplateChoiceTest() override {
    choice_->close();
    trials_.close();
    pool_.join();
  }

  void write(const std::string& text) const { std::ofstream(file_) << text; }
  void answer(const std::string& text, const LocalNginx::Tried& tried) {
    tested_.push_back(text);
    if (text.find("ill") != std::string::npos && ill_)
      return tried({TestResult::kFailed, "no program", Milliseconds(1)});
    const bool bad = text.find("bad") != std::string::npos && bad_;
    tried({bad ? TestResult::kRefused : TestResult::kAccepted, bad ? "nginx: [emerg] bad" : "", Milliseconds(1)});
  }
  bool run_until(const std::function<bool()>& condition) {
    return testing::wait_until(
        [&] {
          loop_.restart();
          loop_.run_for(Milliseconds(1));
          return condition();
        },
        Milliseconds(20'000));
  }
  LoadedTemplate committed(const std::string& text) { return *compile_template(text, "committed template", {}); }
  void begin(std::optional<LoadedTemplate> in_use, PushedTemplates templates = {}) {
    choice_->begin({std::move(in_use), std::nullopt, false}, templates);
    ASSERT_TRUE(run_until([&] { return begun_ == 1; }));
  }
  // Until what it asked for is settled.
  void push(PushedTemplates templates) {
    const int before = changed_;
    choice_->push(std::move(templates));
    ASSERT_TRUE(run_until([&] { return changed_ > before; }));
  }
  void rewrite(const std::string& text) {
    const int before = changed_;
    write(text);
    const auto is_read = [&] {
      return source_->trouble() || (source_->current() && source_->current()->compiled.text() == text);
    };
    ASSERT_TRUE(run_until([&] { return is_read() && changed_ > before; }));
  }
  [[nodiscard]] std::string in_use() const { return choice_->in_use() ? choice_->in_use()->compiled.text() : "none"; }
  [[nodiscard]] std::string canary() const {
    return choice_->canary() ? choice_->canary()->loaded.compiled.text() : "none";
  }
  [[nodiscard]] std::string trouble() const { return choice_->trouble() ? choice_->trouble()->message : "none"; }
  [[nodiscard]] std::string note() const { return choice_->note().value_or("none"); }

  boost::asio::io_context loop_;
  boost::asio::thread_pool pool_{1};
  testing::TempDir directory_{"template-choice"};
  const std::string file_ = directory_.path() / "t.mustache";
  std::vector<std::string> tested_;
  bool ill_ = true;
  bool bad_ = true;
  Trials trials_{loop_, pool_, [this](const std::shared_ptr<const std::string>& text, const LocalNginx::Tried& tried) {
                   answer(*text, tried);
                 }};
  std::optional<TemplateSource> source_;
  std::optional<TemplateChoice> choice_;
  int begun_ = 0;
  int another_ = 0;
  int changed_ = 0;
};

TEST_F(TemplateChoiceTest, WithoutACommittedOneTheFileIsTestedAndUsed) {
  begin(std::nullopt);
  EXPECT_EQ(in_use(), "file\n");
  EXPECT_THAT(tested_, ElementsAre("file\n"));
  EXPECT_EQ(trouble(), "none");
  EXPECT_EQ(note(), "none");
  EXPECT_EQ(another_, 0);
}

TEST_F(TemplateChoiceTest, CommittedOneStaysUntilTheFileChanges) {
  begin(committed("old\n"));
  EXPECT_EQ(in_use(), "old\n");
  EXPECT_TRUE(tested_.empty());
  EXPECT_THAT(note(), HasSubstr("differs from the committed template"));
  rewrite("newer\n");
  EXPECT_EQ(in_use(), "newer\n");
  EXPECT_EQ(note(), "none");
  EXPECT_EQ(another_, 1);
  rewrite("bad\n");
  EXPECT_EQ(in_use(), "newer\n");
  EXPECT_THAT(trouble(), HasSubstr("Nginx refuses it"));
  rewrite("{{#open\n");
  EXPECT_THAT(trouble(), HasSubstr("t.mustache:1"));
  rewrite("newer\n");
  EXPECT_EQ(trouble(), "none");
  EXPECT_EQ(another_, 1);
}

TEST_F(TemplateChoiceTest, PushedOneRulesOverTheFile) {
  begin(committed("old\n"));
  push(for_all("pushed\n"));
  EXPECT_EQ(in_use(), "pushed\n");
  EXPECT_THAT(note(), HasSubstr("pushed by jo at noon rules"));
  EXPECT_EQ(another_, 1);
  write("newer\n");
  ASSERT_TRUE(run_until([&] { return source_->current()->compiled.text() == "newer\n"; }));
  EXPECT_EQ(in_use(), "pushed\n");

  push(for_all("bad\n"));
  EXPECT_EQ(in_use(), "pushed\n");
  EXPECT_THAT(trouble(), HasSubstr("pushed template"));
  push(for_all("{{#open\n"));
  EXPECT_THAT(trouble(), HasSubstr("pushed template:1"));
  push(for_all("pushed\n"));
  EXPECT_EQ(trouble(), "none");
  EXPECT_EQ(another_, 1);

  // Taken away: the file rules again, as it is now.
  push({});
  EXPECT_EQ(in_use(), "newer\n");
  EXPECT_EQ(note(), "none");
  EXPECT_EQ(another_, 2);
  rewrite("newest\n");
  EXPECT_EQ(in_use(), "newest\n");
}

TEST_F(TemplateChoiceTest, SaysWhoseDoingAnotherTemplateIsUntilItIsCommitted) {
  begin(committed("old\n"));
  EXPECT_EQ(choice_->changed_by(), "");
  push(for_all("pushed\n", "al"));
  EXPECT_EQ(choice_->changed_by(), "al");
  choice_->committed_change_of("jo");
  choice_->committed_change_of("");
  EXPECT_EQ(choice_->changed_by(), "al") << "that was another change";
  choice_->committed_change_of("al");
  EXPECT_EQ(choice_->changed_by(), "");
  push({pushed("pushed\n"), pushed("canary\n"), {"b"}, {}, "jo"});
  EXPECT_EQ(choice_->changed_by(), "jo");
  push(for_all("pushed\n", "ed"));  // the trial is taken back
  EXPECT_EQ(canary(), "none");
  EXPECT_EQ(choice_->changed_by(), "ed");
  push({pushed("pushed\n"), pushed("canary\n"), {"b"}, {}, "jo"});
  choice_->end_trial("[emerg] no");
  EXPECT_EQ(choice_->changed_by(), "") << "no operator's";
  push({{}, {}, {}, {}, "ed"});
  rewrite("newest\n");
  EXPECT_EQ(in_use(), "newest\n");
  EXPECT_EQ(choice_->changed_by(), "") << "the file's";
}

// The cause of the revision that comes of it.
TEST_F(TemplateChoiceTest, SaysWhichTemplateChangedAndByWhom) {
  const auto words = [](const std::string& text) {
    return "template " + compile_template(text, "t", {})->digest.substr(0, 12);
  };
  begin(committed("file\n"));
  rewrite("newer\n");
  EXPECT_EQ(choice_->change(), words("newer\n") + " of " + file_);
  push({{}, pushed("one\n"), {"b", "c"}, {}, "jo"});
  EXPECT_EQ(choice_->change(), words("one\n") + " on trial on b, c by jo");
  push({{}, pushed("one\n"), {"b"}, {}, "al"});
  EXPECT_EQ(choice_->change(), words("one\n") + " on trial on b by al");
  push(for_all("one\n", "al"));
  EXPECT_EQ(choice_->change(), words("one\n") + " pushed by al") << "that its trial ends is the same";
  push(for_all("two\n", "e\nd" + std::string(100, 'd')));
  EXPECT_EQ(choice_->change().find('\n'), std::string::npos);
  EXPECT_LT(choice_->change().size(), 110U);
  PushedTemplates back = for_all("one\n", "kim");
  back.rolled_back = true;
  push(back);
  EXPECT_EQ(choice_->change(), "rollback to " + words("one\n") + " by kim");
  push({pushed("one\n"), pushed("three\n"), {"b"}, {}, "jo"});
  push(back);
  EXPECT_EQ(choice_->change(), "the trial of " + words("three\n") + " ended by kim");
  push({pushed("one\n"), pushed("three\n"), {"b"}, {}, "jo"});
  choice_->end_trial("[emerg] no");
  EXPECT_EQ(choice_->change(), "the trial of " + words("three\n") + " ended: a proxy that tries it refuses it");
  push({});  // the znode is deleted
  EXPECT_EQ(choice_->change(), words("newer\n") + " of " + file_);
  back = {{}, {}, {}, {}, "kim", true};
  push(for_all("one\n"));
  push(back);
  EXPECT_EQ(choice_->change(), "rollback to " + words("newer\n") + " by kim");
  rewrite("newest\n");
  EXPECT_EQ(choice_->change(), words("newest\n") + " of " + file_) << "that is no rollback";
}

TEST_F(TemplateChoiceTest, NextLeaderBeginsWithThePushedOne) {
  begin(committed("old\n"), for_all("pushed\n", "al"));
  EXPECT_EQ(in_use(), "pushed\n");
  EXPECT_EQ(choice_->changed_by(), "al");
  EXPECT_EQ(another_, 0) << "it was chosen before anything was made";
}

TEST_F(TemplateChoiceTest, CommittedIsThePushedOne) {
  begin(committed("pushed\n"), for_all("pushed\n"));
  EXPECT_EQ(in_use(), "pushed\n");
  EXPECT_TRUE(tested_.empty());
}

TEST_F(TemplateChoiceTest, UnreadablePushChangesNothing) {
  begin(committed("old\n"), {{}, {}, {}, "the pushed template cannot be read"});
  EXPECT_EQ(in_use(), "old\n");
  EXPECT_EQ(trouble(), "the pushed template cannot be read");
  push(for_all("pushed\n"));
  EXPECT_EQ(in_use(), "pushed\n");
  EXPECT_EQ(trouble(), "none");
}

TEST_F(TemplateChoiceTest, CanaryIsUsedBesideAndIsTestedToo) {
  begin(committed("old\n"));
  push({pushed("old\n"), pushed("canary\n"), {"b"}, {}});
  EXPECT_EQ(in_use(), "old\n");
  EXPECT_EQ(canary(), "canary\n");
  EXPECT_THAT(choice_->canary()->agents, ElementsAre("b"));
  EXPECT_EQ(another_, 1);
  push({pushed("old\n"), pushed("canary\n"), {"c"}, {}});
  EXPECT_THAT(choice_->canary()->agents, ElementsAre("c"));
  EXPECT_EQ(another_, 2);
  push({pushed("old\n"), pushed("canary\n"), {"c"}, {}});
  EXPECT_EQ(another_, 2);
  push({pushed("old\n"), pushed("bad\n"), {"c"}, {}});
  EXPECT_EQ(canary(), "canary\n");
  EXPECT_THAT(trouble(), HasSubstr("Nginx refuses it"));
  push(for_all("canary\n"));
  EXPECT_EQ(in_use(), "canary\n");
  EXPECT_EQ(canary(), "none");
  EXPECT_EQ(trouble(), "none");
}

// Its apps made something of it that a canary's Nginx refuses.
TEST_F(TemplateChoiceTest, TrialEndsWhereACanaryRefusesIt) {
  begin(committed("old\n"));
  push({pushed("old\n"), pushed("canary\n"), {"b"}, {}});
  ASSERT_EQ(canary(), "canary\n");
  const int before = another_;
  choice_->end_trial("[emerg] no");
  EXPECT_EQ(canary(), "none");
  EXPECT_EQ(another_, before + 1);
  EXPECT_THAT(trouble(), ::testing::AllOf(HasSubstr("pushed template"), HasSubstr("[emerg] no")));
  choice_->end_trial("again");
  EXPECT_EQ(another_, before + 1);
  push({pushed("old\n"), pushed("better\n"), {"b"}, {}});
  EXPECT_EQ(canary(), "better\n");
  EXPECT_EQ(trouble(), "none");
}

TEST_F(TemplateChoiceTest, NextLeaderKeepsTheCanariesWhereNothingCanBeRead) {
  choice_->begin({committed("old\n"), CanaryTemplate{committed("canary\n"), {"b"}}, false},
                 {{}, {}, {}, "the pushed template cannot be read"});
  ASSERT_TRUE(run_until([&] { return begun_ == 1; }));
  EXPECT_EQ(canary(), "canary\n");
  EXPECT_EQ(in_use(), "old\n");
  write("newer\n");  // something is pushed, whatever it is: this is not used
  ASSERT_TRUE(run_until([&] { return source_->current()->compiled.text() == "newer\n"; }));
  EXPECT_EQ(in_use(), "old\n");
  EXPECT_EQ(trouble(), "the pushed template cannot be read");
}

TEST_F(TemplateChoiceTest, LastPushCounts) {
  begin(committed("old\n"));
  for (int i = 0; i < 20; ++i) choice_->push(for_all("pushed " + std::to_string(i) + "\n"));
  EXPECT_TRUE(run_until([&] { return in_use() == "pushed 19\n"; }));
  EXPECT_EQ(another_, 1);
}

TEST_F(TemplateChoiceTest, CanaryWithNothingPushedBeforeLeavesTheFile) {
  begin(std::nullopt, {{}, pushed("canary\n"), {"b"}, {}});
  EXPECT_EQ(in_use(), "file\n");
  EXPECT_EQ(canary(), "canary\n");
  rewrite("newer\n");
  EXPECT_EQ(in_use(), "newer\n");
  EXPECT_EQ(canary(), "canary\n");
}

TEST_F(TemplateChoiceTest, WhatCannotBeTestedIsTriedAgain) {
  begin(committed("old\n"));
  push(for_all("ill\n"));
  EXPECT_EQ(in_use(), "old\n");
  EXPECT_THAT(trouble(), HasSubstr("cannot be tested"));
  ill_ = false;
  EXPECT_TRUE(run_until([&] { return in_use() == "ill\n"; }));
  EXPECT_EQ(trouble(), "none");

  ill_ = true;
  push({pushed("ill\n"), pushed("ill canary\n"), {"b"}, {}});
  EXPECT_EQ(canary(), "none");
  ill_ = false;
  EXPECT_TRUE(run_until([&] { return canary() == "ill canary\n"; }));
  EXPECT_EQ(trouble(), "none");
}

// The certificate that it names arrives.
TEST_F(TemplateChoiceTest, WhatNginxRefusesIsTriedAgain) {
  begin(committed("old\n"));
  push(for_all("bad\n"));
  EXPECT_EQ(in_use(), "old\n");
  EXPECT_THAT(trouble(), HasSubstr("Nginx refuses it"));
  const auto asked = tested_.size();
  ASSERT_TRUE(run_until([&] { return tested_.size() >= asked + 2; })) << "each time beside what is in use";
  EXPECT_EQ(in_use(), "old\n");
  EXPECT_THAT(trouble(), HasSubstr("Nginx refuses it"));
  bad_ = false;
  EXPECT_TRUE(run_until([&] { return in_use() == "bad\n"; }));
  EXPECT_EQ(trouble(), "none");
  EXPECT_EQ(another_, 1);

  bad_ = true;
  push({pushed("bad\n"), pushed("bad canary\n"), {"b"}, {}});
  EXPECT_EQ(canary(), "none");
  bad_ = false;
  EXPECT_TRUE(run_until([&] { return canary() == "bad canary\n"; }));
  EXPECT_EQ(trouble(), "none");
}

TEST_F(TemplateChoiceTest, AnotherPushEndsTheQuestionsAboutTheLastOne) {
  begin(committed("old\n"));
  push(for_all("bad\n"));
  push(for_all("good\n"));
  EXPECT_EQ(in_use(), "good\n");
  const auto asked = tested_.size();
  push(for_all("ill\n"));
  ASSERT_TRUE(run_until([&] { return tested_.size() >= asked + 8; }));
  for (std::size_t i = asked; i < tested_.size(); ++i) EXPECT_EQ(tested_[i], "ill\n");
}

// A release brings back today's.
TEST_F(TemplateChoiceTest, UnderAHoldTheFileIsChosenForLater) {
  choice_->begin({committed("of the day that is held\n"), std::nullopt, true}, {});
  ASSERT_TRUE(run_until([&] { return begun_ == 1; }));
  EXPECT_EQ(in_use(), "file\n");
  EXPECT_EQ(note(), "none");
}

// A proxy whose Nginx cannot be asked at all may still lead.
TEST_F(TemplateChoiceTest, UntestableOneIsUsedWhereThereIsNoOther) {
  write("ill\n");
  ASSERT_TRUE(run_until([&] { return source_->current()->compiled.text() == "ill\n"; }));
  begin(std::nullopt);
  EXPECT_EQ(in_use(), "ill\n");
}

}  // namespace
}  // namespace chorale::agent
