// A pool in which much is to be collected: what the collector's tests begin with.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "coordination/digest.h"
#include "pool.h"

namespace chorale::coordination {

inline const std::string kChunkDirectory = "/chorale/chunks";
inline const std::string kRevisions = "/chorale/revisions";

[[nodiscard]] inline bool is_delete_below(const Operation& operation, std::string_view directory) {
  const auto* deletion = std::get_if<DeleteNode>(&operation);
  return deletion != nullptr && deletion->path.text().starts_with(directory);
}

// a leads; three revisions are kept, and a pass is made every minute.
class CollectorTest : public testing::Test {
 protected:
  explicit CollectorTest(int keep = 3) {
    cluster_.defaults.keep_revisions = keep;
    cluster_.defaults.collect_interval = std::chrono::minutes(1);
    for (const char* id : {"a", "b"}) {
      cluster_.add(id).start();
      cluster_.advance(std::chrono::seconds(1));
    }
    a_ = cluster_.agents[0].get();
    b_ = cluster_.agents[1].get();
  }

  void publish(TestAgent& leader, const std::string& text) {
    leader.offer(text);
    cluster_.settle();
    ASSERT_TRUE(cluster_.state().committed);
    ASSERT_EQ(cluster_.state().committed->cause, text);
  }
  void publish(int count) {
    for (int number = 1; number <= count; ++number) publish(*a_, "text " + std::to_string(number));
  }
  // Long enough for two passes, whenever they began.
  void collect() { cluster_.advance(std::chrono::minutes(3)); }
  std::vector<std::string> revisions() { return cluster_.list(kRevisions); }
  std::vector<std::string> chunks() { return cluster_.list(kChunkDirectory); }
  std::string conf_chunk(const std::string& text) { return chunk_name("conf " + text + "\n"); }
  bool has_chunk(const std::string& text) {
    return cluster_.read(kChunkDirectory + "/" + conf_chunk(text)).has_value();
  }
  void create(const std::string& path, std::string data = {}) {
    ASSERT_TRUE(cluster_.operate(CreateNode{Path(path), std::move(data)})) << path;
  }
  std::ptrdiff_t deletions(const TestAgent& agent, std::string_view directory = "/chorale") {
    return std::count_if(agent.sent.begin(), agent.sent.end(),
                         [directory](const Operation& operation) { return is_delete_below(operation, directory); });
  }

  CoordinatorCluster cluster_;
  TestAgent* a_ = nullptr;
  TestAgent* b_ = nullptr;
};

}  // namespace chorale::coordination
