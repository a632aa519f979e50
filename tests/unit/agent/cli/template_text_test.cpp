// What an operator reads of the pushed templates.
#include "agent/cli/template_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using coordination::ClusterSnapshot;
using coordination::TemplateVersion;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TemplateVersion version(char digit, const std::string& by) {
  return {{std::string(64, digit), 7, {}}, by, "2026-11-27T12:00:00.123Z", false};
}
TemplateVersion file(char digit) {
  TemplateVersion made = version(digit, "the leader's file");
  made.from_file = true;
  return made;
}

// `used`: the template of the committed revision.
ClusterSnapshot pool(char used, TemplateVersion current, std::vector<TemplateVersion> previous) {
  ClusterSnapshot cluster;
  cluster.state.leader = "proxy-1";
  cluster.state.committed.emplace().identity = {coordination::Epoch{7}, coordination::Revision{43}, {}};
  cluster.committed_files = {{"template", std::string(64, used)}};
  cluster.agents.emplace_back().id = "proxy-1";
  cluster.agents[0].role = coordination::Role::kLeader;
  cluster.agents[0].template_digest = std::string(64, 'f');
  cluster.pushed_template.emplace().current = std::move(current);
  cluster.pushed_template->previous = std::move(previous);
  return cluster;
}

std::string line_with(const std::string& text, const std::string& word) {
  const std::size_t at = text.find(word);
  if (at == std::string::npos) return "";
  const std::size_t start = text.rfind('\n', at);
  return text.substr(start == std::string::npos ? 0 : start + 1, text.find('\n', at) - (start + 1));
}

TEST(TemplateTextTest, NothingWasPushed) {
  EXPECT_EQ(template_history_text({}), "nothing was pushed: each leader's own file rules\n");
}

TEST(TemplateTextTest, SaysWhatIsInUseAndWhatARollbackWouldDo) {
  EXPECT_EQ(template_history_text(pool('a', version('a', "jo"), {version('b', "al"), file('c')})),
            "TEMPLATE      BYTES  PUSHED                BY                 IN USE\n"
            "aaaaaaaaaaaa  7      2026-11-27 12:00:00Z  jo                 everywhere\n"
            "bbbbbbbbbbbb  7      2026-11-27 12:00:00Z  al\n"
            "cccccccccccc  7      2026-11-27 12:00:00Z  the leader's file\n"
            "\n"
            "`chorale template rollback` goes back to template bbbbbbbbbbbb (al, 2026-11-27\n"
            "12:00:00Z).\n");
  EXPECT_THAT(template_history_text(pool('a', version('a', "jo"), {file('c')})),
              HasSubstr("goes back to the leader's template file.\n"));
  EXPECT_THAT(template_history_text(pool('a', version('a', "jo"), {})),
              HasSubstr("There is no earlier one to roll back to.\n"));
}

// It is what a second rollback undoes.
TEST(TemplateTextTest, AfterARollbackItIsSaidThatAnotherUndoesIt) {
  ClusterSnapshot cluster = pool('b', version('b', "al"), {version('a', "jo"), file('c')});
  cluster.pushed_template->previous[0].at = "2026-11-27T12:00:01.000Z";
  cluster.pushed_template->rolled_back_by = "kim";
  const std::string text = template_history_text(cluster);
  EXPECT_THAT(line_with(text, "bbbbbbbbbbbb"), EndsWith("everywhere"));
  EXPECT_THAT(text, HasSubstr("The first is there by a rollback of kim.\n"));
  EXPECT_THAT(line_with(text, "\naaaaaaaaaaaa"), Not(HasSubstr("everywhere")));
  EXPECT_THAT(text, HasSubstr("`chorale template rollback` undoes the last rollback: it brings back template\n"
                              "aaaaaaaaaaaa (jo, 2026-11-27 12:00:01Z).\n"));

  // A trial that was taken back is not brought back.
  cluster.pushed_template->previous[0].at = "2026-11-27T11:59:59.000Z";
  EXPECT_THAT(template_history_text(cluster),
              HasSubstr("`chorale template rollback` goes back to template aaaaaaaaaaaa"));
}

TEST(TemplateTextTest, UnderAHoldTheOldOneIsInUse) {
  ClusterSnapshot cluster = pool('b', version('a', "jo"), {version('b', "al")});
  cluster.state.held.emplace().by = "kim";
  cluster.state.held->revision = coordination::Revision{41};
  cluster.state.held->epoch = coordination::Epoch{7};
  const std::string text = template_history_text(cluster);
  EXPECT_THAT(line_with(text, "aaaaaaaaaaaa"), EndsWith("not yet"));
  EXPECT_THAT(line_with(text, "bbbbbbbbbbbb"), EndsWith("everywhere"));
  EXPECT_THAT(text, AllOf(HasSubstr("aaaaaaaaaaaa comes into force after `chorale release`: held on 7.41 by kim"),
                          HasSubstr("rollback")));

  // The hold is on a revision whose template nobody pushed.
  cluster.committed_files["template"] = std::string(64, 'd');
  EXPECT_THAT(template_history_text(cluster),
              AllOf(Not(HasSubstr("everywhere")), Not(HasSubstr("has changed since")),
                    HasSubstr("In use is dddddddddddd, the template of revision 7.43, which is none of these.\n")));
}

TEST(TemplateTextTest, WhatTheLeaderSaysAgainstItIsShown) {
  ClusterSnapshot cluster = pool('b', version('a', "jo"), {version('b', "al")});
  cluster.agents[0].message = "template: pushed template:3: no such variable";
  const std::string text = template_history_text(cluster);
  EXPECT_THAT(line_with(text, "aaaaaaaaaaaa"), EndsWith("not yet"));
  EXPECT_THAT(text, HasSubstr("aaaaaaaaaaaa is not in use: proxy-1 says template: pushed template:3: no such"));
  cluster.agents[0].message = "Marathon does not answer";
  EXPECT_THAT(template_history_text(cluster), HasSubstr("aaaaaaaaaaaa is not in use yet; see `chorale status`.\n"));
}

TEST(TemplateTextTest, ATrialIsInUseOnItsProxiesAlone) {
  ClusterSnapshot cluster = pool('b', version('a', "jo"), {version('b', "al"), file('c')});
  cluster.pushed_template->on = {"proxy-2", "proxy-3"};
  cluster.committed_files["canary.template"] = std::string(64, 'a');
  std::string text = template_history_text(cluster);
  EXPECT_THAT(line_with(text, "aaaaaaaaaaaa"), EndsWith("on proxy-2, proxy-3"));
  EXPECT_THAT(line_with(text, "bbbbbbbbbbbb"), EndsWith("everywhere else"));
  EXPECT_THAT(text, HasSubstr("For all: chorale template push. To end the trial: chorale template rollback;\nthen "
                              "template bbbbbbbbbbbb (al, 2026-11-27 12:00:00Z) is in use everywhere.\n"));
  cluster.committed_files.erase("canary.template");
  text = template_history_text(cluster);
  EXPECT_THAT(line_with(text, "aaaaaaaaaaaa"), EndsWith("not yet (on proxy-2, proxy-3)"));
  EXPECT_THAT(line_with(text, "bbbbbbbbbbbb"), EndsWith("everywhere"));
}

// Where the file rules, whatever it says now is in use.
TEST(TemplateTextTest, TheLeadersFileMayHaveChangedSince) {
  ClusterSnapshot cluster = pool('f', file('c'), {version('a', "jo")});
  cluster.pushed_template->current.at = "2026-11-27T11:00:00.000Z";
  cluster.pushed_template->rolled_back_by = "kim";
  const std::string text = template_history_text(cluster);
  EXPECT_THAT(line_with(text, "cccccccccccc"), EndsWith("everywhere"));
  EXPECT_THAT(text, HasSubstr("The leader's file has changed since: ffffffffffff is in use.\n"));
  EXPECT_THAT(text, Not(HasSubstr("none of these")));
  EXPECT_THAT(text, HasSubstr("it brings back template\naaaaaaaaaaaa (jo"));
}

// What cannot be known is not claimed.
TEST(TemplateTextTest, WithoutACommittedRevisionNothingIsInUse) {
  ClusterSnapshot cluster = pool('a', version('a', "jo"), {});
  cluster.committed_files.clear();
  cluster.state.committed.reset();
  EXPECT_THAT(template_history_text(cluster), AllOf(Not(HasSubstr("everywhere")), Not(HasSubstr("none of these"))));
}

TEST(TemplateTextTest, TextFromOutsideStaysOnItsLine) {
  const std::string text = template_history_text(pool('a', version('a', "j\no\x1b[2J"), {version('b', "x\ny")}));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("j\no")), Not(HasSubstr("\x1b")), Not(HasSubstr("x\ny"))));
}

TEST(TemplateTextTest, TimesSayThatTheyAreUtc) {
  EXPECT_EQ(time_text("2026-11-22T12:00:00.123Z"), "2026-11-22 12:00:00Z");
  EXPECT_EQ(time_text("2026-11-22T12:00:00Z"), "2026-11-22 12:00:00Z");
  EXPECT_EQ(time_text("yesterday"), "yesterday") << "not ours: as it stands";
  EXPECT_EQ(time_text(""), "");
}

}  // namespace
}  // namespace chorale::agent
