// A ZooKeeper tree in this process: the store of a standalone agent, and what the tests' fake is built on. Loop thread
// only.
//
// MemoryTree is the server: znodes, versions, ephemerals, one-shot watches, sequence numbers, sessions. Every
// MemoryStore is one client of it. What it lacks: ACLs, quotas, persistence, size limits other than the request limit
// of 1 MiB.
#pragma once

#include <functional>
#include <memory>

#include "coordination/store.h"

namespace chorale::coordination {

class MemoryTree;  // shared by its clients

[[nodiscard]] std::shared_ptr<MemoryTree> make_memory_tree();

// `post` runs a function later on the loop thread, in order; the store never calls back from inside a call.
[[nodiscard]] std::unique_ptr<Store> make_memory_store(std::shared_ptr<MemoryTree> tree,
                                                       std::function<void(std::function<void()>)> post);

}  // namespace chorale::coordination
