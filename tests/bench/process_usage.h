// What a process has cost so far, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace chorale::bench {

[[nodiscard]] double cpu_seconds(pid_t pid);           // user and system; 0 if it is gone
[[nodiscard]] std::int64_t resident_bytes(pid_t pid);  // VmRSS

}  // namespace chorale::bench
