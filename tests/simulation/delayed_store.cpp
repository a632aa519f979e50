#include "delayed_store.h"

#include <algorithm>
#include <utility>

namespace chorale::coordination::simulation {

DelayedStore::DelayedStore(std::unique_ptr<Store> inner, Surroundings surroundings)
    : inner_(std::move(inner)), around_(std::move(surroundings)) {
  inner_->on_session([this](const SessionEvent& event) { notify_session(event); });
  inner_->on_watch([this](const WatchEvent& event) { on_inner_watch(event); });
}

void DelayedStore::open(Generation generation) {
  fail_all(ErrorKind::kClosing);
  inner_->open(generation);
}

void DelayedStore::close() {
  fail_all(ErrorKind::kClosing);
  inner_->close();
}

void DelayedStore::execute(Operation operation, Completion completion) {
  const std::uint64_t number = ++last_number_;
  last_arrival_ = std::max(last_arrival_, around_.schedule.now() + around_.delay(operation));
  under_way_.emplace(number, Request{std::move(operation), std::move(completion)});
  around_.schedule.at(last_arrival_, [this, number] { arrive(number); });
}

void DelayedStore::arrive(std::uint64_t number) {
  auto request = under_way_.extract(number);
  if (request.empty()) return;
  const Operation operation = request.mapped().operation;
  inner_->execute(std::move(request.mapped().operation), std::move(request.mapped().completion));
  around_.after_arrival(operation);
}

void DelayedStore::deliver_some() {
  for (std::size_t left = around_.random.below(under_way_.size() + 1); left > 0 && !under_way_.empty(); --left) {
    arrive(under_way_.begin()->first);
  }
}

void DelayedStore::lose_rest() { fail_all(ErrorKind::kConnectionLoss); }

void DelayedStore::fail_all(ErrorKind kind) {
  for (auto& [number, request] : std::exchange(under_way_, {})) {
    around_.post([completion = std::move(request.completion), kind] {
      completion(tl::unexpected(Error{kind, "the request never arrived"}));
    });
  }
}

// Late, doubled, or not at all: ZooKeeper promises better, but nothing may rest on it, since everything that is watched
// is also read again on a timer.
void DelayedStore::on_inner_watch(const WatchEvent& event) {
  if (!around_.spoils_watches()) return notify_watch(event);
  if (around_.random.percent(50)) notify_watch(event);
  if (around_.random.percent(20)) return;
  around_.schedule.after(around_.random.ms(0, 3'000), [this, event] { notify_watch(event); });
}

}  // namespace chorale::coordination::simulation
