#include "simulation.h"

#include "faults.h"
#include "world.h"

namespace chorale::coordination::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLook{500};
// The sum of the waits that may follow each other: up to three session timeouts until a handle is replaced, one
// until a lost state is created again, the longest back-off, the pause after a refusal, one more retry.
constexpr seconds kSettleLimit{180};
constexpr int kPassesUntilClean = 5;
constexpr seconds kQuiet{12};  // longer than the interval at which everything is read again

// Settled is what stays so: a new leadership may look finished for a moment before its first offer.
template <typename Missing>
void settle(World& world, Result& result, Missing missing_now) {
  const TimePoint began = world.schedule.now();
  TimePoint quiet_since = began;
  std::int64_t changes = world.invariants.state_changes();
  while (!world.invariants.failure() && world.schedule.now() - quiet_since < kQuiet) {
    world.run_until(world.schedule.now() + kLook);
    const auto missing = missing_now();
    if (!missing && world.invariants.state_changes() == changes) continue;
    changes = world.invariants.state_changes();
    quiet_since = world.schedule.now();
    if (quiet_since - began >= kSettleLimit) {
      world.invariants.broken("I5: " + missing.value_or("the state is written though nothing changes"));
    }
  }
  result.to_settle = std::chrono::duration_cast<milliseconds>(quiet_since - began);
}

// An operator freezes the pool; Marathon goes on talking.
void hold(World& world, Result& result) {
  const TimePoint limit = world.schedule.now() + kSettleLimit;  // the tree may have to be made again first
  while (!world.hold("current") && world.schedule.now() < limit) world.run_until(world.schedule.now() + kLook);
  settle(world, result, [&world] { return world.unheld(); });
  for (int changes = 0; changes < 5 && !world.invariants.failure(); ++changes) {
    world.change_content();
    world.run_until(world.schedule.now() + seconds(2));
  }
  if (const auto missing = world.unheld()) world.invariants.broken("a hold ends by itself: " + *missing);
}

// What an operator deletes when nothing changes any more comes back by itself, and the state is not written for it.
void lose_content(World& world, Result& result) {
  const std::int64_t changes = world.invariants.state_changes();
  world.lose_content();
  settle(world, result, [&world] { return world.unsettled(); });
  if (world.invariants.state_changes() != changes) world.invariants.broken("I5: lost content costs a new revision");
}

// What the faults have left behind is gone after a few passes.
void collect(World& world) {
  for (int passes = 0; passes < kPassesUntilClean && !world.invariants.failure(); ++passes) {
    if (!world.invariants.uncollected(world.keep_revisions)) return;
    world.run_until(world.schedule.now() + world.collect_interval + kLook);
  }
  const auto left = world.invariants.uncollected(world.keep_revisions);
  if (left) world.invariants.broken("I7: " + *left);
}

}  // namespace

Result simulate(std::uint64_t seed, bool traced) {
  Result result;
  World world(seed, traced);
  Faults faults(world);
  world.run_until(world.schedule.now() + world.random.ms(15'000, 60'000));
  if (!world.invariants.failure()) {
    faults.stop();
    world.calm_down();
    if (world.random.percent(30)) hold(world, result);
    world.release();
    world.change_to_good_content();
    settle(world, result, [&world] { return world.unsettled(); });
    if (world.random.percent(50) && !world.invariants.failure()) lose_content(world, result);
    collect(world);
  }
  result.failure = world.invariants.failure();
  result.trace = world.trace.lines();
  result.state_changes = world.invariants.state_changes();
  result.commits = world.invariants.commits();
  return result;
}

}  // namespace chorale::coordination::simulation
