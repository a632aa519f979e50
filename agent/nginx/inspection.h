// One look at the running Nginx and at its file. Blocking, but quick; worker pool only (or before the loop runs).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/core/applying/applier.h"
#include "agent/nginx/config_file.h"
#include "agent/nginx/locations.h"

namespace chorale::agent {

struct Inspection {
  Inspected event;
  std::optional<ConfigView> view;  // for the next look: the file is read again only when its signature differs
};

[[nodiscard]] Inspection inspect(const ConfigFile& file, const std::optional<ConfigView>& known,
                                 const NginxLocations& locations, const std::string& program, std::uint64_t generation);

}  // namespace chorale::agent
