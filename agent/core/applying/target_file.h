// The target: what stands in the config file that Nginx reads, whether it may stay, and the copy to go back to. Pure.
//
//   its content:                       .--------- restore() ---------.
//                                      v                             |
//     (found) --> kTrusted --install()--> kOnTrial --reject()--> kRejected
//                     ^                       |
//                     `------- trust() -------'                           kTrusted: the workers serve it, as far as
//                     known
//   its job:    Idle --> Installing | Restoring | Keeping --> Idle        one at a time
//   its drift:  Chorale's own file is not what stands there any more      from an inspection until it is as it was
//
// Part of Applier.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "agent/base/types.h"
#include "agent/core/applying/applier_events.h"
#include "agent/core/applying/config_content.h"
#include "coordination/types.h"

namespace chorale::agent {

class TargetFile {
 public:
  [[nodiscard]] const std::optional<FileContent>& content() const { return content_; }  // nullopt: there is no file
  [[nodiscard]] std::string body() const { return content_ ? content_->body : std::string(); }
  [[nodiscard]] std::int64_t installed_at_ms() const { return installed_at_ms_; }
  [[nodiscard]] bool own() const { return content_ && content_->identity; }
  [[nodiscard]] bool busy() const { return !std::holds_alternative<Idle>(job_); }
  [[nodiscard]] bool rejected() const { return standing_ == Standing::kRejected; }
  [[nodiscard]] bool drifted() const { return drift_.has_value(); }
  [[nodiscard]] bool to_be_repaired(TimePoint now) const { return drift_ && now >= drift_->repair_at; }
  [[nodiscard]] bool has_proven_copy() const { return proven_ && proven_->content == content_; }
  [[nodiscard]] bool holds(const coordination::Identity& identity) const {
    return config_ && config_->identity == identity;
  }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

  // The master that is known to serve the content since an earlier life.
  std::optional<MasterProcess> on(const FilesFound& event);
  // Seen by an inspection after the last job.
  void look(const Inspected& event, TimePoint now, ApplierEffects& effects);

  // Jobs; only while none runs on the files.
  [[nodiscard]] InstallStage install(const PublishedConfig& config, const std::string& body);
  void on(const StageInstalled& event, ApplierEffects& effects);
  [[nodiscard]] RestoreProven restore();
  // The committed config that the target held till now and holds no longer.
  std::optional<PublishedConfig> on(const ProvenRestored& event, TimePoint retry_at, ApplierEffects& effects);
  // nullopt: the copy is the same, written down for the same master; or it is too early for another try.
  [[nodiscard]] std::optional<KeepProven> keep(const MasterProcess& master, TimePoint now);
  void on(const ProvenKept& event, TimePoint retry_at, ApplierEffects& effects);

  void trust() { standing_ = Standing::kTrusted; }
  // Only a file that was never seen served is taken back: a later start of Nginx must find one that works.
  void reject();
  void adopt(const PublishedConfig& config) { config_ = config; }  // it was found to be its content already
  std::optional<PublishedConfig> forget_config();                  // it is no longer known to be its content

 private:
  enum class Standing { kTrusted, kOnTrial, kRejected };
  struct Proven {
    FileContent content;
    std::optional<MasterProcess> by;  // who was written down as serving it
    bool operator==(const Proven&) const = default;
  };
  struct Idle {};
  struct Installing {
    FileContent content;
    std::optional<PublishedConfig> config;  // nullopt: local values changed since
  };
  struct Restoring {};
  struct Keeping {
    Proven proven;
  };
  struct Drift {
    std::optional<FileContent> found;  // nullopt: the file is gone
    TimePoint repair_at{};
  };

  std::optional<FileContent> content_;  // as last written; a foreign one as last seen
  std::int64_t installed_at_ms_ = kInstalledUnknown;
  Standing standing_ = Standing::kOnTrial;
  std::optional<PublishedConfig> config_;  // what it was made from, if known in this life
  std::optional<Proven> proven_;           // the copy
  TimePoint keep_at_{};
  std::variant<Idle, Installing, Restoring, Keeping> job_;
  std::optional<Drift> drift_;
  std::string trouble_;
};

}  // namespace chorale::agent
