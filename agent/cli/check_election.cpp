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

tl::expected<std::vector<std::string>, CliError> elected_marathon(const coordination::ConnectString& where,
                                                                  bool https) {
  ClusterSession session(where);
  std::map<Path, DirectoryTexts> found;
  for (const Path& path : election_directories(where.root)) {
    auto texts = read_directory(session, path);
    if (!texts) {
      return tl::unexpected(CliError{texts.error().exit_code, "its election: " + safe(texts.error().message)});
    }
    found.emplace(path, *std::move(texts));
  }
  auto endpoints = elected_endpoints(where.root, found, https);
  if (!endpoints.empty()) return endpoints;
  return tl::unexpected(
      CliError{kExitUnreachable, "the election at zk://" + where.hosts + where.root.text() +
                                     " shows no node; is this Marathon's --zk, and does Marathon run?"});
}

bool find_marathon(CheckReport& report, Config& config) {
  if (!config.marathon_zookeeper) return true;
  const coordination::ConnectString where = *std::exchange(config.marathon_zookeeper, std::nullopt);
  config.marathon.clear();
  auto endpoints = elected_marathon(where, config.marathon_https);
  if (!endpoints) {
    report.fail("marathon", endpoints.error().message, endpoints.error().exit_code);
    return false;
  }
  config.marathon = *std::move(endpoints);
  report.ok("marathon",
            "the election at zk://" + where.hosts + where.root.text() + " is led by " + config.marathon.front());
  return true;
}

}  // namespace chorale::agent
