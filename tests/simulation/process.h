// One life of one simulated agent: a Coordinator, its stores, and what stands in for Marathon and Nginx around it.
//
// It dies at any point, in the middle of performing effects too, and stays as a corpse until the run ends: what is
// under way for it must find somebody to be ignored by.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordination/coordinator.h"
#include "delayed_store.h"
#include "invariants.h"
#include "tests/fakes/faulty_store.h"

namespace chorale::coordination::simulation {

class World;

// What outlives a process: the machine, its disk and the moods of its Nginx.
struct Host {
  std::string id;
  Duration clock_offset{0};      // steady clocks have nothing in common
  std::optional<Identity> file;  // first line of its nginx.conf
  Invariants::Reached reached;
  bool sick = false;  // Nginx can test nothing: unable
  bool slow = false;  // nginx -t takes seconds
  bool partitioned = false;
  int lives = 0;
};

class Process {
 public:
  Process(World& world, Host& host);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void start();
  void step(const Event& event);
  // As kill -9: nothing is said to anybody; the session lives on until the servers miss it.
  void die() { dead_ = true; }
  void die_after(int effects) { effects_left_ = effects; }
  void freeze() { frozen_ = true; }
  void thaw();
  void marathon_changed();

  // A connection breaks in three steps: deliver_some(), the tree cuts the session off, lose_rest().
  void deliver_some() { store_->deliver_some(); }
  void lose_rest() { store_->lose_rest(); }
  void inject(Fault fault);
  void heal();

  [[nodiscard]] bool dead() const { return dead_; }
  [[nodiscard]] bool frozen() const { return frozen_; }
  [[nodiscard]] bool leading() const { return coordinator_.leading(); }
  [[nodiscard]] SessionId session() const { return session_; }
  [[nodiscard]] Host& host() const { return host_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  std::uint64_t cuts = 0;  // how often its connection was cut or restored: which expiry is still meant

 private:
  void perform(const StoreEffect& effect);
  void perform(const AgentEffect& effect);
  void open(Generation generation);
  void send(const SendRequest& request);
  void stage(const StageRevision& revision);
  void apply(const ApplyRevision& revision);
  void on_offer_closed(const OfferClosed& closed);
  void offer_later(Duration delay);
  void offer_now();
  void tick();
  void from_wire(std::function<void()> delivery);  // in order, later
  void locally(Duration delay, std::function<void()> action);
  void unless_frozen(std::function<void()> action);

  World& world_;
  Host& host_;
  std::string name_;
  Coordinator coordinator_;
  FaultyStore* faulty_ = nullptr;  // inside store_
  std::unique_ptr<DelayedStore> store_;
  SessionId session_;       // as the tree knows it
  bool connected_ = false;  // as the coordinator was told
  bool dead_ = false;
  bool frozen_ = false;
  std::deque<std::function<void()>> held_;  // while frozen
  std::optional<int> effects_left_;         // until it dies
  TimePoint last_delivery_;
  TimePoint last_apply_;
  std::uint64_t stages_ = 0;
  std::uint64_t offers_ = 0;
  std::set<std::uint64_t> open_offers_;
  bool in_term_ = false;  // between LeadershipGained and LeadershipLost
  bool offering_ = false;
};

}  // namespace chorale::coordination::simulation
