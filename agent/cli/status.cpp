// `chorale status [--json] [--watch]`.
#include <unistd.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/frames.h"
#include "agent/cli/load.h"
#include "agent/cli/local_agent.h"
#include "agent/cli/status_text.h"
#include "agent/core/problems.h"

namespace chorale::agent {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds kStatusPollInterval{500};
constexpr std::chrono::milliseconds kLocalPatience{2'000};

std::int64_t now_in_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

// What could be found out, and how the process is to end for it.
struct Picture {
  int exit_code = kExitFine;
  bool is_answer = true;  // something is known; else the text is a complaint
  std::string json;
  std::function<std::string(std::int64_t time)> text;
};

LocalStatus read_health(const std::string& body) {
  LocalStatus local;
  const Json health = Json::parse(body, nullptr, false);
  if (!health.is_object() || !health.contains("Cluster") || !health["Cluster"].is_object()) return local;
  const auto text = [](const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto number = [&](const char* key) {
    const auto found = health["Cluster"].find(key);
    return found != health["Cluster"].end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  };
  const Json& cluster = health["Cluster"];
  local.id = text(cluster, "Id");
  local.role = text(cluster, "Role");
  local.condition = text(health, "Status");
  local.message = text(health, "Message");
  local.leader = text(cluster, "Leader");
  local.digest = text(cluster, "Digest");
  local.as_of = text(cluster, "AsOf");
  local.applied = number("Applied");
  local.committed = number("Committed");
  local.agents = number("Agents");
  return local;
}

Picture picture_of(const coordination::ClusterSnapshot& snapshot, const std::string& note, int exit_code) {
  return {exit_code, true, encode_status(snapshot) + "\n",
          [snapshot, note](std::int64_t time) { return note + status_text(snapshot, time); }};
}

// The agent of this proxy may see what the command line cannot; else it knows itself, and what it heard last.
Picture ask_the_agent(const Config& config, const CliError& why) {
  const auto cluster = ask_agents_status(config, kLocalPatience);
  if (cluster) {
    return picture_of(*cluster, why.message + "\nWhat the agent of this proxy reads there:\n\n", why.exit_code);
  }
  const auto health = ask_health(config, kLocalPatience);
  LocalStatus local = health ? read_health(*health) : LocalStatus{};
  local.why = why.message;
  if (local.id.empty()) {
    local.why += "; the agent of this proxy does not answer either: " +
                 (health ? std::string("it says nothing of itself") : health.error().message);
  }
  Json json{{"error", local.why}, {"local", nullptr}, {"well", false}};
  if (health) json["local"] = Json::parse(*health, nullptr, false);
  return {why.exit_code, !local.id.empty(), json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
          [local](std::int64_t time) { return local_status_text(local, time); }};
}

Picture look(const Config& config, ClusterSession& session) {
  const auto snapshot =
      config.standalone ? ask_local_status(config, kClusterPatience) : session.read_cluster(kClusterPatience);
  if (snapshot) return picture_of(*snapshot, "", all_is_well(*snapshot) ? kExitFine : kExitNo);
  if (!config.standalone && snapshot.error().exit_code == kExitUnreachable) {
    return ask_the_agent(config, snapshot.error());
  }
  const std::string why = snapshot.error().message;
  return {snapshot.error().exit_code, false, Json{{"error", why}, {"well", false}}.dump(2) + "\n",
          [why](std::int64_t) { return why + "\n"; }};
}

int show_once(const Picture& picture, bool json) {
  const std::string text = json ? picture.json : picture.text(now_in_seconds());
  (picture.is_answer || json ? std::cout : std::cerr) << text << std::flush;
  return picture.exit_code;
}

// On a terminal what changed is written over what was there; elsewhere every change adds lines.
int show_changes(const Config& config, ClusterSession& session, bool json) {
  const bool terminal = ::isatty(STDOUT_FILENO) != 0 && !json;
  Screen screen;
  Journal journal;
  std::string shown_json;
  do {
    const Picture picture = look(config, session);
    if (json) {
      if (picture.json != std::exchange(shown_json, picture.json)) std::cout << picture.json << std::flush;
    } else if (terminal) {
      std::cout << screen.draw(picture.text(now_in_seconds()), terminal_size()) << std::flush;
    } else {
      std::cout << journal.add(picture.text, now_in_seconds()) << std::flush;
    }
    if (!std::cout) return kExitFine;  // the reader has gone
  } while (session.pause(kStatusPollInterval));
  return kExitFine;
}

}  // namespace

int run_status(const std::string& config_file, const StatusFlags& flags) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  ClusterSession session(config->zookeeper);
  return flags.watch ? show_changes(*config, session, flags.json) : show_once(look(*config, session), flags.json);
}

}  // namespace chorale::agent
