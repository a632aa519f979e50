#include "agent/daemon/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kIdDigits = 32;

bool is_id(const std::string& text) {
  return text.size() == kIdDigits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string read_line(int descriptor) {
  std::array<char, 64> buffer{};
  const auto size = ::pread(descriptor, buffer.data(), buffer.size(), 0);
  std::string text(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return std::string(first_line(text));
}

bool write_line(int descriptor, const std::string& line) {
  const std::string text = line + "\n";
  return ::ftruncate(descriptor, 0) == 0 &&
         ::pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
         ::fsync(descriptor) == 0;
}

tl::unexpected<Failure> failed(const std::string& what) { return tl::unexpected(Failure{what}); }

tl::unexpected<Failure> system_failed(const std::string& what, const std::string& path) {
  return failed(what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

std::string random_id() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::random_device source;
  std::string id;
  while (id.size() < kIdDigits) {
    auto bits = source();
    for (int digit = 0; digit < 8 && id.size() < kIdDigits; ++digit, bits >>= 4U) id += kHex[bits & 0xfU];
  }
  return id;
}

tl::expected<InstanceLock, Failure> InstanceLock::acquire(const std::string& state_dir) {
  std::error_code error;
  std::filesystem::create_directories(state_dir, error);
  if (error) return failed("cannot create state_dir " + state_dir + ": " + error.message());
  const std::string path = state_dir + "/instance";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return system_failed("cannot open", path);
  InstanceLock lock(descriptor, read_line(descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return failed("another agent runs with state_dir " + state_dir);
    return system_failed("cannot lock", path);
  }
  if (!is_id(lock.instance_)) {
    lock.instance_ = random_id();
    if (!write_line(descriptor, lock.instance_)) return system_failed("cannot write", path);
  }
  return lock;
}

InstanceLock::InstanceLock(int descriptor, std::string instance)
    : descriptor_(descriptor), instance_(std::move(instance)) {}

InstanceLock::InstanceLock(InstanceLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), instance_(std::move(other.instance_)) {}

InstanceLock& InstanceLock::operator=(InstanceLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(instance_, other.instance_);
  return *this;
}

InstanceLock::~InstanceLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace chorale::agent
