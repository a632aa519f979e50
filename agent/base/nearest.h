// Which of some names somebody meant who wrote another one. Pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace chorale::agent {

// How many characters have to be put in, taken out or replaced to make one of the other (Levenshtein).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// Of `names`, the first of those that differ least; empty: none is near, which is 2 characters or a third of `name`.
[[nodiscard]] std::string_view nearest(std::string_view name, const std::vector<std::string_view>& names);

}  // namespace chorale::agent
