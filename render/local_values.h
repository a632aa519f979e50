// @{name}: values that differ from proxy to proxy, filled in by each agent when it stages. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "render/error.h"

namespace chorale::render {

// Names are [A-Za-z_][A-Za-z0-9_]*. An unknown one is an error naming the line; "@{" cannot come from a label, since
// quoting refuses it. A value stands as it is: it comes from this host's own config.
[[nodiscard]] tl::expected<std::string, Error> fill_in_local_values(std::string_view text,
                                                                    const std::map<std::string, std::string>& values);
// The 1-based line of `text` that wrote this line of what fill_in_local_values makes of it: a value may have several.
[[nodiscard]] int line_before_filling(std::string_view text, const std::map<std::string, std::string>& values,
                                      int filled_line);
// A name that every agent offers (decisions/0001): its value is no secret, also where [local] overrides it.
[[nodiscard]] bool is_built_in_value(std::string_view name);
// Something of [local] stands in it once it is filled in.
[[nodiscard]] bool uses_local_secrets(std::string_view text);
// The distinct names used, in order of first use.
[[nodiscard]] std::vector<std::string> local_value_names(std::string_view text);

}  // namespace chorale::render
