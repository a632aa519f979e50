// One line for the log, decided by pure code: a transition (info), degraded but serving (warning), an operator must act
// (error). The loop that writes it escapes and rate-limits it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace chorale::coordination {

struct LogLine {
  enum class Level { kInfo, kWarning, kError };
  Level level = Level::kInfo;
  std::string text;
  bool news = false;  // a transition: written each time, also where the same was said a moment ago
};

// The text with "0" for every number: of a trouble that lasts, each try names another line, process or revision.
[[nodiscard]] inline std::string without_numbers(std::string_view text) {
  std::string result;
  bool in_number = false;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) result += c;
    if (digit && !in_number) result += '0';
    in_number = digit;
  }
  return result;
}

// What was told last of one thing, so that it is told once however often it comes again with other numbers.
class Told {
 public:
  // Whether to tell it.
  [[nodiscard]] bool is_news(std::string_view text) {
    std::string now = without_numbers(text);
    if (now == last_) return false;
    last_ = std::move(now);
    return true;
  }
  // It is over: if it comes again, that is news.
  void forget() { last_.clear(); }

 private:
  std::string last_;
};

}  // namespace chorale::coordination
