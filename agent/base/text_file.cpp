#include "agent/base/text_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace chorale::agent {

tl::expected<std::string, Failure> read_text_file(const std::string& path, std::size_t max_bytes) {
  const auto failed = [&path](const std::string& why) { return tl::unexpected(Failure{path + ": " + why}); };
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) return failed(std::strerror(errno));
  std::string text;
  std::array<char, 64 * 1024> buffer{};
  while (true) {
    const std::size_t bytes = std::fread(buffer.data(), 1, buffer.size(), file.get());
    const int error = errno;
    text.append(buffer.data(), bytes);
    if (std::ferror(file.get()) != 0) return failed(std::strerror(error));
    if (text.size() > max_bytes) {
      return failed("larger than " + std::to_string(max_bytes) + " bytes; is this the right file?");
    }
    if (bytes == 0) return text;
  }
}

}  // namespace chorale::agent
