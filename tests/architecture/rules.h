// The rules on who may include whom, as a function of a source tree. See README.md of each room for the reasons.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace chorale::testing {

// One line for each breach: "path:line: what is wrong". Sorted by path. Looks at .h and .cpp files in the rooms
// coordination/, render/, agent/ (all rules) and tests/ (its length rule only).
[[nodiscard]] std::vector<std::string> find_breaches(const std::filesystem::path& root);

}  // namespace chorale::testing
