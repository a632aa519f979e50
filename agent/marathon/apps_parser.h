// Marathon's JSON -> MarathonApps, by SAX: no document tree, so that 40 MB cost no memory. Pure, thread-safe.
//
// Tolerant of every dialect (null == absent == empty, secret objects in env, labels that are no texts, unknown keys).
// An app with a wrong type or value where routing depends on it, without "tasks", or listed twice, is in the answer as
// its id and the reason (MarathonApp::unreadable). Strict on shape: an answer that is not what the endpoint gives (no
// "apps" array, an app without id, a truncated body, no app that can be read) is a Failure, never a smaller list.
#pragma once

#include <optional>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/core/leading/routes.h"

namespace chorale::agent {

[[nodiscard]] tl::expected<MarathonApps, Failure> parse_apps(std::string_view body);  // {"apps":[...]}
[[nodiscard]] tl::expected<MarathonApp, Failure> parse_app(std::string_view body);    // {"app":{...}}
// The same for pods (Marathon 1.4 and later), whose instances stand as tasks: /v2/pods::status, an array that may be
// empty, and /v2/pods/{id}::status.
[[nodiscard]] tl::expected<MarathonApps, Failure> parse_pods(std::string_view body);
[[nodiscard]] tl::expected<MarathonApp, Failure> parse_pod(std::string_view body);
// The data of one SSE event. A malformed one is a Failure; unknown types are fine.
[[nodiscard]] tl::expected<MarathonEvent, Failure> parse_event(std::string_view data);

}  // namespace chorale::agent
