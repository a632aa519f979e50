// A whole text file, as operators give them: config, template, credential, apps.json. Blocking.
//
// Errors name the file and the system's reason. Nothing is thrown: a stream's iterators do throw where a read fails
// after the file was opened (a directory, the files of a process that has ended), and would end the agent.
#pragma once

#include <cstddef>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/types.h"

namespace chorale::agent {

inline constexpr std::size_t kMaxTextFileBytes = 64 * 1024 * 1024;

// A file larger than `max_bytes` is an error. It may be a pipe.
[[nodiscard]] tl::expected<std::string, Failure> read_text_file(const std::string& path,
                                                                std::size_t max_bytes = kMaxTextFileBytes);

}  // namespace chorale::agent
