// What an operator with zkCli sees and does: one client of a real ZooKeeper, one operation after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordination/store.h"
#include "tests/harness/event_loop.h"

namespace chorale::testing {

class ZookeeperTree {
 public:
  // `servers`: "127.0.0.1:2181".
  explicit ZookeeperTree(const std::string& servers);
  ~ZookeeperTree();

  // kConnectionLoss if the server does not answer within kPatience.
  coordination::Outcome operate(const coordination::Operation& operation);
  // Empty: there is none, or it has no children.
  [[nodiscard]] std::vector<std::string> list(const std::string& path);
  [[nodiscard]] std::optional<std::string> read(const std::string& path);
  bool create(const std::string& path, std::string data);
  bool write(const std::string& path, std::string data);
  bool remove(const std::string& path);

  struct Size {
    std::int64_t znodes = 0;
    std::int64_t bytes = 0;  // of their data
  };
  // Of `path` and all below it.
  [[nodiscard]] Size size(const std::string& path);

 private:
  EventLoop loop_;
  std::unique_ptr<coordination::Store> store_;
  bool connected_ = false;
};

}  // namespace chorale::testing
