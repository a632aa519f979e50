#include "coordination/errors.h"

#include <gtest/gtest.h>

#include <set>

namespace chorale::coordination {
namespace {

TEST(ErrorsTest, EveryKindHasWordsOfItsOwn) {
  std::set<std::string_view> words;
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::kNewerFormat); ++kind) {
    words.insert(to_string(static_cast<ErrorKind>(kind)));
  }
  EXPECT_EQ(words.size(), static_cast<std::size_t>(ErrorKind::kNewerFormat) + 1);
  EXPECT_EQ(words.count("unknown"), 0U);
}

}  // namespace
}  // namespace chorale::coordination
