// A text that is shown again and again: on a terminal only the lines that changed are written, elsewhere only what is
// new. Pure, but for terminal_size().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace chorale::agent {

struct TerminalSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
  bool operator==(const TerminalSize&) const = default;
};
[[nodiscard]] TerminalSize terminal_size();  // of stdout

class Screen {
 public:
  // What to write so that the terminal shows `text`: nothing where it does. What does not fit is cut, and the last row
  // says so. The cursor is left below the text.
  [[nodiscard]] std::string draw(const std::string& text, TerminalSize size);

 private:
  bool drawn_ = false;
  TerminalSize size_;
  std::vector<std::string> shown_;
};

class Journal {
 public:
  using Text = std::function<std::string(std::int64_t time)>;
  // The whole text at first; later "-" and "+" with the lines that went and came, below the time. What differs by the
  // time alone, as ages do, is no change.
  [[nodiscard]] std::string add(Text text, std::int64_t time);

 private:
  Text last_;
};

}  // namespace chorale::agent
