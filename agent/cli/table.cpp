#include "agent/cli/table.h"

#include <algorithm>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kMaxCell = 4096;
constexpr std::size_t kColumns = 80;
constexpr std::string_view kCut = " ...";

}  // namespace

std::string safe(std::string_view text) { return one_line(text, kMaxCell); }

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> cells = rows;
  std::vector<std::size_t> widths;
  for (auto& row : cells) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = safe(row[i]);
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const auto& row : cells) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size(), ' ').append(kGap);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string wrapped(const std::string& head, std::string_view text, std::size_t most) {
  const std::string clean = safe(text);
  const std::string indent(head.size(), ' ');
  std::string all;
  std::string line = head;
  std::size_t lines = 1;
  bool is_empty = true;  // this line, but for its indent
  std::size_t at = 0;
  while ((at = clean.find_first_not_of(' ', at)) != std::string::npos) {
    const std::size_t end = std::min(clean.find(' ', at), clean.size());
    const std::size_t room = lines == most ? kColumns - kCut.size() : kColumns;
    if (!is_empty && line.size() + 1 + (end - at) > room) {
      if (lines == most) {
        line += kCut;
        break;
      }
      all += line + "\n";
      line = indent;
      ++lines;
      is_empty = true;
    }
    line.append(is_empty ? "" : " ").append(clean, at, end - at);
    is_empty = false;
    at = end;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return all + line + "\n";
}

}  // namespace chorale::agent
