// Several apps as one: those whose label `merge_label` has the same value, as for a blue and a green version of one
// service. Pure. Templates see the one in place of its members; routes.json and everything that looks apps up by their
// id go on knowing the members.
//
// The one has the path and the name of the label's value, all hosts, and the servers of all main ports, each with the
// weight of its own app (label chorale.weight). Its id, which is for logs and for Nginx's errors, is the lowest of its
// members. What can be there once (labels, env, a health path) is that of the lowest id that has it; but where one of
// them lets nobody in, nobody is let in. Further ports meet by their index.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "render/error.h"
#include "render/routing_state.h"

namespace chorale::render {

// "web" and "/web" -> "/web"; the message goes on from "it", the value.
[[nodiscard]] tl::expected<std::string, Error> merged_path(std::string_view value);

// nullopt: the app has no such label, or its value is no path.
[[nodiscard]] std::optional<std::string> merged_path_of(const App& app, const std::string& label);

// A path that is the id of an app without that label stays this app's: then its members stay apart. No label: `state`.
[[nodiscard]] RoutingState merged_by_label(const RoutingState& state, const std::string& label);

}  // namespace chorale::render
