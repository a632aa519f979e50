// Marathon's JSON documents, in the shape of the release asked for. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/marathon_simulator/model.h"

namespace chorale::marathon_simulator {

// One app as /v2/apps lists it; its tasks only when asked for.
[[nodiscard]] std::string app_json(const App& app, const Version& version, bool with_tasks);
// `service_ports` are filled by /v2/tasks alone.
[[nodiscard]] std::string task_json(const Task& task, const Version& version, const std::vector<int>& service_ports);
[[nodiscard]] std::string tasks_json(const std::vector<std::string>& tasks);
[[nodiscard]] std::string deployments_json(const std::vector<Deployment>& deployments);
// `leader` is host:port; empty when there is none.
[[nodiscard]] std::string info_json(const Version& version, const std::string& framework_id, const std::string& leader,
                                    bool elected);
[[nodiscard]] std::string message_json(const std::string& message);

// Keeps the text of every app until it changes, so that a list of 10,000 apps costs a concatenation.
class AppListing {
 public:
  explicit AppListing(const Version& version);
  ~AppListing();
  AppListing(const AppListing&) = delete;
  AppListing& operator=(const AppListing&) = delete;

  [[nodiscard]] const std::string& text(const App& app, bool with_tasks);
  void forget(const std::string& app_id);

 private:
  struct Cache;
  Version version_;
  std::unique_ptr<Cache> cache_;
};

}  // namespace chorale::marathon_simulator
