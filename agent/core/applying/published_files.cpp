#include "agent/core/applying/published_files.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace chorale::agent {
namespace {

constexpr std::string_view kCanaryConfigName = "canary.conf";

auto find_file(std::vector<coordination::PublishedFile>& files, std::string_view name) {
  return std::find_if(files.begin(), files.end(),
                      [name](const coordination::PublishedFile& file) { return file.name == name; });
}

bool has_line(std::string_view text, std::string_view wanted) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (text.substr(0, end) == wanted) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
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

std::vector<coordination::PublishedFile> files_for(const std::string& agent,
                                                   std::vector<coordination::PublishedFile> files) {
  const auto canaries = find_file(files, kCanariesName);
  const auto canary = find_file(files, kCanaryConfigName);
  if (canaries == files.end() || canary == files.end() || !canaries->text || !has_line(*canaries->text, agent)) {
    return files;
  }
  const auto config = find_file(files, kConfigName);
  if (config != files.end()) config->text = canary->text;
  return files;
}

}  // namespace chorale::agent
