#include "agent/nginx/config_test.h"

#include "agent/base/one_line.h"
#include "agent/nginx/config_text.h"

namespace chorale::agent {

TestFinished test_config(const std::vector<std::string>& command, const std::string& file,
                         const std::atomic<bool>& stop, Milliseconds longest, const Redaction& redaction,
                         const std::string& named) {
  std::vector<std::string> arguments = command;
  arguments.insert(arguments.end(), {"-t", "-q", "-c", file});
  const auto ran = run_process(arguments, longest, stop);
  if (!ran) return {TestResult::kFailed, ran.error().message, Milliseconds(0)};
  const std::string& kept = named.empty() ? file : named;
  const std::string output = redaction.apply(ran->output, kept);
  if (ran->exit_code == 0) return {TestResult::kAccepted, {}, ran->took, 0, nginx_warnings(output)};
  const bool refused = ran->output.find("[emerg]") != std::string::npos;
  std::string error = nginx_error(output);
  if (!refused) error = arguments[0] + " -t ended with " + std::to_string(ran->exit_code) + ": " + error;
  const int line = error_line(error, escaped(kept));
  return {refused ? TestResult::kRefused : TestResult::kFailed, std::move(error), ran->took, line};
}

}  // namespace chorale::agent
