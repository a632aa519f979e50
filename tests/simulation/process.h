// One life of one simulated agent: a Coordinator, its stores, and what stands in for Marathon and Nginx around it.
//
// A dead one stays until the run ends: what is under way for it must find something to be ignored by.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "delayed_store.h"
#include "invariants.h"
#include "tests/fakes/coordinator_host.h"
#include "tests/fakes/faulty_store.h"

namespace chorale::coordination::simulation {

class World;

// What outlives a process: the machine, its disk and the moods of its Nginx.
struct Host {
  std::string id;
  Duration clock_offset{0};         // steady clocks have nothing in common
  std::optional<Identity> file;     // first line of its nginx.conf
  std::optional<Identity> reached;  // the newest that it has applied
  bool knows_content = true;        // of what it has applied, over a restart
  PolicyValues policy;
  bool sick = false;  // Nginx can test nothing: unable
  bool slow = false;  // nginx -t takes seconds
  bool partitioned = false;
  int lives = 0;
};

class Process final : public CoordinatorHost {
 public:
  Process(World& world, Host& host);
  ~Process() override { end_store(); }

  void start();
  void die_after(int effects) { effects_left_ = effects; }
  void marathon_changed();

  // A connection breaks in three steps: deliver_some(), the tree cuts the session off, lose_rest().
  void deliver_some() { delayed_->deliver_some(); }
  void lose_rest() { delayed_->lose_rest(); }
  void inject(Fault fault);
  void heal();

  [[nodiscard]] Host& host() const { return host_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  std::uint64_t cuts = 0;  // how often its connection was cut or restored: which expiry is still meant

 private:
  [[nodiscard]] TimePoint now() const override;
  void perform(const AgentEffect& effect) override;
  void before_effect() override;
  void opened() override;
  void hears(const SessionEvent& event) override;
  void send(const SendRequest& request) override;
  void stage(const StageRevision& revision);
  void apply(const ApplyRevision& revision);
  void on_offer_closed(const OfferClosed& closed);
  void offer_later(Duration delay);
  void offer_now();
  void tick();
  [[nodiscard]] Duration request_delay(const Operation& operation);
  void from_wire(std::function<void()> delivery);  // in order, later
  void locally(Duration delay, std::function<void()> action);

  World& world_;
  Host& host_;
  std::string name_;
  DelayedStore* delayed_ = nullptr;  // the host's store
  FaultyStore* faulty_ = nullptr;    // inside it
  std::optional<int> effects_left_;  // until it dies
  TimePoint last_delivery_;
  TimePoint last_apply_;
  std::uint64_t stages_ = 0;
  std::uint64_t offers_ = 0;
  std::set<std::uint64_t> open_offers_;
  bool leads_ = false;  // between LeadershipGained and LeadershipLost
  bool offering_ = false;
};

}  // namespace chorale::coordination::simulation
