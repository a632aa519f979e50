// A store with a notebook: everything that it says, in the order in which it says it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordination/store.h"
#include "tests/harness/event_loop.h"

namespace chorale::coordination {

class Client {
 public:
  Client(testing::EventLoop& loop, std::unique_ptr<Store> store) : loop_(loop), store_(std::move(store)) {
    store_->on_session([this](const SessionEvent& event) {
      sessions_.push_back(event);
      notes_.push_back("session");
    });
    store_->on_watch([this](const WatchEvent& event) {
      watches_.push_back(event);
      notes_.push_back("watch " + event.path.text());
    });
  }

  // True once it is connected.
  [[nodiscard]] bool open(Generation generation = Generation{1}) {
    store_->open(generation);
    return loop_.run_until([&] {
      return !sessions_.empty() && sessions_.back().generation == generation &&
             sessions_.back().state == SessionState::kConnected;
    });
  }

  // Waits for the newest session event to be of this state.
  [[nodiscard]] bool wait_for(SessionState state) {
    return loop_.run_until([&] { return !sessions_.empty() && sessions_.back().state == state; });
  }

  // Waits until `count` watch events have come for `path`.
  [[nodiscard]] bool wait_for_watch(const Path& path, std::ptrdiff_t count = 1) {
    return loop_.run_until([&] { return watch_count(path) >= count; });
  }

  [[nodiscard]] std::ptrdiff_t watch_count(const Path& path) const {
    return std::count_if(watches_.begin(), watches_.end(), [&](const auto& event) { return event.path == path; });
  }

  // Sends without waiting; notes "reply <name>".
  void send(Operation operation, std::string name, std::shared_ptr<Outcome> into = nullptr) {
    store_->execute(std::move(operation), [this, name = std::move(name), into = std::move(into)](Outcome outcome) {
      notes_.push_back("reply " + name);
      if (into) *into = std::move(outcome);
    });
  }

  // Sends and waits. An answer that never comes is an error of kind kClosing with the text "no answer".
  [[nodiscard]] Outcome run(Operation operation) {
    auto outcome = std::make_shared<Outcome>(tl::unexpected(Error{ErrorKind::kClosing, "no answer"}));
    const auto name = "#" + std::to_string(++runs_);
    send(std::move(operation), name, outcome);
    if (!loop_.run_until([&] { return noted("reply " + name); })) return *outcome;
    return *outcome;
  }

  [[nodiscard]] bool noted(const std::string& note) const {
    return std::find(notes_.begin(), notes_.end(), note) != notes_.end();
  }

  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] SessionId session() const { return sessions_.back().session; }
  [[nodiscard]] const std::vector<SessionEvent>& sessions() const { return sessions_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  testing::EventLoop& loop_;
  std::vector<SessionEvent> sessions_;
  std::vector<WatchEvent> watches_;
  std::vector<std::string> notes_;
  int runs_ = 0;
  std::unique_ptr<Store> store_;  // last: what it posts while it ends finds the rest
};

// The answer of this kind, or nullptr for an error or another answer.
template <typename Kind>
[[nodiscard]] const Kind* answer(const Outcome& outcome) {
  return outcome ? std::get_if<Kind>(&*outcome) : nullptr;
}

[[nodiscard]] inline bool failed_as(const Outcome& outcome, ErrorKind kind) {
  return !outcome && outcome.error().kind == kind;
}

}  // namespace chorale::coordination
