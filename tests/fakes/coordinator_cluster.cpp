#include "tests/fakes/coordinator_cluster.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "coordination/overloaded.h"

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kTick{100};

PublishedFile make_file(std::string name, std::string text) {
  return PublishedFile{std::move(name), std::make_shared<const std::string>(std::move(text)), {}};
}

}  // namespace

TestAgent::TestAgent(CoordinatorCluster& cluster, const CoordinatorOptions& options)
    : CoordinatorHost(options, *cluster.ensemble), cluster_(cluster), options_(options) {
  use(make_memory_store(cluster.ensemble,
                        [&cluster](std::function<void()> function) { cluster.post(std::move(function)); }));
}

TimePoint TestAgent::now() const { return cluster_.now(); }

void TestAgent::start(std::optional<Identity> at_start) {
  applied = at_start;
  step(Started{std::move(at_start), knows_content});
}

std::uint64_t TestAgent::offer(const std::string& text, std::int64_t apps, std::vector<QuarantineEntry> quarantined) {
  StateOffered offered;
  offered.offer = ++offers_;
  offered.content = describe_files(
      {make_file("nginx.conf", "conf " + text + "\n"), make_file("routes.json", "routes " + text + "\n")},
      options_.root);
  offered.cause = text;
  offered.apps = apps;
  offered.quarantined = std::move(quarantined);
  offered.created_at = "2026-11-22T12:00:00.000Z";
  step(offered);
  return offered.offer;
}

void TestAgent::send(const SendRequest& request) {
  sent.push_back(request.operation);
  if (const auto refusal = refuse ? refuse(request.operation) : std::nullopt) {
    const Error error{*refusal, std::string(to_string(*refusal))};
    return cluster_.post([this, number = request.request, error] { hear_answer(number, tl::unexpected(error)); });
  }
  const bool loses = lose_reply && lose_reply(request.operation);
  execute(request, [loses](Outcome& outcome) {
    if (loses) outcome = tl::unexpected(Error{ErrorKind::kConnectionLoss, "lost"});
  });
}

void TestAgent::perform(const AgentEffect& effect) {
  std::visit(Overloaded{
                 [this](const LeadershipGained& event) { gained.push_back(event); },
                 [this](const LeadershipLost& event) { lost.push_back(event); },
                 [this](const SyncWanted& event) { sync_wanted.push_back(event.agent); },
                 [this](const RetryWanted& event) { retry_wanted.push_back(event.agent); },
                 [this](const CommitRefused& event) { commit_refused.push_back(event); },
                 [this](const HeldCommitted& event) { held_committed.push_back(event); },
                 [this](const OfferClosed& event) { closed.push_back(event); },
                 [this](const StageRevision& revision) { stage(revision); },
                 [this](const ApplyRevision& revision) {
                   applied = revision.identity;
                   applied_history.push_back(revision.identity);
                   cluster_.post([this, identity = revision.identity] { step(RevisionApplied{identity, "now"}); });
                 },
                 [this](const LossAccepted& loss) { losses_accepted.push_back(loss); },
                 [this](const TemplatePushed& told) { pushed.push_back(told.pushed); },
                 [this](const ViewChanged& changed) { view = changed; },
                 [this](const LogLine& line) {
                   notes.push_back(line.text);
                   if (line.news) news.push_back(line.text);
                 },
                 [this](const Refuse& refusal) { refused.push_back(refusal.reason); },
                 [this](const HandedOver&) { handed_over = true; },
             },
             effect);
}

void TestAgent::stage(const StageRevision& revision) {
  staged.push_back(revision);
  const auto result = judge ? judge(revision) : answer;
  if (!result) return;
  const std::string error = *result == VoteResult::kAck ? "" : "nginx: [emerg] no";
  cluster_.post([this, identity = revision.identity, result = *result, error] {
    step(StageFinished{identity, result, error});
  });
}

TestAgent& CoordinatorCluster::add(const std::string& id, const std::string& instance) {
  CoordinatorOptions options = defaults;
  options.id = id;
  options.instance = instance;
  options.host = "host-of-" + instance;
  options.random_id = [this] { return random_id(); };
  agents.push_back(std::make_unique<TestAgent>(*this, options));
  return *agents.back();
}

void CoordinatorCluster::kill(TestAgent& agent) {
  agent.die();
  const auto found =
      std::find_if(agents.begin(), agents.end(), [&agent](const auto& kept) { return kept.get() == &agent; });
  dead_.push_back(std::move(*found));
  agents.erase(found);
}

void CoordinatorCluster::kill_and_expire(TestAgent& agent) {
  kill(agent);
  ensemble->expire(agent.session());
}

void CoordinatorCluster::settle() {
  for (int steps = 0; !queue_.empty(); ++steps) {
    if (steps > 1'000'000) {
      std::fputs("the cluster never comes to rest\n", stderr);
      std::abort();
    }
    const std::function<void()> next = std::move(queue_.front());
    queue_.pop_front();
    next();
    if (after_each) after_each();
  }
}

void CoordinatorCluster::advance(std::chrono::milliseconds duration) {
  settle();
  for (auto passed = std::chrono::milliseconds(0); passed < duration; passed += kTick) {
    now_ += kTick;
    for (const auto& agent : agents) agent->step(Ticked{});
    settle();
  }
}

bool CoordinatorCluster::wait(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  settle();
  for (auto passed = std::chrono::milliseconds(0); !done(); passed += kTick) {
    if (passed >= limit) {
      for (const auto& agent : agents) std::cerr << "--- " << agent->options().id << "\n" << agent->describe();
      return false;
    }
    advance(kTick);
  }
  return true;
}

Outcome CoordinatorCluster::operate(const Operation& operation) {
  const auto store = make_memory_store(ensemble, [this](std::function<void()> function) { post(std::move(function)); });
  store->open(Generation{1});
  Outcome result = tl::unexpected(Error{ErrorKind::kClosing, "not answered"});
  store->execute(operation, [&result](Outcome outcome) { result = std::move(outcome); });
  settle();
  return result;
}

std::optional<std::string> CoordinatorCluster::read(const std::string& path) {
  const Outcome outcome = operate(ReadNode{Path(path)});
  if (!outcome) return std::nullopt;
  return std::get<NodeRead>(*outcome).data;
}

StateDocument CoordinatorCluster::state() {
  const auto text = read("/chorale/state");
  if (!text) return {};
  return decode_state(*text).value_or(StateDocument{});
}

std::vector<std::string> CoordinatorCluster::list(const std::string& path) {
  const Outcome outcome = operate(ListChildren{Path(path)});
  if (!outcome) return {};
  auto names = std::get<Listed>(*outcome).names;
  std::sort(names.begin(), names.end());
  return names;
}

TestAgent* CoordinatorCluster::leader() {
  for (const auto& agent : agents) {
    if (agent->leading()) return agent.get();
  }
  return nullptr;
}

std::string CoordinatorCluster::random_id() {
  char text[33];
  std::snprintf(text, sizeof text, "%032llx", static_cast<unsigned long long>(++random_));
  return text;
}

}  // namespace chorale::coordination
