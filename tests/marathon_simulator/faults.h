// Faults ordered through the control API: which requests they strike, and what they make of the answer. Loop thread
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tests/marathon_simulator/http.h"

namespace chorale::marathon_simulator {

enum class FaultMode {
  kStatus,        // `status`, with an HTML page or a JSON message
  kUnauthorized,  // 401, whatever the credentials
  kMalformed,     // damaged JSON of the announced length
  kWrongTypes,    // JSON whose values have types that Marathon never sends
  kTruncated,     // the connection ends in the middle of the body
  kEmptyBody,     // 200 and nothing
  kNoApps,        // {"apps":[]}
  kEmptyObject,   // {}
  kPartial,       // only the first `fraction` of the apps
  kNoTasks,       // every app without its tasks
  kNoHealth,      // every task without its results
  kStalled,       // accepted, never answered
  kSlow,          // `bytes_per_second`
  kReset,         // RST
};

[[nodiscard]] std::optional<FaultMode> parse_fault_mode(const std::string& name);

struct Fault {
  std::uint64_t id = 0;
  std::string kind = "all";  // of request, see request_kind(); or "all"
  std::string path;          // a regular expression searched in the target, instead of a kind
  FaultMode mode = FaultMode::kStatus;
  std::string mode_name;
  int status = 500;
  bool html = true;
  std::size_t bytes_per_second = 100;
  double fraction = 0.5;
  std::int64_t remaining = -1;  // below zero: until cleared
};

// "ping", "info", "leader", "apps" (the list), "app" (one), "pods", "pod", "tasks", "groups", "deployments", "events",
// "subscriptions", "login", "other".
[[nodiscard]] std::string request_kind(const std::string& path);

class Faults {
 public:
  Faults();
  ~Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  // The id; an error for a bad regular expression.
  tl::expected<std::uint64_t, std::string> add(Fault fault);
  // Nothing for all of them.
  void clear(std::optional<std::uint64_t> id);
  // The first fault that strikes this request, and one use of it.
  [[nodiscard]] std::optional<Fault> take(const Request& request);
  [[nodiscard]] std::vector<Fault> list() const;

 private:
  struct Armed;
  std::vector<std::unique_ptr<Armed>> armed_;
  std::uint64_t next_id_ = 1;
};

// The answer that needs no look at the request; nothing for a fault that alters the true answer.
[[nodiscard]] std::optional<Response> replacement(const Fault& fault);
void alter(const Fault& fault, Response& response);

}  // namespace chorale::marathon_simulator
