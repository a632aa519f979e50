// Says what this proxy serves now: one line for each revision that was applied. Loop thread only.
//
// What a revision changes is known a moment later, when its routes were read beside those of before (LastRoutes): its
// line waits for that. Where a newer revision has overtaken it there, or the agent ends, its line says what is known.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/log.h"
#include "agent/core/serving_line.h"
#include "coordination/coordinator.h"

namespace chorale::agent {

class ServingLog {
 public:
  using Write = std::function<void(const std::string& text, const LogFacts& facts)>;

  // `shadow_file`: what an observer writes; empty: Nginx serves.
  ServingLog(std::string shadow_file, Write write) : shadow_file_(std::move(shadow_file)), write_(std::move(write)) {}

  // What was kept of what was served before the start: how much it is.
  void kept(std::int64_t apps, std::int64_t servers);
  // It is committed, and handed over to be applied.
  void wanted(const coordination::Identity& identity, std::shared_ptr<const coordination::Manifest> manifest);
  // `compared`: difference_known() will follow. `reloads`: how many were proven so far; the same revision is said again
  // after another reload alone.
  void applied(const coordination::RevisionApplied& done, bool compared, std::uint64_t reloads);
  // `difference`: to what was served before; nullopt: it cannot be known.
  void difference_known(const coordination::Identity& identity, const std::optional<std::string>& difference);
  // What still waits is written as it is.
  void flush();

 private:
  struct Line {
    ServedRevision served;
    LogFacts facts;
  };
  void write(const Line& line) const;

  std::string shadow_file_;
  Write write_;
  struct Wanted {
    coordination::Identity identity;
    std::shared_ptr<const coordination::Manifest> manifest;
  };
  // What is being applied may be replaced meanwhile, more than once.
  static constexpr std::size_t kMostWanted = 8;
  [[nodiscard]] const coordination::Manifest* manifest_of(const coordination::Identity& identity) const;

  std::deque<Wanted> wanted_;  // the newest last
  LogFacts kept_;
  std::optional<coordination::Identity> before_start_;  // what the file held
  std::optional<coordination::Identity> applied_;       // last
  std::uint64_t reloads_ = 0;                           // when it was
  std::deque<Line> waiting_;
};

}  // namespace chorale::agent
