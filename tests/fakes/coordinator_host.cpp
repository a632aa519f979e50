#include "tests/fakes/coordinator_host.h"

#include <utility>

#include "coordination/overloaded.h"

namespace chorale::coordination {

void CoordinatorHost::use(std::unique_ptr<Store> store) {
  store_ = std::move(store);
  store_->on_session([this](const SessionEvent& event) {
    unless_held([this, event] {
      connected_ = event.state == SessionState::kConnected;
      hears(event);
      step(SessionChanged{event});
    });
  });
  store_->on_watch([this](const WatchEvent& event) {
    if (!deaf) unless_held([this, event] { step(WatchFired{event}); });
  });
}

void CoordinatorHost::step(const Event& event) {
  if (dead_) return;
  for (const Effect& effect : coordinator_.step(now(), event)) {
    before_effect();
    if (dead_) return;
    std::visit([this](const auto& one) { perform(one); }, effect);
  }
}

void CoordinatorHost::perform(const StoreEffect& effect) {
  std::visit(Overloaded{
                 [this](const OpenHandle& open) {
                   connected_ = false;
                   store_->open(open.generation);
                   session_ = ensemble_.sessions().back();
                   opened();
                 },
                 [this](const CloseHandle&) {
                   connected_ = false;
                   store_->close();
                 },
                 [this](const SendRequest& request) { send(request); },
             },
             effect);
}

void CoordinatorHost::execute(const SendRequest& request, std::function<void(Outcome&)> look) {
  store_->execute(request.operation, [this, number = request.request, look = std::move(look)](Outcome outcome) {
    unless_held([this, number, look, outcome = std::move(outcome)]() mutable {
      look(outcome);
      step(StoreReplied{number, std::move(outcome)});
    });
  });
}

void CoordinatorHost::hear_answer(std::uint64_t request, Outcome outcome) {
  unless_held([this, request, outcome = std::move(outcome)] { step(StoreReplied{request, outcome}); });
}

void CoordinatorHost::unless_held(std::function<void()> action) {
  if (dead_) return;
  if (holding_) {
    held_.push_back(std::move(action));
  } else {
    action();
  }
}

void CoordinatorHost::release() {
  holding_ = false;
  while (!held_.empty() && !holding_ && !dead_) {
    const auto next = std::move(held_.front());
    held_.pop_front();
    next();
  }
}

}  // namespace chorale::coordination
