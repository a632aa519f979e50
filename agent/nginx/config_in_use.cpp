#include "agent/nginx/config_in_use.h"

#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "agent/base/process.h"
#include "agent/nginx/master.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;

constexpr Milliseconds kLongestAnswer{2'000};

// The value of `--name=` in the line of configure arguments, which may stand in quotes.
std::string argument(std::string_view output, std::string_view name) {
  const std::size_t at = output.find(name);
  if (at == std::string_view::npos) return {};
  output.remove_prefix(at + name.size());
  return std::string(output.substr(0, output.find_first_of(" \t\r\n'\"")));
}

struct Options {
  std::optional<std::string> config_file;
  std::optional<std::string> prefix;
};

// Nginx joins its arguments with blanks, so that those of -g, which end with a semicolon, look like several.
Options options_in(std::string_view title) {
  Options found;
  std::istringstream words{std::string(title)};
  for (std::string word; words >> word;) {
    const std::string option = word.substr(0, 2);
    if (option != "-c" && option != "-p" && option != "-g") continue;
    std::string value = word.substr(2);
    if (value.empty() && !(words >> value)) break;
    if (option == "-c" && !found.config_file) found.config_file = value;
    if (option == "-p" && !found.prefix) found.prefix = value;
    while (option == "-g" && value.back() != ';' && words >> value) {
    }
  }
  return found;
}

std::optional<std::string> under(const std::string& directory, const std::string& path) {
  if (path.starts_with('/')) return path;
  if (directory.empty()) return std::nullopt;
  return directory + (directory.ends_with('/') ? "" : "/") + path;
}

// Empty: it may not be seen.
std::string link_of(int pid, const char* name) {
  std::error_code error;
  const fs::path target = fs::read_symlink("/proc/" + std::to_string(pid) + "/" + name, error);
  return error ? std::string() : target.string();
}

fs::path resolved(const std::string& path) {
  std::error_code error;
  fs::path all = fs::weakly_canonical(path, error);
  return error ? fs::path(path).lexically_normal() : all;
}

}  // namespace

BuildPaths parse_build(std::string_view output) {
  const std::string group = argument(output, "--group=");
  std::string user = argument(output, "--user=");
  if (!user.empty() && !group.empty() && group != user) user += " " + group;
  return {argument(output, "--prefix="), argument(output, "--conf-path="), std::move(user)};
}

std::optional<std::string> config_of_title(std::string_view title, const BuildPaths& build,
                                           const std::string& directory) {
  const Options given = options_in(title);
  const std::optional<std::string> file =
      given.config_file ? given.config_file
                        : (build.config_file.empty() ? std::nullopt : std::optional(build.config_file));
  if (!file) return std::nullopt;
  const std::optional<std::string> prefix = given.prefix ? under(directory, *given.prefix) : build.prefix;
  return under(prefix.value_or(std::string()), *file);
}

BuildPaths ask_build(const std::vector<std::string>& command) {
  std::vector<std::string> arguments = command;
  arguments.emplace_back("-V");
  const auto ran = run_process(arguments, kLongestAnswer);
  return ran ? parse_build(ran->output) : BuildPaths{};
}

std::optional<std::string> other_config(int pid, std::string_view title, const std::string& config_file,
                                        const BuildPaths& build) {
  const std::string root = link_of(pid, "root");
  if ((!root.empty() && root != "/") || pid_in_own_namespace(pid) != pid) return std::nullopt;  // another tree of files
  auto file = config_of_title(title, build, link_of(pid, "cwd"));
  if (!file || *file == config_file || resolved(*file) == resolved(config_file)) return std::nullopt;
  return file;
}

}  // namespace chorale::agent
