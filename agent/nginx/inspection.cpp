#include "agent/nginx/inspection.h"

#include <utility>

#include "agent/nginx/master.h"

namespace chorale::agent {
namespace {

// Links are followed: a renewed certificate is often the file behind one. The time of the last change of its inode is
// part of it: copying tools keep the other one.
std::string stamp_of(const std::string& path) {
  const auto signature = signature_of(path);
  if (!signature) return "missing";
  return std::to_string(signature->device) + "-" + std::to_string(signature->inode) + "-" +
         std::to_string(signature->bytes) + "-" + std::to_string(signature->modified_ns) + "-" +
         std::to_string(signature->changed_ns);
}

}  // namespace

Inspection inspect(const ConfigFile& file, const std::optional<ConfigView>& known, const NginxLocations& locations,
                   const std::string& program, const std::vector<std::string>& watched) {
  Inspection found;
  found.view = known;
  const bool same_main = !known || !known->main_signature || signature_of(file.main()) == known->main_signature;
  if (!known || !same_main || signature_of(file.target()) != known->signature) {
    auto view = file.view();
    if (!view) {
      found.event.file = tl::unexpected(view.error());
    } else {
      found.view = std::move(*view);
    }
  }
  if (found.event.file && found.view) found.event.file = found.view->content;
  found.event.master = find_own_master(locations, program);
  if (found.event.master) {
    const Workers workers = workers_of(found.event.master->pid);
    found.event.workers = static_cast<int>(workers.serving.size());
    const std::optional<ProcessStat> stat = process_stat(found.event.master->pid);
    found.event.stopped = stat && (stat->state == 'T' || stat->state == 't');
    found.event.old_workers = static_cast<int>(workers.leaving.size());
    found.event.idle = workers.serving.empty() && !found.event.stopped;
  }
  for (const std::string& path : watched) found.event.watched[path] = stamp_of(path);
  return found;
}

}  // namespace chorale::agent
