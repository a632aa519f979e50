// load_config and what a loaded config means on this host; parse_config stands in config_parse.cpp.
#include "agent/config/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "agent/base/text_file.h"
#include "agent/config/config_values.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it in no header

namespace chorale::agent {
namespace {

constexpr std::size_t kMaxConfigBytes = 1024 * 1024;
constexpr std::size_t kMaxSecretBytes = 4096;

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
  return facts;
}

// The content of a secret file, without the newline at its end. Errors and warnings name the key and the file only.
std::string read_secret(const std::string& key, const std::string& path, std::vector<std::string>& errors,
                        std::vector<std::string>& warnings) {
  const auto text = read_text_file(path, kMaxSecretBytes);
  if (!text) {
    errors.push_back(key + ": " + text.error());
    return {};
  }
  std::string secret(trim(*text));
  if (secret.empty()) errors.push_back(key + ": " + path + ": the file is empty");
  if (world_readable(path)) warnings.push_back(key + ": " + path + ": everyone on this host can read it; chmod 600");
  return secret;
}

void read_secrets(LoadedConfig& loaded, std::vector<std::string>& errors) {
  Config& config = loaded.config;
  if (!config.admin_token_file.empty()) {
    config.admin_token = read_secret("admin_token_file", config.admin_token_file, errors, loaded.warnings);
  }
  if (!config.standalone && !config.zookeeper_auth_file.empty()) {
    std::string credentials = read_secret("zookeeper_auth_file", config.zookeeper_auth_file, errors, loaded.warnings);
    const auto colon = credentials.find(':');
    if (!credentials.empty() && (colon == 0 || colon == std::string::npos || colon + 1 == credentials.size())) {
      errors.push_back("zookeeper_auth_file: " + config.zookeeper_auth_file + ": expected one line user:password");
    }
    config.zookeeper.credentials = std::move(credentials);
  }
  const bool inline_credentials = !config.zookeeper.credentials.empty() && config.zookeeper_auth_file.empty();
  if ((!config.pass.empty() || inline_credentials) && world_readable(config.file)) {
    loaded.warnings.push_back(config.file + ": it holds a password and everyone on this host can read it; chmod 640");
  }
}

}  // namespace

tl::expected<LoadedConfig, std::string> load_config(const std::string& file) {
  const auto text = read_text_file(file, kMaxConfigBytes);
  if (!text) return tl::unexpected(text.error());
  auto loaded = parse_config(*text, file, host_facts());
  if (!loaded) return loaded;
  std::vector<std::string> errors;
  read_secrets(*loaded, errors);
  if (errors.empty()) return loaded;
  std::string all;
  for (const std::string& error : errors) all += (all.empty() ? "" : "\n") + file + ": " + error;
  return tl::unexpected(std::move(all));
}

std::vector<std::string> missing_for_agent(const Config& config) {
  if (!config.marathon.empty()) return {};
  std::string line = config.file +
                     ": marathon is not set; add Marathon's URLs in priority order, e.g. marathon = "
                     "[\"http://master-1:8080\", \"http://master-2:8080\"]";
  if (config.standalone) {
    line += ", and, unless this proxy stands alone, zookeeper = \"zk://master-1:2181,master-2:2181/chorale\"";
  }
  return {line};
}

std::map<std::string, std::string> local_values(const Config& config) {
  std::map<std::string, std::string> values = config.local;
  const auto hostname = host_facts().hostname;
  // emplace leaves alone what [local] has set.
  values.emplace("xproxy", config.xproxy);
  values.emplace("id", config.id);
  values.emplace("hostname", hostname);
  values.emplace("http_port", "80");
  values.emplace("nginx_pid", config.nginx_pid.empty() ? "/run/nginx.pid" : config.nginx_pid);
  values.emplace("nginx_error_log", "/var/log/nginx/error.log");
  return values;
}

}  // namespace chorale::agent
