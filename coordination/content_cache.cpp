#include "coordination/content_cache.h"

#include <algorithm>
#include <utility>

namespace chorale::coordination {
namespace {

constexpr std::size_t kKept = 4;  // committed, proposed, the one before, and one that was refused

}  // namespace

void ContentCache::put(Content content) {
  const Identity& identity = content.manifest->header.identity;
  const auto same = std::find_if(contents_.begin(), contents_.end(), [&identity](const Content& kept) {
    return kept.manifest->header.identity == identity;
  });
  if (same != contents_.end()) contents_.erase(same);
  contents_.push_front(std::move(content));
  if (contents_.size() > kKept) contents_.pop_back();
  files_.clear();
  chunks_.clear();
  for (const Content& kept : contents_) index(kept);
}

void ContentCache::index(const Content& content) {
  for (const PublishedFile& file : content.files) {
    const auto entry = content.manifest->files.find(file.name);
    if (entry == content.manifest->files.end()) continue;
    files_.emplace(entry->second.digest, file.text);
    std::size_t offset = 0;
    for (const ChunkReference& chunk : entry->second.chunks) {
      const auto bytes = static_cast<std::size_t>(chunk.bytes);
      if (chunk.bytes < 0 || bytes > file.text->size() - offset)
        break;  // the same file, cut another way by another agent
      chunks_.emplace(std::string(Path(chunk.path).name()), std::string_view(*file.text).substr(offset, bytes));
      offset += bytes;
    }
  }
}

std::shared_ptr<const Manifest> ContentCache::manifest(const Identity& identity) const {
  for (const Content& kept : contents_) {
    if (kept.manifest->header.identity == identity) return kept.manifest;
  }
  return nullptr;
}

std::shared_ptr<const std::string> ContentCache::file(const std::string& digest) const {
  const auto found = files_.find(digest);
  return found == files_.end() ? nullptr : found->second;
}

std::optional<std::string_view> ContentCache::chunk(std::string_view digest) const {
  const auto found = chunks_.find(digest);
  return found == chunks_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

}  // namespace chorale::coordination
