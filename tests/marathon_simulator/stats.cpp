#include "tests/marathon_simulator/stats.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "tests/marathon_simulator/clock.h"

namespace chorale::marathon_simulator {
namespace {

constexpr std::size_t kKeptChanges = 20'000;

}  // namespace

void Stats::record(const Change& change) {
  changes_.push_back({next_number_++, monotonic_ns(), change});
  if (changes_.size() > kKeptChanges) changes_.pop_front();
}

void Stats::reset() {
  requests_.clear();
  bytes_sent_ = 0;
  changes_.clear();
}

std::string Stats::json(std::size_t streams, std::uint64_t events, std::uint64_t slow_closed, std::size_t deployments,
                        std::uint64_t since) const {
  auto changes = nlohmann::json::array();
  for (const auto& entry : changes_) {
    if (entry.number <= since) continue;
    nlohmann::json change{{"number", entry.number}, {"monotonic_ns", entry.monotonic_ns}, {"what", entry.change.what}};
    if (!entry.change.app_id.empty()) change["app"] = entry.change.app_id;
    if (!entry.change.task_id.empty()) change["task"] = entry.change.task_id;
    if (!entry.change.state.empty()) change["state"] = entry.change.state;
    changes.push_back(std::move(change));
  }
  std::uint64_t total = 0;
  for (const auto& [kind, count] : requests_) total += count;
  const nlohmann::json stats{
      {"monotonic_ns", monotonic_ns()},     {"requests", requests_},      {"requests_total", total},
      {"bytes_sent", bytes_sent_},          {"streams_open", streams},    {"events_sent", events},
      {"streams_closed_slow", slow_closed}, {"deployments", deployments}, {"changes", std::move(changes)}};
  return stats.dump();
}

}  // namespace chorale::marathon_simulator
