// Text <-> chunks: cut at app boundaries so that one changed app rewrites one chunk in a cluster of any size. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chorale::coordination {

// Where one app's text begins in a file. Offsets rise and stand at line starts; an app may have several sections.
struct Section {
  std::size_t offset = 0;
  std::string app;
};

// One file as it is published: shared and immutable, since several stages hold it at once.
struct PublishedFile {
  std::string name;  // "nginx.conf", "routes.json", "template"
  std::shared_ptr<const std::string> text;
  std::vector<Section> sections;  // empty: cut by size alone
};

struct Chunk {
  std::string digest;     // the first 32 hex digits of the sha-256 of text: its znode name
  std::string_view text;  // into PublishedFile::text
  std::string first_app;  // the app whose section begins the chunk, or "" (head of the file)
};

inline constexpr std::size_t kChunkTargetBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kChunkMaxBytes = std::size_t{64} * 1024;  // hard cut, inside a line if need be

// Ensures: the chunks' texts joined are the file; none is empty or over kChunkMaxBytes; where the cuts fall depends on
// the app ids and sizes nearby only, so an edit of one app leaves the chunks far from it as they were.
[[nodiscard]] std::vector<Chunk> cut_chunks(const PublishedFile& file);

}  // namespace chorale::coordination
