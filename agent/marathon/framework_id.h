// Which Marathon it is: the frameworkId of GET /v2/info, which Mesos gave it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/types.h"

namespace chorale::agent {

// A Marathon that has not registered with Mesos yet says null: that is a failure like an unreadable answer.
[[nodiscard]] tl::expected<std::string, Failure> parse_framework_id(std::string_view body);

}  // namespace chorale::agent
