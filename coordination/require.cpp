#include "coordination/require.h"

#include <cstdio>
#include <cstdlib>

namespace chorale::coordination {

void end_process(const char* broken_promise, const char* file, int line, const char* function) {
  std::fprintf(stderr, "%s:%d: %s: a promise is broken, please report this: %s\n", file, line, function,
               broken_promise);
  std::abort();
}

}  // namespace chorale::coordination
