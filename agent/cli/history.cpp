// `chorale history`: the last commits, what changed and why, from <root>/history.
#include <chrono>
#include <iostream>
#include <optional>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/history_text.h"
#include "agent/cli/load.h"
#include "agent/cli/local_agent.h"
#include "agent/config/config_values.h"
#include "coordination/paths.h"

namespace chorale::agent {
namespace {

tl::expected<std::string, CliError> read_in_cluster(const Config& config) {
  ClusterSession session(config.zookeeper);
  const coordination::Path path = coordination::Paths(config.zookeeper.root).history;
  const auto read = session.execute(coordination::ReadNode{path}, kClusterPatience);
  if (!read) return tl::unexpected(read.error());
  if (*read) return std::get<coordination::NodeRead>(**read).data;
  if (read->error().kind == coordination::ErrorKind::kNoNode) return std::string("[]\n");
  return tl::unexpected(CliError{kExitNo, "cannot read " + path.text() + ": " + read->error().message});
}

}  // namespace

int run_history(const std::string& config_file, const HistoryFlags& flags) {
  std::optional<std::int64_t> from;
  if (!flags.since.empty()) {
    const auto since = parse_duration(flags.since);
    if (!since) return complain({kExitUsage, "--since: " + since.error().message});
    const auto now = std::chrono::system_clock::now() - *since;
    from = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  }
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  const auto text =
      config->standalone ? ask_local_agent(*config, "/v1/history", kClusterPatience) : read_in_cluster(*config);
  if (!text) return complain(text.error());
  const auto entries = coordination::decode_history(*text);
  if (!entries) return complain({kExitNo, "the history cannot be read: " + entries.error().message});
  if (flags.json) {
    std::cout << encode(from ? entries_since(*entries, *from) : *entries);
    if (from) std::cerr << reach_text(*entries, *from);
  } else if (from) {
    const auto lately = entries_since(*entries, *from);
    std::cout << (lately.empty() ? "" : history_text(lately)) << reach_text(*entries, *from);
  } else {
    std::cout << history_text(*entries);
  }
  return kExitFine;
}

}  // namespace chorale::agent
