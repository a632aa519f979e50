// Marathon's REST resources over the SimulatedMarathon: request in, response out. Loop thread only.
//
// Headers that every answer has, compression, authentication, the event stream and what a standby does are the
// Simulator's.
#pragma once

#include <string>
#include <vector>

#include "tests/marathon_simulator/http.h"
#include "tests/marathon_simulator/shapes.h"
#include "tests/marathon_simulator/simulated_marathon.h"

namespace chorale::marathon_simulator {

class RestApi {
 public:
  RestApi(const Version& version, std::string framework_id, SimulatedMarathon& marathon);

  // host:port of the leader, once the port is known.
  void set_leader(const std::string& leader) { leader_ = leader; }
  // Makes the text of every app, so that the first list costs no more than later ones.
  void warm_up();
  [[nodiscard]] Response handle(const Request& request);

 private:
  [[nodiscard]] Response ping(const Request& request) const;
  [[nodiscard]] Response list_apps(const Request& request);
  [[nodiscard]] Response one_app(const Request& request, const std::string& id);
  [[nodiscard]] Response list_tasks(const Request& request, const std::string& app_id) const;
  [[nodiscard]] Response write_app(const Request& request, const std::string& id);
  [[nodiscard]] Response kill_tasks(const Request& request, const std::string& app_id, const std::string& task_id);
  [[nodiscard]] Response below_apps(const Request& request);
  [[nodiscard]] const App* find_app(const std::string& id) const;  // a pod is none
  [[nodiscard]] const App* find_pod(const std::string& id) const;
  [[nodiscard]] Response list_pods(bool status) const;
  [[nodiscard]] Response below_pods(const Request& request);

  Version version_;
  std::string framework_id_;
  SimulatedMarathon& marathon_;
  AppListing listing_;
  std::string leader_;
};

// Ids come with one leading slash or with two, or none; the result has one.
[[nodiscard]] std::string normalise_id(const std::string& id);

}  // namespace chorale::marathon_simulator
