#include "agent/http/live_text.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(LiveTextTest, WakesWhoListensAndNobodyElse) {
  const auto text = std::make_shared<LiveText>("beat");
  EXPECT_EQ(text->text(), nullptr);
  EXPECT_EQ(*text->heartbeat(), "beat");
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

TEST(LiveTextTest, ListenersMayEndEachOtherWhileWoken) {
  const auto text = std::make_shared<LiveText>("");
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
  auto text = std::make_shared<LiveText>("");
  auto listening = text->listen([] {});
  text.reset();
  listening.reset();
}

}  // namespace
}  // namespace chorale::agent
