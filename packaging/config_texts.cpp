// Writes chorale.toml and the keys of man/chorale.toml.5 from the agent's key table; --check compares instead.
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/key_table.h"
#include "packaging/generated_file.h"

namespace chorale {
namespace {

using agent::Key;

constexpr std::size_t kWidth = 120;
constexpr std::string_view kBegin = ".\\\" Begin of the generated keys.\n";
constexpr std::string_view kEnd = ".\\\" End of the generated keys.\n";

constexpr std::string_view kTomlBegin = R"(# Chorale's configuration: /etc/chorale/chorale.toml
#
# Set two keys first: `marathon`, and `zookeeper` unless this proxy stands alone. The others may stay as they are: each
# is shown with its default, or with an example where the comment names the default.
# This is a superset of nixy.toml; `chorale migrate` makes such a file, and a template, out of what Nixy has.
# Durations are strings with a unit: "250ms", "10s", "5m", "1h".
# The environment overrides any key: CHORALE_MARATHON, CHORALE_STATSD_ADDR, ... (lists separated by commas).
# `chorale check` says what is wrong with this file. A running agent reads it again on SIGHUP; its log then says which
# changes are in force and which wait for the next start. More on each key: man 5 chorale.toml
)";

constexpr std::string_view kTomlLocal = R"(
# ---- Section [local]: sections follow all other keys, since each reaches to the next one or to the end -------------

# Values of this proxy alone, written @{name} in the template. In force on SIGHUP. Built in: xproxy, id, hostname,
# http_port ("80"), https_port ("443"), nginx_user (as Nginx was told before Chorale), nginx_pid ("/run/nginx.pid"),
# nginx_error_log ("/var/log/nginx/error.log"), access_log ("off"), real_ip (""), listen_options (""), ipv6 ("", or "#" for
# none), auth_dir ("/etc/chorale/auth"), cert_dir ("/etc/chorale/certs"), and proof, which cannot be set.
#[local]
#http_port = "8080"
#datacenter = "fra1"
)";

const agent::Config& defaults() {
  static const agent::Config config;
  return config;
}

std::string capitalized(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string_view section_of(const Key& key) {
  return key.name.substr(0, std::min(key.name.find('.'), key.name.size()));
}
bool in_section(const Key& key) { return section_of(key).size() != key.name.size(); }
std::string_view name_in_section(const Key& key) {
  return in_section(key) ? key.name.substr(section_of(key).size() + 1) : key.name;
}

std::string comment(const std::string& text) {
  std::string lines;
  std::string line = "#";
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kWidth) lines += std::exchange(line, "#") + "\n";
    line += " " + word;
  }
  return lines + line + "\n";
}

std::string toml_of(const Key& key) {
  std::string text(key.text);
  if (const std::string range = range_of(key.type); !range.empty()) text += " " + capitalized(range) + ".";
  if (!key.unset.empty()) text += " Default: " + std::string(key.unset) + ".";
  if (key.on_reread != nullptr) text += " In force on SIGHUP.";
  const std::string value = key.example.empty() ? written(key.type, defaults()) : std::string(key.example);
  return "\n" + comment(text) + "#" + std::string(name_in_section(key)) + " = " + value + "\n";
}

std::string toml() {
  std::string text(kTomlBegin);
  std::string_view heading;
  for (const Key& key : agent::key_table()) {
    if (key.heading != heading) {
      if (in_section(key)) text += kTomlLocal;
      std::string line = "# ---- " + std::string(key.heading) + " ";
      line.resize(kWidth - 1, '-');
      text += "\n" + line + "\n";
      if (in_section(key)) text += "#[" + std::string(section_of(key)) + "]\n";
      heading = key.heading;
    }
    text += toml_of(key);
  }
  return text;
}

// One sentence a line, as roff wants it; `words` in bold.
std::string roff(std::string_view text) {
  std::string source;
  bool code = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool after_sentence = c == ' ' && !code && i > 0 && text[i - 1] == '.';
    if (c == '`') {
      code = !code;
      source += code ? "\\fB" : "\\fR";
    } else if (c == '"') {
      source += "\\(dq";
    } else if (c == '-' && code) {
      source += "\\-";
    } else {
      source += after_sentence ? '\n' : c;
    }
  }
  return source + "\n";
}

std::string manual_of(const Key& key) {
  std::string text =
      ".TP\n.BI " + std::string(name_in_section(key)) + " \" = " + std::string(name_of(key.type)) + "\"\n";
  text += roff("Default: " + (key.unset.empty() ? written(key.type, defaults()) : std::string(key.unset)) + ".");
  if (const std::string range = range_of(key.type); !range.empty()) text += "Range: " + range + ".\n";
  text += ".IP\n" + roff(key.text);
  if (!key.more.empty()) text += roff(key.more);
  if (key.on_reread != nullptr) text += "In force on SIGHUP.\n";
  return text;
}

std::string manual_keys() {
  std::string text;
  std::string_view heading;
  for (const Key& key : agent::key_table()) {
    if (key.heading != heading) {
      std::string upper(key.heading);
      for (char& c : upper) {
        if (in_section(key) && c == '[') break;
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      }
      text += ".SH \"" + upper + "\"\n";
      heading = key.heading;
    }
    text += manual_of(key);
  }
  return text;
}

// The page with its generated part written anew; "" where the two marks are not found.
std::string manual(const std::string& page) {
  const auto begin = page.find(kBegin);
  const auto end = page.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  return page.substr(0, begin) + std::string(kBegin) + manual_keys() + page.substr(end);
}

constexpr GeneratedFile kKind{"agent/config/key_table.cpp", "write_config_texts"};

bool settle_manual(const std::string& file, bool check) {
  const std::string text = manual(read_file(file).value_or(""));
  if (!text.empty()) return settle(kKind, file, text, check);
  std::cerr << file << ": the lines that mark the generated keys are missing\n";
  return false;
}

}  // namespace
}  // namespace chorale

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string_view(argv[1]) == "--check";
  if (argc != (check ? 3 : 2)) {
    std::cerr << "usage: config_texts [--check] PACKAGING_DIRECTORY\n";
    return 2;
  }
  const std::string directory = argv[argc - 1];
  const bool toml_settled = chorale::settle(chorale::kKind, directory + "/chorale.toml", chorale::toml(), check);
  return chorale::settle_manual(directory + "/man/chorale.toml.5", check) && toml_settled ? 0 : 1;
}
