// parse_config: every key in turn, then what contradicts what.
#include <algorithm>
#include <iterator>

#include "agent/config/config.h"
#include "agent/config/config_reader.h"
#include "agent/config/config_settings.h"
#include "agent/config/config_values.h"
#include "render/allow_list.h"

namespace chorale::agent {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kMaxErrors = 50;

void read_marathon(ConfigReader& reader, Config& config) {
  std::vector<std::string> urls;
  reader.read_list("marathon", ",", urls);
  for (const std::string& url : urls) {
    auto parsed = parse_marathon_url(trim(url));
    if (!parsed) {
      reader.refuse("marathon", parsed.error());
    } else if (std::find(config.marathon.begin(), config.marathon.end(), *parsed) != config.marathon.end()) {
      reader.warn("marathon", *parsed + " is listed twice");
    } else {
      config.marathon.push_back(std::move(*parsed));
    }
  }
  reader.read_text("user", config.user);
  reader.read_text("pass", config.pass);
  reader.read_text("realm", config.realm);
  if (const auto wrong = render::refuse_quoted(config.realm)) reader.refuse("realm", wrong->message);
  if (config.user.empty() && !config.pass.empty()) reader.warn("pass", "has no effect without user");
  reader.read_text("ca_file", config.ca_file);
}

void read_nginx(ConfigReader& reader, Config& config) {
  reader.read_text("nginx_config", config.nginx_config);
  reader.read_text("nginx_template", config.nginx_template);
  reader.read_list("nginx_cmd", " \t", config.nginx_cmd);
  reader.read_flag("nginx_ignore_check", config.nginx_ignore_check);
  reader.read_text("left_delimiter", config.left_delimiter);
  reader.read_text("right_delimiter", config.right_delimiter);
  reader.read_text("nginx_pid", config.nginx_pid);

  // Nginx takes a relative path from its own directory, the agent from where it was started.
  for (const std::string_view key : {"nginx_config", "nginx_template"}) {
    const std::string& path = key == "nginx_config" ? config.nginx_config : config.nginx_template;
    if (!path.starts_with('/')) {
      reader.refuse(key, "expected an absolute path, found " + (path.empty() ? "nothing" : "\"" + path + "\""));
    }
  }
  if (config.nginx_cmd.empty() || config.nginx_cmd.front().empty()) {
    reader.refuse("nginx_cmd", "expected a command, e.g. \"nginx\" or \"sudo nginx\", found nothing");
  }
  for (const std::string_view key : {"left_delimiter", "right_delimiter"}) {
    const std::string& delimiter = key.front() == 'l' ? config.left_delimiter : config.right_delimiter;
    if (delimiter.empty() || delimiter.find_first_of(" \t\r\n=") != std::string::npos) {
      reader.refuse(key,
                    "expected a delimiter without blanks and '=', e.g. \"{{\" or \"<%\", found \"" + delimiter + "\"");
    }
  }
  std::string drift = config.repair_drift ? "repair" : "report";
  reader.read_text("drift", drift);
  if (drift != "repair" && drift != "report") {
    reader.refuse("drift", "expected \"repair\" or \"report\", found \"" + drift + "\"");
  }
  config.repair_drift = drift == "repair";
}

void read_zookeeper(ConfigReader& reader, Config& config) {
  std::string text;
  reader.read_text("zookeeper", text);
  reader.read_text("zookeeper_auth_file", config.zookeeper_auth_file);
  if (reader.find("zookeeper") == nullptr) {
    if (!config.zookeeper_auth_file.empty()) reader.warn("zookeeper_auth_file", "has no effect without zookeeper");
    return;
  }
  config.standalone = false;
  auto parsed = coordination::parse_connect_string(text);
  if (!parsed) {
    reader.refuse("zookeeper", parsed.error());
    return;
  }
  config.zookeeper = std::move(*parsed);
  if (!config.zookeeper.credentials.empty() && !config.zookeeper_auth_file.empty()) {
    reader.refuse("zookeeper_auth_file", "contradicts the credentials in zookeeper; keep one of them");
  }
}

void read_identity(ConfigReader& reader, const HostFacts& host, Config& config) {
  reader.read_text("xproxy", config.xproxy);
  if (config.xproxy.empty()) config.xproxy = host.hostname;
  config.id = host.hostname;
  reader.read_text("id", config.id);
  if (const auto checked = check_id(config.id); !checked) {
    const std::string origin = reader.find("id") == nullptr ? "not set, and this host's name will not do: " : "";
    reader.refuse("id", origin + checked.error());
  }
  reader.read_text("state_dir", config.state_dir);
  if (!config.state_dir.starts_with('/')) {
    reader.refuse("state_dir", "expected an absolute path, found \"" + config.state_dir + "\"");
  }
}

// `port` is Nixy's: it sets the port alone. Both in one place must agree; from the environment it wins over the file.
void read_listen(ConfigReader& reader, Config& config) {
  std::string text;
  reader.read_text("listen", text);
  const Setting* listen_setting = reader.find("listen");
  bool listen_set = false;
  if (listen_setting != nullptr) {
    if (auto listen = parse_listen(text)) {
      config.listen_address = std::move(listen->address);
      config.listen_port = listen->port;
      listen_set = true;
    } else {
      reader.refuse("listen", listen.error());
    }
  }
  const auto port_text = reader.text_or_integer("port");
  if (!port_text) return;
  const auto port = parse_port(*port_text);
  if (!port) {
    reader.refuse("port", port.error());
    return;
  }
  const auto from_environment = [](const Setting* setting) {
    return std::holds_alternative<EnvironmentText>(setting->value);
  };
  const bool port_wins = !listen_set || (from_environment(reader.find("port")) && !from_environment(listen_setting));
  const bool listen_wins = listen_set && from_environment(listen_setting) && !from_environment(reader.find("port"));
  if (port_wins) {
    config.listen_port = *port;
  } else if (!listen_wins && *port != config.listen_port) {
    reader.refuse("port", "contradicts listen (port " + std::to_string(config.listen_port) + "); keep one of them");
  }
}

void read_timing(ConfigReader& reader, Config& config) {
  reader.read_duration("session_timeout", seconds(1), minutes(10), config.session_timeout);
  reader.read_duration("stage_timeout", milliseconds(0), minutes(5), config.stage_timeout);
  reader.read_duration("min_reload_interval", milliseconds(0), minutes(10), config.min_reload_interval);
  reader.read_duration("resync_interval", seconds(1), hours(24), config.resync_interval);
  reader.read_duration("health_memory", milliseconds(0), hours(24), config.health_memory);
  reader.read_fraction("shrink_limit", config.shrink_limit);
}

void read_statsd(ConfigReader& reader, const HostFacts& host, Config& config) {
  reader.read_text("statsd.addr", config.statsd.address);
  reader.read_text("statsd.namespace", config.statsd.name_space);
  reader.read_integer("statsd.sample_rate", 1, 100, config.statsd.sample_rate);
  if (!config.statsd.address.empty()) {
    const auto colon = config.statsd.address.rfind(':');
    if (colon == 0 || colon == std::string::npos || !parse_port(config.statsd.address.substr(colon + 1))) {
      reader.refuse("statsd.addr", "expected host:port, found \"" + config.statsd.address + "\"");
    }
    if (config.statsd.name_space.empty()) config.statsd.name_space = "nixy." + host.hostname;
  }
}

bool is_value_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), inner);
}

void read_local(ConfigReader& reader, const Settings& settings, Config& config) {
  constexpr std::string_view kPrefix = "local.";
  if (reader.find("local") != nullptr)
    reader.refuse("local", "expected a section: a line [local], then name = \"value\"");
  for (auto it = settings.by_key.lower_bound(std::string(kPrefix));
       it != settings.by_key.end() && it->first.starts_with(kPrefix); ++it) {
    const std::string name = it->first.substr(kPrefix.size());
    if (!is_value_name(name)) {
      reader.refuse(it->first, "expected a name of letters, digits and '_' that does not begin with a digit");
    } else if (const auto value = reader.text_or_integer(it->first)) {
      config.local[name] = *value;
    }
  }
}

// Keys of the format that this version does not honour yet: said aloud, because ignoring them would be worse.
void refuse_unsupported(ConfigReader& reader) {
  std::string event_source = "sse";
  reader.read_text("event_source", event_source);
  if (event_source == "callback") {
    reader.refuse("event_source", "\"callback\" is not supported by this version; Marathon 0.9 and later has \"sse\"");
  } else if (event_source != "sse") {
    reader.refuse("event_source", "expected \"sse\", found \"" + event_source + "\"");
  }
  for (const std::string_view key : {"callback_url", "callback_listen"}) {
    std::string value;
    reader.read_text(key, value);
    if (!value.empty()) reader.warn(key, "has no effect with event_source = \"sse\"");
  }
  std::string publish_key_file;
  reader.read_text("publish_key_file", publish_key_file);
  if (!publish_key_file.empty()) {
    reader.refuse("publish_key_file",
                  "signed revisions are not supported by this version; protect the tree with ZooKeeper credentials");
  }
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < kMaxErrors; ++i) text += (i == 0 ? "" : "\n") + lines[i];
  if (lines.size() > kMaxErrors) text += "\n... and " + std::to_string(lines.size() - kMaxErrors) + " more";
  return text;
}

void append(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

tl::expected<LoadedConfig, std::string> parse_config(std::string_view text, const std::string& file,
                                                     const HostFacts& host) {
  auto settings = read_settings(text, file);
  if (!settings) return tl::unexpected(std::move(settings).error());
  override_from_environment(*settings, host.environment);

  LoadedConfig loaded;
  Config& config = loaded.config;
  config.file = file;
  ConfigReader reader(*settings);
  read_marathon(reader, config);
  read_nginx(reader, config);
  read_zookeeper(reader, config);
  read_identity(reader, host, config);
  read_listen(reader, config);
  read_timing(reader, config);
  read_statsd(reader, host, config);
  std::vector<std::string> exposed;
  reader.read_list("expose_env", ",", exposed);
  config.expose_env.insert(exposed.begin(), exposed.end());
  reader.read_text("admin_token_file", config.admin_token_file);
  read_local(reader, *settings, config);
  if (reader.find("statsd") != nullptr) reader.refuse("statsd", "expected a section: a line [statsd], then its keys");
  refuse_unsupported(reader);

  std::vector<std::string> errors = std::move(settings->errors);
  append(errors, reader.take_errors());
  if (!errors.empty()) return tl::unexpected(joined(errors));
  loaded.warnings = std::move(settings->warnings);
  append(loaded.warnings, reader.take_warnings());
  return loaded;
}

}  // namespace chorale::agent
