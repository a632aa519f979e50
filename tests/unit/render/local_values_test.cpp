#include "render/local_values.h"

#include <gtest/gtest.h>

namespace chorale::render {
namespace {

const std::map<std::string, std::string> kValues{{"id", "proxy-1"}, {"http_port", "8080"}, {"nested", "@{id}"}};

TEST(LocalValuesTest, FillsInEveryUse) {
  EXPECT_EQ(fill_in_local_values("@{id} listen @{http_port};@{id}", kValues).value(), "proxy-1 listen 8080;proxy-1");
  EXPECT_EQ(fill_in_local_values("", kValues).value(), "");
  EXPECT_EQ(fill_in_local_values("a @ b {c} ${d} @@{id}\n", kValues).value(), "a @ b {c} ${d} @proxy-1\n");
}

TEST(LocalValuesTest, ValueIsNotFilledInAgain) {
  EXPECT_EQ(fill_in_local_values("@{nested}", kValues).value(), "@{id}");
}

TEST(LocalValuesTest, LineIsFoundAgainBehindAValueOfSeveralLines) {
  const std::map<std::string, std::string> values{{"tls", "one\ntwo\nthree"}, {"id", "x"}};
  const std::string text = "@{id}\n@{tls} @{id}\n@{none}\nlast";
  const std::vector<int> expected{1, 2, 2, 2, 3, 4};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(line_before_filling(text, values, static_cast<int>(i + 1)), expected[i]) << i + 1;
  }
}

TEST(LocalValuesTest, UnknownNameIsAnErrorWithItsLine) {
  const auto filled = fill_in_local_values("a\n@{id}\n  @{secret}\n", kValues);
  ASSERT_FALSE(filled);
  EXPECT_EQ(filled.error().text(),
            "nginx.conf:3: unknown local value @{secret}: add it to [local] in this agent's config");
}

TEST(LocalValuesTest, MisspeltUseIsAnError) {
  for (const char* text : {"\n@{", "\n@{}", "\n@{a-b}", "\n@{ id }", "\n@{1a}", "\n@{id\n}", "\n@{id"}) {
    const auto filled = fill_in_local_values(text, kValues);
    ASSERT_FALSE(filled) << text;
    EXPECT_EQ(filled.error().text(), "nginx.conf:2: '@{' is not followed by a name and '}'") << text;
  }
}

TEST(LocalValuesTest, UseThatTheTextCutsOffIsAnError) {
  constexpr std::string_view kText = "@{id}";
  for (std::size_t size = 2; size < kText.size(); ++size) {
    EXPECT_FALSE(fill_in_local_values(kText.substr(0, size), kValues)) << size;
  }
}

TEST(LocalValuesTest, NamesAreMadeOfLettersUnderscoresAndDigits) {
  std::string first;
  std::string further;
  for (int code = 0; code < 256; ++code) {
    const char c = static_cast<char>(code);
    if (!local_value_names(std::string("@{") + c + "}").empty()) first += c;
    const std::string name = std::string("a") + c;
    if (local_value_names("@{" + name + "}") == std::vector<std::string>{name}) further += c;
  }
  EXPECT_EQ(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(further, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");
}

TEST(LocalValuesTest, NamesAreListedOnceInOrderOfFirstUse) {
  EXPECT_EQ(local_value_names("@{b} @{a_1} @{b} @{not-one} @{c}"), (std::vector<std::string>{"b", "a_1", "c"}));
  EXPECT_EQ(local_value_names("@{1a}@{@{a}"), std::vector<std::string>{"a"}) << "those that are none are passed over";
  EXPECT_TRUE(local_value_names("none").empty());
}

}  // namespace
}  // namespace chorale::render
