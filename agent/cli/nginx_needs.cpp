#include "agent/cli/nginx_needs.h"

#include <algorithm>
#include <array>
#include <vector>

#include "agent/nginx/config_words.h"

namespace chorale::agent {
namespace {

using Words = std::vector<std::string_view>;

bool has_word(const Words& words, std::string_view word) {
  return std::find(words.begin() + 1, words.end(), word) != words.end();
}

bool has_variable(const Words& words) {
  return std::any_of(words.begin() + 1, words.end(),
                     [](std::string_view word) { return word.find('$') != std::string_view::npos; });
}

// A directive, with a word of its own or a variable among its parameters.
struct Known {
  NginxVersion version;
  std::string_view directive;
  std::string_view word;  // "": whatever its parameters; "$": a variable
  std::string_view what;
};
constexpr std::array kKnown{
    Known{{1, 9, 0}, "stream", "", "stream"},
    Known{{1, 9, 5}, "listen", "http2", "listen ... http2"},
    Known{{1, 9, 13}, "listen", "udp", "listen ... udp"},
    Known{{1, 11, 8}, "log_format", "escape=json", "log_format ... escape=json"},
    Known{{1, 11, 11}, "worker_shutdown_timeout", "", "worker_shutdown_timeout"},
    Known{{1, 13, 10}, "log_format", "escape=none", "log_format ... escape=none"},
    Known{{1, 15, 1}, "random", "", "random two least_conn"},
    Known{{1, 15, 9}, "ssl_certificate", "$", "ssl_certificate with a variable"},
    Known{{1, 19, 4}, "ssl_reject_handshake", "", "ssl_reject_handshake"},
    Known{{1, 25, 0}, "listen", "quic", "listen ... quic"},
    Known{{1, 25, 1}, "http2", "", "http2 on"},
};

bool asks_for(const Words& words, const Known& known) {
  if (words.empty() || words[0] != known.directive) return false;
  if (known.word == "$") return has_variable(words);
  return known.word.empty() || has_word(words, known.word);
}

struct Remedy {
  std::string_view words;  // in Nginx's error
  std::string_view remedy;
};
constexpr std::array kRemedies{
    Remedy{"parameter requires ngx_", "install an Nginx that is built with that module"},
    Remedy{"unknown directive \"stream\"",
           "install the stream module, and load it: Debian's libnginx-mod-stream, "
           "nginx-mod-stream of EL"},
};
constexpr std::array kRemediesAround{
    Remedy{"directive is not allowed here", "nginx_template has to be one for the place where MAIN includes it"},
    Remedy{"server_names_hash", "set server_names_hash_bucket_size 128 in the http block of MAIN"},
    Remedy{"worker_connections are not enough", "raise worker_connections in the events block of MAIN"},
    Remedy{"could not build map_hash", "set map_hash_bucket_size 128 in the block of MAIN that includes it"},
    Remedy{"could not build variables_hash",
           "set variables_hash_bucket_size 128 in the block of MAIN that includes it"},
};

}  // namespace

std::string text_of(const NginxVersion& version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor) + "." + std::to_string(version.patch);
}

std::optional<NginxNeed> newest_need(std::string_view text) {
  std::optional<NginxNeed> newest;
  ConfigDirectives directives(text);
  while (const ConfigDirective* directive = directives.next()) {
    for (const Known& known : kKnown) {
      if (!asks_for(directive->words, known) || (newest && newest->version >= known.version)) continue;
      newest = NginxNeed{known.version, std::string(known.what)};
    }
  }
  return newest;
}

std::string remedy_for(std::string_view error, const std::string& main) {
  const auto is_in = [error](const Remedy& one) { return error.find(one.words) != std::string_view::npos; };
  const auto* const found = std::find_if(kRemedies.begin(), kRemedies.end(), is_in);
  if (found != kRemedies.end()) return "; " + std::string(found->remedy);
  const auto* const around = std::find_if(kRemediesAround.begin(), kRemediesAround.end(), is_in);
  if (main.empty() || around == kRemediesAround.end()) return {};
  constexpr std::string_view kMain = "MAIN";
  std::string remedy(around->remedy);
  return "; " + remedy.replace(remedy.find(kMain), kMain.size(), main);
}

}  // namespace chorale::agent
