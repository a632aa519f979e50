#include "faults.h"

#include <chrono>
#include <string>

namespace chorale::coordination::simulation {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBackups = 4;
constexpr milliseconds kWatchdog{6'000};  // the process ends itself when its loop stands still for longer

bool writes_state(const Operation& operation) {
  const auto* write = std::get_if<WriteNode>(&operation);
  return write != nullptr && write->path.name() == "state";
}

}  // namespace

Faults::Faults(World& world)
    : world_(world),
      with_disasters_(world.random.percent(40)),
      mean_pause_ms_(world.steady ? world.random.between(3'000, 10'000) : world.random.between(100, 3'000)) {
  world_.when_collecting = [this](const Path& chunk) { disturb_collecting(chunk); };
  schedule_next();
  schedule_change();
  if (world_.random.percent(40)) schedule_hold();
}

void Faults::schedule_next() {
  world_.schedule.after(world_.random.ms(1, 2 * mean_pause_ms_), [this] {
    if (stopped_) return;
    happen();
    schedule_next();
  });
}

// What is being deleted is wanted again, by the same leader or by the next one.
void Faults::disturb_collecting(const Path& chunk) {
  world_.schedule.after(world_.random.ms(0, 50), [this, chunk] {
    if (stopped_) return;
    if (world_.random.percent(60)) overthrow(false);
    world_.change_to_content_of(chunk);
  });
}

void Faults::schedule_change() {
  world_.schedule.after(world_.random.percent(30) ? world_.random.ms(1, 60) : world_.random.ms(200, 3'000), [this] {
    if (stopped_) return;
    world_.change_content();
    schedule_change();
  });
}

void Faults::schedule_hold() {
  world_.schedule.after(world_.random.ms(500, 15'000), [this] {
    if (stopped_) return;
    hold_or_release();
    schedule_hold();
  });
}

// An operator's hold: what is committed, any revision that is there or is not, or a slip of the hand.
void Faults::hold_or_release() {
  if (!world_.available) return;
  if (world_.random.percent(40)) return world_.release();
  const MemoryNode* revisions = world_.ensemble->nodes().find(Path("/chorale/revisions"));
  if (world_.random.percent(40) || revisions == nullptr || revisions->children.empty()) {
    (void)world_.hold(world_.random.percent(80) ? "current" : "{");
    return;
  }
  const std::vector<std::string> names(revisions->children.begin(), revisions->children.end());
  const auto numbers = parse_manifest_name(names[world_.random.below(names.size())]);
  if (!numbers) return;
  const std::string number = std::to_string(numbers->second.value + (world_.random.percent(10) ? 1'000 : 0));
  (void)world_.hold(world_.random.percent(50) ? number : std::to_string(numbers->first.value) + "." + number);
}

void Faults::happen() {
  if (backups_.size() < kBackups && world_.random.percent(10)) backups_.push_back(world_.ensemble->snapshot());
  Process* process = world_.process_of(*world_.random.pick(world_.hosts));
  const std::int64_t choice = world_.random.between(1, 100);
  if (choice > 96) {
    return with_disasters_ ? strike() : step_wall_clock();
  }
  if (choice > 92) return meddle_with_the_tree();
  if (choice > 89) return take_ensemble_down();
  if (choice > 87) return damage_a_chunk();
  if (choice > 82) return overthrow(world_.random.percent(50));
  if (process == nullptr) return;
  if (choice > 66) return lose_replies(*process);
  if (choice > 50) return cut_connection(*process);
  if (choice > 42) return expire_session(*process);
  if (choice > 28) return kill(*process);
  if (choice > 23) return hand_over(*process);
  if (choice > 15) return hang(*process);
  if (choice > 7) return suspend(*process);
  ail(*process);
}

void Faults::cut_connection(Process& process) {
  world_.trace.add("fault", "cut off " + process.name());
  world_.disconnect(process);
  world_.schedule.after(world_.random.percent(60) ? world_.random.ms(1, 800) : world_.random.ms(1'000, 25'000),
                        [this, &process] {
                          if (!process.dead() && world_.available) world_.reconnect(process);
                        });
}

void Faults::expire_session(Process& process) {
  world_.trace.add("fault", "expire " + process.name());
  world_.expire(process);
}

void Faults::lose_replies(Process& process) {
  for (std::int64_t left = world_.random.between(1, 3); left > 0; --left) {
    Fault fault;
    fault.when = world_.random.percent(60) ? Fault::When::kAfter : Fault::When::kBefore;
    fault.skip = world_.random.below(5);
    if (world_.random.percent(40)) {
      fault.matches = writes_state;
      fault.skip = world_.random.below(2);
    } else if (world_.random.percent(30)) {
      fault.matches = only<CreateNode>();
    }
    process.inject(fault);
  }
  world_.trace.add("fault", "lose replies of " + process.name());
}

void Faults::kill(Process& process) {
  world_.trace.add("fault", "kill " + process.name());
  process.die_after(static_cast<int>(world_.random.between(0, 12)));
}

void Faults::hand_over(Process& process) {
  if (process.held()) return;
  world_.trace.add("fault", "stop " + process.name());
  process.step(HandoverRequested{});
}

void Faults::thaw_later(Process& process, Duration duration) {
  world_.schedule.after(duration, [this, &process] {
    if (!process.held() || process.dead()) return;
    world_.trace.add("fault", process.name() + " goes on");
    process.release();
  });
}

void Faults::hang(Process& process) {
  if (process.held()) return;
  world_.trace.add("fault", "hang " + process.name());
  process.hold();
  thaw_later(process, world_.random.ms(50, kWatchdog.count()));
}

void Faults::suspend(Process& process) {
  if (process.held()) return;
  world_.trace.add("fault", "suspend " + process.name());
  process.hold();
  world_.schedule.after(kSessionTimeout + world_.random.ms(0, 1'900), [this, &process, session = process.session()] {
    if (!process.held() || process.dead() || process.session() != session || !world_.available) return;
    world_.trace.add(process.name(), "the servers expire its session");
    world_.expire(process);
  });
  thaw_later(process, world_.random.ms(1'000, 30'000));
}

// `roughly`: the places of the others go too, and perhaps the state.
void Faults::overthrow(bool roughly) {
  for (const auto& host : world_.hosts) {
    Process* process = world_.process_of(*host);
    if (process == nullptr || !process->leading()) continue;
    hang(*process);
    const Path root("/chorale");
    world_.trace.add("fault", "overthrow " + process->name());
    const bool state_too = roughly && world_.random.percent(50);
    world_.meddle([&](Operator& admin) {
      if (roughly) admin.delete_recursively(root.child("election"));
      if (!roughly) admin.delete_candidates(root.child("election"), host->id);
      if (state_too) admin.delete_recursively(root.child("state"));
    });
    return;
  }
}

void Faults::ail(Process& process) {
  Host& host = process.host();
  bool& ill = world_.random.percent(50) ? host.sick : host.slow;
  world_.trace.add("fault", "nginx of " + host.id + (&ill == &host.sick ? " is sick" : " is slow"));
  ill = true;
  world_.schedule.after(world_.random.ms(500, 20'000), [&ill] { ill = false; });
}

void Faults::take_ensemble_down() {
  if (!world_.available) return;
  world_.trace.add("fault", "the ensemble is down");
  world_.set_available(false);
  world_.schedule.after(world_.random.percent(60) ? world_.random.ms(10, 2'000) : world_.random.ms(2'000, 40'000),
                        [this] {
                          if (world_.available) return;
                          world_.trace.add("fault", "the ensemble is up");
                          world_.set_available(true);
                        });
}

void Faults::meddle_with_the_tree() {
  const Path root("/chorale");
  const std::vector<std::string> targets{"state", "state", "election", "agents", "revisions", ""};
  const std::string& target = targets[world_.random.below(targets.size())];
  if (target.empty() && !with_disasters_) return;
  if (target == "state" && world_.random.percent(40)) {
    world_.trace.add("fault", "damage the state");
    world_.meddle([&](Operator& admin) {
      (void)admin.operate(WriteNode{root.child(target), "{\"format\":", kAnyVersion});
    });
  } else {
    world_.trace.add("fault", "delete /chorale/" + target);
    world_.meddle([&](Operator& admin) { admin.delete_recursively(target.empty() ? root : root.child(target)); });
  }
}

void Faults::damage_a_chunk() {
  const Path chunks("/chorale/chunks");
  const MemoryNode* directory = world_.ensemble->nodes().find(chunks);
  if (directory == nullptr || directory->children.empty()) return;
  const std::vector<std::string> names(directory->children.begin(), directory->children.end());
  const Path chunk = chunks.child(names[world_.random.below(names.size())]);
  const bool forge = world_.random.percent(50);
  world_.trace.add("fault", (forge ? "forge " : "delete ") + chunk.text());
  world_.meddle([&](Operator& admin) {
    if (forge) {
      (void)admin.operate(WriteNode{chunk, "forged\n", kAnyVersion});
    } else {
      (void)admin.operate(DeleteNode{chunk, kAnyVersion});
    }
  });
}

void Faults::strike() {
  if (world_.random.percent(35)) return wipe();
  world_.random.percent(50) ? restore_a_backup() : put_a_backup_back();
}

void Faults::wipe() {
  world_.trace.add("fault", "the ensemble is wiped");
  world_.restore({});
}

void Faults::restore_a_backup() {
  if (backups_.empty()) return;
  world_.trace.add("fault", "an older backup is restored");
  world_.restore(world_.random.pick(backups_));
}

// The sessions live on: they stand in the backup.
void Faults::put_a_backup_back() {
  if (backups_.empty() || !world_.available) return;
  world_.trace.add("fault", "an older backup is put back, and the sessions live on");
  world_.set_available(false);
  world_.put_back(world_.random.pick(backups_));
  world_.schedule.after(world_.random.ms(10, 2'000), [this] {
    if (!world_.available) world_.set_available(true);
  });
}

void Faults::step_wall_clock() {
  world_.wall_offset += world_.random.ms(-3'600'000, 3'600'000);
  world_.trace.add("fault", "the wall clock steps");
}

}  // namespace chorale::coordination::simulation
