// What goes wrong, at random: once every while something happens to an agent, the network, the ensemble or the tree.
#pragma once

#include <cstdint>
#include <vector>

#include "world.h"

namespace chorale::coordination::simulation {

class Faults {
 public:
  // REQUIRES: outlives every run of `world`'s schedule.
  explicit Faults(World& world);

  void stop() { stopped_ = true; }

 private:
  void schedule_next();
  void schedule_change();
  void schedule_hold();
  void happen();
  void disturb_collecting(const Path& chunk);

  void cut_connection(Process& process);
  void expire_session(Process& process);
  void lose_replies(Process& process);
  void kill(Process& process);
  void hand_over(Process& process);
  void hang(Process& process);     // its loop stands still, its connection lives
  void suspend(Process& process);  // all of it stands still, for longer than its session may last
  void overthrow(bool roughly);    // the leader hangs, and meanwhile its place or the state itself is taken away
  void ail(Process& process);
  void take_ensemble_down();
  void meddle_with_the_tree();
  void damage_a_chunk();
  void strike();
  void wipe();
  void restore_a_backup();
  void put_a_backup_back();
  void step_wall_clock();
  void hold_or_release();
  void thaw_later(Process& process, Duration duration);

  World& world_;
  bool stopped_ = false;
  bool with_disasters_;
  std::int64_t mean_pause_ms_;
  std::vector<MemoryNodes> backups_;
};

}  // namespace chorale::coordination::simulation
