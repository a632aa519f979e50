#include "agent/cli/draft_file.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <sstream>
#include <vector>

#include "agent/base/atomic_file.h"
#include "agent/base/process.h"
#include "agent/cli/nginx_needs.h"
#include "agent/nginx/draft_test.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::milliseconds kTemplateTestPatience{30'000};

// The line that says why; the last line where none does.
std::string nginx_reason(const std::string& output) {
  std::string reason;
  bool found = false;
  std::istringstream lines(output);
  for (std::string line; !found && std::getline(lines, line);) {
    if (line.empty()) continue;
    found = line.find("[emerg]") != std::string::npos;
    reason = line;
  }
  return reason;
}

}  // namespace

DraftFile::DraftFile(const Config& config, const std::string& text) {
  const std::string name = ".chorale-check-" + std::to_string(::getpid()) + ".conf";
  moved_ = !config.apply;  // nothing is written where another program keeps Nginx's files
  const auto beside = std::filesystem::path(config.nginx_config).parent_path();
  if (write((config.apply ? beside : std::filesystem::path(config.state_dir)) / name, text)) return;
  moved_ = true;
  std::error_code ignored;
  (void)write(std::filesystem::temp_directory_path(ignored) / name, text);
}

DraftFile::~DraftFile() {
  if (!failure_) ::unlink(path_.c_str());
}

bool DraftFile::write(const std::string& path, const std::string& text) {
  path_ = path;
  const Done written = write_draft(path, text, Ownership{0600});
  failure_ = written ? std::nullopt : std::optional(written.error());
  return written.has_value();
}

tl::expected<std::optional<std::string>, Failure> ask_nginx(const Config& config, const std::string& main,
                                                            const DraftFile& draft) {
  const std::string& file = draft.path();
  if (!main.empty()) {
    const TestFinished tested =
        test_draft({config.nginx_cmd, {main, config.nginx_config, file, file + "-"}, kTemplateTestPatience}, false);
    if (tested.result == TestResult::kFailed) return tl::unexpected(Failure{tested.error});
    if (tested.result == TestResult::kAccepted) return std::nullopt;
    return tested.error + remedy_for(tested.error, main);
  }
  std::vector<std::string> command = config.nginx_cmd;
  command.insert(command.end(), {"-t", "-c", file});
  const auto result = run_process(command, kTemplateTestPatience);
  if (!result) return tl::unexpected(Failure{result.error().message});
  if (result->exit_code == 0) return std::nullopt;
  const std::string reason = nginx_reason(result->output);
  return reason + remedy_for(reason, main);
}

}  // namespace chorale::agent
