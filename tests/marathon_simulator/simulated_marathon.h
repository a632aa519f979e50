// What the simulated Marathon knows and decides: apps, tasks and deployments, and the events that their changes cause,
// in Marathon's order.
//
// Loop thread only. No sockets: time comes through `After`, processes through `Processes`, events leave through the
// sink. As in Marathon the model changes first and the event follows, so that a GET after an event sees what it told; a
// deployment starts before the new root group is stored, so that deployment_info may come before the app shows. It is
// no scheduler: slaves have endless resources, and a task that fails is started again without back-off.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tests/marathon_simulator/app_spec.h"
#include "tests/marathon_simulator/events.h"
#include "tests/marathon_simulator/model.h"
#include "tests/marathon_simulator/options.h"
#include "tests/marathon_simulator/processes.h"

namespace chorale::marathon_simulator {

using After = std::function<void(std::chrono::milliseconds, std::function<void()>)>;

// One visible alteration, for whoever measures.
struct Change {
  std::string what;  // "create", "scale", "destroy", "task", "health", ...
  std::string app_id;
  std::string task_id;
  std::string state;
};
using ChangeSink = std::function<void(const Change&)>;

// Who asked: stands in api_post_event.
struct Origin {
  std::string client_ip;
  std::string uri;
};

struct Kill {
  std::optional<std::chrono::milliseconds> drain;  // how long the process serves on; nothing: the setting
  bool abrupt = false;                             // the process is dead before anybody is told
  bool scale = false;                              // one instance fewer, instead of a replacement
  TaskState end = TaskState::kKilled;
};

class SimulatedMarathon {
 public:
  using Result = tl::expected<std::string, SpecError>;  // the id of the deployment

  SimulatedMarathon(const Options& options, After after, Processes& processes, EventSink events, ChangeSink changes);

  // Running, healthy apps /app-00001 ... without any event, as if they had always been there. Their tasks run
  // on `processes`, which outlives this. All of them, or the
  // reason why there cannot be so many: fewer than were asked for would pass for a Marathon that lost some.
  [[nodiscard]] tl::expected<void, std::string> populate(int apps, int tasks, Processes& processes);

  // A running deployment of the app locks it: 409, unless `force`, which cancels that deployment.
  Result create(const std::string& definition, const std::string& id, const Origin& origin, bool pod = false);
  Result update(const std::string& id, const std::string& change, const Origin& origin, bool force);
  Result scale(const std::string& id, int instances, const Origin& origin, bool force);
  Result restart(const std::string& id, bool force);
  Result destroy(const std::string& id, bool force);

  bool kill(const std::string& task_id, const Kill& how);
  // Sets a state and tells it; a terminal one ends the process and removes the task.
  bool set_state(const std::string& task_id, TaskState state);
  // False for a task without health checks. `then_kill`: Marathon gives up on it as maxConsecutiveFailures says.
  bool set_health(const std::string& task_id, bool alive, bool then_kill);
  // What a leader failover does to results that live in the leader's memory alone.
  void lose_health_results();

  [[nodiscard]] const std::map<std::string, std::shared_ptr<App>>& apps() const { return apps_; }
  [[nodiscard]] const App* find_app(const std::string& id) const;
  [[nodiscard]] std::vector<Deployment> deployments() const;
  // Changed at run time by the control API.
  [[nodiscard]] Options& settings() { return options_; }

 private:
  using AppPtr = std::shared_ptr<App>;
  using TaskPtr = std::shared_ptr<Task>;

  struct Located {
    AppPtr app;
    TaskPtr task;
  };

  [[nodiscard]] Located locate(const std::string& task_id) const;
  [[nodiscard]] tl::expected<AppSpec, SpecError> read_spec(const std::string& definition, const std::string& id,
                                                           bool pod);
  tl::expected<AppPtr, SpecError> editable(const std::string& id, bool force);
  void begin_deployment(App& app, const std::string& action, int total_steps);
  void store_root(App& app, const Origin* origin);
  void next_step(App& app, const std::string& action);
  void finish_deployment(const AppPtr& app);
  void settle(const AppPtr& app);
  void replace_outdated(const AppPtr& app, std::vector<TaskPtr>& outdated, std::size_t ready_count);

  TaskPtr new_task(const App& app);
  void launch(const AppPtr& app);
  void advance(const AppPtr& app, const TaskPtr& task, TaskState state);
  void first_health(const AppPtr& app, const TaskPtr& task);
  void begin_kill(const AppPtr& app, const TaskPtr& task, const Kill& how);
  void end_task(const AppPtr& app, const TaskPtr& task, TaskState state);

  void touch(App& app) { app.revision = ++revision_; }
  void tell(const Event& event) { events_sink_(event); }
  void tell_state(const Task& task, const std::string& message);
  void tell_instance(const Task& task, const std::string& condition);
  void tell_health(const Task& task, bool alive);
  [[nodiscard]] std::string next_version();
  [[nodiscard]] std::string new_uuid();

  Options options_;
  After after_;
  Processes& processes_;
  EventSink events_sink_;
  ChangeSink changes_;
  Events events_;
  std::map<std::string, AppPtr> apps_;
  std::map<std::string, Deployment> deployments_;
  std::map<std::string, std::string> task_apps_;  // task id -> app id, of apps in the root group
  std::chrono::system_clock::time_point last_version_{};
  std::uint64_t revision_ = 0;
  std::size_t next_slave_ = 0;
  int next_service_port_ = 10000;
  std::mt19937_64 random_;
};

}  // namespace chorale::marathon_simulator
