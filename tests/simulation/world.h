// One run: a few agents, one ensemble, one Marathon, and what a seed does to them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordination/memory_tree.h"
#include "invariants.h"
#include "process.h"
#include "random.h"
#include "schedule.h"
#include "trace.h"

namespace chorale::coordination::simulation {

inline constexpr std::chrono::milliseconds kSessionTimeout{10'000};  // what MemoryStore negotiates

// An operator with zkCli.
class Operator final : private MemoryClient {
 public:
  explicit Operator(std::shared_ptr<MemoryTree> tree) : tree_(std::move(tree)) {}
  Outcome operate(const Operation& operation);
  void delete_recursively(const Path& path);

 private:
  void session_changed(SessionState /*state*/) override {}
  void watch_fired(const Path& /*path*/) override {}

  std::shared_ptr<MemoryTree> tree_;
};

class World {
 public:
  World(std::uint64_t seed, bool traced);

  // ---- What happens to agents ----
  [[nodiscard]] Process* process_of(const Host& host);  // nullptr: none is running
  void start(Host& host);
  void kill(Process& process);
  // Cuts it off; the servers expire its session unless it is back in time.
  void disconnect(Process& process);
  void reconnect(Process& process);
  void expire(Process& process);
  void expire_unless_back(Process& process);
  void set_available(bool available);
  void restore(const MemoryNodes& nodes);

  // ---- What Marathon says ----
  [[nodiscard]] std::vector<PublishedFile> content() const;
  void change_content();
  // Nobody's Nginx has anything against this one.
  void change_to_good_content();
  [[nodiscard]] bool refuses(const Host& host, const std::vector<PublishedFile>& files) const;
  [[nodiscard]] std::string wall_clock() const;

  // Faults end: everybody runs, is connected and well.
  void calm_down();
  // Nothing more to be expected: one leader, and everybody serves what Marathon says. Else why not.
  [[nodiscard]] std::optional<std::string> unsettled();

  // Until `limit`, or an invariant breaks.
  void run_until(TimePoint limit);

  Schedule schedule;  // before everything that a pending action may refer to, and never run again when those are gone
  Random random;
  Trace trace;
  std::shared_ptr<MemoryTree> tree = make_tree();
  Invariants invariants{*tree};
  Operator admin{tree};
  bool turbulent = true;
  bool available = true;
  bool spoils_watches = false;
  std::chrono::milliseconds stage_timeout{3'000};
  std::chrono::milliseconds wall_offset{0};
  std::vector<std::unique_ptr<Host>> hosts;

 private:
  static std::shared_ptr<MemoryTree> make_tree() { return std::make_shared<MemoryTree>(); }

  std::string text_ = "v0";
  std::uint64_t versions_ = 0;
  std::int64_t actions_ = 0;
  std::vector<std::string> earlier_texts_;
  std::vector<std::unique_ptr<Process>> processes_;  // the dead included
};

}  // namespace chorale::coordination::simulation
