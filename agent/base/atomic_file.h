// Whole files, old or new, never half: write a draft, fsync, rename, fsync the directory. Blocking; worker pool only.
//
// Every error names the file and the system's reason ("No space left on device", "Read-only file system").
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/types.h"

namespace chorale::agent {

struct Ownership {
  mode_t mode = 0644;
  uid_t user = static_cast<uid_t>(-1);  // -1: that of this process
  gid_t group = static_cast<gid_t>(-1);
};

// What changes when a file is replaced or edited; cheap to look at.
struct FileSignature {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileSignature&) const = default;
};

struct ReadFile {
  std::string text;
  Ownership ownership;
  FileSignature signature;
};

using Done = tl::expected<void, Failure>;

// nullopt: there is no such file.
[[nodiscard]] tl::expected<std::optional<ReadFile>, Failure> read_file(const std::string& path);
// nullopt: it cannot be looked at, or does not exist.
[[nodiscard]] std::optional<FileSignature> signature_of(const std::string& path);

// Neither synced nor complete until publish_file. A half-written file is removed again.
[[nodiscard]] Done write_draft(const std::string& path, std::string_view text, const Ownership& ownership);
// fsync, rename, fsync of the directory. `draft` and `path` are in one directory.
[[nodiscard]] Done publish_file(const std::string& draft, const std::string& path);
// Both at once, by way of ".<name>.chorale-tmp" beside it.
[[nodiscard]] Done replace_file(const std::string& path, std::string_view text, const Ownership& ownership);
// As replace_file for all who read it, but a power cut may leave an old, empty or torn file: its reader must be able to
// tell. Without two waits for the disk.
[[nodiscard]] Done replace_unsynced(const std::string& path, std::string_view text, const Ownership& ownership);

// Gone, over a power cut too, or it never was there.
[[nodiscard]] Done remove_file(const std::string& path);

// Where a chain of symbolic links ends, whether or not there is a file; the path itself if it is none.
[[nodiscard]] std::string resolve_links(const std::string& path);
// "<directory>/.<name><suffix>": hidden, so that no include pattern picks it up.
[[nodiscard]] std::string hidden_beside(const std::string& path, std::string_view suffix);

}  // namespace chorale::agent
