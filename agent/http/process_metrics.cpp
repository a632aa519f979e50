#include "agent/http/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace chorale::agent {
namespace {

prometheus::MetricFamily family(const std::string& name, const std::string& help, prometheus::MetricType type,
                                double value) {
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return {name, help, type, {metric}};
}

struct ProcessStat {
  double cpu_seconds = 0;
  double virtual_bytes = 0;
  double resident_bytes = 0;
  double started_ticks = 0;  // after boot
};

// proc(5): the fields after the command's name in parentheses, which may itself hold blanks and parentheses.
std::optional<ProcessStat> read_process_stat() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  const auto end = text.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(end + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  for (int i = 16; i < 22; ++i) fields >> skipped;
  ProcessStat stat;
  double resident_pages = 0;
  fields >> stat.started_ticks >> stat.virtual_bytes >> resident_pages;
  if (!fields) return std::nullopt;
  stat.cpu_seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  stat.resident_bytes = resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return stat;
}

std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> open_descriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return std::nullopt;
  int count = -3;  // ".", ".." and the directory's own
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

}  // namespace

std::vector<prometheus::MetricFamily> collect_process_metrics() {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> families;
  if (const auto stat = read_process_stat()) {
    families.push_back(
        family("process_cpu_seconds_total", "CPU time used, user and system.", MetricType::Counter, stat->cpu_seconds));
    families.push_back(
        family("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge, stat->resident_bytes));
    families.push_back(
        family("process_virtual_memory_bytes", "Virtual memory.", MetricType::Gauge, stat->virtual_bytes));
    if (const auto booted = boot_time()) {
      families.push_back(family("process_start_time_seconds", "Start of the process, seconds since 1970.",
                                MetricType::Gauge,
                                *booted + stat->started_ticks / static_cast<double>(::sysconf(_SC_CLK_TCK))));
    }
  }
  if (const auto count = open_descriptors()) {
    families.push_back(family("process_open_fds", "Open file descriptors.", MetricType::Gauge, *count));
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(family("process_max_fds", "Limit of open file descriptors.", MetricType::Gauge,
                              static_cast<double>(limit.rlim_cur)));
  }
  return families;
}

}  // namespace chorale::agent
