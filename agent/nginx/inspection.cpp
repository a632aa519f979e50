#include "agent/nginx/inspection.h"

#include <utility>

#include "agent/nginx/master.h"

namespace chorale::agent {

Inspection inspect(const ConfigFile& file, const std::optional<ConfigView>& known, const NginxLocations& locations,
                   const std::string& program) {
  Inspection found;
  found.view = known;
  if (!known || signature_of(file.target()) != known->signature) {
    auto view = file.view();
    if (!view) {
      found.event.file = tl::unexpected(view.error());
    } else {
      found.view = std::move(*view);
    }
  }
  if (found.event.file && found.view) found.event.file = found.view->content;
  found.event.master = find_master(locations.pid_files, program);
  if (found.event.master) {
    const Workers workers = workers_of(found.event.master->pid);
    found.event.workers = static_cast<int>(workers.serving.size());
    found.event.old_workers = static_cast<int>(workers.leaving.size());
  }
  return found;
}

}  // namespace chorale::agent
