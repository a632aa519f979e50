// A pool of Coordinators over one FakeEnsemble, a manual clock and one queue: what the protocol tests drive.
//
// What stands in for the agent around each Coordinator is the smallest that obeys the seam: it stages with a fixed
// answer, applies what it is told, and keeps every effect for the test to look at. No threads, no real time.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "coordination/coordinator.h"
#include "coordination/memory_store.h"
#include "tests/fakes/coordinator_host.h"
#include "tests/fakes/fake_ensemble.h"

namespace chorale::coordination {

// For the root that an agent of a CoordinatorCluster has unless told otherwise.
[[nodiscard]] inline DescribedFiles described(std::vector<PublishedFile> files) {
  return describe_files(std::move(files), CoordinatorOptions().root);
}

class CoordinatorCluster;

class TestAgent final : public CoordinatorHost {
 public:
  TestAgent(CoordinatorCluster& cluster, const CoordinatorOptions& options);
  ~TestAgent() override { end_store(); }

  void start(std::optional<Identity> applied = std::nullopt);
  // Before start(), or later.
  void announce(PolicyValues policy) { step(PolicyAnnounced{std::move(policy)}); }
  // Offers nginx.conf and routes.json made of `text`. Returns the offer's number.
  std::uint64_t offer(const std::string& text, std::int64_t apps = 1, std::vector<QuarantineEntry> quarantined = {});
  // Keeps every later answer of the store away from the machine, as a dead link would.
  void hold_replies(bool on) { on ? hold() : release(); }
  [[nodiscard]] const CoordinatorOptions& options() const { return options_; }

  // What its Nginx says; nullopt: it never answers.
  std::optional<VoteResult> answer = VoteResult::kAck;
  std::function<std::optional<VoteResult>(const StageRevision&)> judge;  // in place of `answer`
  // Called before an operation is sent; true: it is done and its reply is lost.
  std::function<bool(const Operation&)> lose_reply;
  // Asked before an operation is sent; an error: it is not done, and that is the answer.
  std::function<std::optional<ErrorKind>(const Operation&)> refuse;

  bool knows_content = true;        // at its start, of what it applied last
  std::optional<Identity> applied;  // what its Nginx serves
  std::vector<Identity> applied_history;
  std::vector<StageRevision> staged;
  std::vector<OfferClosed> closed;
  std::vector<LeadershipGained> gained;
  std::vector<LeadershipLost> lost;
  std::vector<CommitRefused> commit_refused;
  std::vector<HeldCommitted> held_committed;
  std::vector<std::string> sync_wanted;   // by whom
  std::vector<std::string> retry_wanted;  // likewise
  std::vector<LossAccepted> losses_accepted;
  std::vector<PushedTemplates> pushed;
  std::vector<std::string> refused;
  std::vector<std::string> news;  // those of the notes that are
  std::vector<std::string> notes;
  std::vector<Operation> sent;
  std::optional<ViewChanged> view;
  bool handed_over = false;

 private:
  [[nodiscard]] TimePoint now() const override;
  void perform(const AgentEffect& effect) override;
  void send(const SendRequest& request) override;
  void stage(const StageRevision& revision);

  CoordinatorCluster& cluster_;
  CoordinatorOptions options_;
  std::uint64_t offers_ = 0;
};

class CoordinatorCluster {
 public:
  TestAgent& add(const std::string& id) { return add(id, "instance-of-" + id); }
  TestAgent& add(const std::string& id, const std::string& instance);
  // Kill -9. Its session lives on until it is expired; `agent` stays valid.
  void kill(TestAgent& agent);
  // Kill -9, and the servers notice.
  void kill_and_expire(TestAgent& agent);

  // Performs everything that is queued, without any time passing.
  void settle();
  // Lets time pass, in steps of 100 ms.
  void advance(std::chrono::milliseconds duration);
  // Advances until `done`; false after `limit`, with what every agent is doing in the test's output.
  [[nodiscard]] bool wait(const std::function<bool()>& done,
                          std::chrono::milliseconds limit = std::chrono::seconds(60));

  // Does what an operator with zkCli would.
  Outcome operate(const Operation& operation);
  [[nodiscard]] std::optional<std::string> read(const std::string& path);
  [[nodiscard]] StateDocument state();
  [[nodiscard]] std::vector<std::string> list(const std::string& path);
  [[nodiscard]] TestAgent* leader();

  void post(std::function<void()> function) { queue_.push_back(std::move(function)); }
  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] std::string random_id();

 private:
  std::deque<std::function<void()>> queue_;  // before every store: a store that dies still posts

 public:
  std::shared_ptr<FakeEnsemble> ensemble = std::make_shared<FakeEnsemble>();
  CoordinatorOptions defaults;
  std::vector<std::unique_ptr<TestAgent>> agents;  // alive
  std::function<void()> after_each;                // called after everything that happens, for invariants

 private:
  TimePoint now_{std::chrono::hours(1)};
  std::vector<std::unique_ptr<TestAgent>> dead_;
  std::uint64_t random_ = 0;
};

}  // namespace chorale::coordination
