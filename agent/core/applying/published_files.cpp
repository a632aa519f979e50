#include "agent/core/applying/published_files.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace chorale::agent {
namespace {

constexpr std::string_view kCanaryConfigName = "canary.conf";

template <class Files>
auto find_file(Files& files, std::string_view name) {
  return std::find_if(files.begin(), files.end(), [name](const auto& file) { return file.name == name && file.text; });
}

}  // namespace

std::string canary_lines(const std::vector<std::string>& agents) {
  std::string lines;
  for (const std::string& agent : agents) lines += agent + "\n";
  return lines;
}

void add_canary(std::vector<coordination::PublishedFile>& files, coordination::PublishedFile config,
                const std::string& text, const std::vector<std::string>& agents) {
  const auto add = [&files](std::string_view name, std::string content) {
    files.push_back({std::string(name), std::make_shared<const std::string>(std::move(content)), {}});
  };
  config.name = kCanaryConfigName;
  files.push_back(std::move(config));
  add(kCanaryTemplateName, text);
  add(kCanariesName, canary_lines(agents));
}

std::vector<std::string> canaries_in(const std::vector<coordination::PublishedFile>& files) {
  std::vector<std::string> agents;
  const auto canaries = find_file(files, kCanariesName);
  if (canaries == files.end()) return agents;
  for (std::string_view text = *canaries->text; !text.empty();) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    agents.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return agents;
}

std::vector<coordination::PublishedFile> files_for(const std::string& agent,
                                                   std::vector<coordination::PublishedFile> files) {
  const std::vector<std::string> agents = canaries_in(files);
  const auto canary = find_file(files, kCanaryConfigName);
  const auto config = find_file(files, kConfigName);
  const bool is_one = std::find(agents.begin(), agents.end(), agent) != agents.end();
  if (is_one && canary != files.end() && config != files.end()) config->text = canary->text;
  return files;
}

}  // namespace chorale::agent
