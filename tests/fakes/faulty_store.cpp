#include "tests/fakes/faulty_store.h"

#include <utility>

namespace chorale::coordination {

FaultyStore::FaultyStore(std::unique_ptr<Store> inner, std::function<void(std::function<void()>)> post)
    : post_(std::move(post)), inner_(std::move(inner)) {
  inner_->on_session([this](const SessionEvent& event) {
    if (!dropped_) notify_session(event);
  });
  inner_->on_watch([this](const WatchEvent& event) {
    if (!dropped_) notify_watch(event);
  });
}

FaultyStore::~FaultyStore() = default;

void FaultyStore::inject(Fault fault) { faults_.push_back(std::move(fault)); }

void FaultyStore::drop_session() {
  dropped_ = true;
  post_([this, alive = std::weak_ptr<bool>(alive_), generation = generation_] {
    if (alive.expired() || !dropped_ || generation != generation_) return;
    notify_session({generation, SessionState::kExpired, {}, {}});
  });
  inner_->close();
}

void FaultyStore::open(Generation generation) {
  generation_ = generation;
  dropped_ = false;
  inner_->open(generation);
}

void FaultyStore::close() {
  dropped_ = false;
  inner_->close();
}

void FaultyStore::execute(Operation operation, Completion completion) {
  ++operations_;
  if (dropped_) return fail_later(std::move(completion), {ErrorKind::kSessionExpired, "the session was dropped"});
  auto fault = meet(operation);
  if (!fault) return inner_->execute(std::move(operation), std::move(completion));
  ++faults_met_;
  if (fault->when == Fault::When::kBefore) return fail_later(std::move(completion), std::move(fault->error));
  inner_->execute(std::move(operation), [completion = std::move(completion), error = std::move(fault->error)](
                                            const Outcome&) { completion(tl::unexpected(error)); });
}

std::optional<Fault> FaultyStore::meet(const Operation& operation) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (fault->matches && !fault->matches(operation)) continue;
    if (fault->skip > 0) {
      --fault->skip;
      continue;
    }
    const Fault met = *fault;
    if (met.how_often == Fault::HowOften::kOnce) faults_.erase(fault);
    return met;
  }
  return std::nullopt;
}

void FaultyStore::fail_later(Completion completion, Error error) {
  post_([completion = std::move(completion), error = std::move(error)] { completion(tl::unexpected(error)); });
}

}  // namespace chorale::coordination
