// load_config, and what a loaded config means on this host; parse_config is in config_parse.cpp.
#include "agent/config/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <utility>

#include "agent/base/ip_scope.h"
#include "agent/base/one_line.h"
#include "agent/base/secret_file.h"
#include "agent/base/text_file.h"
#include "agent/base/url.h"
#include "agent/config/config_values.h"
#include "agent/config/key_table.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it in no header

namespace chorale::agent {
namespace {

constexpr std::size_t kMaxConfigBytes = 1024 * 1024;
constexpr std::size_t kLongestRefusal = 300;

bool world_readable(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0;
}

HostFacts host_facts() {
  HostFacts facts;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) facts.hostname = name.data();
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || !text.starts_with("CHORALE_")) continue;
    facts.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  std::error_code unknown;
  if (const auto here = std::filesystem::current_path(unknown); !unknown) facts.directory = here.string();
  return facts;
}

bool host_has_ipv6() { return ::access("/proc/net/if_inet6", F_OK) == 0; }

// Reads the secret files. Errors and warnings name the key and the file only.
class SecretReader {
 public:
  explicit SecretReader(LoadedConfig& loaded) : loaded_(loaded) {}

  // The failure lists all errors, one a line.
  [[nodiscard]] tl::expected<void, Failure> read() {
    Config& config = loaded_.config;
    if (!config.admin_token_file.empty()) {
      config.admin_token = content_of("admin_token_file", config.admin_token_file);
    }
    if (!config.standalone && !config.zookeeper_auth_file.empty()) {
      std::string& credentials = config.zookeeper.credentials;
      credentials = content_of("zookeeper_auth_file", config.zookeeper_auth_file);
      const auto colon = credentials.find(':');
      if (!credentials.empty() && (colon == 0 || colon == std::string::npos || colon + 1 == credentials.size())) {
        refuse("zookeeper_auth_file", config.zookeeper_auth_file + ": expected one line user:password");
      }
    }
    for (const auto& [key, path] : {std::pair("marathon_auth_file", &config.marathon_auth_file),
                                    std::pair("marathon_service_account_file", &config.marathon_service_account_file),
                                    std::pair("marathon_key_file", &config.tls.key_file)}) {
      if (!path->empty()) (void)content_of(key, *path);
    }
    const bool inline_credentials = !config.zookeeper.credentials.empty() && config.zookeeper_auth_file.empty();
    if ((!config.pass.empty() || inline_credentials) && world_readable(config.file)) {
      warn("it holds a password and everyone on this host can read it; chmod 640");
    }
    if (errors_.empty()) return {};
    return tl::unexpected(Failure{errors_});
  }

 private:
  void refuse(const std::string& key, const std::string& why) {
    errors_ += (errors_.empty() ? "" : "\n") + loaded_.config.file + ": " + key + ": " + why;
  }
  void warn(const std::string& why) {
    loaded_.warnings.push_back({ConfigWarning::Kind::kReadableSecret, loaded_.config.file, why});
  }

  // Without the newline at its end.
  std::string content_of(const std::string& key, const std::string& path) {
    const auto text = read_text_file(path, kMaxSecretBytes);
    if (!text) {
      refuse(key, text.error().message);
      return {};
    }
    std::string secret(trim(*text));
    if (secret.empty()) refuse(key, path + ": the file is empty");
    if (world_readable(path)) warn(key + ": " + path + ": everyone on this host can read it; chmod 600");
    return secret;
  }

  LoadedConfig& loaded_;
  std::string errors_;
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

tl::expected<LoadedConfig, Failure> load_config(const std::string& file) {
  const auto text = read_text_file(file, kMaxConfigBytes);
  if (!text) return tl::unexpected(text.error());
  auto loaded = parse_config(*text, file, host_facts());
  if (!loaded) return loaded;
  if (auto read = SecretReader(*loaded).read(); !read) return tl::unexpected(std::move(read).error());
  return loaded;
}

tl::expected<LoadedConfig, Failure> load_for_agent(const std::string& file) {
  auto loaded = load_config(file);
  if (!loaded) return loaded;
  const std::vector<std::string> missing = missing_for_agent(loaded->config);
  if (!missing.empty()) return tl::unexpected(Failure{missing.front()});
  return loaded;
}

// What a TOML parser says may quote the text, which may be a password.
std::string refusal_warning(const Failure& refused, const std::string& at) {
  constexpr std::string_view kNoToml = ": this is not TOML";
  std::string_view first = first_line(refused.message);
  if (const auto place = first.find(kNoToml); place != std::string_view::npos) {
    first = first.substr(0, place + kNoToml.size());
  }
  const auto more = std::count(refused.message.begin(), refused.message.end(), '\n');
  return "the configuration was refused when it was re-read at " + at +
         ", the one of before stays in force: " + one_line(first, kLongestRefusal) +
         (more > 0 ? " (and " + std::to_string(more) + " more)" : "");
}

std::string ConfigChanges::text() const {
  if (in_force.empty() && at_next_start.empty()) return "nothing has changed";
  std::string text = in_force.empty() ? "" : "in force: " + joined(in_force);
  if (!at_next_start.empty()) text += (text.empty() ? "" : "; ") + ("at the next start: " + joined(at_next_start));
  return text;
}

ConfigChanges take_changes(const Config& next, Config& running) {
  ConfigChanges changes;
  for (const Key& key : key_table()) {
    if (same(key.type, next, running)) continue;
    if (key.on_reread != nullptr) key.on_reread(next, running);
    (key.on_reread != nullptr ? changes.in_force : changes.at_next_start).emplace_back(key.name);
  }
  if (running.local != next.local) {
    running.local = next.local;
    changes.in_force.emplace_back("[local]");
  }
  return changes;
}

std::vector<std::string> missing_for_agent(const Config& config) {
  if (!config.marathon.empty()) return {};
  std::string line = config.file +
                     ": marathon is not set; add Marathon's URLs in priority order, e.g. marathon = "
                     "[\"http://master-1:8080\", \"http://master-2:8080\"], or its own --zk, e.g. marathon = "
                     "\"zk://master-1:2181,master-2:2181/marathon\"";
  if (config.standalone) {
    line += ", and, unless this proxy stands alone, zookeeper = \"zk://master-1:2181,master-2:2181/chorale\"";
  }
  return {line};
}

std::vector<std::string> marathon_urls(const Config& config) {
  return config.marathon_zookeeper ? std::vector<std::string>() : config.marathon;
}

bool reaches_cluster_on_loopback(const Config& config) {
  std::vector<std::string> urls = marathon_urls(config);
  std::istringstream servers((config.standalone ? std::string() : config.zookeeper.hosts) + "," +
                             (config.marathon_zookeeper ? config.marathon_zookeeper->hosts : std::string()));
  for (std::string server; std::getline(servers, server, ',');) urls.push_back("http://" + server);
  return std::any_of(urls.begin(), urls.end(), [](const std::string& text) {
    const auto url = parse_url(text);
    return url && (url->host == "localhost" || ip_scope(url->host) == IpScope::kLoopback);
  });
}

std::string admin_socket(const Config& config) {
  return (config.state_dir == Config().state_dir ? "/run/chorale" : config.state_dir) + "/admin.sock";
}

std::string proxy_address(const Config& config) {
  const auto values = local_values(config, "");
  const std::string& port = values.at("http_port");
  if (port.find(':') != std::string::npos) return port;
  return values.at("hostname") + (port == "80" ? "" : ":" + port);
}

std::map<std::string, std::string> local_values(const Config& config, const std::string& nginx_user) {
  std::map<std::string, std::string> values = config.local;
  const auto hostname = host_facts().hostname;
  // emplace leaves alone what [local] has set.
  values.emplace("xproxy", config.xproxy);
  values.emplace("id", config.id);
  values.emplace("hostname", hostname);
  values.emplace("http_port", "80");
  values.emplace("https_port", "443");
  // A line that begins with it is a comment where there is no IPv6, or where http_port names an address of its own.
  values.emplace("ipv6", host_has_ipv6() && values.at("http_port").find(':') == std::string::npos ? "" : "#");
  values.emplace("listen_options", "");
  values.emplace("real_ip", "");
  values.emplace("access_log", "off");
  values.emplace("auth_dir", "/etc/chorale/auth");
  values.emplace("cert_dir", "/etc/chorale/certs");
  values.insert_or_assign("proof", "");  // agent/nginx/proof_page.h: it depends on the text that it stands in
  values.emplace("nginx_pid", config.nginx_pid.empty() ? "/run/nginx.pid" : config.nginx_pid);
  values.emplace("nginx_user", nginx_user);
  values.emplace("nginx_error_log", "/var/log/nginx/error.log");
  return values;
}

}  // namespace chorale::agent
