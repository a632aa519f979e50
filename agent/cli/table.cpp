#include "agent/cli/table.h"

#include <algorithm>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kMaxCell = 4096;

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

}  // namespace chorale::agent
