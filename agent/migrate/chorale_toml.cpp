// chorale.toml out of nixy.toml: the same keys with the same meaning, and what Nixy did not have.
#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>
#include <utility>

#include "agent/base/one_line.h"
#include "agent/base/url.h"
#include "agent/config/config_values.h"
#include "agent/config/key_table.h"
#include "agent/migrate/nixy_toml.h"

namespace chorale::agent {
namespace {

std::string toml_text(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string toml = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      toml += {'\\', c};
    } else if (is_control(c)) {
      toml += {'\\', 'u', '0', '0', kDigits[code >> 4U], kDigits[code & 15U]};
    } else {
      toml += c;
    }
  }
  return toml + "\"";
}

template <class Texts>
std::string array_of(const Texts& texts) {
  std::string toml;
  for (const std::string& text : texts) toml += (toml.empty() ? "" : ", ") + toml_text(text);
  return "[" + toml + "]";
}

using Credentials = std::pair<std::string, std::string>;  // user and password

class TomlWriter {
 public:
  TomlWriter(const NixyToml& nixy, const NewPlace& place) : nixy_(nixy), place_(place) {}

  ChoraleToml write() {
    made_.text = "# Chorale's configuration, made by `chorale migrate` from " + one_line(nixy_.file) +
                 "; its comments are not copied.\n"
                 "# More on each key: man 5 chorale.toml. What is wrong with this file: chorale check -f FILE\n";
    write_marathon();
    write_zookeeper();
    write_agent();
    write_nginx();
    write_needs();
    write_local();
    write_statsd();
    return std::move(made_);
  }

 private:
  void line(const std::string& text) { made_.text += text + "\n"; }
  void find(Finding::Kind kind, const std::string& key, const std::string& message) {
    const auto found = nixy_.lines.find(key);
    made_.findings.push_back({kind, found == nixy_.lines.end() ? 0 : found->second, key + ": " + message});
  }
  void note(const std::string& key, const std::string& message) { find(Finding::Kind::kNote, key, message); }
  void mark(const std::string& key, const std::string& message) {
    find(Finding::Kind::kMark, key, message);
    line("# " + key + " is left out: " + message);
  }

  // As Chorale would read it. `key` may be of a section.
  void put(const std::string& key, const SettingValue& value, const std::string& toml) {
    Config config;
    if (const auto taken = assign(config, find_key(key)->type, value); !taken) {
      return mark(key, "Chorale refuses its value: " + one_line(taken.error().message));
    }
    line(key.substr(key.find('.') + 1) + " = " + toml);  // npos + 1 is 0
  }
  void put_text(const std::string& key, const std::string& text) { put(key, text, toml_text(text)); }

  void write_marathon() {
    line("");
    std::set<Credentials> credentials;
    for (const std::string& text : nixy_.marathon) {
      const auto url = parse_marathon_url(trim(text));
      if (!url) {
        mark("marathon", "Chorale refuses one of its URLs: expected http://host:port or https://host:port");
        continue;
      }
      if (std::find(urls_.begin(), urls_.end(), url->url) == urls_.end()) urls_.push_back(url->url);
      // Go sends them where `user` is not set.
      if (!url->user.empty()) credentials.emplace(url->user, url->pass);
    }
    if (urls_.empty()) {
      line("# Marathon's URLs, in order of priority: an agent does not start without them.");
      line("#marathon = [\"http://master-1:8080\", \"http://master-2:8080\"]");
      if (nixy_.marathon.empty()) find(Finding::Kind::kMark, "marathon", "it is not set: fill it in");
    } else {
      line("marathon = " + array_of(urls_));
    }
    write_credentials(credentials);
    if (nixy_.realm && !nixy_.realm->empty()) put_text("realm", *nixy_.realm);
  }

  void write_credentials(const std::set<Credentials>& in_urls) {
    std::string user = nixy_.user;
    std::string pass = nixy_.pass;
    if (!in_urls.empty() && !user.empty()) {
      note("marathon", "credentials in its URLs are dropped: Nixy sent `user` and `pass`");
    }
    if (!in_urls.empty() && user.empty()) {
      if (in_urls.size() > 1) {
        return mark("user", "the URLs of marathon hold credentials that differ: write one pair as user and pass");
      }
      std::tie(user, pass) = *in_urls.begin();
      note("marathon", "the credentials in its URLs are now `user` and `pass`");
    }
    if (user.empty()) {
      if (!pass.empty()) note("pass", "not copied: it has no effect without user");
      return;
    }
    line("# This file holds a password: keep it to its owner (chmod 600).");
    put_text("user", user);
    put_text("pass", pass);
  }

  // The one thing that nixy.toml cannot say. Marathon's masters are where ZooKeeper usually is.
  void write_zookeeper() {
    std::string servers;
    for (const std::string& text : urls_) {
      const auto url = parse_url(text);
      if (!url || url->host.find(':') != std::string::npos) continue;
      servers += (servers.empty() ? "" : ",") + url->host + ":2181";
    }
    if (servers.empty()) servers = "master-1:2181,master-2:2181,master-3:2181";
    line("");
    line(
        "# TO BE FILLED IN: Nixy knows no ZooKeeper. Without this key the agent runs standalone, as Nixy did: it "
        "follows");
    line(
        "# Marathon by itself and shares nothing. With it all proxies serve the same. Name the ensemble that Mesos and "
        "Marathon");
    line("# use, with the same line on each proxy:");
    line("#zookeeper = " + toml_text("zk://" + servers + "/chorale"));
  }

  void write_agent() {
    line("");
    if (nixy_.port && !nixy_.port->empty()) {
      line("# The port of the admin API, Nixy's until now: both cannot run with it side by side.");
      put_text("port", *nixy_.port);
    } else {
      note("port", "it is not set, so that Nixy took any; Chorale takes 8000");
    }
    if (nixy_.xproxy && !nixy_.xproxy->empty()) put_text("xproxy", *nixy_.xproxy);
  }

  std::string absolute(const std::string& key, const std::string& path) {
    if (path.starts_with('/')) return path;
    std::string whole = (std::filesystem::path(place_.nixy_directory) / path).lexically_normal().string();
    note(key, "a relative path is now " + one_line(whole) + "; Nixy took it from where it was started");
    return whole;
  }

  void write_nginx() {
    line("");
    if (nixy_.nginx_config.empty()) {
      note("nginx_config", "it is not set; Chorale takes " + Config().nginx_config);
    } else {
      put_text("nginx_config", absolute("nginx_config", nixy_.nginx_config));
    }
    if (place_.nginx_template.empty()) {
      line(
          "# No template was translated: this is the one that the package installs. Others: "
          "/usr/share/chorale/templates");
      line("#nginx_template = " + toml_text(Config().nginx_template));
    } else {
      put_text("nginx_template", place_.nginx_template);
    }
    if (nixy_.nginx_cmd.find_first_not_of(" \t") != std::string::npos) put_text("nginx_cmd", nixy_.nginx_cmd);
    if (nixy_.nginx_ignore_check) line("nginx_ignore_check = true");
    // Those of the template that is used.
    const GoDelimiters usual;
    if (place_.nginx_template.empty()) return;
    if (place_.delimiters.left != usual.left) put_text("left_delimiter", place_.delimiters.left);
    if (place_.delimiters.right != usual.right) put_text("right_delimiter", place_.delimiters.right);
    if (place_.delimiters.left != nixy_.delimiters.left || place_.delimiters.right != nixy_.delimiters.right) {
      note("left_delimiter", "Chorale's delimiters hold no blanks and no '=': the template has others now");
    }
  }

  void write_needs() {
    if (!place_.needs.env.empty()) {
      line("");
      line("# What the template reads of the apps' environment; anyone who can read ZooKeeper can read it.");
      line("expose_env = " + array_of(place_.needs.env));
    }
    if (!place_.needs.merge_label) return;
    line("");
    line("# MergeAppsByLabel of the template.");
    put_text("merge_label", *place_.needs.merge_label);
    note("merge_label",
         "the weight of an app's tasks is its label chorale.weight, 1 to 1000; one named weight counts no more");
  }

  void write_local() {
    if (place_.needs.getenv.empty()) return;
    line("");
    line("[local]");
    for (const std::string& name : place_.needs.getenv) {
      const auto found = place_.environment.find(name);
      line("# getenv \"" + name + "\" in the template: what Nixy's environment had.");
      line("env_" + name + " = " + toml_text(found == place_.environment.end() ? "" : found->second));
      const std::string key = "[local] env_" + name;
      if (found == place_.environment.end()) {
        find(Finding::Kind::kMark, key, "the template asks for this variable, which is not set here: fill it in");
      } else {
        note(key, "has the value that the variable has here and now: compare it with Nixy's environment");
      }
    }
  }

  void write_statsd() {
    if (!nixy_.statsd_address && !nixy_.statsd_namespace && !nixy_.statsd_sample_rate) return;
    line("");
    line("[statsd]");
    if (nixy_.statsd_address && !nixy_.statsd_address->empty()) put_text("statsd.addr", *nixy_.statsd_address);
    if (nixy_.statsd_namespace && !nixy_.statsd_namespace->empty()) {
      put_text("statsd.namespace", *nixy_.statsd_namespace);
    }
    if (!nixy_.statsd_sample_rate) return;
    const std::int64_t rate = std::clamp<std::int64_t>(*nixy_.statsd_sample_rate, 1, 100);
    put("statsd.sample_rate", rate, std::to_string(rate));
    if (rate != 100) note("statsd.sample_rate", "Nixy sent every message whatever it was; Chorale sends this share");
  }

  const NixyToml& nixy_;
  const NewPlace& place_;
  std::vector<std::string> urls_;  // of Marathon, as Chorale takes them
  ChoraleToml made_;
};

}  // namespace

ChoraleToml chorale_toml(const NixyToml& nixy, const NewPlace& place) { return TomlWriter(nixy, place).write(); }

}  // namespace chorale::agent
