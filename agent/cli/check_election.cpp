// `chorale check`: where Marathon is, by its own election in ZooKeeper.
#include <map>
#include <string>
#include <utility>

#include "agent/cli/check_parts.h"
#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/table.h"
#include "agent/marathon/election.h"

namespace chorale::agent {
namespace {

using coordination::DirectoryTexts;
using coordination::ErrorKind;
using coordination::Path;

constexpr std::chrono::milliseconds kReadPatience{2'000};

// The answer to one operation; an Error of the tree comes as that of a visit that failed, but for what is not there.
template <class Op>
tl::expected<std::optional<typename Op::Answer>, CliError> ask(ClusterSession& session, Op operation) {
  auto outcome = session.execute(std::move(operation), kReadPatience);
  if (!outcome) return tl::unexpected(outcome.error());
  if (*outcome) return std::get<typename Op::Answer>(**outcome);
  const coordination::Error& error = outcome->error();
  if (error.kind == ErrorKind::kNoNode) return std::nullopt;
  return tl::unexpected(CliError{kExitUnreachable, error.message});
}

tl::expected<DirectoryTexts, CliError> read_directory(ClusterSession& session, const Path& path) {
  const auto listed = ask(session, coordination::ListChildren{path});
  if (!listed) return tl::unexpected(listed.error());
  DirectoryTexts texts;
  if (!*listed) return texts;
  for (const std::string& name : (*listed)->names) {
    const auto read = ask(session, coordination::ReadNode{path.child(name)});
    if (!read) return tl::unexpected(read.error());
    if (*read) texts.emplace(name, (*read)->data);
  }
  return texts;
}

}  // namespace

bool find_marathon(CheckReport& report, Config& config) {
  if (!config.marathon_zookeeper) return true;
  const coordination::ConnectString where = *std::exchange(config.marathon_zookeeper, std::nullopt);
  config.marathon.clear();
  ClusterSession session(where);
  std::map<Path, DirectoryTexts> found;
  for (const Path& path : election_directories(where.root)) {
    auto texts = read_directory(session, path);
    if (!texts) {
      report.fail("marathon", "its election: " + safe(texts.error().message), texts.error().exit_code);
      return false;
    }
    found.emplace(path, *std::move(texts));
  }
  const std::string place = "the election at zk://" + where.hosts + where.root.text();
  config.marathon = elected_endpoints(where.root, found, config.marathon_https);
  if (config.marathon.empty()) {
    report.fail("marathon", place + " shows no node; is this Marathon's --zk, and does Marathon run?",
                kExitUnreachable);
    return false;
  }
  report.ok("marathon", place + " is led by " + config.marathon.front());
  return true;
}

}  // namespace chorale::agent
