// One look at the running Nginx and at its file. Blocking, but quick; worker pool only (or before the loop runs).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/applying/applier_events.h"
#include "agent/nginx/config_file.h"
#include "agent/nginx/locations.h"

namespace chorale::agent {

struct Inspection {
  Inspected event;
  std::optional<ConfigView> view;  // for the next look: the file is read again only when its signature differs
};

[[nodiscard]] Inspection inspect(const ConfigFile& file, const std::optional<ConfigView>& known,
                                 const NginxLocations& locations, const std::string& program,
                                 const std::vector<std::string>& watched);

}  // namespace chorale::agent
