#include "agent/cli/resolve_names.h"

#include <boost/asio/io_context.hpp>
#include <iostream>

#include "agent/cli/table.h"
#include "agent/marathon/resolver.h"

namespace chorale::agent {

ResolvedNames resolve_names(const std::set<std::string>& names) {
  if (names.empty()) return {};
  boost::asio::io_context loop{1};
  NamesResolved resolved;
  Resolver resolver(loop, [&](NamesResolved answer) {
    resolved.names.merge(answer.names);
    resolved.failed.merge(answer.failed);
  });
  resolver.perform(ResolveNames{names});
  loop.run();
  for (const auto& [name, why] : resolved.failed) {
    std::cerr << "warning: host " << safe(name) << " cannot be resolved: " << safe(why) << "\n";
  }
  return resolved.names;
}

}  // namespace chorale::agent
