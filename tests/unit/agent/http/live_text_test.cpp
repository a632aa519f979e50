#include "agent/http/live_text.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(LiveTextTest, WakesWhoListensAndNobodyElse) {
  int beats = 0;
  const auto text = std::make_shared<LiveText>([&] { return "beat " + std::to_string(++beats); });
  EXPECT_EQ(text->text(), nullptr);
  EXPECT_EQ(text->heartbeat(), "beat 1");
  EXPECT_EQ(text->heartbeat(), "beat 2");
  int first = 0;
  int second = 0;
  auto one = text->listen([&] { ++first; });
  const auto two = text->listen([&] { ++second; });
  EXPECT_EQ(text->listeners(), 2U);
  text->set("a");
  one.reset();
  EXPECT_EQ(text->listeners(), 1U);
  text->set("b");
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
  EXPECT_EQ(*text->text(), "b");
  text->forget();
  EXPECT_EQ(text->text(), nullptr);
  EXPECT_EQ(second, 2);
}

TEST(LiveTextTest, OtherWordsAreNoNews) {
  const auto text = std::make_shared<LiveText>([] { return ""; });
  EXPECT_EQ(text->news(), 0U);
  int woken = 0;
  const auto listening = text->listen([&] { ++woken; });
  text->set("a at one");
  EXPECT_EQ(text->news(), 1U);
  text->reword("a at two");
  EXPECT_EQ(*text->text(), "a at two");
  EXPECT_EQ(text->news(), 1U);
  EXPECT_EQ(woken, 1);
  text->set("a at two");
  EXPECT_EQ(text->news(), 2U);
  EXPECT_EQ(woken, 2);
}

TEST(LiveTextTest, ListenersMayEndEachOtherWhileWoken) {
  const auto text = std::make_shared<LiveText>([] { return ""; });
  std::shared_ptr<void> one;
  std::shared_ptr<void> two;
  int woken = 0;
  one = text->listen([&] {
    ++woken;
    one.reset();
    two.reset();
  });
  two = text->listen([&] {
    ++woken;
    one.reset();
    two.reset();
  });
  text->set("a");
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(text->listeners(), 0U);
}

TEST(LiveTextTest, ListenerOutlivesTheText) {
  auto text = std::make_shared<LiveText>([] { return ""; });
  auto listening = text->listen([] {});
  text.reset();
  listening.reset();
}

}  // namespace
}  // namespace chorale::agent
