#include "coordination/content_cache.h"

#include <algorithm>
#include <utility>

#include "coordination/require.h"

namespace chorale::coordination {
namespace {

constexpr std::size_t kKept = 4;  // committed, proposed, the one before, and one that was refused

}  // namespace

void ContentCache::put(Content content) {
  require(content.manifest != nullptr, "a content has a manifest");
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
    if (entry != content.manifest->files.end()) files_.emplace(entry->second.digest, file.text);
  }
  for_each_chunk(content, [this](std::string_view digest, std::string_view text) { chunks_.emplace(digest, text); });
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
