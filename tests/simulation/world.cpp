#include "world.h"

#include <algorithm>
#include <utility>

#include "coordination/digest.h"

namespace chorale::coordination::simulation {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kActionLimit = 400'000;  // a run takes some 10'000

PublishedFile make_file(std::string name, std::string text) {
  return PublishedFile{std::move(name), std::make_shared<const std::string>(std::move(text)), {}};
}

std::string conf_of(const std::string& text) { return "conf " + text + "\n"; }
std::string routes_of(const std::string& text) { return "routes " + text + "\n"; }

}  // namespace

Outcome Operator::operate(const Operation& operation) {
  const SessionId session = ensemble_->open_session(*this);
  Outcome outcome = ensemble_->execute(session, operation);
  ensemble_->close_session(session);
  return outcome;
}

void Operator::delete_recursively(const Path& path) {
  const Outcome children = operate(ListChildren{path});
  if (!children) return;
  for (const std::string& name : std::get<Listed>(*children).names) delete_recursively(path.child(name));
  (void)operate(DeleteNode{path, kAnyVersion});
}

void Operator::delete_candidates(const Path& election, const std::string& id) {
  const Outcome candidates = operate(ListChildren{election});
  if (!candidates) return;
  for (const std::string& name : std::get<Listed>(*candidates).names) {
    if (name.starts_with(id + ".")) (void)operate(DeleteNode{election.child(name), kAnyVersion});
  }
}

World::World(std::uint64_t seed, bool traced) : random(seed), trace(schedule, traced) {
  const std::vector<milliseconds> timeouts{milliseconds{3'000}, milliseconds{3'000}, milliseconds{500},
                                           milliseconds{0}};
  stage_timeout = timeouts[random.below(timeouts.size())];
  spoils_watches = random.percent(40);
  steady = random.percent(30);
  const std::vector<int> kept{1, 2, 5, 20};
  keep_revisions = steady ? 1 : kept[random.below(kept.size())];
  danger = steady ? 20 : 5;
  longest_delay = milliseconds{steady ? 1'500 : 5'000};
  collect_interval = longest_delay + random.ms(500, 3'000);  // no request is under way for as long
  const std::int64_t count = random.between(2, 4);
  for (std::int64_t number = 0; number < count; ++number) {
    hosts.push_back(std::make_unique<Host>());
    Host& host = *hosts.back();
    host.id = std::string(1, static_cast<char>('a' + number));
    host.clock_offset = random.ms(0, 1'000'000'000);
    host.knows_content = random.percent(80);
    host.policy = {{"realm", random.percent(75) ? "prod" : "prdo"}};
    schedule.after(random.ms(0, 3'000), [this, &host] { start(host); });
  }
}

Process* World::process_of(const Host& host) {
  for (const auto& process : processes_) {
    if (&process->host() == &host && !process->dead()) return process.get();
  }
  return nullptr;
}

void World::start(Host& host) {
  if (process_of(host) != nullptr) return;
  processes_.push_back(std::make_unique<Process>(*this, host));
  processes_.back()->start();
}

void World::kill(Process& process) {
  if (process.dead()) return;
  trace.add(process.name(), "DIES");
  process.deliver_some();
  process.die();
  ensemble->disconnect(process.session());
  process.lose_rest();
  expire_unless_back(process);
  schedule.after(random.ms(0, turbulent ? 20'000 : 500), [this, &process] { start(process.host()); });
}

void World::disconnect(Process& process) {
  ++process.cuts;
  process.host().partitioned = true;
  process.deliver_some();
  ensemble->disconnect(process.session());
  process.lose_rest();
  expire_unless_back(process);
}

void World::reconnect(Process& process) {
  ++process.cuts;
  process.host().partitioned = false;
  ensemble->reconnect(process.session());
}

void World::expire(Process& process) {
  process.deliver_some();
  ensemble->expire(process.session());
  process.lose_rest();
}

// Servers look for expired sessions once a tick, and not at all while they have no quorum.
void World::expire_unless_back(Process& process) {
  schedule.after(kSessionTimeout + random.ms(0, 1'900),
                 [this, &process, session = process.session(), cuts = process.cuts] {
                   if (process.cuts != cuts || process.session() != session) return;
                   if (!available) return expire_unless_back(process);
                   trace.add(process.name(), "the servers expire its session");
                   expire(process);
                 });
}

void World::set_available(bool now_available) {
  available = now_available;
  for (const auto& process : processes_) {
    if (!process->dead()) ++process->cuts;
    if (!available) process->deliver_some();
  }
  ensemble->set_available(available);
  for (const auto& process : processes_) {
    if (!available) process->lose_rest();
    if (available) process->host().partitioned = false;
  }
}

void World::meddle(const std::function<void(Operator&)>& hand) {
  invariants.before_operator();
  hand(admin_);
  invariants.after_operator();
}

bool World::hold(const std::string& what) {
  trace.add("fault", "hold " + what);
  bool done = false;
  meddle([&](Operator& admin) {
    const Path path("/chorale/hold");
    done = admin.operate(WriteNode{path, what, kAnyVersion}) || admin.operate(CreateNode{path, what});
  });
  return done;
}

void World::release() {
  trace.add("fault", "release");
  meddle([](Operator& admin) { (void)admin.operate(DeleteNode{Path("/chorale/hold"), kAnyVersion}); });
}

std::optional<std::string> World::unheld() {
  const auto& state = invariants.state();
  if (!state || !state->committed) return "nothing is committed";
  if (!state->held) return "nothing is held";
  if (state->held->digest != state->committed->identity.digest) return "what is held is not committed";
  return std::nullopt;  // some Nginx may refuse it, as it did before
}

void World::restore(const MemoryNodes& nodes) {
  for (const auto& process : processes_) process->deliver_some();
  invariants.before_operator();
  ensemble->restore(nodes);
  for (const auto& process : processes_) process->lose_rest();
  invariants.after_operator();
}

void World::put_back(const MemoryNodes& nodes) {
  invariants.before_operator();
  ensemble->put_back(nodes);
  invariants.after_operator();
}

std::vector<PublishedFile> World::content() const {
  return {make_file("nginx.conf", conf_of(text_)), make_file("routes.json", routes_of(text_))};
}

void World::change_content() {
  if (!earlier_texts_.empty() && random.percent(steady ? 60 : 20)) {
    text_ = random.pick(earlier_texts_);
  } else {
    text_ = "v" + std::to_string(++versions_);
    if (random.percent(8)) text_ += " bad for everybody;";
    if (random.percent(15)) text_ += " bad for " + random.pick(hosts)->id + ";";
    earlier_texts_.push_back(text_);
  }
  trace.add("marathon", text_);
  for (const auto& process : processes_) process->marathon_changed();
}

void World::change_to_content_of(const Path& chunk) {
  for (const std::string& text : earlier_texts_) {
    if (chunk.name() != chunk_name(conf_of(text)) && chunk.name() != chunk_name(routes_of(text))) continue;
    text_ = text;
    trace.add("marathon", text_);
    for (const auto& process : processes_) process->marathon_changed();
    return;
  }
}

void World::change_to_good_content() {
  text_ = "final";
  trace.add("marathon", text_);
  for (const auto& process : processes_) process->marathon_changed();
}

bool World::refuses(const Host& host, const std::vector<PublishedFile>& files) const {
  const std::string& text = *files.front().text;
  return text.find("bad for everybody;") != std::string::npos ||
         text.find("bad for " + host.id + ";") != std::string::npos;
}

std::string World::wall_clock() const {
  const auto now = std::chrono::duration_cast<milliseconds>(schedule.now().time_since_epoch()) + wall_offset;
  return std::to_string(now.count());
}

void World::calm_down() {
  trace.add("world", "CALMS DOWN");
  turbulent = false;
  spoils_watches = false;
  if (!available) set_available(true);
  for (const auto& host : hosts) {
    host->sick = false;
    host->slow = false;
    if (Process* process = process_of(*host)) {
      process->heal();
      process->release();
      reconnect(*process);
    }
    host->partitioned = false;
    start(*host);
  }
  change_to_good_content();
}

void World::lose_content() {
  trace.add("fault", "all revisions and chunks are deleted");
  meddle([](Operator& admin) {
    admin.delete_recursively(Path("/chorale/revisions"));
    admin.delete_recursively(Path("/chorale/chunks"));
  });
}

std::optional<std::string> World::unreadable(const Identity& identity) const {
  const MemoryNodes& nodes = ensemble->nodes();
  const Path path("/chorale/revisions/" + manifest_name(identity.epoch, identity.revision));
  const MemoryNode* node = nodes.find(path);
  if (node == nullptr) return path.text() + " is gone";
  const auto manifest = decode_manifest(node->data);
  if (!manifest) return path.text() + " cannot be read";
  for (const auto& [name, entry] : manifest->files) {
    for (const ChunkReference& chunk : entry.chunks) {
      if (nodes.find(Path(chunk.path)) == nullptr) return chunk.path + " is gone";
    }
  }
  return std::nullopt;
}

std::optional<std::string> World::unsettled() {
  const auto& state = invariants.state();
  if (!state || !state->committed) return "nothing is committed";
  if (state->held) return "a hold is in force, and there is none";
  const Identity& wanted = state->committed->identity;
  if (wanted.digest != digest_of(content())) return "what is committed is not what Marathon says";
  if (auto lost = unreadable(wanted)) return lost;
  return unserved(wanted, state->leader);
}

std::optional<std::string> World::unserved(const Identity& wanted, const std::string& leader) {
  int leaders = 0;
  for (const auto& host : hosts) {
    const Process* process = process_of(*host);
    if (process == nullptr) return host->id + " does not run";
    if (process->leading()) {
      ++leaders;
      if (leader != host->id) return host->id + " leads, but the state names " + leader;
    }
    if (!host->file || *host->file != wanted) return host->id + " does not serve what is committed";
    const MemoryNode* node = ensemble->nodes().find(Path("/chorale/agents/" + host->id));
    if (node == nullptr) return host->id + " is not registered";
    const auto document = decode_agent(node->data);
    if (!document || !document->applied || document->applied->identity != wanted) {
      return host->id + " does not report what is committed";
    }
  }
  if (leaders != 1) return std::to_string(leaders) + " agents lead";
  return std::nullopt;
}

void World::run_until(TimePoint limit) {
  while (!invariants.failure() && schedule.run_next(limit)) {
    if (++actions_ > kActionLimit) invariants.broken("I5: the agents never come to rest: they ask without a pause");
  }
}

}  // namespace chorale::coordination::simulation
