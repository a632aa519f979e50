// /etc/chorale/chorale.toml as values. A superset of nixy.toml: a migration starts by copying that file.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/routing_rules.h"
#include "agent/base/tls_files.h"
#include "agent/base/types.h"
#include "coordination/connect_string.h"

namespace chorale::agent {

struct StatsdConfig {
  std::string address;  // host:port, empty: off
  std::string name_space;
  int sample_rate = 100;
};

// A Config{} holds the defaults, so far as they do not depend on the host.
struct Config {
  std::string file;  // where it came from, for messages

  // Nixy's keys.
  std::string xproxy;                 // default: the host's name
  std::vector<std::string> marathon;  // URLs without their credentials, or one zk:// address, which may hold some
  std::string user;                   // of the key, or of the URLs
  std::string pass;
  RoutingRules routing;  // realm is Nixy's, the others Chorale's own
  std::string nginx_config = "/etc/nginx/nginx.conf";
  std::string nginx_main_config;  // empty: found, see agent/nginx/main_config.h
  std::string nginx_template = "/etc/chorale/nginx.conf.mustache";
  std::vector<std::string> nginx_cmd{"nginx"};
  bool nginx_ignore_check = false;
  std::string left_delimiter = "{{";
  std::string right_delimiter = "}}";
  StatsdConfig statsd;

  // Chorale's own.
  std::optional<coordination::ConnectString> marathon_zookeeper;  // of a `marathon` that is a zk:// address
  bool marathon_https = false;
  bool event_callbacks = false;  // event_source
  std::string callback_url;      // http(s)://host:port[/path]
  std::string callback_address = "0.0.0.0";
  std::uint16_t callback_port = 0;         // 0 where callback_listen is not set; else, once read, callback_url's
  std::vector<std::string> callback_from;  // networks, or "any"; none: Marathon's endpoints
  bool standalone = true;                  // no `zookeeper` key
  coordination::ConnectString zookeeper;
  bool lead = true;
  bool apply = true;  // false: an observer
  std::string id;     // default: the host's name; "localhost*" is refused
  std::string listen_address = "0.0.0.0";
  std::uint16_t listen_port = 8000;
  std::string nginx_pid;  // empty: the config's pid line
  std::string state_dir = "/var/lib/chorale";
  std::chrono::milliseconds session_timeout{10'000};
  std::chrono::milliseconds stage_timeout{3'000};
  int keep_revisions = 20;
  std::chrono::milliseconds collect_interval{600'000};
  std::chrono::milliseconds min_reload_interval{500};
  std::chrono::milliseconds resync_interval{60'000};
  std::chrono::milliseconds health_memory{300'000};
  double shrink_limit = 0.5;
  bool repair_drift = true;
  std::vector<std::string> reload_on;
  std::set<std::string> expose_env;
  std::map<std::string, std::string> local;  // [local], and nothing else
  TlsFiles tls;                              // towards Marathon: ca_file, marathon_cert_file, marathon_key_file
  std::string marathon_auth_file;            // their content is read where it is used, again and again
  std::string marathon_service_account_file;
  std::string zookeeper_auth_file;  // its content ("user:password") becomes zookeeper.credentials
  bool nixy_metrics = false;
  bool log_json = false;  // log_format
  std::string admin_token_file;
  std::string admin_token;  // the content of admin_token_file
};

// What is read and accepted, but should not stay so.
struct ConfigWarning {
  enum class Kind {
    kMistypedKey,     // unknown, and nearly a known one
    kUnknownKey,      // unknown, and near none
    kNoEffect,        // known, and without effect here
    kReadableSecret,  // every user of the host can read it
    kTakenAsInNixy,   // what Nixy takes, and people seldom mean
  };
  Kind kind = Kind::kUnknownKey;
  std::string where;  // "/etc/chorale/chorale.toml:12", "environment variable CHORALE_MARATON", or the file alone
  std::string message;
  std::string meant{};  // the key that is misspelt beyond doubt; empty: none
  std::string error{};  // what to say in place of `message` where that key is set nowhere

  [[nodiscard]] std::string text() const { return where + ": " + message; }
};

struct LoadedConfig {
  Config config;
  std::vector<ConfigWarning> warnings;
};

// What the host says of itself, injected so that parsing is pure.
struct HostFacts {
  std::string hostname;
  std::map<std::string, std::string> environment;  // only CHORALE_* is looked at
  std::string directory = "/";                     // what a relative name of the config file is below
};

// The failure lists all errors of the file, one a line; each names the file, the line and what was expected.
[[nodiscard]] tl::expected<LoadedConfig, Failure> parse_config(std::string_view text, const std::string& file,
                                                               const HostFacts& host);
// What a daemon needs beyond a readable config, one complete sentence each, naming the file: `status` and `routes` do
// without.
[[nodiscard]] std::vector<std::string> missing_for_agent(const Config& config);

// Reads the file, the secret files that it names and the host's facts. Failures as above.
[[nodiscard]] tl::expected<LoadedConfig, Failure> load_config(const std::string& file);

// What a start of the agent refuses as well: what it lacks.
[[nodiscard]] tl::expected<LoadedConfig, Failure> load_for_agent(const std::string& file);

// For health, which anyone may read, after a re-reading that was refused at `at`: the first error, and how many more.
[[nodiscard]] std::string refusal_warning(const Failure& refused, const std::string& at);

// Keys by name, and "[local]".
struct ConfigChanges {
  std::vector<std::string> in_force;
  std::vector<std::string> at_next_start;

  [[nodiscard]] std::string text() const;  // "in force: xproxy, [local]; at the next start: port"
};
// Takes from `next` what a running agent can take, as the key table says, and names all that differs.
[[nodiscard]] ConfigChanges take_changes(const Config& next, Config& running);

// Marathon's URLs; none where they are found in its election.
[[nodiscard]] std::vector<std::string> marathon_urls(const Config& config);

// Marathon or ZooKeeper is configured as localhost or by a loopback address: the cluster runs on this machine, and so
// may its tasks.
[[nodiscard]] bool reaches_cluster_on_loopback(const Config& config);

// The agent's unix socket for what steers this proxy, root alone: in systemd's directory, or in a state_dir of one's
// own, so that several agents of one host have one each.
[[nodiscard]] std::string admin_socket(const Config& config);

// Where people find this proxy's Nginx: "proxy-1", "proxy-1:8080"; by the value http_port, as templates have it.
[[nodiscard]] std::string proxy_address(const Config& config);

// The values that @{name} may use on this proxy: built-ins, overridden by [local]. `nginx_user`: what a `user`
// directive may say here.
[[nodiscard]] std::map<std::string, std::string> local_values(const Config& config, const std::string& nginx_user);

}  // namespace chorale::agent
