// SHA-256 as lower-case hex, the one content address of this project; and a quick hash that means the same everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chorale::coordination {

// 64 lower-case hex digits. Thread-safe.
[[nodiscard]] std::string sha256_hex(std::string_view text);
// The name of the znode under chunks/ that holds this text: the first 32 digits of its digest.
[[nodiscard]] std::string chunk_name(std::string_view text);
// It may be the name of a chunk, by its form.
[[nodiscard]] bool is_chunk_name(std::string_view name);
// FNV-1a and a final mix (its low bits alone are poor). Not std::hash: every agent must cut chunks alike to share them.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text);

}  // namespace chorale::coordination
