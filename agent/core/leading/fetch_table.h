// Which apps have to be asked for again, when, and whether one list is cheaper. Pure.
//
// What is wanted stays wanted until a fetch that began afterwards has succeeded. One fetch per app at a time. What an
// event claims while a fetch is in flight is kept and compared with the answer: only a difference costs another fetch.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/leading/cause.h"
#include "agent/core/leading/coalescer.h"
#include "agent/core/leading/endpoint_set.h"
#include "agent/core/leading/event_meaning.h"

namespace chorale::agent {

struct Claim {  // an event's word on one task
  std::string app;
  std::string task;  // as the event names it: a task or an instance
  Meaning meaning = Meaning::kNothing;
  Cause cause;
};

inline constexpr const char* kPodsFetch = "pods";  // no app's id: those begin with '/'

struct Fetch {
  std::uint64_t id = 0;
  std::string app;  // empty: the list of apps; kPodsFetch: that of pods
  std::string endpoint;
  Cause cause;
  [[nodiscard]] bool is_list() const { return app.empty(); }
  [[nodiscard]] bool is_pods() const { return app == kPodsFetch; }
};

class FetchTable {
 public:
  FetchTable(Milliseconds coalesce_min, Milliseconds coalesce_max)
      : coalesce_min_(coalesce_min), coalesce_max_(coalesce_max) {}

  // Soon: together with the rest of the burst.
  void want_app(const std::string& app, const Cause& cause, TimePoint now);
  // At `due`, unless any fetch of the app begins before.
  void want_app_by(const std::string& app, const Cause& cause, TimePoint due);
  // What waits for a later moment is due soon.
  void hurry_apps(TimePoint now);
  // The burst is known to be over: what waits for its end is due.
  void end_bursts(TimePoint now);
  // The app has ended: there is nothing left to ask for.
  void forget_app(const std::string& app);

  // A reason is a word for people and a handle to take it back. The earliest time asked for counts.
  void want_list(const std::string& reason, TimePoint due);
  void no_list_for(const std::string& reason);

  // Pods are asked for along with every list of apps, and where an event gives a reason.
  void follow_pods(bool follow);
  [[nodiscard]] bool follows_pods() const { return follows_pods_; }
  // At `due`, unless their list is asked for before. Nothing while they are not followed.
  void want_pods(const Cause& cause, TimePoint due);

  // Back-offs end now: Marathon is known to answer again.
  void retry_now(TimePoint now);

  // Begins what is due. More than 20 apps, or more than half of all (and more than 3), are one list.
  [[nodiscard]] std::vector<Fetch> take_due(const EndpointSet& endpoints, std::size_t known_apps, TimePoint now);

  // The fetch that this id stands for, which is over now; nullopt: not ours.
  [[nodiscard]] std::optional<Fetch> finish(std::uint64_t id);
  void succeeded(const Fetch& fetch);
  void failed(const Fetch& fetch, double jitter, TimePoint now);

  // Kept only while a fetch that covers the app is in flight.
  void hear(Claim claim);
  // The claims made since this fetch began, to be compared with its answer.
  [[nodiscard]] std::vector<Claim> take_claims(const Fetch& fetch);

  [[nodiscard]] bool in_flight(const std::string& app) const;
  [[nodiscard]] bool list_in_flight() const { return list_flight_ != 0; }
  [[nodiscard]] bool is_list_flight(std::uint64_t id) const { return id != 0 && list_flight_ == id; }
  [[nodiscard]] bool is_in_flight(std::uint64_t id) const { return flights_.contains(id); }
  // The app is being asked for, or will be with this burst, by itself or in a list. Not after a failure.
  [[nodiscard]] bool expects_answer(const std::string& app) const;
  [[nodiscard]] std::uint64_t last_id() const { return last_id_; }
  [[nodiscard]] std::uint64_t oldest_in_flight() const;
  [[nodiscard]] TimePoint next_deadline() const;

 private:
  struct Entry {
    Coalescer burst;
    TimePoint later = TimePoint::max();
    TimePoint not_before = TimePoint::min();  // back-off
    int failures = 0;
    std::string avoid;  // the endpoint that failed
    Cause cause;
    std::uint64_t flight = 0;
    [[nodiscard]] bool waits() const { return flight == 0 && wanted_at() != TimePoint::max(); }
    [[nodiscard]] TimePoint wanted_at() const { return std::min(burst.due(), later); }
    [[nodiscard]] TimePoint due() const { return std::max(wanted_at(), not_before); }
    void satisfied() {
      burst.clear();
      later = TimePoint::max();
    }
  };
  [[nodiscard]] bool covered_in_flight(const std::string& app) const { return list_flight_ != 0 || in_flight(app); }
  Entry& entry(const std::string& app, const Cause& cause);
  [[nodiscard]] TimePoint list_due() const;
  [[nodiscard]] bool is_list_cheaper(std::size_t known_apps, TimePoint now) const;
  Fetch begin(std::string app, Cause cause, const EndpointSet& endpoints, const std::string& avoid);
  Fetch begin_list(const EndpointSet& endpoints);

  Milliseconds coalesce_min_;
  Milliseconds coalesce_max_;
  bool follows_pods_ = false;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Fetch> flights_;
  std::map<std::string, Entry> apps_;

  std::map<std::string, TimePoint> list_reasons_;
  std::uint64_t list_flight_ = 0;
  int list_failures_ = 0;
  TimePoint list_not_before_ = TimePoint::min();
  std::string list_avoid_;
  std::map<std::string, Cause> covered_;  // by the list in flight: app -> cause

  struct Heard {
    Claim claim;
    std::uint64_t at = 0;  // newest fetch when it was heard
  };
  std::map<std::pair<std::string, std::string>, Heard> heard_;  // (app, task) -> the last word
};

}  // namespace chorale::agent
