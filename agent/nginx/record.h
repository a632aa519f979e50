// What the agent remembers about its Nginx across its own restarts: a few lines of text in state_dir. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/applying/applier_events.h"
#include "agent/core/applying/config_content.h"

namespace chorale::agent {

struct Record {
  FileContent content;
  std::optional<FileContent> before;    // what the target held until then: the rename may not have happened
  std::string boot;                     // the kernel's boot id; times and pids mean nothing after another boot
  std::int64_t at_ms = 0;               // since boot
  std::optional<MasterProcess> master;  // who was seen serving it
  bool operator==(const Record&) const = default;
};

[[nodiscard]] std::string encode_record(const Record& record);
// nullopt: not a whole record. The caller starts without one.
[[nodiscard]] std::optional<Record> decode_record(std::string_view text);

// The text behind its identity and its own digest: the file is not synced, and a half of it must not pass for it.
[[nodiscard]] std::string encode_published(const PublishedConfig& config);
[[nodiscard]] std::optional<PublishedConfig> decode_published(std::string_view text);

// One line for each file: its stamp, a blank, its path.
[[nodiscard]] std::string encode_stamps(const FileStamps& stamps);
[[nodiscard]] std::optional<FileStamps> decode_stamps(std::string_view text);

}  // namespace chorale::agent
