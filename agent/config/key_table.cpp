#include "agent/config/key_table.h"

#include <algorithm>

#include "agent/base/nearest.h"
#include "agent/base/url.h"
#include "agent/config/config_values.h"
#include "agent/config/marathon_keys.h"
#include "agent/config/routing_keys.h"

namespace chorale::agent {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Checked = tl::expected<void, Failure>;

constexpr std::string_view kCluster = "The cluster";
constexpr std::string_view kNginx = "Nginx";
constexpr std::string_view kAdmin = "Admin API";
constexpr std::string_view kUnsupported = "Known, but not supported by this version";
constexpr std::string_view kStatsd = "Section [statsd]";

tl::unexpected<Failure> refuse(const std::string& why) { return tl::unexpected(Failure{why}); }

// Nginx takes a relative path from its own directory, the agent from where it was started.
Checked absolute_path(std::string_view path) {
  if (path.starts_with('/')) return {};
  return refuse("expected an absolute path, found " +
                (path.empty() ? std::string("nothing") : "\"" + std::string(path) + "\""));
}

Checked absolute_path_or_none(std::string_view path) { return path.empty() ? Checked() : absolute_path(path); }
Checked some_path(std::string_view path) { return path.empty() ? refuse("expected a path, found nothing") : Checked(); }

Checked delimiter(std::string_view text) {
  if (!text.empty() && text.find_first_of(" \t\r\n=") == std::string_view::npos) return {};
  return refuse("expected a delimiter without blanks and '=', e.g. \"{{\" or \"<%\", found \"" + std::string(text) +
                "\"");
}

Checked udp_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (text.empty() || (colon != 0 && colon != std::string_view::npos && parse_port(text.substr(colon + 1)))) return {};
  return refuse("expected host:port, found \"" + std::string(text) + "\"");
}

Checked no_signing(std::string_view file) {
  if (file.empty()) return {};
  return refuse("signed revisions are not supported by this version; protect the tree with ZooKeeper credentials");
}

Checked read_zookeeper(std::string_view text, Config& config) {
  auto parsed = coordination::parse_connect_string(text);
  if (!parsed) return refuse(parsed.error().message);
  config.standalone = false;
  config.zookeeper = *std::move(parsed);
  return {};
}

std::string write_zookeeper(const Config& config) {
  if (config.standalone) return {};
  const bool inline_credentials = config.zookeeper_auth_file.empty() && !config.zookeeper.credentials.empty();
  return "zk://" + (inline_credentials ? config.zookeeper.credentials + "@" : "") + config.zookeeper.hosts +
         config.zookeeper.root.text();
}

Checked read_listen(std::string_view text, Config& config) {
  return parse_listen(text).map([&](ListenAddress listen) {
    config.listen_address = std::move(listen.address);
    config.listen_port = listen.port;
  });
}

std::string write_listen(const Config& config) { return host_and_port(config.listen_address, config.listen_port); }

Checked read_port(std::string_view text, Config& config) {
  return parse_port(text).map([&](std::uint16_t port) { config.listen_port = port; });
}

template <auto... Path>
void take(const Config& next, Config& running) {
  kMember<Path...>.of(running) = kMember<Path...>.in(next);
}

std::vector<Key> cluster_keys() {
  return {
      {.name = "zookeeper",
       .heading = kCluster,
       .type = ParsedKey{read_zookeeper, write_zookeeper},
       .text = "The ZooKeeper ensemble that Mesos and Marathon use, and the path of Chorale's tree in it; the same on "
               "every proxy of a pool. Without this key the agent runs standalone: it follows Marathon by itself and "
               "shares nothing.",
       .more = "The form is `zk://[user:password@]host:port[,host:port...]/path`. A host is a name or an IPv4 address. "
               "Without a path it is `/chorale`. A password must not contain a slash, and is better kept in "
               "`zookeeper_auth_file`.",
       .unset = "none",
       .example = R"("zk://master-1:2181,master-2:2181,master-3:2181/chorale")"},
      {.name = "zookeeper_auth_file",
       .heading = kCluster,
       .type = SecretFileKey{kMember<&Config::zookeeper_auth_file>,
                             kMember<&Config::zookeeper, &coordination::ConnectString::credentials>},
       .text = "A file with one line `user:password` for ZooKeeper's digest scheme, readable by root alone (chmod "
               "600). With credentials only Chorale can write to its tree; without them, anyone who can reach "
               "ZooKeeper can configure every proxy.",
       .more = "Anyone can read the tree. The key contradicts credentials in `zookeeper`.",
       .unset = "none",
       .example = R"("/etc/chorale/zookeeper.auth")"},
      {.name = "id",
       .heading = kCluster,
       .type = TextKey{kMember<&Config::id>, check_id},
       .text = "This agent's name in the cluster, different on every proxy: at most 128 letters, digits, dots, hyphens "
               "and underscores, beginning with a letter or digit. A name that begins with `localhost` is refused.",
       .unset = "the host's name",
       .example = R"("proxy-1")"},
      {.name = "lead",
       .heading = kCluster,
       .type = FlagKey{kMember<&Config::lead>},
       .text = "False: this agent follows and applies, and never leads, so that it never reads apps from Marathon. "
               "Others of "
               "the pool have to lead."},
      {.name = "apply",
       .heading = kCluster,
       .type = FlagKey{kMember<&Config::apply>},
       .text = "False: an observer. What would be applied is written to `shadow.conf` in `state_dir`, local values "
               "filled in, and no Nginx is touched: none is tested, signalled or looked at. An observer never leads, "
               "has no vote and is waited for by nobody. For a proxy that another program still configures: `chorale "
               "compare FILE` says what that one's file routes otherwise."},
      {.name = "session_timeout",
       .heading = kCluster,
       .type = DurationKey{kMember<&Config::session_timeout>, seconds(1), minutes(10)},
       .text = "How long ZooKeeper waits before it takes a silent agent for dead, and so about how long a lost leader "
               "is missed. ZooKeeper's servers may keep it within limits of their own."},
      {.name = "stage_timeout",
       .heading = kCluster,
       .type = DurationKey{kMember<&Config::stage_timeout>, milliseconds(0), minutes(5)},
       .text =
           "The longest that a proposed revision waits for the agents' `nginx -t` before it is committed without the "
           "silent ones; one that is much slower than the others is waited for less. \"0\": it does not wait for "
           "votes."},
      {.name = "keep_revisions",
       .heading = kCluster,
       .type = IntegerKey{kMember<&Config::keep_revisions>, 1, 1'000},
       .text = "How many committed revisions stay in ZooKeeper, the newest included. Older ones are deleted by the "
               "leader, and all that they alone consist of. A held revision stays."},
      {.name = "collect_interval",
       .heading = kCluster,
       .type = DurationKey{kMember<&Config::collect_interval>, seconds(1), hours(24)},
       .text = "How often the leader looks for what can be deleted in ZooKeeper. What it finds twice in a row is "
               "deleted. `chorale status` shows how large the tree is."},
  };
}

std::vector<Key> nginx_file_keys() {
  return {
      {.name = "nginx_config",
       .heading = kNginx,
       .type = TextKey{kMember<&Config::nginx_config>, some_path},
       .text = "The file that Chorale writes: the whole configuration of Nginx, or one file that your "
               "own nginx.conf includes, such as /etc/nginx/conf.d/chorale.conf.",
       .more =
           "A relative path is below the directory of this file. What stood there before is kept beside it, with "
           "`.before-chorale` added to its name. A file that is "
           "included needs a template for the place where it is: `path-conf.d`, `vhost-conf.d` and `full-conf.d` for "
           "the "
           "`http` block, `stream-conf.d` for the `stream` block. It is tested as part of your "
           "own configuration, and what is kept of it is below `state_dir`, in `included`, so that `include *` does "
           "not load it."},
      {.name = "nginx_main_config",
       .heading = kNginx,
       .type = TextKey{kMember<&Config::nginx_main_config>, absolute_path_or_none},
       .text =
           "Your own nginx.conf that includes `nginx_config`, an absolute path. If it is not set, it is the file "
           "that the running Nginx reads, or was built to read, if that includes `nginx_config`; else `nginx_config` "
           "is the whole configuration.",
       .unset = "found at the start",
       .example = R"("/etc/nginx/nginx.conf")"},
      {.name = "nginx_template",
       .heading = kNginx,
       .type = TextKey{kMember<&Config::nginx_template>, some_path},
       .text = "The Mustache template that it is made of. The leader's file counts; keep it equal on "
               "all proxies.",
       .more = "A relative path is below the directory of this file. It is read again when it changes. A template with "
               "an error is reported, and the last good one stays "
               "in use."},
  };
}

std::vector<Key> nginx_keys() {
  return {
      {.name = "nginx_cmd",
       .heading = kNginx,
       .type = ListKey<std::vector<std::string>>{kMember<&Config::nginx_cmd>, " \t"},
       .text = "The command of Nginx with its first arguments; one string is split at blanks.",
       .more = "Chorale adds `-t -c FILE` to test, and `-s reload` if it may not signal the master process itself."},
      {.name = "nginx_pid",
       .heading = kNginx,
       .type = TextKey{kMember<&Config::nginx_pid>},
       .text = "The file with the process id of Nginx's master. Empty: as the `pid` line of `nginx_config`, else "
               "`/run/nginx.pid`."},
      {.name = "nginx_ignore_check",
       .heading = kNginx,
       .type = FlagKey{kMember<&Config::nginx_ignore_check>},
       .text = "Never run `nginx -t`: take every configuration for good. Not recommended."},
      {.name = "left_delimiter",
       .heading = kNginx,
       .type = TextKey{kMember<&Config::left_delimiter>, delimiter},
       .text = "What begins a tag in the template: no blanks, no `=`."},
      {.name = "right_delimiter",
       .heading = kNginx,
       .type = TextKey{kMember<&Config::right_delimiter>, delimiter},
       .text = "What ends a tag in the template: no blanks, no `=`."},
      {.name = "min_reload_interval",
       .heading = kNginx,
       .type = DurationKey{kMember<&Config::min_reload_interval>, milliseconds(0), minutes(10)},
       .text = "At least this long between two reloads of Nginx while changes keep coming. The first change after a "
               "pause is not delayed."},
      {.name = "drift",
       .heading = kNginx,
       .type = ChoiceKey{kMember<&Config::repair_drift>, "repair", "report"},
       .text =
           "What to do when someone else changes `nginx_config`: \"repair\" keeps the changed file beside it (with "
           "`.drift-N` added to its name) and restores Chorale's; \"report\" leaves it, says so in health and log, and "
           "applies nothing over it until `chorale repair`."},
      {.name = "reload_on",
       .heading = kNginx,
       .type = ListKey<std::vector<std::string>>{kMember<&Config::reload_on>, ",", absolute_path},
       .text =
           "Files, as absolute paths, whose change tests and reloads this proxy's Nginx: certificates, htpasswd and "
           "included files, which no revision of Chorale's names anew.",
       .more = "Looked at every second, through links. What Nginx refuses is named in health, and tried again every 30 "
               "seconds and when it changes. `chorale reload` does the same on command.",
       .unset = "none",
       .example = R"(["/etc/nginx/tls/site.pem", "/etc/nginx/htpasswd"])"},
      {.name = "xproxy",
       .heading = kNginx,
       .type = TextKey{kMember<&Config::xproxy>},
       .text = "The name of this proxy in templates, `@{xproxy}`.",
       .unset = "the host's name",
       .on_reread = take<&Config::xproxy>},
      {.name = "state_dir",
       .heading = kNginx,
       .type = TextKey{kMember<&Config::state_dir>, absolute_path},
       .text = "The directory, an absolute path, in which the agent keeps its identity and what it applied last. Only "
               "one agent can use it at a time."},
  };
}

std::vector<Key> admin_keys() {
  return {
      {.name = "listen",
       .heading = kAdmin,
       .type = ParsedKey{read_listen, write_listen},
       .text = "Where the admin API listens: a literal address and a port, such as \"127.0.0.1:8000\" or "
               "\"[::1]:8000\"; \":8000\" is every IPv4 address of the host. Health, status and metrics answer anyone "
               "who can connect."},
      {.name = "port",
       .heading = kAdmin,
       .type = ParsedKey{read_port, [](const Config& config) { return std::to_string(config.listen_port); }},
       .text = "Nixy's key: the port alone, from 0 to 65535, with or without quotes.",
       .more = "It contradicts a `listen` with another port; if only one of the two comes from the environment, that "
               "one wins."},
      {.name = "nixy_metrics",
       .heading = kAdmin,
       .type = FlagKey{kMember<&Config::nixy_metrics>},
       .text = "`true`: `/v1/metrics` shows what Nixy counts under Nixy's names too (`nixy_reloads_successful` and so "
               "on), for dashboards and alerts that were made for it. Prometheus' own check of names "
               "(`promtool check metrics`) complains of them."},
      {.name = "log_format",
       .heading = kAdmin,
       .type = ChoiceKey{kMember<&Config::log_json>, "json", "text"},
       .text =
           "\"json\" writes each line of the log as one JSON object: `time` (RFC 3339, UTC), `level` (info, warning, "
           "error), `id` (the agent's) and `message`; the line that says what is served also has `epoch`, "
           "`revision`, `cause`, `apps` and `servers`. Of what was served before the start the cause is not known.",
       .more =
           "Lines written before the configuration is read are text: a configuration that is refused at the start."},
      {.name = "admin_token_file",
       .heading = kAdmin,
       .type = SecretFileKey{kMember<&Config::admin_token_file>, kMember<&Config::admin_token>},
       .text = "A file with the token that other hosts must send to read `/v1/config`, `/v1/routes` or `/v1/explain`, "
               "or to ask for `/v1/reload`, readable by root alone (chmod 600). Empty: these answer this host only."},
  };
}

std::vector<Key> unsupported_keys() {
  return {
      {.name = "publish_key_file",
       .heading = kUnsupported,
       .type = UnusedKey{"", no_signing},
       .text = "For signed revisions. An error if it is set."},
  };
}

std::vector<Key> statsd_keys() {
  return {
      {.name = "statsd.addr",
       .heading = kStatsd,
       .type = TextKey{kMember<&Config::statsd, &StatsdConfig::address>, udp_address},
       .text = "host:port of a statsd server. Counts and times of reloads are sent there over UDP, with Nixy's names.",
       .unset = "none; nothing is sent",
       .example = R"("localhost:8125")"},
      {.name = "statsd.namespace",
       .heading = kStatsd,
       .type = TextKey{kMember<&Config::statsd, &StatsdConfig::name_space>},
       .text = "What stands before each name.",
       .unset = "\"nixy.\" and the host's name",
       .example = R"("nixy.proxy-1")"},
      {.name = "statsd.sample_rate",
       .heading = kStatsd,
       .type = IntegerKey{kMember<&Config::statsd, &StatsdConfig::sample_rate>, 1, 100, 100},
       .text = "How many percent of the messages are sent, a whole number; another number means 100, as in Nixy."},
  };
}

}  // namespace

const std::vector<Key>& key_table() {
  static const std::vector<Key> table = [] {
    std::vector<Key> all;
    for (const auto& keys : {cluster_keys(), marathon_keys(), routing_keys(), nginx_file_keys(), nginx_keys(),
                             admin_keys(), unsupported_keys(), statsd_keys()}) {
      all.insert(all.end(), keys.begin(), keys.end());
    }
    return all;
  }();
  return table;
}

const Key* find_key(std::string_view name) {
  const auto& table = key_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const Key& key) { return key.name == name; });
  return found == table.end() ? nullptr : &*found;
}

const Key* nearest_key(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Key& key : key_table()) names.emplace_back(key.name);
  return find_key(nearest(name, names));
}

bool is_misspelling(std::string_view name, const Key& key) {
  return edit_distance(name, key.name) <= std::max<std::size_t>(1, name.size() / 4);
}

}  // namespace chorale::agent
