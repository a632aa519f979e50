// A Store that fails when it is told to: a decorator around any other. Loop thread only.
//
// A fault is one of two kinds, and both are what a network does: the operation never happened, or it happened and
// its sender was not told. What it lacks: delays (wrap `post` for those) and faults of watches.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>

#include "coordination/store.h"

namespace chorale::coordination {

struct Fault {
  enum class When {
    kBefore,  // the operation is not sent
    kAfter,   // it is sent and answered, and the answer is replaced by the error
  };
  enum class HowOften { kOnce, kForEver };

  When when = When::kBefore;
  HowOften how_often = HowOften::kOnce;
  Error error{ErrorKind::kConnectionLoss, "injected"};
  // Which operations: all if empty.
  std::function<bool(const Operation&)> matches = nullptr;
  // So many matching operations pass first.
  std::uint64_t skip = 0;
};

class FaultyStore final : public Store {
 public:
  // `post` as for MemoryStore: an error is reported later, never from inside execute().
  FaultyStore(std::unique_ptr<Store> inner, std::function<void(std::function<void()>)> post);
  ~FaultyStore() override;

  // The oldest fault that matches an operation is the one that it meets.
  void inject(Fault fault);
  // Takes all faults back.
  void heal() { faults_.clear(); }
  // Reports the session as expired and ends it for real, as if the server had: its ephemerals go, what is pending
  // fails. Nothing passes until the next open().
  void drop_session();

  [[nodiscard]] std::uint64_t operations() const { return operations_; }  // asked for, failed ones included
  [[nodiscard]] std::uint64_t faults_met() const { return faults_met_; }

  void open(Generation generation) override;
  void close() override;
  void execute(Operation operation, Completion completion) override;

 private:
  [[nodiscard]] std::optional<Fault> meet(const Operation& operation);
  void fail_later(Completion completion, Error error);

  std::function<void(std::function<void()>)> post_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::list<Fault> faults_;
  Generation generation_;
  bool dropped_ = false;
  std::uint64_t operations_ = 0;
  std::uint64_t faults_met_ = 0;
  std::unique_ptr<Store> inner_;
};

// For Fault::matches: operations of one type, e.g. only<WriteNode>().
template <typename Kind>
[[nodiscard]] std::function<bool(const Operation&)> only() {
  return [](const Operation& operation) { return std::holds_alternative<Kind>(operation); };
}

}  // namespace chorale::coordination
