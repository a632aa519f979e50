#include "process.h"

#include <algorithm>
#include <utility>

#include "coordination/memory_store.h"
#include "coordination/overloaded.h"
#include "world.h"

namespace chorale::coordination::simulation {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{100};

const char* name_of(SessionState state) {
  switch (state) {
    case SessionState::kConnected:
      return "connected";
    case SessionState::kConnecting:
      return "disconnected";
    case SessionState::kExpired:
      return "expired";
    case SessionState::kAuthFailed:
      return "refused";
    case SessionState::kUnresolved:
      return "unresolved";
  }
  return "";
}

const char* name_of(Fate fate) {
  switch (fate) {
    case Fate::kCommitted:
      return " committed";
    case Fate::kRejected:
      return " rejected";
    case Fate::kAbandoned:
      return " abandoned";
  }
  return "";
}

// Mostly quick; sometimes long enough to be overtaken by a deadline.
Duration network_delay(World& world) {
  if (!world.turbulent) return world.random.ms(1, 4);
  if (world.random.percent(1)) return world.random.ms(500, world.longest_delay.count());
  return world.random.percent(8) ? world.random.ms(20, 500) : world.random.ms(1, 8);
}

CoordinatorOptions options_of(World& world, const Host& host) {
  CoordinatorOptions options;
  options.id = host.id;
  options.instance = "instance-of-" + host.id;
  options.host = "host-of-" + host.id;
  options.session_timeout = kSessionTimeout;
  options.stage_timeout = world.stage_timeout;
  options.keep_revisions = world.keep_revisions;
  options.collect_interval = world.collect_interval;
  options.random_id = [&world] { return world.random.id(); };
  return options;
}

}  // namespace

Process::Process(World& world, Host& host)
    : CoordinatorHost(options_of(world, host), *world.ensemble),
      world_(world),
      host_(host),
      name_(host.id + "#" + std::to_string(++host.lives)) {
  const auto post = [this](std::function<void()> delivery) { from_wire(std::move(delivery)); };
  auto faulty = std::make_unique<FaultyStore>(make_memory_store(world.ensemble, post), post);
  faulty_ = faulty.get();
  const auto after_arrival = [this](const Operation& operation) {
    world_.trace.add(name_, "    arrived: " + to_text(operation));
    if (world_.invariants.after_operation(name_, operation)) {
      world_.trace.add(name_, "STATE " + simulation::describe(*world_.invariants.state()));
    }
  };
  auto delayed = std::make_unique<DelayedStore>(
      std::move(faulty),
      DelayedStore::Surroundings{
          world.schedule, world.random, [this](const Operation& operation) { return request_delay(operation); },
          [this] { return world_.spoils_watches && world_.random.percent(30); }, post, after_arrival});
  delayed_ = delayed.get();
  use(std::move(delayed));
}

TimePoint Process::now() const { return world_.schedule.now() + host_.clock_offset; }

void Process::start() {
  world_.trace.add(name_, "starts with " + (host_.file ? simulation::describe(*host_.file) : std::string("no file")));
  host_.reached = host_.file;
  step(PolicyAnnounced{host_.policy});
  step(Started{host_.file, host_.file && host_.knows_content});
  tick();
}

void Process::tick() {
  if (dead()) return;
  if (!held()) step(Ticked{});
  world_.schedule.after(kTick, [this] { tick(); });
}

void Process::before_effect() {
  if (effects_left_ && --*effects_left_ < 0) world_.kill(*this);
}

void Process::marathon_changed() {
  if (leads_) offer_later(world_.random.ms(20, 200));
}

// A deletion is the more dangerous the longer it is under way.
Duration Process::request_delay(const Operation& operation) {
  const auto* deletion = std::get_if<DeleteNode>(&operation);
  const bool collects = deletion != nullptr && deletion->path.text().starts_with("/chorale/chunks/");
  if (!collects || !world_.turbulent || !world_.random.percent(world_.danger)) return network_delay(world_);
  if (world_.when_collecting) world_.when_collecting(deletion->path);
  return world_.random.ms(300, world_.longest_delay.count());
}

void Process::inject(Fault fault) { faulty_->inject(std::move(fault)); }

void Process::heal() {
  faulty_->heal();
  effects_left_.reset();
}

void Process::perform(const AgentEffect& effect) {
  std::visit(
      Overloaded{
          [this](const LeadershipGained& gained) {
            if (leads_) world_.invariants.broken(name_ + " gained leadership twice");
            leads_ = true;
            world_.trace.add(name_, "LEADS epoch " + std::to_string(gained.epoch.value) + " " + gained.reason);
            offer_later(world_.random.ms(10, 500));
          },
          [this](const LeadershipLost& lost) {
            if (!leads_) world_.invariants.broken(name_ + " lost a leadership that it did not have");
            leads_ = false;
            world_.trace.add(name_, "LOST: " + lost.reason);
          },
          [this](const OfferClosed& closed) { on_offer_closed(closed); },
          [this](const StageRevision& revision) { stage(revision); },
          [this](const ApplyRevision& revision) { apply(revision); },
          [](const SyncWanted&) {},
          [](const RetryWanted&) {},
          [](const CommitRefused&) {},
          [](const HeldCommitted&) {},
          [](const LossAccepted&) {},
          [](const TemplatePushed&) {},
          [](const ViewChanged&) {},
          [this](const LogLine& line) {
            world_.trace.add(name_, "logs: " + line.text);
            if (line.text.find("does not come to rest") != std::string::npos) world_.invariants.broken(line.text);
          },
          [this](const Refuse& refuse) { world_.invariants.broken(name_ + " refuses to run: " + refuse.reason); },
          [this](const HandedOver&) {
            world_.trace.add(name_, "handed over");
            store().close();
            world_.kill(*this);
          },
      },
      effect);
}

void Process::opened() {
  if (host_.partitioned) world_.ensemble->disconnect(session());
}

void Process::hears(const SessionEvent& event) {
  world_.trace.add(name_, std::string("hears: ") + name_of(event.state));
}

void Process::send(const SendRequest& request) {
  const std::string what = to_text(request.operation);
  if (!connected()) world_.invariants.broken(name_ + " sends while not connected: " + what);
  execute(request, [this, what](const Outcome& outcome) {
    world_.trace.add(name_, "reply: " + what + (outcome ? "" : ": " + std::string(to_string(outcome.error().kind))));
  });
}

void Process::stage(const StageRevision& revision) {
  world_.trace.add(name_, "stages " + simulation::describe(revision.identity));
  const std::uint64_t number = ++stages_;
  const milliseconds duration = host_.slow ? world_.random.ms(1'000, 6'000) : world_.random.ms(5, 150);
  locally(duration, [this, number, revision] {
    if (number != stages_) return;  // a newer one has replaced it
    StageFinished finished{revision.identity, VoteResult::kAck, {}};
    if (host_.sick) {
      finished.result = VoteResult::kUnable;
      finished.error = "nginx: cannot fork";
    } else if (world_.refuses(host_, revision.files)) {
      finished.result = VoteResult::kNack;
      finished.error = "nginx: [emerg] no";
    }
    step(finished);
  });
}

// One after the other: the rename at one moment, the proof at a later one. Death may come before, between or after.
void Process::apply(const ApplyRevision& revision) {
  world_.trace.add(name_, "APPLIES " + simulation::describe(revision.identity));
  world_.invariants.agent_applies(name_, host_.reached, revision.identity, revision.files);
  last_apply_ = std::max(last_apply_, world_.schedule.now() + world_.random.ms(0, host_.slow ? 1'500 : 30));
  locally(last_apply_ - world_.schedule.now(), [this, identity = revision.identity] { host_.file = identity; });
  last_apply_ += world_.random.ms(1, host_.slow ? 2'000 : 60);
  locally(last_apply_ - world_.schedule.now(), [this, identity = revision.identity] {
    step(RevisionApplied{identity, world_.wall_clock()});
  });
}

void Process::on_offer_closed(const OfferClosed& closed) {
  world_.trace.add(name_, "offer " + std::to_string(closed.offer) + name_of(closed.fate) + ": " + closed.reason);
  if (open_offers_.erase(closed.offer) == 0) world_.invariants.broken(name_ + " closed an offer twice");
  switch (closed.fate) {
    case Fate::kCommitted:
      if (!world_.invariants.was_committed(closed.identity)) {
        world_.invariants.broken(name_ + " calls committed what never was: " + simulation::describe(closed.identity));
      }
      return;
    case Fate::kRejected:
      if (closed.offer == offers_) offer_later(milliseconds{5'000});
      return;
    case Fate::kAbandoned:
      if (closed.offer == offers_) offer_later(milliseconds{500});
      return;
  }
}

void Process::offer_later(Duration delay) {
  if (offering_) return;
  offering_ = true;
  locally(delay, [this] {
    offering_ = false;
    if (leads_) offer_now();
  });
}

void Process::offer_now() {
  StateOffered offered;
  offered.offer = ++offers_;
  offered.content = describe_files(world_.content(), CoordinatorOptions().root);
  offered.cause = "simulated";
  offered.apps = 1;
  offered.created_at = world_.wall_clock();
  open_offers_.insert(offered.offer);
  world_.trace.add(name_, "offers " + *offered.content.files[0].text);
  step(offered);
}

void Process::from_wire(std::function<void()> delivery) {
  last_delivery_ = std::max(last_delivery_, world_.schedule.now() + network_delay(world_));
  world_.schedule.at(last_delivery_,
                     [this, delivery = std::move(delivery)]() mutable { unless_held(std::move(delivery)); });
}

void Process::locally(Duration delay, std::function<void()> action) {
  world_.schedule.after(delay, [this, action = std::move(action)]() mutable { unless_held(std::move(action)); });
}

}  // namespace chorale::coordination::simulation
