// What every store refuses before it sends anything, so that all of them refuse the same. Pure.
#pragma once

#include <cstddef>
#include <optional>

#include "coordination/store.h"

namespace chorale::coordination {

// A server drops the connection of a client whose request exceeds jute.maxbuffer (1 MiB), which looks like a connection
// loss; a blind retry would then go on for ever. So no data near that size is ever sent.
inline constexpr std::size_t kMaxDataBytes = std::size_t{900} * 1024;

// kBadRequest if the path is not a valid znode path or the data is too long; nullopt if the operation may be sent.
[[nodiscard]] std::optional<Error> check_request(const Operation& operation);

}  // namespace chorale::coordination
