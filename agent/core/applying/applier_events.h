// What goes in and out of the Applier, as data: events, and the effects that agent/nginx performs. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/applying/config_content.h"
#include "coordination/coordinator.h"

namespace chorale::agent {

// The files of reload_on by path, each with what changes when it is replaced or edited.
using FileStamps = std::map<std::string, std::string>;

// What an operator asks of one proxy's Nginx.
enum class Command {
  kReload,  // test and reload the file that is in place
  kRepair,  // put Chorale's own file back where drift is only reported
};

// Events: in past tense. Each effect below but the answers and KeepLoaded is followed by one event.

struct FilesFound {                      // the first event: what an earlier life left on disk
  std::optional<FileContent> file;       // the target
  std::optional<FileContent> installed;  // what was last meant to be renamed onto it
  std::int64_t installed_at_ms = 0;      // since boot, or kInstalledBeforeBoot
  std::optional<FileContent> proven;     // the copy of the last proven file
  std::optional<MasterProcess> proven_by;
  std::optional<PublishedConfig> published{};  // what the target was made from, before local values were filled in
  std::optional<FileStamps> loaded{};          // what the last proven reload had read
};
struct StageRequested {
  PublishedConfig config;
};
struct ApplyRequested {  // it is committed
  PublishedConfig config;
};
struct LocalValuesChanged {};
struct CommandGiven {
  Command command = Command::kReload;
};
struct ProposalEnded {  // nothing is proposed any more: what was refused concerns nobody, unless it was committed
  std::optional<coordination::Identity> committed;  // what stands now
};
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
  int line = 0;                            // of the tested file, where the error names one
  std::vector<std::string> warnings = {};  // of an accepted file
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
    kUnproven,  // neither was seen in time: it may still happen
    kNoMaster,  // nothing was signalled
  };
  Result result = Result::kUnproven;
  std::string reason;
  std::optional<MasterProcess> master;  // set with kProven
  bool slow = false;                    // with kUnproven: the master was still at it when time was up
  // With kProven, if they were counted.
  int workers = 0;
  int old_workers = 0;
};
struct Inspected {  // answer to Inspect
  tl::expected<MasterProcess, Failure> master;
  tl::expected<std::optional<FileContent>, Failure> file;  // nullopt: there is none
  int workers = 0;
  int old_workers = 0;
  FileStamps watched{};
  bool stopped = false;  // the master, by SIGSTOP
  bool idle = false;     // the master goes on, and no worker of it serves: it is ending, or they cannot start
};
struct ApplierTicked {};
using ApplierEvent = std::variant<FilesFound, StageRequested, ApplyRequested, LocalValuesChanged, CommandGiven,
                                  ProposalEnded, StageWritten, TestFinished, StageInstalled, ProvenRestored, ProvenKept,
                                  ReloadFinished, Inspected, ApplierTicked>;

// Effects: in the imperative.

struct WriteStage {  // fill in local values, put the identity line on top, write the stage file
  PublishedConfig config;
};
struct TestStage {};
struct TestCurrent {};
// Only after WriteStage of the same content. fsync, rename, fsync of the directory.
struct InstallStage {
  FileContent content;
  std::optional<FileContent> expected;  // the target's content as known; anything else is kept aside first
  bool keep_as_proven = false;          // the target is what the workers serve, but no copy of it exists yet
  PublishedConfig config{};             // what it was made from: kept, for the values of a later life
};
struct RestoreProven {  // the copy of the last proven file becomes the target again
  std::optional<FileContent> expected;
};
struct KeepProven {  // copy the target, unless the copy is the same, and write down who serves it
  FileContent content;
  MasterProcess master;
};
struct KeepLoaded {  // write down what the proven reload has read
  FileStamps loaded;
};
struct Reload {  // signal the master and watch its workers
  Milliseconds timeout;
};
struct Inspect {};  // look at the master and the target
struct AnswerStage {
  coordination::StageFinished answer;
};
struct AnswerApplied {
  coordination::Identity identity;
};
struct AnswerCommands {  // the oldest ones of this kind
  Command command = Command::kReload;
  std::size_t count = 0;
  std::optional<Failure> failure;
};
using ApplierEffect = std::variant<WriteStage, TestStage, TestCurrent, InstallStage, RestoreProven, KeepProven,
                                   KeepLoaded, Reload, Inspect, AnswerStage, AnswerApplied, AnswerCommands, LogLine>;
using ApplierEffects = std::vector<ApplierEffect>;

// A daemonised master is forked only after the config was read, and binding may be retried for 2.5 s in between: a
// master younger than this is not taken for one that has read the installed file.
inline constexpr std::int64_t kStartMarginMs = 10'000;

inline constexpr std::int64_t kInstalledBeforeBoot = -kStartMarginMs;     // every master has read it
inline constexpr std::int64_t kInstalledUnknown = std::int64_t{1} << 60;  // no master is known to have read it

}  // namespace chorale::agent
