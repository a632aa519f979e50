// The verbs of the command line beside `agent`. Each returns the exit code: 0 fine, 1 the answer is no, 2 wrong usage
// or config, 3 ZooKeeper or the agent could not be reached. Results go to stdout, everything else to stderr.
#pragma once

#include <string>
#include <vector>

#include "agent/base/exit_code.h"
#include "agent/config/config.h"

namespace chorale::agent {

struct StatusFlags {
  bool json = false;
  bool watch = false;  // redraw on change until interrupted
};

struct HistoryFlags {
  bool json = false;
  std::string since;  // "1h": those of the last hour; empty: all that are kept
};

struct TemplatePush {
  std::string file;             // empty: what is on trial, for all
  std::vector<std::string> on;  // agents that alone get it; empty: all do
};

int run_check(const std::string& config_file);
// `apps_file`: a /v2/apps body; empty: an empty state.
int run_render(const std::string& config_file, const std::string& apps_file);
int run_status(const std::string& config_file, const StatusFlags& flags);
int run_routes(const std::string& config_file, const std::string& app);
// 1: the app is not routed. 3: ZooKeeper, or a standalone agent, cannot be reached; what is known stands on stdout.
int run_explain(const std::string& config_file, const std::string& app, bool json);
// 1: `nginx_file` routes otherwise than the committed routes do.
int run_compare(const std::string& config_file, const std::string& nginx_file);
// Writes chorale.toml, and a template out of `template_file` (empty: the one that nixy.toml names, where it can be
// read), to `directory`, where neither may exist. 1: something was left out and needs a hand.
int run_migrate(const std::string& nixy_file, const std::string& template_file, const std::string& directory);
// `what`: "policy", or the digest of a loss that is held back; of a standalone agent by its unix socket.
int run_accept(const std::string& config_file, const std::string& what);
// The pool's template by an operator's word. Each waits until it is served, or says what is against it.
int run_template_push(const std::string& config_file, const TemplatePush& what);
int run_template_rollback(const std::string& config_file);
int run_template_history(const std::string& config_file);
// `digest`: its first digits; empty: the one that was pushed last.
int run_template_show(const std::string& config_file, const std::string& digest);
// `revision`: "41", "5.41" or "current". Both end with 0 when the leader has said that it is so.
int run_hold(const std::string& config_file, const std::string& revision, const std::string& reason);
int run_release(const std::string& config_file);
int run_history(const std::string& config_file, const HistoryFlags& flags);
// Two revisions. 0: they route the same by the same template; 1: they do not; 2: one of them cannot be read.
int run_diff(const std::string& config_file, const std::string& from, const std::string& to);
int run_forget(const std::string& config_file, const std::string& id);
// Both by the local agent's unix socket: reload tests and reloads this proxy's Nginx, repair puts an edited file back.
int run_reload(const std::string& config_file);
int run_repair(const std::string& config_file);
// Likewise: a balancer that asks for health sends this proxy no traffic any more, or again.
int run_drain(const std::string& config_file, const std::string& reason);
int run_undrain(const std::string& config_file);
int run_version();

}  // namespace chorale::agent
