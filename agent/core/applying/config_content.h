// The values that the applier's machines and agent/nginx share: what stands in a config file, and who serves it. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "coordination/types.h"

namespace chorale::agent {

// A config file in two parts. Nginx sees no difference between two files of equal body: the first line is a comment.
struct FileContent {
  std::optional<coordination::Identity> identity;  // from the first line; nullopt: Chorale did not write this file
  std::string body;                                // sha-256 of everything but that line
  bool operator==(const FileContent&) const = default;
};

// Which run of Nginx: the start time tells a re-used pid apart. Milliseconds since the host's boot.
struct MasterProcess {
  int pid = 0;
  std::int64_t started_ms = 0;
  bool operator==(const MasterProcess&) const = default;
};

// The nginx.conf of a published revision, before local values are filled in.
struct PublishedConfig {
  coordination::Identity identity;
  std::shared_ptr<const std::string> text;
};

}  // namespace chorale::agent
