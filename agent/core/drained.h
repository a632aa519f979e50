// An operator's order that keeps the balancer's traffic away from this proxy: its file, and its words. Pure.
//
// It is about traffic alone: Nginx goes on serving, and the agent follows, votes and leads as ever.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/types.h"
#include "coordination/documents.h"

namespace chorale::agent {

struct DrainOrder {
  std::string by = "an operator";
  std::string reason{};
  bool operator==(const DrainOrder&) const = default;
};

// The body of POST /v1/drain and /v1/undrain: empty, or JSON with these two keys, which may be missing. Each text is
// cut to what fits into a znode.
[[nodiscard]] tl::expected<DrainOrder, Failure> decode_drain_order(std::string_view body);
[[nodiscard]] std::string encode_drain_order(const DrainOrder& order);

// What stands in state_dir/drained while this proxy is drained.
[[nodiscard]] std::string encode_drained(const coordination::Drained& drained);
[[nodiscard]] tl::expected<coordination::Drained, Failure> decode_drained(std::string_view text);

// "drained by jo since 2026-11-22T12:00:00.000Z: a new kernel"
[[nodiscard]] std::string drained_text(const coordination::Drained& drained);
// "was drained for 12 min by jo"
[[nodiscard]] std::string was_drained_text(const coordination::Drained& drained,
                                           std::chrono::system_clock::time_point now);

}  // namespace chorale::agent
