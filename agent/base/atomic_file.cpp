#include "agent/base/atomic_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "agent/base/unique_fd.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kDraftSuffix = ".chorale-tmp";

tl::unexpected<Failure> failed(const char* what, const std::string& path, int error = errno) {
  return tl::unexpected(Failure{std::string("cannot ") + what + " " + path + ": " + std::strerror(error)});
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

FileSignature signature_from(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

Done write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Done sync_path(const std::string& path, int flags) {
  const UniqueFd fd(open(path.c_str(), flags | O_RDONLY | O_CLOEXEC));
  if (!fd) return failed("open", path);
  if (fsync(fd.get()) != 0) return failed("sync", path);
  return {};
}

Done move_file(const std::string& draft, const std::string& path) {
  if (rename(draft.c_str(), path.c_str()) != 0) return failed("replace", path);
  return {};
}

template <typename Publish>
Done replace_by(Publish publish, const std::string& path, std::string_view text, const Ownership& ownership) {
  const std::string draft = hidden_beside(path, kDraftSuffix);
  Done done = write_draft(draft, text, ownership);
  if (done) done = publish(draft, path);
  if (!done) unlink(draft.c_str());
  return done;
}

}  // namespace

tl::expected<std::optional<ReadFile>, Failure> read_file(const std::string& path) {
  // A pipe without a writer would block the opening.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd && errno == ENOENT) return std::nullopt;
  if (!fd) return failed("open", path);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return failed("read", path);
  if (!S_ISREG(status.st_mode)) return failed("read", path, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  ReadFile file;
  file.ownership = {status.st_mode & 07777, status.st_uid, status.st_gid};
  file.signature = signature_from(status);
  std::array<char, 64 * 1024> buffer{};
  while (true) {
    const ssize_t bytes = read(fd.get(), buffer.data(), buffer.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return failed("read", path);
    if (bytes == 0) return file;
    file.text.append(buffer.data(), static_cast<std::size_t>(bytes));
  }
}

std::optional<FileSignature> signature_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return signature_from(status);
}

Done write_draft(const std::string& path, std::string_view text, const Ownership& ownership) {
  // A new file each time: an old one of that name may be a link to somewhere else.
  unlink(path.c_str());
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed("create", path);
  Done done = write_all(fd.get(), text, path);
  // The mode first: without CAP_FOWNER, as under the service's capabilities, another owner's file has the mode that it
  // has.
  const bool own = ownership.user == geteuid() && ownership.group == getegid();
  if (done && fchmod(fd.get(), ownership.mode) != 0) done = failed("set the mode of", path);
  if (done && ownership.user != static_cast<uid_t>(-1) && !own &&
      fchown(fd.get(), ownership.user, ownership.group) != 0) {
    done = failed("give the old owner to", path);
  }
  if (!done) unlink(path.c_str());
  return done;
}

Done publish_file(const std::string& draft, const std::string& path) {
  if (Done synced = sync_path(draft, 0); !synced) return synced;
  if (Done moved = move_file(draft, path); !moved) return moved;
  return sync_path(directory_of(path), O_DIRECTORY);
}

Done remove_file(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
  return sync_path(directory_of(path), O_DIRECTORY);
}

std::string resolve_links(const std::string& path) {
  constexpr int kLongestChain = 40;  // as the kernel's
  std::error_code error;
  std::filesystem::path place = path;
  for (int i = 0; i < kLongestChain && std::filesystem::is_symlink(place, error); ++i) {
    const std::filesystem::path next = std::filesystem::read_symlink(place, error);
    if (error) break;
    place = place.parent_path() / next;  // an absolute one replaces it
  }
  return place.string();
}

Done replace_file(const std::string& path, std::string_view text, const Ownership& ownership) {
  return replace_by(publish_file, path, text, ownership);
}

Done replace_unsynced(const std::string& path, std::string_view text, const Ownership& ownership) {
  return replace_by(move_file, path, text, ownership);
}

std::string hidden_beside(const std::string& path, std::string_view suffix) {
  const std::size_t slash = path.find_last_of('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(0, name) + "." + path.substr(name) + std::string(suffix);
}

}  // namespace chorale::agent
