// Both sides of the seam: a real Coordinator and a real Applier in one agent, on a disk and beside an Nginx that a test
// may make ill. Simulated: files, processes, the reload (it always proves itself), and Marathon.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/core/applying/applier.h"
#include "coordination/memory_store.h"
#include "coordination/overloaded.h"
#include "tests/fakes/coordinator_cluster.h"

namespace chorale::agent {

inline constexpr MasterProcess kJoinedMaster{100, 1'000};
inline constexpr std::int64_t kInstalledAtMs = 500'000;

// What outlives a process.
struct Disk {
  std::optional<FileContent> file;
  std::optional<FileContent> installed;
  std::optional<FileContent> proven;
  std::optional<MasterProcess> proven_by;
  std::optional<PublishedConfig> published;
  std::string local{};                          // a value of this proxy's own, which ends the body of every file
  std::vector<coordination::Identity> history;  // everything that was ever installed
  bool full = false;                            // nothing can be written
  bool full_at_install = false;                 // nothing can be renamed, nor a record of it kept
  std::string refused{};                        // what Nginx refuses in a text; empty: it accepts everything
};

// An agent without Marathon: it offers the one text that the pool is to serve, and its Nginx accepts all but
// Disk::refused.
class JoinedAgent final : public coordination::CoordinatorHost {
 public:
  JoinedAgent(coordination::CoordinatorCluster& cluster, const coordination::CoordinatorOptions& options, Disk& disk,
              const std::string& wanted)
      : coordination::CoordinatorHost(options, *cluster.ensemble),
        cluster_(cluster),
        disk_(disk),
        wanted_(wanted),
        applier_({}) {
    use(coordination::make_memory_store(
        cluster.ensemble, [&cluster](std::function<void()> function) { cluster.post(std::move(function)); }));
  }
  ~JoinedAgent() override { end_store(); }

  void start() {
    happens(FilesFound{disk_.file, disk_.installed, kInstalledAtMs, disk_.proven, disk_.proven_by, disk_.published});
    happens(ApplierTicked{});
    step(coordination::Started{disk_.file ? disk_.file->identity : std::nullopt, true});
  }
  void tick() {
    if (dead()) return;
    unless_held([this] { happens(ApplierTicked{}); });
    unless_held([this] { step(coordination::Ticked{}); });
  }
  void values_changed() {
    happens(LocalValuesChanged{});
    later([this] { step(coordination::AnswersOutdated{}); });
  }
  void offer() {
    const auto text = std::make_shared<const std::string>(wanted_);
    coordination::StateOffered offered;
    offered.offer = ++offers_;
    offered.content = coordination::described({{"nginx.conf", text, {}}});
    step(offered);
  }

  std::vector<std::string> log;

 private:
  [[nodiscard]] coordination::TimePoint now() const override { return cluster_.now(); }
  void send(const coordination::SendRequest& request) override {
    execute(request, [](coordination::Outcome&) {});
  }

  void later(std::function<void()> action) {
    cluster_.post([this, action = std::move(action)] { unless_held(action); });
  }

  void perform(const coordination::AgentEffect& effect) override {
    const auto config = [](const auto& revision) {
      return PublishedConfig{revision.identity, revision.files.at(0).text};
    };
    std::visit(coordination::Overloaded{
                   [&](const coordination::StageRevision& stage) { happens(StageRequested{config(stage)}); },
                   [&](const coordination::ApplyRevision& apply) { happens(ApplyRequested{config(apply)}); },
                   [this](const coordination::LeadershipGained&) { later([this] { offer(); }); },
                   [this](const coordination::RetryWanted&) { later([this] { offer(); }); },
                   [](const auto&) {},
               },
               effect);
  }

  void happens(const ApplierEvent& event) {
    for (const ApplierEffect& effect : applier_.step(now(), event)) {
      std::visit([this](const auto& typed) { perform(typed); }, effect);
    }
  }
  void happens_later(ApplierEvent event) {
    later([this, event = std::move(event)] { happens(event); });
  }

  void perform(const WriteStage& effect) {
    stage_ = FileContent{effect.config.identity, *effect.config.text + disk_.local};
    if (disk_.full) return happens_later(StageWritten{tl::unexpected(Failure{"No space left on device"})});
    happens_later(StageWritten{stage_, disk_.file == stage_});
  }
  void perform(const TestStage&) {
    const bool refused = !disk_.refused.empty() && stage_.body.find(disk_.refused) != std::string::npos;
    happens_later(refused ? TestFinished{TestResult::kRefused, "[emerg] " + disk_.refused, Milliseconds(20)}
                          : TestFinished{TestResult::kAccepted, {}, Milliseconds(20)});
  }
  void perform(const TestCurrent&) { happens_later(TestFinished{TestResult::kAccepted, {}, Milliseconds(20)}); }
  void perform(const InstallStage& effect) {
    if (disk_.full_at_install) return happens_later(StageInstalled{Failure{"No space left on device"}});
    if (effect.keep_as_proven) disk_.proven = disk_.file;
    disk_.file = disk_.installed = effect.content;
    disk_.published = effect.config;
    disk_.history.push_back(*effect.content.identity);
    happens_later(StageInstalled{std::nullopt, kInstalledAtMs, effect.keep_as_proven, {}});
  }
  void perform(const RestoreProven&) {
    disk_.file = disk_.proven;
    happens_later(ProvenRestored{*disk_.proven, kInstalledAtMs, {}});
  }
  void perform(const KeepProven& effect) {
    disk_.proven = effect.content;
    disk_.proven_by = effect.master;
    happens_later(ProvenKept{});
  }
  void perform(const Reload&) { happens_later(ReloadFinished{ReloadFinished::Result::kProven, {}, kJoinedMaster}); }
  void perform(const Inspect&) { happens_later(Inspected{kJoinedMaster, disk_.file, 1, 0}); }
  void perform(const AnswerStage& effect) {
    later([this, answer = effect.answer] { step(answer); });
  }
  void perform(const AnswerApplied& effect) {
    later([this, identity = effect.identity] { step(coordination::RevisionApplied{identity, "now"}); });
  }
  void perform(const KeepLoaded&) {}
  void perform(const AnswerCommands&) {}
  void perform(const LogLine& effect) { log.push_back(effect.text); }

  coordination::CoordinatorCluster& cluster_;
  Disk& disk_;
  const std::string& wanted_;
  Applier applier_;
  FileContent stage_;
  std::uint64_t offers_ = 0;
};

class JoinedTest : public ::testing::Test {
 protected:
  JoinedAgent& start(const std::string& id, Disk& disk) {
    coordination::CoordinatorOptions options;
    options.id = id;
    options.instance = "instance-of-" + id;
    options.random_id = [this] { return cluster_.random_id(); };
    agents_.push_back(std::make_unique<JoinedAgent>(cluster_, options, disk, wanted_));
    agents_.back()->start();
    advance(std::chrono::seconds(1));
    return *agents_.back();
  }
  void kill(JoinedAgent& agent) {
    agent.die();
    cluster_.ensemble->expire(agent.session());
  }
  void advance(std::chrono::milliseconds duration) {
    constexpr std::chrono::milliseconds kTick{100};
    for (auto passed = std::chrono::milliseconds(0); passed < duration; passed += kTick) {
      cluster_.advance(kTick);
      for (const auto& agent : agents_) agent->tick();
      cluster_.settle();
    }
  }
  // Marathon says something new, and the leader hears of it.
  void publish(JoinedAgent& leader, const std::string& text) {
    ASSERT_TRUE(leader.leading());
    wanted_ = text;
    leader.offer();
    advance(std::chrono::seconds(5));
  }
  [[nodiscard]] coordination::Identity committed() { return cluster_.state().committed.value().identity; }

  static void expect_rising(const Disk& disk) {
    for (std::size_t i = 1; i < disk.history.size(); ++i) {
      EXPECT_TRUE(disk.history[i - 1].older_than(disk.history[i])) << to_text(disk.history[i]);
    }
  }

  coordination::CoordinatorCluster cluster_;
  std::string wanted_ = "one";
  std::vector<std::unique_ptr<JoinedAgent>> agents_;
  Disk disk_a_;
  Disk disk_b_;
};

}  // namespace chorale::agent
