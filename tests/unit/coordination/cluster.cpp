#include "cluster.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "coordination/overloaded.h"

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kTick{100};

PublishedFile make_file(std::string name, std::string text) {
  return PublishedFile{std::move(name), std::make_shared<const std::string>(std::move(text)), {}};
}

}  // namespace

TestAgent::TestAgent(Cluster& cluster, CoordinatorOptions options)
    : cluster_(cluster),
      options_(options),
      coordinator_(std::move(options)),
      store_(make_memory_store(cluster.tree,
                               [&cluster](std::function<void()> function) { cluster.post(std::move(function)); })) {
  store_->on_session([this](const SessionEvent& event) {
    if (event.state == SessionState::kConnected) session_ = event.session;
    if (holding_) {
      held_.emplace_back(SessionChanged{event});
    } else {
      step(SessionChanged{event});
    }
  });
  store_->on_watch([this](const WatchEvent& event) {
    if (holding_) {
      held_.emplace_back(WatchFired{event});
    } else {
      step(WatchFired{event});
    }
  });
}

void TestAgent::start(std::optional<Identity> at_start) {
  applied = at_start;
  step(Started{std::move(at_start)});
}

void TestAgent::step(const Event& event) {
  if (dead_) return;
  for (const Effect& effect : coordinator_.step(cluster_.now(), event)) {
    std::visit([this](const auto& one) { perform(one); }, effect);
  }
}

std::uint64_t TestAgent::offer(const std::string& text) {
  StateOffered offered;
  offered.offer = ++offers_;
  offered.files = {make_file("nginx.conf", "conf " + text + "\n"), make_file("routes.json", "routes " + text + "\n")};
  offered.cause = text;
  offered.apps = 1;
  offered.created_at = "2026-11-22T12:00:00.000Z";
  step(offered);
  return offered.offer;
}

void TestAgent::hold_replies(bool hold) {
  holding_ = hold;
  if (hold) return;
  for (const Event& event : std::exchange(held_, {})) step(event);
}

void TestAgent::perform(const StoreEffect& effect) {
  std::visit(Overloaded{
                 [this](const OpenHandle& open) { store_->open(open.generation); },
                 [this](const CloseHandle&) { store_->close(); },
                 [this](const SendRequest& request) {
                   sent.push_back(request.operation);
                   const bool lose = lose_reply && lose_reply(request.operation);
                   store_->execute(request.operation, [this, number = request.request, lose](Outcome outcome) {
                     if (lose) outcome = tl::unexpected(Error{ErrorKind::kConnectionLoss, "lost"});
                     if (holding_) {
                       held_.emplace_back(StoreReplied{number, std::move(outcome)});
                     } else {
                       step(StoreReplied{number, std::move(outcome)});
                     }
                   });
                 },
             },
             effect);
}

void TestAgent::perform(const AgentEffect& effect) {
  std::visit(Overloaded{
                 [this](const LeadershipGained& event) { gained.push_back(event); },
                 [this](const LeadershipLost& event) { lost.push_back(event); },
                 [this](const SyncWanted& event) { sync_wanted.push_back(event.agent); },
                 [this](const OfferClosed& event) { closed.push_back(event); },
                 [this](const StageRevision& revision) { stage(revision); },
                 [this](const ApplyRevision& revision) {
                   applied = revision.identity;
                   applied_history.push_back(revision.identity);
                   cluster_.post([this, identity = revision.identity] { step(RevisionApplied{identity, "now"}); });
                 },
                 [this](const ViewChanged& changed) { view = changed; },
                 [this](const Note& note) { notes.push_back(note.text); },
                 [this](const Refuse& refuse) { refused.push_back(refuse.reason); },
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

TestAgent& Cluster::add(const std::string& id, const std::string& instance) {
  CoordinatorOptions options = defaults;
  options.id = id;
  options.instance = instance;
  options.host = "host-of-" + instance;
  options.random_id = [this] { return random_id(); };
  agents.push_back(std::make_unique<TestAgent>(*this, std::move(options)));
  return *agents.back();
}

void Cluster::kill(TestAgent& agent) {
  agent.die();
  const auto found =
      std::find_if(agents.begin(), agents.end(), [&agent](const auto& kept) { return kept.get() == &agent; });
  dead_.push_back(std::move(*found));
  agents.erase(found);
}

void Cluster::kill_and_expire(TestAgent& agent) {
  kill(agent);
  tree->expire(agent.session());
}

void Cluster::settle() {
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

void Cluster::advance(std::chrono::milliseconds duration) {
  settle();
  for (auto passed = std::chrono::milliseconds(0); passed < duration; passed += kTick) {
    now_ += kTick;
    for (const auto& agent : agents) agent->step(Ticked{});
    settle();
  }
}

bool Cluster::wait(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  settle();
  for (auto passed = std::chrono::milliseconds(0); !done(); passed += kTick) {
    if (passed >= limit) return false;
    advance(kTick);
  }
  return true;
}

Outcome Cluster::operate(const Operation& operation) {
  const auto store = make_memory_store(tree, [this](std::function<void()> function) { post(std::move(function)); });
  store->open(Generation{1});
  Outcome result = tl::unexpected(Error{ErrorKind::kClosing, "not answered"});
  store->execute(operation, [&result](Outcome outcome) { result = std::move(outcome); });
  settle();
  return result;
}

std::optional<std::string> Cluster::read(const std::string& path) {
  const Outcome outcome = operate(ReadNode{Path(path)});
  if (!outcome) return std::nullopt;
  return std::get<NodeRead>(*outcome).data;
}

StateDocument Cluster::state() {
  const auto text = read("/chorale/state");
  if (!text) return {};
  return decode_state(*text).value_or(StateDocument{});
}

std::vector<std::string> Cluster::list(const std::string& path) {
  const Outcome outcome = operate(ListChildren{Path(path)});
  if (!outcome) return {};
  auto names = std::get<Listed>(*outcome).names;
  std::sort(names.begin(), names.end());
  return names;
}

TestAgent* Cluster::leader() {
  for (const auto& agent : agents) {
    if (agent->leading()) return agent.get();
  }
  return nullptr;
}

std::string Cluster::random_id() {
  char text[33];
  std::snprintf(text, sizeof text, "%032llx", static_cast<unsigned long long>(++random_));
  return text;
}

}  // namespace chorale::coordination
