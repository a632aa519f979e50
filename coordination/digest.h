// SHA-256 as lower-case hex: the one content address of this project.
#pragma once

#include <string>
#include <string_view>

namespace chorale::coordination {

// 64 lower-case hex digits. Thread-safe. A znode name under chunks/ is its first 32 digits.
[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace chorale::coordination
