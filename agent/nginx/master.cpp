#include "agent/nginx/master.h"

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <iterator>
#include <memory>
#include <sstream>

#include "agent/base/atomic_file.h"
#include "agent/base/one_line.h"
#include "agent/base/unique_fd.h"
#include "agent/nginx/config_text.h"
#include "agent/nginx/locations.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// Empty if the process is gone; it may end between the opening and the reading.
std::string slurp(const std::string& path) {
  auto file = read_file(path);
  return file && *file ? std::move((*file)->text) : std::string();
}

std::string proc(int pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

std::string title_of(int pid) {
  std::string title = slurp(proc(pid, "cmdline"));
  for (char& c : title) {
    if (c == '\0') c = ' ';
  }
  title.erase(title.find_last_not_of(kBlanks) + 1);
  return title;
}

// For kernels without /proc/<pid>/task/<pid>/children.
std::vector<int> children_by_scan(int parent) {
  std::vector<int> children;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc"), &closedir);
  if (!directory) return children;
  while (const dirent* entry = readdir(directory.get())) {
    const std::optional<int> pid = parse_pid(entry->d_name);
    if (!pid) continue;
    const std::optional<ProcessStat> stat = process_stat(*pid);
    if (stat && stat->parent == parent) children.push_back(*pid);
  }
  return children;
}

std::vector<int> children_of(int parent) {
  const auto file = read_file(proc(parent, "task/") + std::to_string(parent) + "/children");
  if (!file || !*file) return children_by_scan(parent);
  std::istringstream pids((*file)->text);
  return {std::istream_iterator<int>(pids), std::istream_iterator<int>()};
}

tl::expected<MasterProcess, Failure> master_in(const std::string& pid_file, const std::string& program) {
  const auto file = read_file(pid_file);
  if (!file) return tl::unexpected(file.error());
  if (!*file) {
    return tl::unexpected(Failure{"there is no pid file " + pid_file +
                                  ": Nginx is not running, or writes its pid elsewhere (nginx_pid)"});
  }
  const std::optional<int> pid = parse_pid((*file)->text);
  if (!pid) return tl::unexpected(Failure{"the pid file " + pid_file + " holds no pid: Nginx is not running"});
  const std::string number = std::to_string(*pid);
  const std::optional<ProcessStat> stat = process_stat(*pid);
  if (!stat || stat->state == 'Z') {
    return tl::unexpected(Failure{"Nginx is not running: no process " + number + ", as named by " + pid_file});
  }
  const std::string title = title_of(*pid);
  if (!is_master_title(title, program)) {
    // Its program alone: what follows may hold somebody's password.
    const std::string_view name = std::string_view(title).substr(0, title.find(' ')).substr(0, 100);
    return tl::unexpected(Failure{"process " + number + ", as named by " + pid_file +
                                  ", is not an Nginx master but \"" + escaped(name) + "\": it is not signalled"});
  }
  return MasterProcess{*pid, stat->started_ms};
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text, std::int64_t ticks_per_second) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || ticks_per_second <= 0) return std::nullopt;
  std::istringstream fields{std::string(text.substr(name_end + 1))};
  ProcessStat stat;
  std::string skipped;
  fields >> stat.state >> stat.parent;  // fields 3 and 4
  for (int field = 5; field < 22; ++field) fields >> skipped;
  std::int64_t ticks = 0;
  fields >> ticks;
  if (!fields) return std::nullopt;
  stat.started_ms = ticks * 1000 / ticks_per_second;
  return stat;
}

std::optional<int> parse_pid(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
  int pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 1) return std::nullopt;
  return pid;
}

bool is_master_title(std::string_view title, std::string_view program) {
  constexpr std::string_view kRole = ": master process";
  for (const std::string_view name : {std::string_view("nginx"), program}) {
    if (!name.empty() && title.substr(0, name.size()) == name && title.substr(name.size(), kRole.size()) == kRole) {
      return true;
    }
  }
  return false;
}

std::optional<ProcessStat> process_stat(int pid) {
  static const std::int64_t kTicksPerSecond = sysconf(_SC_CLK_TCK);
  return parse_process_stat(slurp(proc(pid, "stat")), kTicksPerSecond);
}

tl::expected<MasterProcess, Failure> find_master(const std::vector<std::string>& pid_files,
                                                 const std::string& program) {
  tl::expected<MasterProcess, Failure> first = tl::unexpected(Failure{"no pid file is known"});
  for (std::size_t i = 0; i < pid_files.size(); ++i) {
    auto master = master_in(pid_files[i], program);
    if (master) return master;
    if (i == 0) first = std::move(master);
  }
  return first;
}

tl::expected<MasterProcess, Failure> find_own_master(const NginxLocations& locations, const std::string& program) {
  auto master = find_master(locations.pid_files, program);
  if (!master || locations.config_file.empty()) return master;
  const auto other = config_read_by(*master, locations.config_file, locations.build);
  if (!other) return master;
  return tl::unexpected(Failure{"the running Nginx, process " + std::to_string(master->pid) + ", reads " +
                                escaped(*other) + ", not " + locations.config_file +
                                ": restart it on that file, set nginx_config to the one it reads, or nginx_main_config "
                                "to that one where it includes nginx_config"});
}

std::optional<std::string> config_read_by(const MasterProcess& master, const std::string& config_file,
                                          const BuildPaths& build) {
  return other_config(master.pid, title_of(master.pid), config_file, build);
}

int pid_in_own_namespace(int pid) {
  std::istringstream status(slurp(proc(pid, "status")));
  for (std::string line; std::getline(status, line);) {
    if (line.compare(0, 6, "NSpid:") != 0) continue;  // since Linux 4.1
    std::istringstream numbers(line.substr(6));
    int number = pid;
    while (numbers >> number) {
    }
    return number > 0 ? number : pid;
  }
  return pid;
}

Workers workers_of(int master) {
  Workers workers;
  for (const int pid : children_of(master)) {
    const std::string title = title_of(pid);
    if (title.find(": worker process") == std::string::npos) continue;
    const bool leaving = title.find("is shutting down") != std::string::npos;
    (leaving ? workers.leaving : workers.serving).push_back(pid);
  }
  return workers;
}

Signalled signal_reload(const MasterProcess& master, const std::string& program) {
  UniqueFd process;
#ifdef SYS_pidfd_open
  process = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, master.pid, 0)));
#endif
  // With a pidfd the process that is looked at is the one that is signalled; older kernels leave a gap of microseconds.
  const std::optional<ProcessStat> stat = process_stat(master.pid);
  if (!stat || stat->started_ms != master.started_ms || !is_master_title(title_of(master.pid), program)) {
    return Signalled::kGone;
  }
  int sent = -1;
#ifdef SYS_pidfd_open
  if (process) sent = static_cast<int>(syscall(SYS_pidfd_send_signal, process.get(), SIGHUP, nullptr, 0));
#endif
  if (!process) sent = kill(master.pid, SIGHUP);
  if (sent == 0) return Signalled::kSent;
  return errno == EPERM ? Signalled::kForbidden : Signalled::kGone;
}

}  // namespace chorale::agent
