// The fixture of the contract: one client that may be cut off, one observer that never is.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/contract/client.h"
#include "tests/contract/store_world.h"

namespace chorale::coordination {

class StoreContractTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(observer.open());
    ASSERT_TRUE(client.open());
  }

  Path at(std::string_view name) const { return world->root().child(name); }
  Outcome create(const Path& path, std::string data = "", NodeKind kind = NodeKind::kPersistent) {
    return client.run(CreateNode{path, std::move(data), kind});
  }

  std::unique_ptr<StoreWorld> world = make_store_world();
  testing::EventLoop loop;
  Client observer{loop, world->make_observer(loop)};
  Client client{loop, world->make_store(loop)};
};

}  // namespace chorale::coordination
