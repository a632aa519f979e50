// One reload and the proof that it took: Nginx answers a SIGHUP by changing its set of workers, or by an [emerg] line.
//
// Measured with Nginx 1.22: after the set has changed no request is answered by the old configuration any more; before
// that, every reload showed an old answer after a new one. `nginx -s reload` itself reports success in all these cases.
// The set alone does not say which file the new workers have read: another reload may have been under way, or a worker
// was replaced after a crash. Where the file has a proof page, a new worker has to say so.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/core/applying/applier_events.h"
#include "agent/nginx/error_log.h"
#include "agent/nginx/locations.h"
#include "agent/nginx/master.h"
#include "agent/nginx/proof_page.h"
#include "agent/nginx/redaction.h"

namespace chorale::agent {

enum class ProofVerdict { kPending, kProven, kRefused };
// Pure. `before`: who served when the signal was sent. A failed bind() alone is no refusal: Nginx tries five times.
[[nodiscard]] ProofVerdict judge_proof(const std::vector<int>& before, const Workers& now,
                                       const std::vector<std::string>& emergencies);
// Pure. Nginx's words, and what they mean where that is not obvious.
[[nodiscard]] std::string explain_refusal(const std::vector<std::string>& emergencies);

struct ReloadRequest {
  NginxLocations locations;
  std::string program;               // the base name of the command
  std::vector<std::string> command;  // for a master that may not be signalled
  std::string config_file;
  Milliseconds timeout{0};
  Redaction redaction{};
  std::optional<ProofPage> page{};  // of the file that is to be served; nullopt: the set of workers is all there is
};

// Blocking, but quick; worker pool only, one call at a time.
class Proof {
 public:
  // Sends the signal. The error: the reload ended at once, with this.
  [[nodiscard]] static tl::expected<std::unique_ptr<Proof>, ReloadFinished> begin(const ReloadRequest& request,
                                                                                  const std::atomic<bool>& stop);
  // nullopt: not decided yet.
  [[nodiscard]] std::optional<ReloadFinished> observe();

 private:
  Proof(const ReloadRequest& request, const MasterProcess& master);
  // A new worker says that it serves the file.
  [[nodiscard]] bool confirmed();
  [[nodiscard]] std::string explain_timeout(const Workers& now, const std::vector<std::string>& emergencies) const;

  MasterProcess master_;
  int logged_pid_ = 0;
  std::vector<int> before_;
  std::vector<int> before_own_;  // the same, as they call themselves
  ErrorLogTail log_;
  Redaction redaction_;
  std::optional<ProofPage> page_;
  std::chrono::steady_clock::time_point ask_at_{};
  std::string answered_;  // what came in place of the proof
  Milliseconds timeout_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace chorale::agent
