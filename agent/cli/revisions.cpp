#include "agent/cli/revisions.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "agent/cli/table.h"
#include "coordination/paths.h"

namespace chorale::agent {
namespace {

using coordination::Epoch;
using coordination::HoldDocument;
using coordination::Identity;
using coordination::Manifest;
using coordination::Revision;
using Numbers = std::pair<Epoch, Revision>;

std::string text_of(const Numbers& numbers) { return to_text(Identity{numbers.first, numbers.second, {}}); }

// Of several with the number, the newest epoch's.
tl::expected<Numbers, CliError> find_numbers(ClusterSession& session, const coordination::Path& revisions,
                                             const HoldDocument& wanted, int not_kept) {
  const auto listed = session.execute(coordination::ListChildren{revisions}, kClusterPatience);
  if (!listed) return tl::unexpected(listed.error());
  if (!*listed) {
    return tl::unexpected(CliError{not_kept, "cannot list " + revisions.text() + ": " + listed->error().message});
  }
  std::vector<Numbers> kept;
  for (const std::string& name : std::get<coordination::Listed>(**listed).names) {
    if (const auto numbers = coordination::parse_manifest_name(name)) kept.push_back(*numbers);
  }
  std::sort(kept.begin(), kept.end());
  const auto found = std::find_if(kept.rbegin(), kept.rend(), [&wanted](const Numbers& numbers) {
    return numbers.second == wanted.revision && (wanted.epoch.value == 0 || numbers.first == wanted.epoch);
  });
  if (found != kept.rend()) return *found;
  const std::string name =
      wanted.epoch.value > 0 ? text_of({wanted.epoch, wanted.revision}) : std::to_string(wanted.revision.value);
  return tl::unexpected(
      CliError{not_kept, "revision " + name + " is not kept" +
                             (kept.empty() ? "; none is"
                                           : "; those from " + text_of(kept.front()) + " to " + text_of(kept.back()) +
                                                 " are, as far as they were published")});
}

}  // namespace

bool names_a_revision(const std::string& name) {
  HoldDocument named;
  return name == "committed" || coordination::read_revision(name, named);
}

tl::expected<Manifest, CliError> find_revision(ClusterSession& session, const coordination::Path& root,
                                               const coordination::StateDocument& state, const std::string& name,
                                               int not_kept) {
  HoldDocument wanted;
  if (name != "committed" && !coordination::read_revision(name, wanted)) {
    return tl::unexpected(CliError{kExitUsage, safe(name) + " is no revision: 41, 5.41 or current is expected"});
  }
  if (wanted.revision.value == 0) {
    if (!state.committed) return tl::unexpected(CliError{not_kept, "nothing is committed yet"});
    wanted.epoch = state.committed->identity.epoch;
    wanted.revision = state.committed->identity.revision;
  }
  const coordination::Path revisions = coordination::Paths(root).revisions;
  const auto numbers = find_numbers(session, revisions, wanted, not_kept);
  if (!numbers) return tl::unexpected(numbers.error());
  const auto unreadable = [&](const std::string& why) {
    return tl::unexpected(CliError{not_kept, "revision " + text_of(*numbers) + " cannot be read: " + why});
  };
  const auto read = session.execute(
      coordination::ReadNode{revisions.child(coordination::manifest_name(numbers->first, numbers->second))},
      kClusterPatience);
  if (!read) return tl::unexpected(read.error());
  if (!*read) return unreadable(read->error().message);
  auto manifest = coordination::decode_manifest(std::get<coordination::NodeRead>(**read).data);
  if (!manifest) return unreadable(manifest.error().message);
  const Identity identity{numbers->first, numbers->second, manifest->header.identity.digest};
  if (!is_manifest_of(identity, *manifest)) return unreadable("it is not what its name says");
  return std::move(*manifest);
}

}  // namespace chorale::agent
