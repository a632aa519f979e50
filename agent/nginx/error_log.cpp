#include "agent/nginx/error_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace chorale::agent {
namespace {

constexpr std::size_t kMaxBytes = 64 * 1024;

UniqueFd open_log(const std::string& path) {
  // A fifo or a terminal would block, or take the lines away from its reader.
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return UniqueFd();
  return UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

}  // namespace

std::vector<std::string> emergencies(std::string_view log, int pid) {
  const std::string mark = "[emerg] " + std::to_string(pid) + "#";
  std::vector<std::string> messages;
  while (true) {
    const std::size_t end = log.find('\n');
    if (end == std::string_view::npos) return messages;
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(end + 1);
    const std::size_t at = line.find(mark);
    const std::size_t message = at == std::string_view::npos ? at : line.find(": ", at);
    if (message != std::string_view::npos) messages.emplace_back(line.substr(message + 2));
  }
}

ErrorLogTail::ErrorLogTail(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    Log log;
    log.path = path;
    log.file = open_log(path);
    struct stat status {};
    if (log.file && fstat(log.file.get(), &status) == 0) {
      log.device = status.st_dev;
      log.inode = status.st_ino;
      log.offset = status.st_size;
    }
    logs_.push_back(std::move(log));
  }
}

std::string ErrorLogTail::text() {
  std::string all;
  for (Log& log : logs_) {
    if (log.file) read_on(log);
    struct stat status {};
    const bool there = stat(log.path.c_str(), &status) == 0;
    if (there && (!log.file || status.st_dev != log.device || status.st_ino != log.inode)) {
      log.file = open_log(log.path);
      log.device = status.st_dev;
      log.inode = status.st_ino;
      log.offset = 0;
      if (log.file) read_on(log);
    }
    all += log.text;
  }
  return all;
}

void ErrorLogTail::read_on(Log& log) {
  struct stat status {};
  if (fstat(log.file.get(), &status) == 0 && status.st_size < log.offset) log.offset = 0;  // truncated in place
  std::array<char, 4096> buffer{};
  while (log.text.size() < kMaxBytes) {
    const ssize_t bytes = pread(log.file.get(), buffer.data(), buffer.size(), log.offset);
    if (bytes <= 0) return;
    log.text.append(buffer.data(), static_cast<std::size_t>(bytes));
    log.offset += bytes;
  }
}

}  // namespace chorale::agent
