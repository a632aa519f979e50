// Both sides of the seam at once: what a real Coordinator hands over, a real Applier installs. Nothing goes back,
// although the Applier does what it is told (coordination/decisions/0004-one-order-guard.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
namespace {

using coordination::AgentEffect;
using coordination::CoordinatorCluster;
using coordination::CoordinatorHost;
using coordination::CoordinatorOptions;
using coordination::Identity;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr MasterProcess kMaster{100, 1'000};
constexpr std::int64_t kInstalledAtMs = 500'000;

// What outlives a process.
struct Disk {
  std::optional<FileContent> file;
  std::optional<FileContent> installed;
  std::optional<FileContent> proven;
  std::optional<MasterProcess> proven_by;
  std::vector<Identity> history;  // everything that was ever installed
};

// An agent without Marathon: it offers the one text that the pool is to serve, and its Nginx accepts everything.
class JoinedAgent final : public CoordinatorHost {
 public:
  JoinedAgent(CoordinatorCluster& cluster, const CoordinatorOptions& options, Disk& disk, const std::string& wanted)
      : CoordinatorHost(options, *cluster.ensemble), cluster_(cluster), disk_(disk), wanted_(wanted), applier_({}) {
    use(coordination::make_memory_store(
        cluster.ensemble, [&cluster](std::function<void()> function) { cluster.post(std::move(function)); }));
  }
  ~JoinedAgent() override { end_store(); }

  void start() {
    happens(FilesFound{disk_.file, disk_.installed, kInstalledAtMs, disk_.proven, disk_.proven_by});
    happens(ApplierTicked{});
    step(coordination::Started{disk_.file ? disk_.file->identity : std::nullopt, true});
  }
  void tick() {
    if (dead()) return;
    unless_held([this] { happens(ApplierTicked{}); });
    unless_held([this] { step(coordination::Ticked{}); });
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

  void perform(const AgentEffect& effect) override {
    const auto config = [](const auto& revision) {
      return PublishedConfig{revision.identity, revision.files.at(0).text};
    };
    std::visit(coordination::Overloaded{
                   [&](const coordination::StageRevision& stage) { happens(StageRequested{config(stage)}); },
                   [&](const coordination::ApplyRevision& apply) { happens(ApplyRequested{config(apply)}); },
                   [this](const coordination::LeadershipGained&) { later([this] { offer(); }); },
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
    const FileContent stage{effect.config.identity, *effect.config.text};
    happens_later(StageWritten{stage, disk_.file == stage});
  }
  void perform(const TestStage&) { happens_later(TestFinished{TestResult::kAccepted, {}, Milliseconds(20)}); }
  void perform(const TestCurrent&) { happens_later(TestFinished{TestResult::kAccepted, {}, Milliseconds(20)}); }
  void perform(const InstallStage& effect) {
    if (effect.keep_as_proven) disk_.proven = disk_.file;
    disk_.file = disk_.installed = effect.content;
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
  void perform(const Reload&) { happens_later(ReloadFinished{ReloadFinished::Result::kProven, {}, kMaster}); }
  void perform(const Inspect&) { happens_later(Inspected{kMaster, disk_.file, 1, 0}); }
  void perform(const AnswerStage& effect) {
    later([this, answer = effect.answer] { step(answer); });
  }
  void perform(const AnswerApplied& effect) {
    later([this, identity = effect.identity] { step(coordination::RevisionApplied{identity, "now"}); });
  }
  void perform(const LogLine& effect) { log.push_back(effect.text); }

  CoordinatorCluster& cluster_;
  Disk& disk_;
  const std::string& wanted_;
  Applier applier_;
  std::uint64_t offers_ = 0;
};

class JoinedOrderTest : public ::testing::Test {
 protected:
  JoinedAgent& start(const std::string& id, Disk& disk) {
    CoordinatorOptions options;
    options.id = id;
    options.instance = "instance-of-" + id;
    options.random_id = [this] { return cluster_.random_id(); };
    agents_.push_back(std::make_unique<JoinedAgent>(cluster_, options, disk, wanted_));
    agents_.back()->start();
    advance(seconds(1));
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
    advance(seconds(5));
  }
  [[nodiscard]] Identity committed() { return cluster_.state().committed.value().identity; }

  static void expect_rising(const Disk& disk) {
    for (std::size_t i = 1; i < disk.history.size(); ++i) {
      EXPECT_TRUE(disk.history[i - 1].older_than(disk.history[i])) << to_text(disk.history[i]);
    }
  }

  CoordinatorCluster cluster_;
  std::string wanted_ = "one";
  std::vector<std::unique_ptr<JoinedAgent>> agents_;
  Disk disk_a_;
  Disk disk_b_;
};

// It missed the last revision of the first lineage, and serves a newer one of the second when the first is back.
TEST_F(JoinedOrderTest, ReturnToAnEarlierLineageDoesNotLeadBack) {
  JoinedAgent& a = start("a", disk_a_);
  JoinedAgent& b = start("b", disk_b_);
  ASSERT_EQ(disk_b_.file->identity, committed());
  cluster_.ensemble->disconnect(b.session());
  publish(a, "two");
  const Identity missed = committed();
  ASSERT_TRUE(disk_b_.file->identity->older_than(missed));
  const coordination::MemoryNodes backup = cluster_.ensemble->snapshot();
  kill(a);
  cluster_.ensemble->restore({});
  wanted_ = "three";
  advance(seconds(60));
  ASSERT_TRUE(b.leading());
  ASSERT_EQ(disk_b_.file->body, "three");
  const Identity served = *disk_b_.file->identity;
  ASSERT_TRUE(missed.older_than(served));

  cluster_.ensemble->restore(backup);
  advance(seconds(60));
  ASSERT_TRUE(b.leading());
  EXPECT_TRUE(served.older_than(committed()));
  EXPECT_EQ(disk_b_.file->identity, committed());
  EXPECT_EQ(disk_b_.file->body, "three");
  expect_rising(disk_b_);
  EXPECT_THAT(b.log, Not(Contains(HasSubstr("refused"))));
}

TEST_F(JoinedOrderTest, ARevisionThatIsHeardOfLateIsSkipped) {
  JoinedAgent& a = start("a", disk_a_);
  JoinedAgent& b = start("b", disk_b_);
  wanted_ = "two";
  a.offer();
  b.hold();  // in the middle of it
  advance(seconds(5));
  ASSERT_EQ(disk_a_.file->body, "two");
  publish(a, "three");
  ASSERT_EQ(disk_b_.file->body, "one");
  b.release();
  advance(seconds(5));
  EXPECT_EQ(disk_b_.file->identity, committed());
  EXPECT_EQ(disk_b_.file->body, "three");
  expect_rising(disk_b_);
}

TEST_F(JoinedOrderTest, AnOlderBackupLeadsNoAgentBackNotARestartedOneEither) {
  JoinedAgent& a = start("a", disk_a_);
  JoinedAgent& b = start("b", disk_b_);
  publish(a, "two");
  const coordination::MemoryNodes backup = cluster_.ensemble->snapshot();
  publish(a, "three");
  const Identity served = *disk_b_.file->identity;
  kill(b);
  cluster_.ensemble->restore(backup);
  start("b", disk_b_);
  advance(seconds(60));
  EXPECT_TRUE(served.older_than(committed()));
  for (const Disk* disk : {&disk_a_, &disk_b_}) {
    EXPECT_EQ(disk->file->identity, committed());
    EXPECT_EQ(disk->file->body, "three");
    expect_rising(*disk);
  }
}

}  // namespace
}  // namespace chorale::agent
