// The config file that Nginx reads, and what is kept of it. Blocking; worker pool only (or before the loop runs).
//
//   <dir>/<name>                    the target: always whole, always one that Nginx accepted
//   <dir>/.<name>.chorale-stage     the candidate. Beside the target, since relative includes start from its directory
//   <dir>/.<name>.chorale-trial     a text that is tried by itself, while the candidate goes its way
//   <dir>/<name>.before-chorale     the file that stood there before Chorale
//   <dir>/<name>.drift-<n>          what others wrote there since; the last ten
//   <state_dir>/nginx.conf.proven   the copy of the last file that Nginx was proven to serve; it may hold local secrets
//   <state_dir>/nginx.conf.published     what the target was made from, before local values were filled in; .before: what
//                                        that was before the last install
//   <state_dir>/{proven,installed}.record
//   <state_dir>/reload_on.record         the watched files as the last proven reload has read them
// Where the target is only included by the user's own main config, nothing that stays is kept in its directory, from
// which that may include all files: all of the above but the hidden drafts is in
// <state_dir>/included/<the target's path>/, and so belongs to this target alone.
// Where the target is a link, the file that it points to is replaced, and the link stays. What holds values of [local]
// is readable by its owner and its group at most.
// It keeps no state in memory: every call reads the disk again, so that it can be killed between any two.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/atomic_file.h"
#include "agent/core/applying/applier_events.h"
#include "agent/nginx/config_text.h"
#include "agent/nginx/main_config.h"
#include "agent/nginx/proof_page.h"
#include "coordination/chunks.h"

namespace chorale::agent {

// What the names of an agent's own files end with, on every proxy.
inline constexpr std::string_view kStageSuffix = ".chorale-stage";
inline constexpr std::string_view kTrialSuffix = ".chorale-trial";
inline constexpr std::string_view kBeforeSuffix = ".before-chorale";

// The target as it was read.
struct ConfigView {
  FileContent content;
  MainDirectives directives;
  FileSignature signature;
  std::optional<ProofPage> proof_page{};
  std::optional<FileSignature> main_signature{};  // of the file that includes it
};

// The nginx.conf of a published revision; nullopt: it has none.
[[nodiscard]] std::optional<PublishedConfig> config_among(const coordination::Identity& identity,
                                                          const std::vector<coordination::PublishedFile>& files);

class ConfigFile {
 public:
  // `main`: the file that includes the target; empty: it is the whole configuration.
  ConfigFile(std::string target, const std::string& state_dir, std::string main = {});

  [[nodiscard]] const std::string& target() const { return target_; }
  [[nodiscard]] const std::string& stage() const { return stage_; }
  [[nodiscard]] const std::string& trial() const { return trial_; }
  // What Nginx reads first: the target, or what includes it.
  [[nodiscard]] const std::string& main() const { return main_.empty() ? target_ : main_; }
  // Where a draft of the target stands in Nginx's configuration.
  [[nodiscard]] DraftPlace place_of(const std::string& draft) const;
  // An included target that is not there is made, empty: what could not be proven is taken back by it.
  [[nodiscard]] Done prepare() const;

  // nullopt: there is no target.
  [[nodiscard]] tl::expected<std::optional<ConfigView>, Failure> view() const;
  [[nodiscard]] FilesFound find() const;
  void remove_leftovers() const;

  [[nodiscard]] StageWritten write_stage(const PublishedConfig& config,
                                         const std::map<std::string, std::string>& local_values) const;
  // Without an identity line: Nginx's line numbers are those of `text`.
  [[nodiscard]] Done write_trial(const std::string& text, const std::map<std::string, std::string>& local_values) const;
  void remove_trial() const;
  [[nodiscard]] StageInstalled install(const InstallStage& request) const;
  [[nodiscard]] ProvenRestored restore(const RestoreProven& request) const;
  [[nodiscard]] ProvenKept keep_proven(const KeepProven& request) const;
  [[nodiscard]] Done keep_loaded(const FileStamps& loaded) const;

 private:
  // Copies the target aside if it is foreign, or not what was expected; says where to.
  [[nodiscard]] tl::expected<std::vector<std::string>, Failure> keep_aside(
      const std::optional<ReadFile>& found, const std::optional<FileContent>& expected) const;
  [[nodiscard]] tl::expected<std::optional<std::string>, Failure> keep_drift(const ReadFile& file) const;
  [[nodiscard]] Done copy_to_proven(const ReadFile& file, const std::optional<MasterProcess>& master) const;
  [[nodiscard]] Done keep_published(const PublishedConfig& config, const std::optional<FileContent>& target) const;
  [[nodiscard]] std::optional<PublishedConfig> find_published(const std::optional<FileContent>& content) const;
  // The draft becomes the target; where that is a link, what it points to.
  [[nodiscard]] Done publish(const std::string& draft) const;
  // For the target: as it is, but nobody else may read what holds values of [local].
  [[nodiscard]] static Ownership ownership_for(const std::optional<ReadFile>& target, bool secret);
  [[nodiscard]] Done record_install(const FileContent& content, const std::optional<ReadFile>& before) const;

  std::string target_;
  std::string main_;
  std::string kept_;   // the directory for what is kept
  std::string aside_;  // what the names of files begin with that are kept aside
  std::string stage_;
  std::string trial_;
  std::string proven_;
  std::string published_;
  std::string published_before_;
  std::string proven_record_;
  std::string installed_record_;
  std::string loaded_record_;
};

}  // namespace chorale::agent
