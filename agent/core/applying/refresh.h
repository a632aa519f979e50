// A reload of the text that is in place, for what stands outside it: a renewed certificate, an included file. Pure.
//
//   Idle --command, or a watched file changed--> due --> Testing --accepted--> Tested --> Reloading --proven--> Idle
//                                                 ^         | refused                        | not proven
//                                                 `---------+-- files: at the retry ---------'
//
// A command is answered once, with how the first test or reload ended that began after it; the change of a file is
// tried until it is loaded. Every reload counts, whatever it is for. Part of Applier.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "agent/base/types.h"
#include "agent/core/applying/applier_events.h"

namespace chorale::agent {

class Refresh {
 public:
  // What an earlier life's Nginx had read; nullopt: unknown, what is seen first is taken for it.
  void found(std::optional<FileStamps> loaded) { loaded_ = std::move(loaded); }
  void ask() { ++asked_; }
  // A file counts as changed once two looks saw the same: it may still be written.
  void look(const FileStamps& seen, ApplierEffects& effects);

  [[nodiscard]] bool due(TimePoint now) const;
  [[nodiscard]] bool asked() const { return asked_ > 0; }
  [[nodiscard]] bool testing() const { return phase_ == Phase::kTesting; }
  [[nodiscard]] bool tested() const { return phase_ == Phase::kTested; }

  [[nodiscard]] TestCurrent test(ApplierEffects& effects);
  void on(const TestFinished& event, TimePoint retry_at, ApplierEffects& effects);
  void reload_began();
  void on(const ReloadFinished& event, TimePoint retry_at, ApplierEffects& effects);
  // It cannot even begin: answers the commands.
  void refuse(const std::string& reason, ApplierEffects& effects);

  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  enum class Phase { kIdle, kTesting, kTested };

  [[nodiscard]] bool changed() const { return stable_ && loaded_ && *loaded_ != seen_; }
  [[nodiscard]] std::string changed_files() const;
  void failed(const std::string& reason, TimePoint retry_at, ApplierEffects& effects);
  void answer(const std::optional<Failure>& failure, ApplierEffects& effects);

  Phase phase_ = Phase::kIdle;
  std::size_t asked_ = 0;      // commands that wait
  std::size_t answering_ = 0;  // commands whose test or reload has begun
  FileStamps seen_;
  bool looked_ = false;
  bool stable_ = false;
  std::optional<FileStamps> loaded_;   // by the workers that serve
  std::optional<FileStamps> loading_;  // by the reload under way
  TimePoint due_at_{};                 // for a changed file; not before
  std::string trouble_;
};

}  // namespace chorale::agent
