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

// Calls `visit(digest, text)` for every chunk of the content's files, as far as the manifest fits them.
template <class Visit>
void for_each_chunk(const Content& content, Visit visit) {
  for (const PublishedFile& file : content.files) {
    const auto entry = content.manifest->files.find(file.name);
    if (entry == content.manifest->files.end()) continue;
    std::string_view rest = *file.text;
    for (const ChunkReference& chunk : entry->second.chunks) {
      const auto bytes = static_cast<std::size_t>(chunk.bytes);
      if (chunk.bytes < 0 || bytes > rest.size()) break;  // the same file, cut another way by another agent
      visit(std::string_view(chunk.path).substr(chunk.path.find_last_of('/') + 1), rest.substr(0, bytes));
      rest.remove_prefix(bytes);
    }
  }
}

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
