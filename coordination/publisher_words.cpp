// Of the publisher: what people are told. Who refuses what, and why a change waits.
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "coordination/log_line.h"
#include "coordination/publisher.h"

namespace chorale::coordination {
namespace {

constexpr std::size_t kMostNamed = 3;

}  // namespace

// Once for what an agent says, however often it is asked again; what this one refuses, it says itself.
void Publisher::tell_refusal(const std::string& id, const Vote& vote) {
  if (id == context_.options.id) return;
  const auto concerns = [&vote](const Content& content) {
    return content.manifest && content.manifest->header.identity == vote.identity;
  };
  if (!concerns(content_) && !concerns(committed_content_)) return;
  if (vote.result == VoteResult::kAck) {
    refusals_told_.erase(id);
    return;
  }
  const bool refused = vote.result == VoteResult::kNack;
  const std::string what = (refused ? " is refused by " : " cannot be tested by ") + id + ": " + vote.error;
  if (refusals_told_[id].is_news(what)) context_.log(LogLine::Level::kWarning, to_text(vote.identity) + what);
}

void Publisher::add_to_withdrawn(const std::string& id, const Vote& vote) {
  if (!refused_ || vote.identity != refused_->identity || vote.result != VoteResult::kNack) return;
  if (refused_->by.emplace(id, vote.error).second) blockage_.fail(refusal_text());
}

// "a: nginx: [emerg] no", "refused by a, b, c and 2 more; b says: ...": this agent's words first.
std::string Publisher::refusal_text() const {
  const auto own = refused_->by.find(context_.options.id);
  const auto& [first, error] = own == refused_->by.end() ? *refused_->by.begin() : *own;
  const std::string words = ": " + error;
  if (refused_->by.size() == 1) return first + words;
  std::string names;
  std::size_t named = 0;
  for (const auto& [id, why] : refused_->by) {
    if (named == kMostNamed) break;
    names += (named++ == 0 ? "" : ", ") + id;
  }
  if (refused_->by.size() > named) names += " and " + std::to_string(refused_->by.size() - named) + " more";
  return "refused by " + names + "; " + first + " says" + words;
}

void Publisher::show_blocked() {
  auto blocked = blockage_.since() ? blockage_.show(context_.now, waiting_for()) : std::nullopt;
  if (blocked && !blocked_) {
    context_.log_news(LogLine::Level::kWarning,
                      "blocked: a change waits to be committed since " + blocked->since + ": " + blocked->reason);
  } else if (!blocked && blocked_) {
    context_.log_news(LogLine::Level::kInfo, "no longer blocked, as it was since " + blocked_->since);
  }
  blocked_ = std::move(blocked);
}

// For people: why the newest offer is not committed yet.
std::string Publisher::waiting_for() const {
  switch (state_) {
    case State::kIdle:
      return context_.link.connected ? "it waits to be proposed" : "ZooKeeper is not connected";
    case State::kUploading:
      return "it is being stored";
    case State::kProposing:
    case State::kCommitting:
    case State::kWithdrawing:
      return "the state is being written";
    case State::kVoting:
      break;
  }
  std::string agents;
  const auto add = [this, &agents](const std::string& id) {
    if (votes_.count(id) == 0) agents += (agents.empty() ? "" : ", ") + id;
  };
  add(context_.options.id);
  for (const std::string& id : electors_.electors(votes_)) {
    if (id != context_.options.id) add(id);
  }
  return "it waits for the answer of " + agents;
}

}  // namespace chorale::coordination
