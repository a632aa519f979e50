// Nginx's own counters, at the place where the shipped templates have `stub_status`: beside @{proof}, for this host
// alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/types.h"
#include "agent/core/applying/nginx_counters.h"
#include "agent/nginx/proof_page.h"

namespace chorale::agent {

inline constexpr std::string_view kCountersPath = "/.chorale/nginx_status";

// Where to ask, as a config's text says; nullopt: it has no such page, or none that plain HTTP on this host reaches.
// Pure.
[[nodiscard]] std::optional<ProofPage> find_counters_page(std::string_view text);
// A request on a new connection. Blocking, at most `longest`; worker pool only. The error: what came instead.
[[nodiscard]] tl::expected<NginxCounters, Failure> ask_counters(const ProofPage& page, Milliseconds longest);
// Pure. nullopt: this is not what stub_status says.
[[nodiscard]] std::optional<NginxCounters> parse_counters(std::string_view body);

}  // namespace chorale::agent
