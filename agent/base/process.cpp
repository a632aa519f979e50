#include "agent/base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "agent/base/unique_fd.h"

namespace chorale::agent {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxOutputBytes = 64 * 1024;
constexpr int kPollMs = 20;
constexpr Milliseconds kReapPoll{1};

struct SpawnActions {
  SpawnActions() { posix_spawn_file_actions_init(&actions); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  posix_spawn_file_actions_t actions{};
};

struct SpawnAttributes {
  SpawnAttributes() { posix_spawnattr_init(&attributes); }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  posix_spawnattr_t attributes{};
};

// Libraries open descriptors without O_CLOEXEC; a child that kept the ZooKeeper socket open would keep the session.
void close_inherited(posix_spawn_file_actions_t& actions) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), &closedir);
  if (!directory) return;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    int fd = -1;
    if (std::from_chars(name.data(), name.data() + name.size(), fd).ec != std::errc() || fd <= STDERR_FILENO) continue;
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) posix_spawn_file_actions_addclose(&actions, fd);
  }
}

// Without the agent's own settings: CHORALE_PASS is none of Nginx's business.
std::vector<char*> environment_of_children() {
  std::vector<char*> kept;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("CHORALE_")) kept.push_back(*entry);
  }
  kept.push_back(nullptr);
  return kept;
}

// 0, or an errno.
int spawn(const std::vector<std::string>& arguments, int output, pid_t& pid) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  SpawnActions files;
  posix_spawn_file_actions_addopen(&files.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files.actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files.actions, output, STDERR_FILENO);
  close_inherited(files.actions);

  SpawnAttributes how;
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&how.attributes, &none);
  posix_spawnattr_setsigdefault(&how.attributes, &all);
  posix_spawnattr_setpgroup(&how.attributes, 0);
  posix_spawnattr_setflags(&how.attributes,
                           static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
  std::vector<char*> environment = environment_of_children();
  return posix_spawnp(&pid, argv[0], &files.actions, &how.attributes, argv.data(), environment.data());
}

// False once the other end is closed.
bool read_some(int fd, std::string& output) {
  std::array<char, 4096> buffer{};
  const ssize_t bytes = read(fd, buffer.data(), buffer.size());
  if (bytes < 0) return errno == EINTR || errno == EAGAIN;
  const auto room = kMaxOutputBytes - output.size();
  output.append(buffer.data(), std::min(static_cast<std::size_t>(bytes), room));
  return bytes > 0;
}

}  // namespace

tl::expected<ProcessResult, ProcessFailure> run_process(const std::vector<std::string>& arguments, Milliseconds timeout,
                                                        const std::atomic<bool>& stop) {
  const auto failed = [](std::string message) {
    return tl::unexpected(ProcessFailure{std::move(message), std::nullopt});
  };
  if (arguments.empty()) return failed("no command to run");
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return failed("pipe: " + std::string(std::strerror(errno)));
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);

  const auto begin = Clock::now();
  pid_t pid = -1;
  if (const int error = spawn(arguments, writer.get(), pid); error != 0) {
    return tl::unexpected(
        ProcessFailure{"cannot run " + arguments[0] + ": " + std::strerror(error), std::strerror(error)});
  }
  writer.reset();

  ProcessResult result;
  int status = 0;
  bool open = true;
  while (true) {
    const pid_t reaped = waitpid(pid, &status, WNOHANG);
    if (reaped < 0 && errno != EINTR) return failed(arguments[0] + " ended, but its result is lost");
    if (reaped == pid) break;
    if (stop || Clock::now() - begin > timeout) {
      // One that may not be killed (sudo's) is left behind as a zombie rather than waited for.
      while (kill(-pid, SIGKILL) == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      return failed(
          arguments[0] +
          (stop ? " was stopped" : " did not end within " + std::to_string(timeout.count()) + " ms and was killed"));
    }
    pollfd waiting{reader.get(), POLLIN, 0};
    if (!open) {
      std::this_thread::sleep_for(kReapPoll);  // its output is closed: the end is a moment away
    } else if (poll(&waiting, 1, kPollMs) > 0) {
      open = read_some(reader.get(), result.output);
    }
  }
  // What was written before the end is still in the pipe; a grandchild that keeps it open must not keep us.
  for (pollfd waiting{reader.get(), POLLIN, 0}; open && poll(&waiting, 1, 0) > 0;) {
    open = read_some(reader.get(), result.output);
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.took = std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
  return result;
}

}  // namespace chorale::agent
