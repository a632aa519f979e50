// The pushed template in ZooKeeper, as the command line reads and writes it. Blocking.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/cli/cluster_session.h"
#include "coordination/paths.h"
#include "coordination/template_document.h"

namespace chorale::agent {

class TemplateStore {
 public:
  TemplateStore(ClusterSession& session, const coordination::Path& root) : session_(session), paths_(root) {}

  struct Found {
    coordination::TemplateDocument document;
    coordination::Version version;
  };
  // nullopt: nothing was ever pushed.
  [[nodiscard]] tl::expected<std::optional<Found>, CliError> read() const;
  // Verified.
  [[nodiscard]] tl::expected<std::string, CliError> text_of(const coordination::TemplateVersion& version) const;
  [[nodiscard]] tl::expected<coordination::Manifest, CliError> manifest(const coordination::Identity& identity) const;

  // Its chunks, in a way that no collecting which is under way takes them.
  [[nodiscard]] tl::expected<coordination::FileEntry, CliError> store_text(const std::string& text) const;
  // Where `before` stands, or nothing if it is nullopt. The error: somebody else was faster.
  [[nodiscard]] tl::expected<void, CliError> write(const coordination::TemplateDocument& document,
                                                   const std::optional<Found>& before) const;

 private:
  [[nodiscard]] tl::expected<coordination::Outcome, CliError> execute(coordination::Operation operation) const;

  ClusterSession& session_;
  const coordination::Paths paths_;
};

}  // namespace chorale::agent
