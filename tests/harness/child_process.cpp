#include "tests/harness/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace chorale::testing {

ChildProcess::ChildProcess(const std::vector<std::string>& command, const std::filesystem::path& output) {
  // Everything is prepared before the fork: in the child of a program with threads hardly anything may be called.
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const std::string output_path = output.string();
  const pid_t parent = ::getpid();

  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before prctl
  const int file = ::open(output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  ::dup2(file, STDOUT_FILENO);
  ::dup2(file, STDERR_FILENO);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

ChildProcess::~ChildProcess() { kill(); }

bool ChildProcess::running() { return !wait(std::chrono::milliseconds(0)); }

void ChildProcess::signal(int number) {
  if (running()) ::kill(pid_, number);
}

void ChildProcess::pause() {
  signal(SIGSTOP);
  if (exit_code_) return;
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
}

void ChildProcess::resume() { signal(SIGCONT); }

bool ChildProcess::wait(std::chrono::milliseconds limit) {
  if (exit_code_) return true;
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (handle >= 0) {
    pollfd ended{.fd = handle, .events = POLLIN, .revents = 0};
    while (::poll(&ended, 1, static_cast<int>(limit.count())) < 0 && errno == EINTR) {
    }
    ::close(handle);
  }
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  take_status(status);
  return true;
}

void ChildProcess::kill() {
  if (exit_code_) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  take_status(status);
}

void ChildProcess::take_status(int status) {
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace chorale::testing
