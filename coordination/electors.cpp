#include "coordination/electors.h"

#include <algorithm>

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kShortestWait{300};
constexpr int kMedians = 3;
constexpr std::size_t kProposalsKept = 64;  // a slow agent answers to one that is long committed

}  // namespace

void Electors::reset() {
  agents_.clear();
  voters_.clear();
  proposals_.clear();
}

void Electors::begin(const Identity& identity, const std::vector<std::string>& registered, TimePoint now) {
  voters_ = registered;
  keep(registered);
  deadline_ = now + limit();
  proposals_.push_back(Proposal{identity, now});
  if (proposals_.size() > kProposalsKept) proposals_.pop_front();
}

void Electors::keep(const std::vector<std::string>& registered) {
  std::erase_if(agents_, [&registered](const auto& entry) {
    return std::find(registered.begin(), registered.end(), entry.first) == registered.end();
  });
  for (const std::string& id : registered) agents_.try_emplace(id);
}

void Electors::answered(const std::string& id, const Identity& identity, TimePoint now) {
  const auto agent = agents_.find(id);
  if (agent == agents_.end() || agent->second.last == identity) return;
  const auto proposal = std::find_if(proposals_.begin(), proposals_.end(),
                                     [&identity](const Proposal& each) { return each.identity == identity; });
  if (proposal == proposals_.end()) return;
  agent->second = Agent{identity, now - proposal->at, false};
}

void Electors::close(const std::map<std::string, Vote>& votes) {
  for (auto& [id, agent] : agents_) {
    const bool voter = std::find(voters_.begin(), voters_.end(), id) != voters_.end();
    if (voter && votes.count(id) == 0) agent.silent = true;
  }
}

std::vector<std::string> Electors::electors(const std::map<std::string, Vote>& votes) const {
  std::vector<std::string> result;
  const Duration wait = limit();
  for (const std::string& id : voters_) {
    const auto agent = agents_.find(id);
    if (agent != agents_.end() && (votes.count(id) > 0 || !late(agent->second, wait))) result.push_back(id);
  }
  return result;
}

std::vector<std::string> Electors::late() const {
  std::vector<std::string> result;
  const Duration wait = limit();
  for (const auto& [id, agent] : agents_) {
    if (late(agent, wait)) result.push_back(id);
  }
  return result;
}

bool Electors::late(const Agent& agent, Duration wait) { return agent.silent || (agent.took && *agent.took > wait); }

// The lower median: of two agents the slow one must not set the pace.
Duration Electors::limit() const {
  std::vector<Duration> took;
  for (const auto& [id, agent] : agents_) {
    if (agent.took) took.push_back(*agent.took);
  }
  if (took.empty()) return stage_timeout_;
  const auto median = took.begin() + static_cast<std::ptrdiff_t>((took.size() - 1) / 2);
  std::nth_element(took.begin(), median, took.end());
  return std::min<Duration>(stage_timeout_, std::max<Duration>(kShortestWait, kMedians * *median));
}

}  // namespace chorale::coordination
