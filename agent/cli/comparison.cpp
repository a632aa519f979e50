#include "agent/cli/comparison.h"

#include <algorithm>
#include <utility>

#include "agent/cli/table.h"
#include "agent/nginx/config_words.h"

namespace chorale::agent {
namespace {

using Servers = std::set<std::string>;

std::string host_of(const std::string& server) {
  const auto colon = server.rfind(':');
  return server.substr(0, colon);
}

bool is_literal(const std::string& host) {
  return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string::npos;
}

// What the server stands for: itself, or each address of its host name.
Servers meanings_of(const std::string& server, const HostAddresses& addresses) {
  const std::string host = host_of(server);
  const auto known = addresses.find(host);
  if (known == addresses.end()) return {server};
  Servers meanings;
  for (const std::string& address : known->second) {
    const bool version6 = address.find(':') != std::string::npos;
    meanings.insert((version6 ? "[" + address + "]" : address) + server.substr(host.size()));
  }
  return meanings;
}

// One port of one app, and the upstream of the file that has most of its servers.
struct Match {
  const render::App* app = nullptr;
  const render::Port* port = nullptr;
  std::string upstream;
  std::size_t common = 0;
};

using Meanings = std::map<std::string, std::map<std::string, Servers>>;  // upstream -> server -> what it stands for

std::size_t common_servers(const render::Port& port, const std::map<std::string, Servers>& upstream) {
  return static_cast<std::size_t>(
      std::count_if(port.servers.begin(), port.servers.end(), [&](const render::Server& server) {
        return std::any_of(upstream.begin(), upstream.end(),
                           [&](const auto& entry) { return entry.second.contains(server.address); });
      }));
}

// Of an app that is kept without any there is nothing to compare.
bool has_servers(const render::App& app) {
  return std::any_of(app.ports.begin(), app.ports.end(),
                     [](const render::Port& port) { return !port.servers.empty(); });
}

// REQUIRES: has_servers(app).
Match best_match(const render::App& app, const Meanings& upstreams) {
  Match best{&app, &app.ports.front(), {}, 0};
  for (const render::Port& port : app.ports) {
    for (const auto& [name, servers] : upstreams) {
      const std::size_t common = common_servers(port, servers);
      if (common > best.common) best = {&app, &port, name, common};
    }
  }
  return best;
}

Comparison::Difference difference_of(const Match& match, const std::map<std::string, Servers>& upstream) {
  Comparison::Difference difference{match.app->id, match.upstream, {}, {}};
  Servers routed;
  for (const render::Server& server : match.port->servers) routed.insert(server.address);
  for (const auto& [server, meanings] : upstream) {
    std::size_t erased = 0;
    for (const std::string& meaning : meanings) erased += routed.erase(meaning);
    if (erased == 0) difference.only_file.push_back(server);
  }
  difference.only_routed.assign(routed.begin(), routed.end());
  return difference;
}

std::string words_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + safe(word);
  return text;
}

}  // namespace

std::map<std::string, std::set<std::string>> upstreams_of(std::string_view config) {
  std::map<std::string, Servers> upstreams;
  std::vector<std::string> open;  // the upstream of each block around; empty: another block
  ConfigDirectives directives(config);
  while (const ConfigDirective* directive = directives.next()) {
    const auto& words = directive->words;
    if (directive->end == '{') {
      const bool upstream = words.size() == 2 && words[0] == "upstream";
      open.push_back(upstream ? std::string(words[1]) : std::string());
      if (upstream) upstreams.try_emplace(open.back());
    } else if (directive->end == '}') {
      if (!open.empty()) open.pop_back();
    } else if (!open.empty() && !open.back().empty() && words.size() >= 2 && words[0] == "server") {
      const bool down = std::find(words.begin() + 2, words.end(), "down") != words.end();
      if (!down && !words[1].starts_with("unix:")) upstreams[open.back()].emplace(words[1]);
    }
  }
  return upstreams;
}

std::set<std::string> host_names_in(const std::map<std::string, std::set<std::string>>& upstreams) {
  std::set<std::string> names;
  for (const auto& [upstream, servers] : upstreams) {
    for (const std::string& server : servers) {
      if (std::string host = host_of(server); !is_literal(host)) names.insert(std::move(host));
    }
  }
  return names;
}

Comparison compare_routes(const render::RoutingState& routes,
                          const std::map<std::string, std::set<std::string>>& upstreams,
                          const HostAddresses& addresses) {
  Meanings meanings;
  for (const auto& [upstream, servers] : upstreams) {
    for (const std::string& server : servers) meanings[upstream].emplace(server, meanings_of(server, addresses));
  }
  Comparison comparison;
  std::set<std::string> matched;
  for (const render::App& app : routes.apps) {
    if (!has_servers(app)) continue;
    const Match match = best_match(app, meanings);
    if (match.common == 0) {
      comparison.not_in_file.push_back(app.id);
      continue;
    }
    Comparison::Difference difference = difference_of(match, meanings.at(match.upstream));
    if (difference.only_file.empty() && difference.only_routed.empty()) {
      ++comparison.alike;
    } else {
      comparison.different.push_back(std::move(difference));
    }
    // The one that was found; its further ports are other upstreams of the same app.
    for (const render::Port& port : app.ports) {
      for (const auto& [name, servers] : meanings) {
        if (common_servers(port, servers) > 0) matched.insert(name);
      }
    }
  }
  for (const auto& [name, servers] : meanings) {
    if (!matched.contains(name)) comparison.of_no_app.push_back(name);
  }
  return comparison;
}

std::string comparison_text(const Comparison& comparison) {
  std::string text;
  for (const Comparison::Difference& each : comparison.different) {
    text += safe(each.app) + " (upstream " + safe(each.upstream) + "):";
    if (!each.only_routed.empty()) text += " only routed " + words_of(each.only_routed);
    if (!each.only_routed.empty() && !each.only_file.empty()) text += ";";
    if (!each.only_file.empty()) text += " only in the file " + words_of(each.only_file);
    text += "\n";
  }
  for (const std::string& app : comparison.not_in_file) text += safe(app) + ": routed, not in the file\n";
  for (const std::string& upstream : comparison.of_no_app) {
    text += "upstream " + safe(upstream) + ": in the file, of no routed app\n";
  }
  return text + std::to_string(comparison.alike) + " apps alike, " + std::to_string(comparison.different.size()) +
         " different, " + std::to_string(comparison.not_in_file.size()) + " only routed, " +
         std::to_string(comparison.of_no_app.size()) + " upstreams only in the file\n";
}

}  // namespace chorale::agent
