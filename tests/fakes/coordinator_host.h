// A Coordinator on a Store of a FakeEnsemble, as the agent's CoordinationShell runs it: performs the effects for the
// store and hears what the store says. What stands in for the agent around it derives from this.
//
// It can die at any point, between two effects too, as kill -9 does: nothing more is done, and its session lives on
// until the servers expire it. It can be held, as a frozen process or a dead link would: what it would have heard
// meanwhile is heard afterwards.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "coordination/coordinator.h"
#include "coordination/store.h"
#include "tests/fakes/fake_ensemble.h"

namespace chorale::coordination {

class CoordinatorHost {
 public:
  CoordinatorHost(CoordinatorOptions options, FakeEnsemble& ensemble)
      : ensemble_(ensemble), coordinator_(std::move(options)) {}
  CoordinatorHost(const CoordinatorHost&) = delete;
  CoordinatorHost& operator=(const CoordinatorHost&) = delete;
  virtual ~CoordinatorHost() = default;

  bool deaf = false;  // no watch event reaches it

  void step(const Event& event);
  void die() { dead_ = true; }
  void hold() { holding_ = true; }
  void release();

  [[nodiscard]] bool dead() const { return dead_; }
  [[nodiscard]] bool held() const { return holding_; }
  [[nodiscard]] bool leading() const { return coordinator_.leading(); }
  [[nodiscard]] std::string describe() const { return to_text(coordinator_.describe()); }
  [[nodiscard]] SessionId session() const { return session_; }  // as the ensemble knows it
  [[nodiscard]] bool connected() const { return connected_; }   // as the coordinator was told

 protected:
  // Before anything else.
  void use(std::unique_ptr<Store> store);
  // By the destructor of what derives: a store posts to it, and asks it, until the store is gone.
  void end_store() { store_.reset(); }
  [[nodiscard]] Store& store() { return *store_; }
  // Now, or once it is released; never once it is dead.
  void unless_held(std::function<void()> action);

  [[nodiscard]] virtual TimePoint now() const = 0;
  virtual void perform(const AgentEffect& effect) = 0;
  // May die().
  virtual void before_effect() {}
  virtual void opened() {}
  virtual void hears(const SessionEvent& /*event*/) {}
  // execute() it, or hear_answer() for it later.
  virtual void send(const SendRequest& request) = 0;

  // By the store. `look` sees the outcome, and may change it, before the coordinator does.
  void execute(const SendRequest& request, std::function<void(Outcome&)> look);
  // As the store would.
  void hear_answer(std::uint64_t request, Outcome outcome);

 private:
  void perform(const StoreEffect& effect);

  FakeEnsemble& ensemble_;
  Coordinator coordinator_;
  std::unique_ptr<Store> store_;
  SessionId session_;
  bool connected_ = false;
  bool dead_ = false;
  bool holding_ = false;
  std::deque<std::function<void()>> held_;
};

}  // namespace chorale::coordination
