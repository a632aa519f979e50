// One run: a few agents, one ensemble, one Marathon, and what a seed does to them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "invariants.h"
#include "process.h"
#include "random.h"
#include "schedule.h"
#include "tests/fakes/fake_ensemble.h"
#include "trace.h"

namespace chorale::coordination::simulation {

inline constexpr std::chrono::milliseconds kSessionTimeout{10'000};  // what MemoryStore negotiates

// An operator with zkCli.
class Operator final : private MemoryClient {
 public:
  explicit Operator(std::shared_ptr<FakeEnsemble> ensemble) : ensemble_(std::move(ensemble)) {}
  Outcome operate(const Operation& operation);
  void delete_recursively(const Path& path);
  void delete_candidates(const Path& election, const std::string& id);

 private:
  void session_changed(SessionState /*state*/) override {}
  void watch_fired(const Path& /*path*/) override {}

  std::shared_ptr<FakeEnsemble> ensemble_;
};

class World {
 public:
  World(std::uint64_t seed, bool traced);

  // What happens to agents.
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
  // REQUIRES: the ensemble is down.
  void put_back(const MemoryNodes& nodes);
  // What an operator does to the tree.
  void meddle(const std::function<void(Operator&)>& hand);

  // An operator holds a revision, or releases what is held. False: there is no tree to write it to.
  bool hold(const std::string& what);
  void release();
  // nullopt: what is committed is held. Else what is missing.
  [[nodiscard]] std::optional<std::string> unheld();

  // What Marathon says.
  [[nodiscard]] std::vector<PublishedFile> content() const;
  void change_content();
  // Back to what consists of this chunk, if Marathon has ever said it.
  void change_to_content_of(const Path& chunk);
  // Every Nginx accepts this one.
  void change_to_good_content();
  [[nodiscard]] bool refuses(const Host& host, const std::vector<PublishedFile>& files) const;
  [[nodiscard]] std::string wall_clock() const;

  // Faults end: every agent runs, is connected and well.
  void calm_down();
  // An operator deletes what is published, while nothing else happens.
  void lose_content();
  // nullopt: one leader, every agent serves what Marathon says, and it stands in the tree. Else what is missing.
  [[nodiscard]] std::optional<std::string> unsettled();

  // Until `limit`, or an invariant breaks.
  void run_until(TimePoint limit);

  Schedule schedule;  // before everything that a pending action may refer to, and never run again when those are gone
  Random random;
  Trace trace;
  std::shared_ptr<FakeEnsemble> ensemble = std::make_shared<FakeEnsemble>();
  Invariants invariants{*ensemble};
  bool turbulent = true;
  bool available = true;
  bool spoils_watches = false;
  std::chrono::milliseconds stage_timeout{3'000};
  bool steady = false;  // few faults, many changes back and forth: much is collected
  int danger = 0;       // percent: how often something happens while a chunk is being deleted
  std::function<void(const Path& chunk)> when_collecting;
  std::chrono::milliseconds longest_delay{5'000};  // of a request or a reply
  int keep_revisions = 1;
  std::chrono::milliseconds collect_interval{6'000};
  std::chrono::milliseconds wall_offset{0};
  std::vector<std::unique_ptr<Host>> hosts;

 private:
  [[nodiscard]] std::optional<std::string> unreadable(const Identity& identity) const;
  [[nodiscard]] std::optional<std::string> unserved(const Identity& wanted, const std::string& leader);

  Operator admin_{ensemble};
  std::string text_ = "v0";
  std::uint64_t versions_ = 0;
  std::int64_t actions_ = 0;
  std::vector<std::string> earlier_texts_;
  std::vector<std::unique_ptr<Process>> processes_;  // the dead included
};

}  // namespace chorale::coordination::simulation
