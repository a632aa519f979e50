// A rendered configuration as this proxy's Nginx would judge it, for verbs that say so before anything is used.
// Blocking.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/types.h"
#include "agent/config/config.h"

namespace chorale::agent {

// A file with that text, for a test; gone with this object.
class DraftFile {
 public:
  // Beside the real one where that may be written: relative includes then mean the same.
  DraftFile(const Config& config, const std::string& text);
  ~DraftFile();
  DraftFile(const DraftFile&) = delete;
  DraftFile& operator=(const DraftFile&) = delete;

  // Why there is none.
  [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool moved() const { return moved_; }

 private:
  bool write(const std::string& path, const std::string& text);

  std::string path_;
  std::optional<Failure> failure_;
  bool moved_ = false;
};

// Why Nginx refuses it, if it does. The error: it could not be asked. `main`: the file that includes it, or empty.
[[nodiscard]] tl::expected<std::optional<std::string>, Failure> ask_nginx(const Config& config, const std::string& main,
                                                                          const DraftFile& file);

}  // namespace chorale::agent
