#include "coordination/require.h"

#include <cstdio>
#include <cstdlib>

namespace chorale::coordination {

void end_process(const char* broken_promise, const std::source_location& where) {
  std::fprintf(stderr, "%s:%u: %s: a promise is broken, please report this: %s\n", where.file_name(), where.line(),
               where.function_name(), broken_promise);
  std::abort();
}

}  // namespace chorale::coordination
