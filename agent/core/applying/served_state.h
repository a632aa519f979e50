// The served state: which master runs, which content its workers are known to serve, and the reload that changes it.
// Pure.
//
//        found(), doubt()           reload()                    proven
//   Settled -------> Doubtful(retry at) -------> Reloading(since) -------> Settled
//      ^                 ^   |                        |
//      `--- settle() ----+---'                        | refused, unproven: gives up until the retry; no master
//                        `----------------------------'
//
// Settled: nothing is to be found out. Doubtful: the file is Chorale's own, and its workers are not known to serve it.
// Part of Applier.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "agent/base/types.h"
#include "agent/core/applying/applier_events.h"
#include "agent/core/applying/config_content.h"
#include "agent/core/applying/nginx_status.h"
#include "agent/core/applying/target_file.h"

namespace chorale::agent {

class ServedState {
 public:
  [[nodiscard]] const std::optional<MasterProcess>& master() const { return master_; }
  [[nodiscard]] bool reloading() const { return std::holds_alternative<Reloading>(phase_); }
  [[nodiscard]] bool to_be_reloaded(TimePoint now) const;
  // The workers of the running master are known to serve the target.
  [[nodiscard]] bool serves(const TargetFile& target) const;
  // Some master was last known to serve this body.
  [[nodiscard]] bool served(const std::string& body) const { return served_ && served_->body == body; }

  // What an earlier life left.
  void found(const TargetFile& target, const std::optional<MasterProcess>& served_by);
  void on(const Inspected& event, const TargetFile& target, TimePoint now, ApplierEffects& effects);
  // A master that is young enough read the target when it started.
  void look_at_start(const TargetFile& target);

  // `shortest`: allowed in any case. More after reloads that took, or would have taken, longer.
  [[nodiscard]] Reload reload(TimePoint now, Milliseconds shortest);
  // Each reload leaves a set of old workers to its open connections: the more sets are left, the further apart.
  [[nodiscard]] Milliseconds spacing() const;
  [[nodiscard]] TimePoint next_reload_at() const { return reloaded_at_ ? *reloaded_at_ + spacing() : TimePoint(); }
  // The reload under way; nullopt: there is none.
  [[nodiscard]] std::optional<TimePoint> reloading_since() const;
  // When the reload under way is to have ended; telling Nginx of it takes no time where it is a signal.
  [[nodiscard]] std::optional<TimePoint> reload_due() const;
  // A reload that waits for its retry is tried now.
  void retry_at_once(TimePoint now);
  // False: given up, for the event's reason.
  [[nodiscard]] bool on(const ReloadFinished& event, const TargetFile& target, TimePoint now, TimePoint retry_at);
  // The target is another than before: workers that are not known to serve it are told again.
  void replaced(const TargetFile& target, TimePoint now);
  void settle() { phase_ = Settled(); }
  void forget() { served_.reset(); }

  void fill(NginxStatus& status) const;

 private:
  struct Settled {};
  struct Doubtful {
    TimePoint reload_at{};  // not before
  };
  struct Reloading {
    TimePoint since{};
  };
  struct Served {
    std::string body;
    MasterProcess master;
  };
  void doubt(bool doubtful, TimePoint reload_at);
  void log_spacing(ApplierEffects& effects);
  void log_master(const std::optional<MasterProcess>& before, TimePoint now, ApplierEffects& effects);

  std::variant<Settled, Doubtful, Reloading> phase_;
  std::optional<MasterProcess> master_;
  std::optional<Served> served_;  // the last proof; the master may be gone
  bool looked_ = false;
  std::optional<TimePoint> gone_since_;  // the master, as told
  std::string error_ = "not looked at yet";
  int workers_ = 0;
  int idle_looks_ = 0;  // in a row
  int old_workers_ = 0;
  std::uint64_t reloads_ = 0;
  std::uint64_t reload_failures_ = 0;
  Milliseconds last_apply_{0};
  Milliseconds given_{0};  // to the last reload
  // At least, as reloads that were too slow have shown. It stays: the old file that comes back after them is quicker.
  Milliseconds needed_{0};
  std::optional<TimePoint> reloaded_at_;
  Milliseconds logged_spacing_{0};
};

}  // namespace chorale::agent
