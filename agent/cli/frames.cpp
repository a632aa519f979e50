#include "agent/cli/frames.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace chorale::agent {
namespace {

constexpr const char* kClear = "\x1b[H\x1b[2J";
constexpr const char* kToLineEnd = "\x1b[K";
constexpr const char* kToScreenEnd = "\x1b[J";

std::string cursor_to(std::size_t row) { return "\x1b[" + std::to_string(row + 1) + ";1H"; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string utc_text(std::int64_t time) {
  const std::time_t seconds = time;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t bytes = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, bytes};
}

// Lines of `from` that `without` does not have, in order.
std::vector<std::string> less(const std::vector<std::string>& from, std::vector<std::string> without) {
  std::vector<std::string> rest;
  for (const std::string& line : from) {
    const auto found = std::find(without.begin(), without.end(), line);
    if (found == without.end()) {
      rest.push_back(line);
    } else {
      without.erase(found);
    }
  }
  return rest;
}

}  // namespace

TerminalSize terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
  return {size.ws_row, size.ws_col};
}

std::string Screen::draw(const std::string& text, TerminalSize size) {
  std::vector<std::string> lines = lines_of(text);
  const std::size_t room = std::max<std::size_t>(size.rows, 2) - 1;  // the last row is the cursor's
  if (lines.size() > room) {
    const std::size_t hidden = lines.size() - (room - 1);
    lines.resize(room - 1);
    lines.push_back("... " + std::to_string(hidden) + " more lines");
  }
  for (std::string& line : lines) {
    line.resize(std::min(line.size(), size.columns));  // a wrapped one would shift the rest
  }
  std::string out;
  if (!drawn_ || size != size_) {
    out = kClear;
    shown_.clear();
  }
  drawn_ = true;
  size_ = size;
  for (std::size_t row = 0; row < lines.size(); ++row) {
    if (row < shown_.size() && shown_[row] == lines[row]) continue;
    out += cursor_to(row) + lines[row] + kToLineEnd;
  }
  if (lines.size() < shown_.size()) out += cursor_to(lines.size()) + kToScreenEnd;
  if (!out.empty()) out += cursor_to(lines.size());
  shown_ = std::move(lines);
  return out;
}

std::string Journal::add(Text text, std::int64_t time) {
  std::string now = text(time);
  if (!last_) {
    last_ = std::move(text);
    return now;
  }
  const std::string before = std::exchange(last_, std::move(text))(time);
  if (before == now) return {};
  std::string out = "\n" + utc_text(time) + "\n";
  for (const std::string& line : less(lines_of(before), lines_of(now))) out += "- " + line + "\n";
  for (const std::string& line : less(lines_of(now), lines_of(before))) out += "+ " + line + "\n";
  return out;
}

}  // namespace chorale::agent
