// A directory of a test's own, removed with everything in it at the end.
#pragma once

#include <filesystem>
#include <string_view>

namespace chorale::testing {

class TempDir {
 public:
  // `name` only helps people who look into /tmp. Throws std::system_error: a test cannot go on without.
  explicit TempDir(std::string_view name);
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace chorale::testing
