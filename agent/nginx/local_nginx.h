// This proxy's Nginx: stages, tests, applies and proves configurations. Loop thread only.
//
// Every way to update Nginx implements this interface: a file and its reload (reloaded_nginx.cpp), or none at all where
// an agent only shows what it would apply (shadow_file.cpp).
// It applies one thing at a time; a newer request replaces an older one that has not begun. Nginx keeps serving,
// however an update ends.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/applying/applier_events.h"
#include "agent/core/applying/nginx_status.h"
#include "coordination/coordinator.h"

namespace chorale::agent {

struct LocalNginxOptions {
  std::string config_file;                    // the target, e.g. /etc/nginx/nginx.conf
  std::string main_config{};                  // the user's own file that includes it; empty: it is the whole
  std::vector<std::string> command{"nginx"};  // program and arguments; "-t -c FILE" and "-s reload" are appended
  std::string pid_file;                       // empty: the config's pid line, else /run/nginx.pid
  std::string state_dir;                      // keeps the last proven file
  bool ignore_check = false;                  // nginx_ignore_check
  bool repair_drift = true;                   // drift = "repair" | "report"
  std::map<std::string, std::string> local_values;
  std::vector<std::string> reload_on;    // files whose change tests and reloads this Nginx
  Milliseconds retry_interval{30'000};   // after a refusal or an unproven reload
  Milliseconds illness_interval{5'000};  // after what this proxy itself could not do, e.g. on a full disk
  Milliseconds proof_floor{5'000};       // proof within max(this, 3 x the last test)
  Milliseconds watch_interval{1'000};    // how often the master, the file and drift are looked at
};

class LocalNginx {
 public:
  struct Callbacks {
    std::function<void(coordination::StageFinished)> staged;
    std::function<void(coordination::RevisionApplied)> applied;
    std::function<void(const NginxStatus&)> changed;
    std::function<void(LogLine)> log;
  };

  LocalNginx() = default;
  virtual ~LocalNginx() = default;  // no callback afterwards; a running child is waited for or killed, Nginx stays
  LocalNginx(const LocalNginx&) = delete;
  LocalNginx& operator=(const LocalNginx&) = delete;

  // Reads the target's first line and begins to watch. Blocking (a few file reads); before the loop runs.
  // Returns what the file says is served, for coordination::Started.
  virtual std::optional<coordination::Identity> start() = 0;

  virtual void stage(const coordination::StageRevision& revision) = 0;  // -> staged()
  virtual void apply(const coordination::ApplyRevision& revision) = 0;  // -> applied(), once proven; it retries
  virtual void set_local_values(std::map<std::string, std::string> values) = 0;  // after the configuration was re-read

  // Nothing is proposed any more: a refused candidate is no trouble of this proxy.
  virtual void proposal_ended(std::optional<coordination::Identity> committed) = 0;

  // An operator's command, answered once: why it could not be done, or nothing. With kReload: the running Nginx is
  // proven to have read its files anew.
  using Commanded = std::function<void(std::optional<Failure>)>;
  virtual void command(Command command, Commanded commanded) = 0;

  // Whether Nginx would accept `text`, of which nothing else comes: on a file and in a job of its own, so that staging
  // goes on. One after the other, each within 10 s; the line of the answer is that of `text`.
  using Tried = std::function<void(TestFinished)>;
  virtual void try_out(std::shared_ptr<const std::string> text, Tried tried) = 0;

  [[nodiscard]] virtual const NginxStatus& status() const = 0;
};

// What may run at once, and hang: a stage test, a trial, a reload by command, and a look beside them.
inline constexpr int kNginxThreads = 4;

// By a file and its reload. Child processes, fsyncs and /proc reads run on `workers`, which has kNginxThreads threads
// and no other work: a hung `nginx -t` must not stop anything else.
[[nodiscard]] std::shared_ptr<LocalNginx> make_reloaded_nginx(boost::asio::io_context& loop,
                                                              boost::asio::thread_pool& workers,
                                                              LocalNginxOptions options,
                                                              LocalNginx::Callbacks callbacks);

// Touches no Nginx: what is committed is written to shadow_file(), local values filled in, old or new and never half; a
// failed write is tried again after illness_interval. Nothing is tested: stage() is unable where a local value is
// unknown, "applied" is what the file holds, a command is refused. Of the options counts what names no Nginx.
[[nodiscard]] std::string shadow_file(const std::string& state_dir);
[[nodiscard]] std::shared_ptr<LocalNginx> make_shadow_file(boost::asio::io_context& loop,
                                                           boost::asio::thread_pool& workers, LocalNginxOptions options,
                                                           LocalNginx::Callbacks callbacks);

}  // namespace chorale::agent
