// Many seeds, each a story of faults; every promise of coordination/README.md checked at every step. See README.md.
#include "simulation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

namespace chorale::coordination::simulation {
namespace {

constexpr std::uint64_t kSeeds = 300;
constexpr std::size_t kTraceLines = 60;
// A slow build (a sanitizer's) runs as many seeds as fit, and says how many.
constexpr std::chrono::seconds kBudget{40};

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

std::string last_of(const std::vector<std::string>& lines, std::size_t limit) {
  std::string text;
  for (std::size_t line = lines.size() > limit ? lines.size() - limit : 0; line < lines.size(); ++line) {
    text += lines[line] + "\n";
  }
  return text;
}

// The trace costs more than the run, so it is written only once it is wanted.
void explain(std::uint64_t seed, const std::string& failure) {
  const Result again = simulate(seed, true);
  ADD_FAILURE() << failure << "\nSIMULATION_SEED=" << seed << " shows it again. The last of its trace:\n"
                << last_of(again.trace, number_from("SIMULATION_TRACE").value_or(kTraceLines));
  EXPECT_EQ(again.failure, failure) << "the run is not deterministic";
}

TEST(SimulationTest, InvariantsHoldWhateverHappens) {
  const auto one = number_from("SIMULATION_SEED");
  const std::uint64_t first = one.value_or(1);
  const std::uint64_t count = one ? 1 : number_from("SIMULATION_SEEDS").value_or(kSeeds);
  const bool whatever_it_takes = one || number_from("SIMULATION_SEEDS");
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t ran = 0;
  std::int64_t changes = 0;
  std::int64_t commits = 0;
  std::chrono::milliseconds longest{0};
  for (; ran < count; ++ran) {
    if (!whatever_it_takes && std::chrono::steady_clock::now() - began > kBudget) break;
    const Result result = simulate(first + ran, false);
    changes += result.state_changes;
    commits += result.commits;
    longest = std::max(longest, result.to_settle);
    if (!result.failure) continue;
    explain(first + ran, *result.failure);
    break;
  }
  std::cout << ran << " seeds, " << changes << " writes of the state, " << commits << " commits, at most "
            << longest.count() << " ms until all was settled\n";
  EXPECT_GT(commits, static_cast<std::int64_t>(ran)) << "nothing was ever committed: this tests nothing";
}

TEST(SimulationTest, TheSameSeedIsTheSameRun) {
  const Result once = simulate(7, true);
  const Result twice = simulate(7, true);
  EXPECT_GT(once.trace.size(), 100U);
  EXPECT_EQ(once.trace, twice.trace);
  EXPECT_NE(simulate(8, true).trace, once.trace);
}

}  // namespace
}  // namespace chorale::coordination::simulation
