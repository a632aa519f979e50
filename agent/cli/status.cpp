// `chorale status [--json] [--watch]`.
#include <unistd.h>

#include <functional>
#include <iostream>
#include <optional>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/load.h"
#include "agent/cli/local_agent.h"
#include "agent/cli/status_text.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::milliseconds kPollInterval{500};
constexpr const char* kClearTerminal = "\x1b[H\x1b[2J";

using ReadCluster = std::function<tl::expected<coordination::ClusterSnapshot, CliError>()>;
using Pause = std::function<bool(std::chrono::milliseconds)>;

std::string text_of(const coordination::ClusterSnapshot& snapshot, bool json) {
  std::string text = json ? coordination::encode(snapshot) : status_text(snapshot);
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

int show_once(const ReadCluster& read, const StatusFlags& flags) {
  const auto snapshot = read();
  if (!snapshot) return complain(snapshot.error());
  std::cout << text_of(*snapshot, flags.json) << std::flush;
  return kExitFine;
}

// On a terminal the picture is redrawn; elsewhere every change adds a block.
int show_changes(const ReadCluster& read, const Pause& pause, const StatusFlags& flags) {
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  std::optional<std::string> shown;
  std::optional<std::string> complaint;  // why nothing can be read now, as it was said last
  do {
    const auto snapshot = read();
    if (!snapshot) {
      if (!shown && !complaint && snapshot.error().exit_code == kExitUsage) {
        return complain(snapshot.error());
      }
      if (snapshot.error().message != complaint) std::cerr << snapshot.error().message << std::endl;
      complaint = snapshot.error().message;
      continue;
    }
    const std::string text = text_of(*snapshot, flags.json);
    if (text == shown && !complaint) continue;
    complaint.reset();
    if (terminal) {
      std::cout << kClearTerminal << text << std::flush;
    } else if (text != shown) {
      std::cout << (!shown || flags.json ? "" : "\n") << text << std::flush;
    }
    shown = text;
    if (!std::cout) return kExitFine;  // the reader has gone
  } while (pause(kPollInterval));
  return kExitFine;
}

}  // namespace

int run_status(const std::string& config_file, const StatusFlags& flags) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  std::optional<ClusterSession> session;
  session.emplace(config->zookeeper);
  const ReadCluster read = [&]() {
    return config->standalone ? ask_local_status(*config, kClusterPatience) : session->read_cluster(kClusterPatience);
  };
  if (!flags.watch) return show_once(read, flags);
  return show_changes(
      read, [&](std::chrono::milliseconds duration) { return session->pause(duration); }, flags);
}

}  // namespace chorale::agent
