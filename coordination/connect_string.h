// zk://[user:password@]host:port[,host:port...]/path, as Mesos and Marathon write it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "coordination/errors.h"
#include "coordination/types.h"

namespace chorale::coordination {

inline constexpr const char* kDefaultRoot = "/chorale";

struct ConnectString {
  std::string hosts;        // "a:2181,b:2181"
  std::string credentials;  // "user:password"; empty: none are used
  Path root{kDefaultRoot};  // a standalone agent uses it too
};

// The error says what was expected; it never repeats the credentials.
[[nodiscard]] tl::expected<ConnectString, Error> parse_connect_string(std::string_view text);

}  // namespace chorale::coordination
