#include "tests/contract/memory_world.h"

namespace chorale::coordination {

std::unique_ptr<StoreWorld> make_store_world() { return std::make_unique<MemoryWorld>(); }

}  // namespace chorale::coordination
