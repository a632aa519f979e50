// The texts of the last few revisions, by digest, so that a change costs the chunks that changed. Pure; loop thread
// only.
//
// Holds only what was verified, or what this agent published itself. Nothing here is authoritative: what it lacks
// is read from ZooKeeper.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordination/chunks.h"
#include "coordination/documents.h"

namespace chorale::coordination {

// One revision, complete.
struct Content {
  std::shared_ptr<const Manifest> manifest;
  std::vector<PublishedFile> files;
};

class ContentCache {
 public:
  // REQUIRES: the files are those of the manifest, and so are the texts of their chunks.
  void put(Content content);

  // nullptr: not kept.
  [[nodiscard]] std::shared_ptr<const Manifest> manifest(const Identity& identity) const;
  [[nodiscard]] std::shared_ptr<const std::string> file(const std::string& digest) const;
  // Valid until the next put().
  [[nodiscard]] std::optional<std::string_view> chunk(std::string_view digest) const;

 private:
  void index(const Content& content);

  std::deque<Content> contents_;                                     // newest first
  std::map<std::string, std::shared_ptr<const std::string>> files_;  // of contents_, by digest
  std::map<std::string, std::string_view, std::less<>> chunks_;      // into the texts of contents_
};

}  // namespace chorale::coordination
