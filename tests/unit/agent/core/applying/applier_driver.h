// Drives an Applier by hand: events in, the effects of the last step out, on a clock of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/core/applying/applier.h"

namespace chorale::agent {

inline coordination::Identity numbered(std::int64_t revision) {
  return {{7}, {revision}, "digest " + std::to_string(revision)};
}

inline PublishedConfig config_for(std::int64_t revision) {
  return {numbered(revision), std::make_shared<const std::string>("text " + std::to_string(revision))};
}

inline FileContent content_for(std::int64_t revision, const std::string& body) { return {numbered(revision), body}; }
inline FileContent foreign_content(const std::string& body) { return {std::nullopt, body}; }

inline constexpr MasterProcess kMaster{100, 1'000};

class Driver {
 public:
  explicit Driver(ApplierOptions options = {}) : applier(options) {}

  void send(const ApplierEvent& event) { effects = applier.step(now, event); }
  void wait(Milliseconds time) { now += time; }

  template <typename Effect>
  [[nodiscard]] std::optional<Effect> get() const {
    for (const ApplierEffect& effect : effects) {
      if (const Effect* found = std::get_if<Effect>(&effect)) return *found;
    }
    return std::nullopt;
  }
  template <typename Effect>
  [[nodiscard]] bool has() const {
    return get<Effect>().has_value();
  }

  // A tick and its inspection; the effects of both.
  void inspect(std::optional<MasterProcess> master, std::optional<FileContent> file) {
    send(ApplierTicked{});
    ApplierEffects both = effects;
    Inspected seen;
    seen.master = master ? tl::expected<MasterProcess, Failure>(*master) : tl::unexpected(Failure{"it is down"});
    seen.file = std::move(file);
    seen.watched = watched;
    send(seen);
    both.insert(both.end(), effects.begin(), effects.end());
    effects = std::move(both);
  }
  void accept_test() { send(TestFinished{TestResult::kAccepted, {}, Milliseconds(20)}); }
  void refuse_test(const std::string& error) { send(TestFinished{TestResult::kRefused, error, Milliseconds(20)}); }
  void write(std::int64_t revision, const std::string& body, bool unchanged = false) {
    send(StageWritten{content_for(revision, body), unchanged});
  }
  // As asked for in the step before.
  void installed() {
    const auto request = get<InstallStage>();
    send(StageInstalled{std::nullopt, 500'000, request && request->keep_as_proven, {}});
  }
  void proven(const MasterProcess& master = kMaster) {
    send(ReloadFinished{ReloadFinished::Result::kProven, {}, master});
  }
  void reload_failed(ReloadFinished::Result result, const std::string& reason) {
    send(ReloadFinished{result, reason, std::nullopt});
  }

  // A first life beside a running Nginx with a file that is not Chorale's.
  void begin_foreign() {
    send(FilesFound{foreign_content("foreign"), std::nullopt, 0, std::nullopt, std::nullopt});
    inspect(kMaster, foreign_content("foreign"));
  }
  // Everything up to `revision` applied, proven and kept.
  void begin_with(std::int64_t revision, const std::string& body) {
    const FileContent content = content_for(revision, body);
    send(FilesFound{content, content, 500'000, content, kMaster});
    inspect(kMaster, content);
  }
  // ... and the text is known, as after an ApplyRequested in this life.
  void begin_holding(std::int64_t revision, const std::string& body) {
    begin_with(revision, body);
    send(ApplyRequested{config_for(revision)});
    write(revision, body, true);
  }
  // From the request to the reload.
  void apply_until_reload(std::int64_t revision, const std::string& body) {
    send(ApplyRequested{config_for(revision)});
    write(revision, body);
    accept_test();
    installed();
  }

  FileStamps watched;
  TimePoint now{std::chrono::hours(1)};
  Applier applier;
  ApplierEffects effects;
};

}  // namespace chorale::agent
