#include "agent/cli/difference_text.h"

#include "agent/cli/table.h"

namespace chorale::agent {

std::string difference_text(const render::RoutesDifference& difference) {
  std::string text;
  if (difference.realm) text += "~ realm\n";
  for (const std::string& app : difference.added) text += "+ " + safe(app) + "\n";
  for (const std::string& app : difference.removed) text += "- " + safe(app) + "\n";
  for (const render::AppDifference& app : difference.changed) {
    text += "~ " + safe(app.id) + " " + change_text(app) + "\n";
    for (const std::string& server : app.servers_added) text += "    + " + safe(server) + "\n";
    for (const std::string& server : app.servers_removed) text += "    - " + safe(server) + "\n";
  }
  return text + std::to_string(difference.added.size()) + " apps added, " + std::to_string(difference.removed.size()) +
         " removed, " + std::to_string(difference.changed.size()) + " changed; servers +" +
         std::to_string(difference.servers_added) + " -" + std::to_string(difference.servers_removed) + "\n";
}

}  // namespace chorale::agent
