// This proxy's Nginx: stages, tests, applies and proves configurations. Loop thread only.
//
// The shell around core/applier (pure: what to do next) and the parts of this folder (files, processes, signals,
// proof). Child processes, fsyncs and /proc reads never block the loop. It applies one thing at a time; a newer wish
// replaces an older one that has not begun. Nginx keeps serving whatever happens here.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/types.h"
#include "coordination/coordinator.h"

namespace chorale::agent {

struct LocalNginxOptions {
  std::string config_file;                    // the target, e.g. /etc/nginx/nginx.conf
  std::vector<std::string> command{"nginx"};  // program and arguments; "-t -c FILE" and "-s reload" are appended
  std::string pid_file;                       // empty: the config's pid line, else /run/nginx.pid
  std::string state_dir;                      // keeps the last proven file
  bool ignore_check = false;                  // nginx_ignore_check
  bool repair_drift = true;                   // drift = "repair" | "report"
  std::map<std::string, std::string> local_values;
  Milliseconds retry_interval{30'000};  // after an unproven apply, and for a minority nacker
  Milliseconds proof_floor{5'000};      // proof within max(this, 3 x the last test)
  Milliseconds watch_interval{1'000};   // how often the master, the file and drift are looked at
};

// What an operator wants to know of this Nginx. Republished on change.
struct NginxReport {
  bool running = false;                           // a verified master process
  std::string nginx_message;                      // "OK", or what is wrong with the process
  bool config_healthy = true;                     // the last test and the last proof succeeded
  std::string config_message;                     // "OK", or Nginx's own words
  std::optional<coordination::Identity> applied;  // proven
  std::string applied_at;                         // ISO 8601
  std::optional<coordination::Identity> wanted;   // committed, not applied yet
  std::optional<TimePoint> failing_since;         // since when `wanted` cannot be applied
  Milliseconds last_test{0};
  std::uint64_t accepted_tests = 0;
  Milliseconds last_apply{0};  // rename until proof
  int workers = 0;
  int old_workers = 0;  // shutting down
  std::uint64_t reloads = 0;
  std::uint64_t reload_failures = 0;

  bool operator==(const NginxReport&) const = default;
};

class LocalNginx {
 public:
  struct Callbacks {
    std::function<void(coordination::StageFinished)> staged;
    std::function<void(coordination::RevisionApplied)> applied;
    std::function<void(const NginxReport&)> report;
    std::function<void(LogLine)> log;
  };

  LocalNginx(boost::asio::io_context& loop, boost::asio::thread_pool& workers, LocalNginxOptions options,
             Callbacks callbacks);
  ~LocalNginx();  // no callback afterwards; a running child is waited for or killed, Nginx itself is left alone
  LocalNginx(const LocalNginx&) = delete;
  LocalNginx& operator=(const LocalNginx&) = delete;

  // Reads the target's first line and begins to watch. Blocking (a few file reads); before the loop runs.
  // Returns what the file says is served, for coordination::Started.
  std::optional<coordination::Identity> start();

  void stage(const coordination::StageRevision& wish);               // -> staged()
  void apply(const coordination::ApplyRevision& wish);               // -> applied(), once proven; retries by itself
  void set_local_values(std::map<std::string, std::string> values);  // config reload

  [[nodiscard]] const NginxReport& report() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chorale::agent
