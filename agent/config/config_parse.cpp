// parse_config: every key by itself, as the key table says, then what depends on the host or on other keys.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>

#include "agent/base/url.h"
#include "agent/config/config.h"
#include "agent/config/config_settings.h"
#include "agent/config/config_values.h"
#include "agent/config/key_table.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kMaxErrors = 50;
constexpr std::string_view kProofValue = "proof";  // agent/nginx/proof_page.h

bool is_value_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), inner);
}

// Collects every complaint, so that one run shows all errors of a file.
class Parser {
 public:
  Parser(Settings settings, const std::string& file, const HostFacts& host)
      : settings_(std::move(settings)), host_(host), errors_(std::move(settings_.errors)) {
    for (ConfigWarning& warning : settings_.warnings) take(std::move(warning));
    config_.file = file;
    config_.id = host.hostname;
  }

  tl::expected<LoadedConfig, Failure> parse() {
    for (const Key& key : key_table()) {
      const Setting* setting = find(key.name);
      if (setting == nullptr) continue;
      if (const auto assigned = assign(config_, key.type, setting->value); !assigned) {
        refuse(key.name, assigned.error());
      }
    }
    settle_realm();
    settle_host();
    settle_statsd();
    settle_paths();
    settle_listen();
    settle_marathon();
    settle_zookeeper();
    settle_observer();
    if (config_.nginx_cmd.empty() || config_.nginx_cmd.front().empty()) {
      refuse("nginx_cmd", Failure{"expected a command, e.g. \"nginx\" or \"sudo nginx\", found nothing"});
    }
    read_local();
    if (find("statsd") != nullptr) refuse("statsd", Failure{"expected a section: a line [statsd], then its keys"});
    if (errors_.empty()) return std::move(loaded_);
    return tl::unexpected(Failure{joined_errors()});
  }

 private:
  // A misspelt key that is set nowhere else would leave its default in force: a standalone agent, for `zookeper`.
  void take(ConfigWarning warning) {
    if (warning.meant.empty() || find(warning.meant) != nullptr) return loaded_.warnings.push_back(std::move(warning));
    errors_.push_back(warning.where + ": " + warning.error);
  }
  [[nodiscard]] const Setting* find(std::string_view key) const {
    const auto found = settings_.by_key.find(std::string(key));
    return found == settings_.by_key.end() ? nullptr : &found->second;
  }
  [[nodiscard]] bool from_environment(std::string_view key) const {
    return std::holds_alternative<EnvironmentText>(find(key)->value);
  }
  void refuse(std::string_view key, const Failure& why) {
    const Setting* setting = find(key);
    const std::string place = setting == nullptr ? config_.file : setting->where;
    errors_.push_back(place + ": " + std::string(key) + ": " + why.message);
  }
  void warn_no_effect(std::string_view key, const std::string& why) {
    loaded_.warnings.push_back({ConfigWarning::Kind::kNoEffect, find(key)->where, std::string(key) + ": " + why, {}});
  }

  // A list is written as one text elsewhere (realm_text), which must mean one list.
  void settle_realm() {
    const std::set<std::string>& realm = config_.routing.realm;
    if (realm.contains("")) {
      refuse("realm", Failure{"expected names of realms, found an empty one in the list; [] or \"\" is all apps"});
    }
    const auto has_comma = [](const std::string& name) { return name.find(',') != std::string::npos; };
    if (realm.size() > 1 && std::any_of(realm.begin(), realm.end(), has_comma)) {
      refuse("realm", Failure{"a realm with a comma in its name cannot stand in a list with others"});
    }
  }

  void warn_as_nixy(std::string_view key, const std::string& why) {
    loaded_.warnings.push_back(
        {ConfigWarning::Kind::kTakenAsInNixy, find(key)->where, std::string(key) + ": " + why, {}});
  }

  void settle_host() {
    if (config_.xproxy.empty()) config_.xproxy = host_.hostname;
    if (const auto checked = check_id(config_.id); find("id") == nullptr && !checked) {
      refuse("id", Failure{"not set, and this host's name will not do: " + checked.error().message});
    }
  }

  void settle_statsd() {
    StatsdConfig& statsd = config_.statsd;
    if (!statsd.address.empty() && statsd.name_space.empty()) statsd.name_space = "nixy." + host_.hostname;
    const Setting* setting = find("statsd.sample_rate");
    const auto said = setting == nullptr ? std::nullopt : std::optional(text_or_integer(setting->value));
    if (!said || !*said || **said == std::to_string(statsd.sample_rate)) return;
    warn_as_nixy("statsd.sample_rate", **said + " is not within 1 and 100; all messages are sent");
  }

  // Nixy takes them from where it was started, which is nowhere in particular for a service.
  void settle_paths() {
    for (const auto& [key, path] :
         {std::pair("nginx_config", &config_.nginx_config), std::pair("nginx_template", &config_.nginx_template)}) {
      if (path->empty() || path->starts_with('/')) continue;
      const auto file = std::filesystem::path(host_.directory) / config_.file;
      *path = (file.parent_path() / *path).lexically_normal().string();
      warn_as_nixy(key, "a relative path is taken from this file's directory: " + *path);
    }
  }

  // `port`, read last, has set the port alone. Both in one place must agree; the environment's wins over the file's.
  void settle_listen() {
    if (find("listen") == nullptr || find("port") == nullptr) return;
    Config listening;
    const bool read = assign(listening, find_key("listen")->type, find("listen")->value).has_value();
    if (!read || listening.listen_port == config_.listen_port) return;
    if (from_environment("port") && !from_environment("listen")) return;
    config_.listen_port = listening.listen_port;
    if (from_environment("listen") && !from_environment("port")) return;
    refuse("port",
           Failure{"contradicts listen (port " + std::to_string(listening.listen_port) + "); keep one of them"});
  }

  void settle_marathon() {
    if (!config_.marathon.empty() && trim(config_.marathon.front()).starts_with("zk://")) {
      settle_marathon_election();
    } else {
      settle_marathon_urls();
    }
    if (config_.marathon_https && !config_.marathon_zookeeper) {
      warn_no_effect("marathon_https", "has no effect if marathon lists URLs");
    }
    settle_access();
    settle_callbacks();
  }

  // Who we are at Marathon: one kind of credentials, and a certificate with its key.
  void settle_access() {
    if (config_.user.empty() && !config_.pass.empty()) warn_no_effect("pass", "has no effect without user");
    std::string first = config_.user.empty() ? "" : find("user") != nullptr ? "user" : "the credentials in marathon";
    for (const auto& [key, file] :
         {std::pair("marathon_auth_file", &config_.marathon_auth_file),
          std::pair("marathon_service_account_file", &config_.marathon_service_account_file)}) {
      if (file->empty()) continue;
      if (!first.empty()) refuse(key, Failure{"contradicts " + first + "; keep one of them"});
      first = key;
    }
    const TlsFiles& tls = config_.tls;
    if (tls.cert_file.empty() != tls.key_file.empty()) {
      const bool has_key = tls.cert_file.empty();
      refuse(has_key ? "marathon_key_file" : "marathon_cert_file",
             Failure{std::string(has_key ? "marathon_cert_file" : "marathon_key_file") +
                     " is not set; a certificate and its key go together"});
    }
    const bool https =
        config_.marathon_https || std::any_of(config_.marathon.begin(), config_.marathon.end(),
                                              [](const auto& url) { return url.starts_with("https://"); });
    if (!tls.cert_file.empty() && !https) warn_no_effect("marathon_cert_file", "has no effect without https");
  }

  void settle_callbacks() {
    if (!config_.event_callbacks) {
      for (const std::string_view key : {"callback_url", "callback_listen", "callback_from"}) {
        const Setting* setting = find(key);
        if (setting != nullptr && !text_or_integer(setting->value).value_or("a list").empty()) {
          warn_no_effect(key, "has no effect with event_source = \"sse\"");
        }
      }
      return;
    }
    const auto url = parse_url(config_.callback_url);
    const Setting* setting = find("callback_url");
    if (setting == nullptr || text_or_integer(setting->value).value_or("a list").empty()) {
      return refuse("callback_url", Failure{"not set; event_source = \"callback\" needs the URL at which Marathon can "
                                            "reach this proxy, e.g. \"http://proxy-1:7000\""});
    }
    if (!url) return;  // said already
    if (config_.callback_port == 0) config_.callback_port = parse_port(url->port).value_or(0);
    if (config_.callback_port == config_.listen_port) {
      refuse(find("callback_listen") != nullptr ? "callback_listen" : "callback_url",
             Failure{"port " + std::to_string(config_.callback_port) +
                     " is the admin API's (listen); events need a port of their own"});
    }
  }

  // Its servers are separated as the URLs of a list in one string are.
  void settle_marathon_election() {
    std::string text;
    for (const std::string& part : config_.marathon) {
      if (!text.empty() && part.find("://") != std::string::npos) {
        return refuse("marathon", parse_marathon_url("zk://").error());  // no URL stands beside it
      }
      text += (text.empty() ? "" : ",") + std::string(trim(part));
    }
    auto where = coordination::parse_connect_string(text);
    if (!where) return refuse("marathon", Failure{where.error().message});
    if (text.find('/', std::string_view("zk://").size()) == std::string::npos || text.ends_with('/')) {
      return refuse("marathon",
                    Failure{"expected the path of Marathon's tree at the end, e.g. zk://master-1:2181/marathon"});
    }
    config_.marathon = {std::move(text)};
    config_.marathon_zookeeper = *std::move(where);
  }

  void settle_marathon_urls() {
    std::optional<MarathonUrl> first;
    for (const std::string& text : std::exchange(config_.marathon, {})) {
      auto parsed = parse_marathon_url(trim(text));
      if (!parsed) {
        refuse("marathon", parsed.error());
        continue;
      }
      if (!first) first = *parsed;
      if (parsed->user != first->user || parsed->pass != first->pass) {
        refuse("marathon", Failure{"its URLs name different credentials; expected the same in each of them"});
      }
      std::string& url = parsed->url;
      if (std::find(config_.marathon.begin(), config_.marathon.end(), url) != config_.marathon.end()) {
        warn_no_effect("marathon", url + " is listed twice");
      } else {
        config_.marathon.push_back(std::move(url));
      }
    }
    if (!first || first->user.empty()) return;
    if (!config_.user.empty() || !config_.pass.empty()) {
      return refuse(config_.user.empty() ? "pass" : "user",
                    Failure{"contradicts the credentials in marathon; keep one of them"});
    }
    config_.user = std::move(first->user);
    config_.pass = std::move(first->pass);
  }

  void settle_observer() {
    if (config_.apply) return;
    for (const std::string_view key : {"reload_on", "drift"}) {
      if (find(key) != nullptr) warn_no_effect(key, "has no effect with apply = false");
    }
  }

  void settle_zookeeper() {
    if (!config_.lead && find("zookeeper") == nullptr) {
      config_.lead = true;
      warn_no_effect("lead", "has no effect without zookeeper: a standalone agent leads itself");
    }
    if (config_.zookeeper_auth_file.empty()) return;
    if (find("zookeeper") == nullptr) {
      warn_no_effect("zookeeper_auth_file", "has no effect without zookeeper");
    } else if (!config_.zookeeper.credentials.empty()) {
      refuse("zookeeper_auth_file", Failure{"contradicts the credentials in zookeeper; keep one of them"});
    }
  }

  void read_local() {
    constexpr std::string_view kPrefix = "local.";
    if (find("local") != nullptr) {
      refuse("local", Failure{"expected a section: a line [local], then name = \"value\""});
    }
    for (auto it = settings_.by_key.lower_bound(std::string(kPrefix));
         it != settings_.by_key.end() && it->first.starts_with(kPrefix); ++it) {
      const std::string name = it->first.substr(kPrefix.size());
      if (const Key* key = find_key(lower(name))) {
        refuse(it->first, Failure{"'" + std::string(key->name) +
                                  "' is a key of the agent, not a local value; it belongs above the line [local]"});
      } else if (name == kProofValue) {
        refuse(it->first, Failure{"Chorale itself fills that one in; expected another name"});
      } else if (!is_value_name(name)) {
        refuse(it->first, Failure{"expected a name of letters, digits and '_' that does not begin with a digit"});
      } else if (auto value = text_or_integer(it->second.value)) {
        config_.local.emplace(name, *std::move(value));
      } else {
        refuse(it->first, value.error());
      }
    }
  }

  [[nodiscard]] std::string joined_errors() const {
    std::string text;
    for (std::size_t i = 0; i < errors_.size() && i < kMaxErrors; ++i) text += (i == 0 ? "" : "\n") + errors_[i];
    if (errors_.size() > kMaxErrors) text += "\n... and " + std::to_string(errors_.size() - kMaxErrors) + " more";
    return text;
  }

  Settings settings_;
  const HostFacts& host_;
  std::vector<std::string> errors_;
  LoadedConfig loaded_;
  Config& config_ = loaded_.config;
};

}  // namespace

tl::expected<LoadedConfig, Failure> parse_config(std::string_view text, const std::string& file,
                                                 const HostFacts& host) {
  auto settings = read_settings(text, file);
  if (!settings) return tl::unexpected(std::move(settings).error());
  override_from_environment(*settings, host.environment);
  return Parser(*std::move(settings), file, host).parse();
}

}  // namespace chorale::agent
