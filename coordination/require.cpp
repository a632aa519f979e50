#include "coordination/require.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace chorale::coordination {
namespace {

LastWords& last_words() {
  static LastWords words = nullptr;
  return words;
}

}  // namespace

void set_last_words(LastWords words) { last_words() = words; }

void end_process(const char* broken_promise, const char* file, int line, const char* function) {
  std::array<char, 1024> text{};
  const int length = std::snprintf(text.data(), text.size(), "%s:%d: %s: a promise is broken, please report this: %s",
                                   file, line, function, broken_promise);
  const auto shown = std::min(static_cast<std::size_t>(std::max(length, 0)), text.size() - 1);
  if (last_words() != nullptr) {
    last_words()({text.data(), shown});
  } else {
    std::fprintf(stderr, "%s\n", text.data());
  }
  std::abort();
}

}  // namespace chorale::coordination
