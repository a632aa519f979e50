#include "agent/base/nearest.h"

#include <algorithm>
#include <utility>

namespace chorale::agent {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string_view nearest(std::string_view name, const std::vector<std::string_view>& names) {
  std::string_view found;
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string_view one : names) {
    const std::size_t shorter = std::min(one.size(), name.size());
    if (std::max(one.size(), name.size()) - shorter >= least) continue;  // differs by that many at least
    const std::size_t distance = edit_distance(name, one);
    if (distance >= least) continue;
    found = one;
    least = distance;
  }
  return found;
}

}  // namespace chorale::agent
