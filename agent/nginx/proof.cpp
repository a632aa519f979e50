#include "agent/nginx/proof.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "agent/base/host_addresses.h"
#include "agent/base/process.h"
#include "agent/nginx/config_text.h"

namespace chorale::agent {
namespace {

using Result = ReloadFinished::Result;

constexpr std::string_view kBindTried = "bind() to ";
constexpr std::chrono::milliseconds kAskInterval{100};
constexpr Milliseconds kLongestPageAnswer{1'000};

bool contains(const std::vector<int>& pids, int pid) { return std::find(pids.begin(), pids.end(), pid) != pids.end(); }

bool says(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

ReloadFinished finished(Result result, std::string reason) { return {result, std::move(reason), std::nullopt}; }

// A page at an address that another host has now, such as a virtual one, says nothing of this Nginx.
std::optional<ProofPage> page_here(const std::optional<ProofPage>& page) {
  return page && is_of_this_host(page->address) ? page : std::nullopt;
}

ReloadFinished proven(const MasterProcess& master, const Workers& now) {
  ReloadFinished result{Result::kProven, {}, master};
  result.workers = static_cast<int>(now.serving.size());
  result.old_workers = static_cast<int>(now.leaving.size());
  return result;
}

}  // namespace

ProofVerdict judge_proof(const std::vector<int>& before, const Workers& now,
                         const std::vector<std::string>& emergencies) {
  const bool refused = std::any_of(emergencies.begin(), emergencies.end(), [](const std::string& message) {
    return message.compare(0, kBindTried.size(), kBindTried) != 0;
  });
  if (refused) return ProofVerdict::kRefused;
  const bool old_serves =
      std::any_of(now.serving.begin(), now.serving.end(), [&before](int pid) { return contains(before, pid); });
  return !now.serving.empty() && !old_serves ? ProofVerdict::kProven : ProofVerdict::kPending;
}

std::string explain_refusal(const std::vector<std::string>& emergencies) {
  if (emergencies.empty()) return {};
  const std::string& first = emergencies.front();
  std::string text = "Nginx went on with its old configuration: " + nginx_error(first);
  if (says(first, "(98:")) text += " - another process or another listen directive holds that address";
  if (says(first, "shared memory zone") || says(first, "while previously it used")) {
    text += " - only a restart of Nginx can change that zone";
  }
  return text;
}

Proof::Proof(const ReloadRequest& request, const MasterProcess& master)
    : master_(master),
      logged_pid_(pid_in_own_namespace(master.pid)),
      before_(workers_of(master.pid).serving),
      log_(request.locations.error_logs),
      redaction_(request.redaction),
      page_(page_here(request.page)),
      timeout_(request.timeout) {
  for (const int pid : before_) before_own_.push_back(pid_in_own_namespace(pid));
}

tl::expected<std::unique_ptr<Proof>, ReloadFinished> Proof::begin(const ReloadRequest& request,
                                                                  const std::atomic<bool>& stop) {
  const auto master = find_own_master(request.locations, request.program);
  if (!master) return tl::unexpected(finished(Result::kNoMaster, master.error().message));
  std::unique_ptr<Proof> proof(new Proof(request, *master));
  // It is still starting: the workers to come could not be told from those that the signal will start.
  if (proof->before_.empty()) return tl::unexpected(finished(Result::kNoMaster, "the Nginx master has no workers yet"));
  switch (signal_reload(*master, request.program)) {
    case Signalled::kSent:
      break;
    case Signalled::kGone:
      return tl::unexpected(finished(Result::kNoMaster, "the Nginx master ended before it could be told to reload"));
    case Signalled::kForbidden: {
      std::vector<std::string> command = request.command;
      command.insert(command.end(), {"-c", request.config_file, "-s", "reload"});
      const auto ran = run_process(command, kMaxProcessTime, stop);
      if (!ran) return tl::unexpected(finished(Result::kUnproven, ran.error().message));
      if (ran->exit_code != 0) {
        return tl::unexpected(
            finished(Result::kRefused, "nginx -s reload: " + nginx_error(request.redaction.apply(ran->output))));
      }
    }
  }
  proof->deadline_ = std::chrono::steady_clock::now() + request.timeout;
  return proof;
}

std::optional<ReloadFinished> Proof::observe() {
  // The log first: a refusal that is written after this look leaves the old workers in place, so nothing is proven.
  std::vector<std::string> said = emergencies(log_.text(), logged_pid_);
  const Workers now = workers_of(master_.pid);
  const std::optional<ProcessStat> stat = process_stat(master_.pid);
  if (!stat || stat->state == 'Z' || stat->started_ms != master_.started_ms) {
    return finished(Result::kNoMaster, "the Nginx master ended while it reloaded");
  }
  const ProofVerdict verdict = judge_proof(before_, now, said);
  for (std::string& message : said) message = redaction_.apply(message);
  switch (verdict) {
    case ProofVerdict::kProven:
      if (!confirmed()) break;
      return proven(master_, now);
    case ProofVerdict::kRefused:
      return finished(Result::kRefused, explain_refusal(said));
    case ProofVerdict::kPending:
      break;
  }
  if (std::chrono::steady_clock::now() < deadline_) return std::nullopt;
  ReloadFinished late = finished(Result::kUnproven, explain_timeout(now, said));
  late.slow = said.empty() && stat->state != 'T' && stat->state != 't' &&
              std::none_of(now.serving.begin(), now.serving.end(), [this](int pid) { return !contains(before_, pid); });
  return late;
}

bool Proof::confirmed() {
  if (!page_) return true;
  const auto now = std::chrono::steady_clock::now();
  if (now < ask_at_) return false;
  ask_at_ = now + kAskInterval;
  const auto answer = ask(*page_, kLongestPageAnswer);
  if (answer && answer->mark == page_->mark && !contains(before_own_, answer->pid)) return true;
  answered_ = answer ? "process " + std::to_string(answer->pid) + " serves another file" : answer.error().message;
  return false;
}

std::string Proof::explain_timeout(const Workers& now, const std::vector<std::string>& emergencies) const {
  const std::string pid = std::to_string(master_.pid);
  const std::string within = " within " + std::to_string(timeout_.count()) + " ms";
  const std::optional<ProcessStat> stat = process_stat(master_.pid);
  if (stat && (stat->state == 'T' || stat->state == 't')) {
    return "the Nginx master " + pid + " is stopped (SIGSTOP): it did not reload" + within;
  }
  if (!emergencies.empty()) return explain_refusal(emergencies);
  const bool started =
      std::any_of(now.serving.begin(), now.serving.end(), [this](int worker) { return !contains(before_, worker); });
  if (!started) {
    return "the Nginx master " + pid + " started no new workers" + within + "; its error log does not say why";
  }
  if (!answered_.empty()) {
    return "new workers of the Nginx master " + pid + " run, but none said" + within +
           " that it serves the file: " + page_->address + " port " + std::to_string(page_->port) +
           std::string(kProofPath) + ": " + answered_;
  }
  return "old workers of the Nginx master " + pid + " still serve: they were not replaced" + within;
}

}  // namespace chorale::agent
