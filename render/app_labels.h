// The labels of an app that templates know by names of their own: "chorale.retry" is {{retry}}. Pure.
//
// Unlike labels.*, which stand quoted whatever they hold, these stand bare, so that each has an allow-list. A label
// with another value is left out before it is a routing state. README.md lists them with what they mean.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "render/error.h"

namespace chorale::render {

inline constexpr const char* kRetryLabel = "chorale.retry";
inline constexpr const char* kStripPrefixLabel = "chorale.strip_prefix";
inline constexpr const char* kKeepaliveLabel = "chorale.keepalive";
inline constexpr const char* kTimeoutLabel = "chorale.timeout";
inline constexpr const char* kMaxBodyLabel = "chorale.max_body";
inline constexpr const char* kAllowLabel = "chorale.allow";
inline constexpr const char* kAuthLabel = "chorale.auth";
inline constexpr const char* kRateLabel = "chorale.rate";
inline constexpr const char* kStickyLabel = "chorale.sticky";
inline constexpr const char* kHttpsLabel = "chorale.https";
inline constexpr const char* kWeightLabel = "chorale.weight";         // of each server of the app: {{weight}}
inline constexpr std::string_view kHeaderLabels = "chorale.header.";  // and the name of a response header

inline constexpr const char* kAllowNobody = "none";  // as chorale.allow

// nullopt: the label may have this value, or templates know no such label. Messages as in allow_list.h.
[[nodiscard]] std::optional<Error> refuse_app_label(std::string_view label, std::string_view value);
// The label keeps clients out: without it the app would be open to those whom it should keep out, so that where its
// value is refused chorale.allow has to become kAllowNobody.
[[nodiscard]] bool restricts_access(std::string_view label);

// What follows: REQUIRES a value that refuse_app_label accepts.

// Of chorale.retry: its conditions, one blank between two, less those that every app has: error, timeout and
// invalid_header (Nginx warns of a condition that is named twice). May be empty.
[[nodiscard]] std::string retry_conditions(std::string_view value);
// Of chorale.allow: addresses and networks; none if nobody is let in.
[[nodiscard]] std::vector<std::string_view> allowed_networks(std::string_view value);
// Of chorale.sticky: the cookie's name; empty: by address (ip_hash).
[[nodiscard]] std::string_view sticky_cookie(std::string_view value);

}  // namespace chorale::render
