// A gzip member of a text, at a fast level. Pure.
#pragma once

#include <string>

namespace chorale::marathon_simulator {

[[nodiscard]] std::string gzip(const std::string& text);

}  // namespace chorale::marathon_simulator
