#include "agent/migrate/nixy_toml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <variant>

#include "agent/config/config_settings.h"

namespace chorale::agent {
namespace {

constexpr std::array<std::string_view, 15> kNixyKeys{"port",
                                                     "xproxy",
                                                     "marathon",
                                                     "user",
                                                     "pass",
                                                     "realm",
                                                     "nginx_config",
                                                     "nginx_template",
                                                     "nginx_cmd",
                                                     "nginx_ignore_check",
                                                     "left_delimiter",
                                                     "right_delimiter",
                                                     "statsd.addr",
                                                     "statsd.namespace",
                                                     "statsd.sample_rate"};

bool is_nixy_key(std::string_view key) { return std::find(kNixyKeys.begin(), kNixyKeys.end(), key) != kNixyKeys.end(); }

// Of "file:line"; 0 where there is none.
int line_in(const std::string& where, const std::string& file) {
  int line = 0;
  if (where.size() > file.size()) std::from_chars(where.data() + file.size() + 1, where.data() + where.size(), line);
  return line;
}

// Takes the settings one by one, and collects what Nixy would refuse.
class Reader {
 public:
  Reader(const Settings& settings, NixyToml& nixy) : settings_(settings), nixy_(nixy) {}

  void read() {
    for (const auto& [key, setting] : settings_.by_key) {
      const int line = line_in(setting.where, nixy_.file);
      if (is_nixy_key(key)) {
        nixy_.lines.emplace(key, line);
      } else {
        nixy_.findings.push_back(
            {Finding::Kind::kNote, line, key + ": Nixy has no such key, so that it is not copied"});
      }
    }
    nixy_.port = text("port");
    nixy_.xproxy = text("xproxy");
    nixy_.marathon = texts("marathon");
    nixy_.user = text("user").value_or("");
    nixy_.pass = text("pass").value_or("");
    nixy_.realm = text("realm");
    nixy_.nginx_config = text("nginx_config").value_or("");
    nixy_.nginx_template = text("nginx_template").value_or("");
    nixy_.nginx_cmd = text("nginx_cmd").value_or("");
    nixy_.nginx_ignore_check = value<bool>("nginx_ignore_check", "true or false").value_or(false);
    // Go's own, where a delimiter is empty.
    if (const auto left = text("left_delimiter"); left && !left->empty()) nixy_.delimiters.left = *left;
    if (const auto right = text("right_delimiter"); right && !right->empty()) nixy_.delimiters.right = *right;
    nixy_.statsd_address = text("statsd.addr");
    nixy_.statsd_namespace = text("statsd.namespace");
    nixy_.statsd_sample_rate = value<std::int64_t>("statsd.sample_rate", "a whole number");
  }

  [[nodiscard]] const std::string& errors() const { return errors_; }

 private:
  template <class T>
  std::optional<T> value(const std::string& key, const std::string& expected) {
    const auto found = settings_.by_key.find(key);
    if (found == settings_.by_key.end()) return std::nullopt;
    if (const T* given = std::get_if<T>(&found->second.value)) return *given;
    errors_ += (errors_.empty() ? "" : "\n") + found->second.where + ": " + key + ": expected " + expected;
    return std::nullopt;
  }

  std::optional<std::string> text(const std::string& key) {
    // Nixy wants port = "6000"; people write port = 6000.
    const auto found = settings_.by_key.find(key);
    if (key == "port" && found != settings_.by_key.end()) {
      if (const auto* number = std::get_if<std::int64_t>(&found->second.value)) return std::to_string(*number);
    }
    return value<std::string>(key, "a text in quotes");
  }

  std::vector<std::string> texts(const std::string& key) {
    return value<std::vector<std::string>>(key, "an array of texts").value_or(std::vector<std::string>());
  }

  const Settings& settings_;
  NixyToml& nixy_;
  std::string errors_;
};

}  // namespace

NixyFacts NixyToml::facts() const {
  NixyFacts facts;
  facts.port = port.value_or("");
  facts.marathon = marathon;
  facts.nginx_config = nginx_config;
  facts.nginx_template = nginx_template;
  facts.nginx_cmd = nginx_cmd;
  facts.nginx_ignore_check = nginx_ignore_check;
  facts.delimiters = delimiters;
  facts.statsd_address = statsd_address.value_or("");
  facts.statsd_namespace = statsd_namespace.value_or("");
  facts.statsd_sample_rate = statsd_sample_rate.value_or(100);
  return facts;
}

bool NixyToml::holds_secret() const {
  return !pass.empty() || std::any_of(marathon.begin(), marathon.end(),
                                      [](const std::string& url) { return url.find('@') != std::string::npos; });
}

tl::expected<NixyToml, Failure> read_nixy_toml(std::string_view text, const std::string& file) {
  const auto settings = read_settings(text, file);
  if (!settings) return tl::unexpected(settings.error());
  NixyToml nixy;
  nixy.file = file;
  std::string errors;
  for (const std::string& error : settings->errors) errors += (errors.empty() ? "" : "\n") + error;
  for (const ConfigWarning& warning : settings->warnings) {
    nixy.findings.push_back({Finding::Kind::kNote, line_in(warning.where, file), warning.message});
  }
  Reader reader(*settings, nixy);
  reader.read();
  if (!reader.errors().empty()) errors += (errors.empty() ? "" : "\n") + reader.errors();
  if (!errors.empty()) return tl::unexpected(Failure{errors});
  return nixy;
}

}  // namespace chorale::agent
