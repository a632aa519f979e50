// What this proxy's Nginx gets to do next: stage, test, install, reload, prove, restore, repair. Pure.
//
//   StageWished --> WriteStage --> TestStage --> (refused: TestCurrent) --> AnswerStage(ack | nack | unable)
//   ApplyWished --> the same, unless that identity was staged --> InstallStage --> Reload --> proven: AnswerApplied
//                                                                                        `-> unproven: RestoreProven
//
// One job on the files at a time, at most one reload beside it. A newer wish replaces an older one that is not
// installed yet. Owned by nginx/LocalNginx, which performs the effects and posts every result back as an event.
// Ensures: only rising identities are installed, over restarts too; nothing is installed that Nginx was not seen to
// accept; "applied" is said only when the running workers are known to serve the installed content.
// What it is not: it touches no file, process or clock, and it does not know what stands in a config.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "agent/base/types.h"
#include "coordination/coordinator.h"
#include "coordination/types.h"

namespace chorale::agent {

// A config file in two parts. Nginx sees no difference between two files of equal body: the first line is a comment.
struct FileContent {
  std::optional<coordination::Identity> identity;  // from the first line; nullopt: Chorale did not write this file
  std::string body;                                // sha-256 of everything but that line
  bool operator==(const FileContent&) const = default;
};

// Which run of Nginx: the start time tells a re-used pid apart. Milliseconds since the host's boot.
struct MasterProcess {
  int pid = 0;
  std::int64_t started_ms = 0;
  bool operator==(const MasterProcess&) const = default;
};

// A published nginx.conf, before local values are filled in.
struct ConfigWish {
  coordination::Identity identity;
  std::shared_ptr<const std::string> text;
};

struct ApplierOptions {
  bool ignore_check = false;
  bool repair_drift = true;
  Milliseconds retry_interval{30'000};
  Milliseconds proof_floor{5'000};
};

// ---- Events
// ----------------------------------------------------------------------------------------------------------

struct FilesFound {                      // the first event: what an earlier life left on disk
  std::optional<FileContent> file;       // the target
  std::optional<FileContent> installed;  // what was last meant to be renamed onto it
  std::int64_t installed_at_ms = 0;      // since boot, or kInstalledBeforeBoot
  std::optional<FileContent> proven;     // the copy of the last proven file
  std::optional<MasterProcess> proven_by;
};
struct StageWished {
  ConfigWish wish;
};
struct ApplyWished {
  ConfigWish wish;
};
struct LocalValuesChanged {};
struct StageWritten {  // answer to WriteStage
  tl::expected<FileContent, Failure> content;
  bool unchanged = false;  // the target already holds exactly this; nothing was written
};
enum class TestResult {
  kAccepted,
  kRefused,  // Nginx itself said no
  kFailed,   // it could not be asked
};
struct TestFinished {  // answer to TestStage and TestCurrent
  TestResult result = TestResult::kFailed;
  std::string error;
  Milliseconds took{0};
};
struct StageInstalled {  // answer to InstallStage
  std::optional<Failure> failure;
  std::int64_t installed_at_ms = 0;
  bool kept_as_proven = false;         // asked for, and the target still was what was expected
  std::vector<std::string> kept = {};  // files that were kept aside
};
struct ProvenRestored {  // answer to RestoreProven
  tl::expected<FileContent, Failure> content;
  std::int64_t installed_at_ms = 0;
  std::vector<std::string> kept = {};
};
struct ProvenKept {  // answer to KeepProven
  std::optional<Failure> failure;
};
struct ReloadFinished {  // answer to Reload
  enum class Result {
    kProven,    // new workers serve, every old one is gone or shutting down
    kRefused,   // the master said why it stays with what it had
    kUnproven,  // nobody knows: it may still happen
    kNoMaster,  // nothing was signalled
  };
  Result result = Result::kUnproven;
  std::string reason;
  std::optional<MasterProcess> master;  // set with kProven
};
struct Inspected {  // answer to Inspect
  std::uint64_t generation = 0;
  tl::expected<MasterProcess, Failure> master;
  tl::expected<std::optional<FileContent>, Failure> file;  // nullopt: there is none
  int workers = 0;
  int old_workers = 0;
};
struct ApplierTicked {};
using ApplierEvent = std::variant<FilesFound, StageWished, ApplyWished, LocalValuesChanged, StageWritten, TestFinished,
                                  StageInstalled, ProvenRestored, ProvenKept, ReloadFinished, Inspected, ApplierTicked>;

// ---- Effects
// ---------------------------------------------------------------------------------------------------------

struct WriteStage {  // fill in local values, put the identity line on top, write the stage file
  ConfigWish wish;
};
struct TestStage {};
struct TestCurrent {};
// Only after WriteStage of the same content. fsync, rename, fsync of the directory.
struct InstallStage {
  FileContent content;
  std::optional<FileContent> expected;  // the target's content as known; anything else is kept aside first
  bool keep_as_proven = false;          // the target is what the workers serve, but no copy of it exists yet
};
struct RestoreProven {  // the copy of the last proven file becomes the target again
  std::optional<FileContent> expected;
};
struct KeepProven {  // copy the target, unless the copy is the same, and write down who serves it
  FileContent content;
  MasterProcess master;
};
struct Reload {  // signal the master and watch its workers
  Milliseconds timeout;
};
struct Inspect {  // look at the master and the target
  std::uint64_t generation = 0;
};
struct AnswerStage {
  coordination::StageFinished answer;
};
struct AnswerApplied {
  coordination::Identity identity;
};
using ApplierEffect = std::variant<WriteStage, TestStage, TestCurrent, InstallStage, RestoreProven, KeepProven, Reload,
                                   Inspect, AnswerStage, AnswerApplied, LogLine>;
using ApplierEffects = std::vector<ApplierEffect>;

// What is known, for reports.
struct ApplierStatus {
  bool running = false;
  std::string nginx_message = "not looked at yet";
  bool config_healthy = true;
  std::string config_message = "OK";
  std::optional<coordination::Identity> applied;
  std::optional<coordination::Identity> wanted;
  std::optional<TimePoint> failing_since;
  Milliseconds last_test{0};
  std::uint64_t accepted_tests = 0;
  int workers = 0;
  int old_workers = 0;
  std::uint64_t reloads = 0;
  std::uint64_t reload_failures = 0;
  bool operator==(const ApplierStatus&) const = default;
};

// A daemonised master is forked only after the config was read, and binding may be retried for 2.5 s in between: a
// master younger than this is not taken for one that has read the installed file.
inline constexpr std::int64_t kStartMarginMs = 10'000;

inline constexpr std::int64_t kInstalledBeforeBoot = -kStartMarginMs;     // every master has read it
inline constexpr std::int64_t kInstalledUnknown = std::int64_t{1} << 60;  // no master is known to have read it

class Applier {
 public:
  explicit Applier(ApplierOptions options) : options_(options) {}

  [[nodiscard]] ApplierEffects step(TimePoint now, const ApplierEvent& event);
  [[nodiscard]] const ApplierStatus& status() const { return status_; }

 private:
  enum class Job { kNone, kWriteStage, kTestStage, kTestCurrent, kInstall, kRestore, kKeep };
  // What the stage file holds, and what is known of it.
  struct Candidate {
    coordination::Identity identity;
    std::string body;
    bool written = false;
    bool unchanged = false;
    std::optional<coordination::VoteResult> verdict;
    std::string error;
  };
  struct Served {  // which content the running workers are known to serve
    std::string body;
    MasterProcess master;
  };

  void on(const FilesFound& event);
  void on(const StageWished& event);
  void on(const ApplyWished& event);
  void on(const LocalValuesChanged& event);
  void on(const StageWritten& event);
  void on(const TestFinished& event);
  void on(const StageInstalled& event);
  void on(const ProvenRestored& event);
  void on(const ProvenKept& event);
  void on(const ReloadFinished& event);
  void on(const Inspected& event);
  void on(const ApplierTicked& event);

  // What to do next, after every event (applier_work.cpp).
  void advance();
  void conclude();  // the installed content is served: that is "applied"
  void keep_proven();
  void repair_drift();
  void advance_apply();
  void verify_served();
  void advance_stage();
  bool prepare(const ConfigWish& wish);  // true: the candidate is this wish and its verdict is known
  void install(const ConfigWish& wish);
  void reload();
  void restore();

  void decide(coordination::VoteResult verdict, std::string error);
  void fail(const std::string& reason);
  void look_for_drift(const Inspected& event);
  void note_kept(const std::vector<std::string>& kept);
  void log(LogLine::Level level, std::string text);
  void refresh_status();
  [[nodiscard]] bool own_file() const { return installed_ && installed_->identity; }
  [[nodiscard]] bool serves_installed() const;

  ApplierOptions options_;
  TimePoint now_{};
  ApplierEffects effects_;
  ApplierStatus status_;
  Job job_ = Job::kNone;
  bool reloading_ = false;
  bool inspecting_ = false;
  std::uint64_t generation_ = 0;  // rises when the target is about to change: an older inspection says nothing of it

  std::optional<ConfigWish> stage_wish_;
  std::optional<ConfigWish> apply_wish_;  // committed and not proven yet
  std::optional<ConfigWish> held_;        // whose content the installed file is known to be
  std::optional<Candidate> candidate_;
  std::string refusal_;  // of the staged content, while the current one is tested

  std::optional<ConfigWish> installing_wish_;  // held once that is done, unless local values change meanwhile
  InstallStage installing_;                    // the running job's
  std::optional<FileContent> installed_;
  std::int64_t installed_at_ms_ = 0;
  bool installed_trusted_ = false;  // the workers serve it, as far as anybody knows
  std::optional<FileContent> proven_copy_;
  std::optional<std::pair<FileContent, MasterProcess>> recorded_;
  std::optional<MasterProcess> master_;
  std::optional<Served> served_;
  std::optional<coordination::Identity> applied_;

  bool restore_wanted_ = false;
  bool verify_wanted_ = false;  // an own file, and nobody knows whether the workers serve it
  bool drifted_ = false;
  std::optional<FileContent> drift_;  // what was last seen instead; nullopt: the file was gone
  TimePoint apply_at_{};              // not before
  TimePoint verify_at_{};
  TimePoint repair_at_{};
  TimePoint keep_at_{};

  std::string nginx_error_ = "not looked at yet";
  std::string test_error_;
  std::string apply_error_;
  std::string drift_error_;
};

}  // namespace chorale::agent
