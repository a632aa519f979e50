#include "render/routes_difference.h"

#include <algorithm>
#include <utility>

namespace chorale::render {
namespace {

std::int64_t count(const std::vector<std::string>& items) { return static_cast<std::int64_t>(items.size()); }

// Both lists are sorted by address, and no list has an address twice.
struct ServersDifference {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  bool weights = false;
  bool health = false;
  bool versions = false;
};

ServersDifference difference_of(const std::vector<Server>& before, const std::vector<Server>& after) {
  ServersDifference difference;
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() || (old != before.end() && old->address < now->address)) {
      difference.removed.push_back((old++)->address);
    } else if (old == before.end() || now->address < old->address) {
      difference.added.push_back((now++)->address);
    } else {
      if (old->task_id != now->task_id) {
        difference.removed.push_back(old->address);
        difference.added.push_back(now->address);
      } else {
        difference.weights |= old->weight != now->weight;
        difference.health |= old->health != now->health;
        difference.versions |= old->version != now->version;
      }
      ++old;
      ++now;
    }
  }
  return difference;
}

// All that is said of the ports apart from the servers of the main one.
bool same_ports(const App& before, const App& after) {
  return std::equal(before.ports.begin(), before.ports.end(), after.ports.begin(), after.ports.end(),
                    [&](const Port& old, const Port& now) {
                      if (old.index != before.main_port || now.index != after.main_port) return old == now;
                      return old.name == now.name && old.protocol == now.protocol &&
                             old.service_port == now.service_port && old.labels == now.labels &&
                             old.hosts == now.hosts && old.container_port == now.container_port &&
                             old.lost_port == now.lost_port && old.index == now.index;
                    });
}

// REQUIRES: they differ, and have the same id.
AppDifference change_of(const App& before, const App& after) {
  ServersDifference servers = difference_of(before.servers(), after.servers());
  AppDifference change{after.id, std::move(servers.added), std::move(servers.removed), {}};
  const std::pair<bool, std::string_view> aspects[] = {
      {before.name != after.name, "name"},
      {before.path != after.path, "path"},
      {before.hosts != after.hosts, "hosts"},
      {before.main_port != after.main_port, "main port"},
      {!same_ports(before, after), "ports"},
      {servers.weights, "weights"},
      {servers.health, "health"},
      {servers.versions, "versions"},
      {before.labels != after.labels, "labels"},
      {before.env != after.env, "env"},
      {before.health_path != after.health_path, "health path"},
  };
  for (const auto& [differs, word] : aspects) {
    if (differs) change.aspects.push_back(word);
  }
  return change;
}

std::string joined(const std::vector<std::string>& items, std::size_t all) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  if (all > items.size()) text += " and " + std::to_string(all - items.size()) + " more";
  return text;
}

void append_part(std::string& text, std::string part) {
  if (!part.empty()) text += (text.empty() ? "" : ", ") + std::move(part);
}

}  // namespace

RoutesDifference difference_of(const RoutingState& before, const RoutingState& after) {
  RoutesDifference difference;
  difference.realm = before.realm != after.realm;
  auto old = before.apps.begin();
  auto now = after.apps.begin();
  while (old != before.apps.end() || now != after.apps.end()) {
    if (now == after.apps.end() || (old != before.apps.end() && old->id < now->id)) {
      difference.servers_removed += static_cast<std::int64_t>(old->servers().size());
      difference.removed.push_back((old++)->id);
    } else if (old == before.apps.end() || now->id < old->id) {
      difference.servers_added += static_cast<std::int64_t>(now->servers().size());
      difference.added.push_back((now++)->id);
    } else {
      if (*old != *now) {
        difference.changed.push_back(change_of(*old, *now));
        difference.servers_added += count(difference.changed.back().servers_added);
        difference.servers_removed += count(difference.changed.back().servers_removed);
      }
      ++old;
      ++now;
    }
  }
  return difference;
}

std::string change_text(const AppDifference& app) {
  std::string text;
  if (!app.servers_added.empty()) text += "+" + std::to_string(app.servers_added.size()) + " ";
  if (!app.servers_removed.empty()) text += "-" + std::to_string(app.servers_removed.size()) + " ";
  if (!text.empty()) {
    text += app.servers_added.size() > 1 || app.servers_removed.size() > 1 ? "servers" : "server";
  }
  for (const std::string_view aspect : app.aspects) append_part(text, std::string(aspect));
  return text;
}

std::string names_text(const std::vector<std::string>& names) {
  const std::size_t shown = std::min(names.size(), kNamesInText);
  return joined({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown)}, names.size());
}

std::string difference_line(const RoutesDifference& difference) {
  std::vector<std::string> changes;
  for (const AppDifference& app : difference.changed) {
    if (changes.size() == kNamesInText) break;
    changes.push_back(app.id + " " + change_text(app));
  }
  std::string text = joined(changes, difference.changed.size());
  if (!difference.added.empty()) append_part(text, "added " + names_text(difference.added));
  if (!difference.removed.empty()) append_part(text, "removed " + names_text(difference.removed));
  if (difference.realm) append_part(text, "realm");
  return text;
}

}  // namespace chorale::render
