// SHA-256 as lower-case hex, the one content address of this project; and a quick hash that means the same everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chorale::coordination {

// 64 lower-case hex digits. Thread-safe. A znode name under chunks/ is its first 32 digits.
[[nodiscard]] std::string sha256_hex(std::string_view text);
// FNV-1a and a final mix (its low bits alone are poor). Not std::hash: every agent must cut chunks alike to share them.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text);

}  // namespace chorale::coordination
