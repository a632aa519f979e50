// `chorale check`: what this host has to offer: an Nginx, places to write to, a port to listen on.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/base/atomic_file.h"
#include "agent/base/http_client.h"
#include "agent/base/listening.h"
#include "agent/base/one_line.h"
#include "agent/base/process.h"
#include "agent/base/text_file.h"
#include "agent/base/unique_fd.h"
#include "agent/base/url.h"
#include "agent/cli/check_parts.h"
#include "agent/cli/cli.h"
#include "agent/cli/local_agent.h"
#include "agent/cli/rendering.h"
#include "agent/nginx/config_file.h"
#include "agent/nginx/config_text.h"
#include "agent/nginx/local_nginx.h"
#include "agent/nginx/locations.h"
#include "agent/nginx/master.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::system::error_code;

constexpr std::chrono::milliseconds kNginxPatience{10'000};
constexpr std::chrono::milliseconds kAgentPatience{2'000};

void check_nginx_runs(CheckReport& report, const Config& config, const NginxHere& nginx) {
  const std::string& file = nginx.main_config.empty() ? config.nginx_config : nginx.main_config;
  const auto text = read_text_file(file, std::size_t{1} << 30U);
  const MainDirectives directives = text ? main_directives(*text) : MainDirectives{};
  NginxLocations where = nginx_locations(directives, {}, config.nginx_cmd, config.nginx_pid);
  where.config_file = file;
  where.build = nginx.build;
  const auto any = find_master(where.pid_files, program_name(config.nginx_cmd));
  const auto master = find_own_master(where, program_name(config.nginx_cmd));
  if (master) {
    report.ok("nginx", "runs as process " + std::to_string(master->pid));
  } else if (any) {
    report.fail("nginx", master.error().message, kExitNo);
  } else {
    report.warn("nginx", master.error().message + "; the agent never starts it: systemctl start nginx");
  }
}

// Why this process may not write there. Tried, because root's permissions say nothing about read-only mounts and the
// like.
std::optional<std::string> why_not_writable(const fs::path& directory) {
  std::string probe = (directory / ".chorale-check-XXXXXX").string();
  const UniqueFd file(::mkostemp(probe.data(), O_CLOEXEC));
  if (file) {
    ::unlink(probe.c_str());
    return std::nullopt;
  }
  const int error = errno;
  std::string why = directory.string() + " cannot be written to: " + std::strerror(error);
  if (error == EACCES && ::geteuid() != 0) why += " (the agent runs as root, this check does not)";
  return why;
}

// The directory itself, or the nearest one above it that exists.
fs::path existing(fs::path directory) {
  std::error_code ignored;
  while (!fs::exists(directory, ignored) && directory.has_relative_path()) directory = directory.parent_path();
  return directory;
}

// The id of the agent that listens on the admin API's port; nullopt: it is not an agent.
std::optional<std::string> agent_at_port(const Config& config) {
  const auto answer = ask_http(admin_url(config, "/v1/health"), {kAgentPatience});
  if (!answer) return std::nullopt;
  const auto health = nlohmann::json::parse(answer->body, nullptr, false);
  if (!health.is_object() || !health.contains("Cluster") || !health["Cluster"].is_object()) return std::nullopt;
  const auto& cluster = health["Cluster"];
  if (!cluster.contains("Id") || !cluster["Id"].is_string()) return std::nullopt;
  return cluster["Id"].get<std::string>();
}

void check_port(CheckReport& report, const Config& config) {
  const std::string where = host_and_port(config.listen_address, config.listen_port);
  error_code error;
  const auto address = asio::ip::make_address(config.listen_address, error);
  if (!error) error = try_to_listen({address, config.listen_port});
  if (!error) {
    report.ok("listen", where + " is free");
  } else if (error != asio::error::address_in_use) {
    report.fail("listen", where + ": " + error.message() + "; set listen to an address of this host", kExitNo);
  } else if (const auto agent = agent_at_port(config); agent == config.id) {
    report.ok("listen", where + ": this agent runs and listens there");
  } else {
    report.fail("listen",
                where + " is taken by " + (agent ? "another agent, " + *agent : "another program") +
                    " (ss -ltnp 'sport = :" + std::to_string(config.listen_port) +
                    "' names it); stop it, or set listen to another port",
                kExitNo);
  }
}

// The candidate is written beside the file that Nginx reads, so that relative includes work; where that file is a link,
// what it points to is replaced.
std::optional<std::string> why_not_replaceable(const std::string& file) {
  const std::string linked = resolve_links(file);
  std::error_code ignored;
  for (const std::string& path : {file, linked}) {
    const fs::path directory = fs::path(path).parent_path();
    const std::string link = path == file ? "" : ", to which the link " + file + " points";
    if (!fs::is_directory(directory, ignored)) {
      return "there is no directory " + directory.string() + link +
             "; create it, or set nginx_config to where Nginx reads";
    }
    const std::string does = path == linked ? "replaces " : "tests the next text of ";
    if (const auto why = why_not_writable(directory)) return *why + "; the agent " + does + path + " there" + link;
  }
  return std::nullopt;
}

// What it takes to test one file of the user's own configuration.
void check_main_config(CheckReport& report, const Config& config, const std::string& main) {
  if (main.empty()) return;
  const auto copies = copies_with_draft(
      {main, config.nginx_config, hidden_beside(config.nginx_config, kStageSuffix), config.nginx_config});
  if (!copies) return report.fail("nginx_config", copies.error().message, kExitNo);
  if (const auto why = why_not_writable(fs::path(main).parent_path()); why && config.apply) {
    return report.fail("nginx_config", *why + "; a copy of " + main + " is tested there", kExitNo);
  }
  report.ok("nginx_config", "is included by " + main + " and tested as part of it");
}

}  // namespace

std::optional<NginxVersion> parse_nginx_version(std::string_view output) {
  constexpr std::string_view kLabel = "version: ";
  const auto label = output.find(kLabel);
  if (label == std::string_view::npos) return std::nullopt;
  const auto slash = output.find('/', label);
  if (slash == std::string_view::npos) return std::nullopt;
  NginxVersion version;
  const char* at = output.data() + slash;
  const char* const end = output.data() + output.size();
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    if (at == end || (*at != '/' && *at != '.')) return std::nullopt;
    const auto [next, error] = std::from_chars(at + 1, end, *part);
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  return version;
}

NginxProgram check_nginx_program(CheckReport& report, const Config& config, const NginxHere& nginx) {
  std::vector<std::string> command = config.nginx_cmd;
  command.emplace_back("-v");
  const auto result = run_process(command, kNginxPatience);
  if (!result) {
    const ProcessFailure& failure = result.error();
    report.fail("nginx",
                (failure.start_error ? command.front() + ": " + *failure.start_error : failure.message) +
                    "; install Nginx, or name its program in nginx_cmd",
                kExitNo);
    return {};
  }
  const auto version = parse_nginx_version(result->output);
  if (result->exit_code != 0) {
    report.fail("nginx",
                config.nginx_cmd.front() + " -v ends with " + std::to_string(result->exit_code) + ": " +
                    std::string(first_line(result->output)) + "; set nginx_cmd to a command that runs Nginx",
                kExitNo);
    return {};
  }
  if (!version) {
    report.warn("nginx", config.nginx_cmd.front() + " -v names no version: " + std::string(first_line(result->output)));
  } else {
    report.ok("nginx", "version " + text_of(*version));
  }
  if (config.apply) check_nginx_runs(report, config, nginx);
  return {true, version};
}

void check_files(CheckReport& report, const Config& config, const NginxHere& nginx) {
  if (!config.apply) {
    report.ok("apply", "false: " + shadow_file(config.state_dir) + " is written, and neither Nginx nor " +
                           config.nginx_config + " is touched; that it can be replaced is not checked");
  } else if (const auto why = why_not_replaceable(config.nginx_config)) {
    report.fail("nginx_config", *why, kExitNo);
  } else {
    report.ok("nginx_config", config.nginx_config + " can be replaced");
  }
  check_main_config(report, config, nginx.main_config);
  std::error_code ignored;
  for (const std::string& path : config.reload_on) {
    if (!fs::exists(path, ignored)) report.warn("reload_on", path + ": no such file; the agent waits for it to appear");
  }
  const fs::path state = existing(config.state_dir);
  if (!fs::is_directory(state, ignored)) {
    report.fail("state_dir", state.string() + " is not a directory; set state_dir to one", kExitNo);
  } else if (const auto why = why_not_writable(state)) {
    report.fail("state_dir", *why + "; the agent keeps its identity and the last good config there", kExitNo);
  } else {
    report.ok(
        "state_dir",
        config.state_dir + (state == fs::path(config.state_dir) ? "" : " does not exist yet; the agent creates it"));
  }
}

void check_listen(CheckReport& report, const Config& config) {
  check_port(report, config);
  const bool loopback = config.listen_address.starts_with("127.") || config.listen_address == "::1";
  if (loopback || !config.admin_token.empty()) return;
  report.warn(
      "listen",
      "open to the network: the status page, health, status and metrics answer everyone who reaches it; without "
      "admin_token_file, /v1/config and /v1/reload answer this host only");
}

}  // namespace chorale::agent
