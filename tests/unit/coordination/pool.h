// Where most protocol tests begin: a leads, the others follow, and nothing is under way. And what an agent asks for.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {

inline const std::string kState = "/chorale/state";

[[nodiscard]] inline Identity identity(std::int64_t epoch, std::int64_t revision) {
  return Identity{Epoch{epoch}, Revision{revision}, std::string(64, 'e')};
}

template <class Op>
[[nodiscard]] bool asks(const Operation& operation, std::string_view path) {
  const auto* asked = std::get_if<Op>(&operation);
  return asked != nullptr && asked->path.text() == path;
}

template <class Op>
[[nodiscard]] std::ptrdiff_t times_asked(const TestAgent& agent, std::string_view path) {
  return std::count_if(agent.sent.begin(), agent.sent.end(),
                       [path](const Operation& operation) { return asks<Op>(operation, path); });
}

// For TestAgent::refuse: operations of this kind on `path` get `kind` for an answer, the first `times` of them.
template <class Op>
[[nodiscard]] std::function<std::optional<ErrorKind>(const Operation&)> refusing(std::string path, ErrorKind kind,
                                                                                 int times = 1'000'000) {
  return [path = std::move(path), kind, times](const Operation& operation) mutable -> std::optional<ErrorKind> {
    if (!asks<Op>(operation, path) || times-- <= 0) return std::nullopt;
    return kind;
  };
}

[[nodiscard]] inline bool is_state_write(const Operation& operation) { return asks<WriteNode>(operation, kState); }

[[nodiscard]] inline bool is_create_below(const Operation& operation, std::string_view directory) {
  const auto* create = std::get_if<CreateNode>(&operation);
  return create != nullptr && create->path.text().starts_with(directory);
}

[[nodiscard]] inline std::ptrdiff_t created_below(const TestAgent& agent, std::string_view directory) {
  return std::count_if(agent.sent.begin(), agent.sent.end(),
                       [directory](const Operation& operation) { return is_create_below(operation, directory); });
}

// One file of about `chunks` chunks, every line another.
inline void offer_big(TestAgent& agent, int chunks) {
  std::string text;
  for (int i = 0; std::ssize(text) < chunks * 16 * 1024; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  StateOffered offered;
  offered.offer = 100;
  offered.content = described({{"nginx.conf", std::make_shared<const std::string>(std::move(text)), {}}});
  agent.step(offered);
}

class PoolTest : public testing::Test {
 protected:
  explicit PoolTest(std::initializer_list<const char*> ids = {"a", "b"}) {
    for (const char* id : ids) {
      pool_.push_back(&cluster_.add(id));
      pool_.back()->start();
      cluster_.advance(std::chrono::seconds(1));
    }
  }

  // In the order of the ids, dead or alive.
  [[nodiscard]] TestAgent& agent(std::size_t index) { return *pool_[index]; }
  [[nodiscard]] TestAgent& a() { return agent(0); }
  [[nodiscard]] TestAgent& b() { return agent(1); }

  void create(const std::string& path, std::string data = {}) {
    ASSERT_TRUE(cluster_.operate(CreateNode{Path(path), std::move(data)})) << path;
  }
  void write(const std::string& path, std::string data) {
    ASSERT_TRUE(cluster_.operate(WriteNode{Path(path), std::move(data), kAnyVersion})) << path;
  }
  void remove(const std::string& path) { ASSERT_TRUE(cluster_.operate(DeleteNode{Path(path), kAnyVersion})) << path; }

  // `agent` asks for `path` not before `delay` has passed, and then once. What was asked so far is forgotten.
  template <class Op>
  void expect_asked_after(TestAgent& agent, const std::string& path, std::chrono::milliseconds delay) {
    agent.sent.clear();
    cluster_.advance(delay - std::chrono::milliseconds(100));
    EXPECT_EQ(times_asked<Op>(agent, path), 0) << path << " was asked for too early";
    cluster_.advance(std::chrono::milliseconds(100));
    EXPECT_EQ(times_asked<Op>(agent, path), 1) << path;
  }

  CoordinatorCluster cluster_;

 private:
  std::vector<TestAgent*> pool_;
};

}  // namespace chorale::coordination
