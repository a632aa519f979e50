// What tests, benches and people order under /control/: changes, faults, statistics. Loop thread only.
//
// Arguments are query parameters or a JSON object in the body. Not part of Marathon: no authentication, no faults, not
// counted.
#pragma once

#include <functional>
#include <string>

#include "tests/marathon_simulator/event_hub.h"
#include "tests/marathon_simulator/faults.h"
#include "tests/marathon_simulator/http.h"
#include "tests/marathon_simulator/server.h"
#include "tests/marathon_simulator/simulated_marathon.h"
#include "tests/marathon_simulator/stats.h"

namespace chorale::marathon_simulator {

class Arguments;

// What the control API commands. Everything outlives it.
struct Controlled {
  SimulatedMarathon& marathon;
  EventHub& hub;
  Faults& faults;
  Stats& stats;
  Server& server;
  After after;
  std::function<void(const std::string& url)> follow;  // "": leads itself; "none": nobody leads; else the leader's URL
  std::function<void()> revoke_tokens;
  std::function<void(const Event& event)> publish;
  std::function<bool(const std::string& url)> call_through;  // callbacks; false for a URL that cannot be called
};

class ControlApi {
 public:
  explicit ControlApi(Controlled controlled) : controlled_(std::move(controlled)) {}

  [[nodiscard]] Response handle(const Request& request);

 private:
  [[nodiscard]] Response dispatch(const std::string& command, const Arguments& arguments);
  [[nodiscard]] Response create(const Arguments& arguments, bool pod);
  [[nodiscard]] Response edit(const std::string& command, const Arguments& arguments);
  [[nodiscard]] Response kill(const Arguments& arguments);
  [[nodiscard]] Response health(const Arguments& arguments);
  [[nodiscard]] Response state(const Arguments& arguments);
  [[nodiscard]] Response fault(const Arguments& arguments);
  [[nodiscard]] Response event(const Arguments& arguments);
  [[nodiscard]] Response stop(const Arguments& arguments);
  [[nodiscard]] Response settings(const Arguments& arguments);
  [[nodiscard]] Response tasks(const std::string& app_id) const;
  [[nodiscard]] Response done(const std::string& key, const std::string& value) const;
  [[nodiscard]] Response done_tasks(const std::vector<std::string>& tasks) const;
  [[nodiscard]] std::vector<std::string> chosen_tasks(const Arguments& arguments) const;

  Controlled controlled_;
};

}  // namespace chorale::marathon_simulator
