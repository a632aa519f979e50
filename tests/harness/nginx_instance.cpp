#include "tests/harness/nginx_instance.h"

#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <system_error>

#include "tests/harness/loopback.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

constexpr std::chrono::seconds kStartLimit{10};
constexpr std::chrono::seconds kStopLimit{10};

std::vector<pid_t> children_of(pid_t pid) {
  const std::string number = std::to_string(pid);
  std::ifstream file("/proc/" + number + "/task/" + number + "/children");
  return {std::istream_iterator<pid_t>(file), std::istream_iterator<pid_t>()};
}

}  // namespace

NginxInstance::NginxInstance() : directory_("nginx"), port_(pick_port()) {
  std::error_code ignored;  // a system without modules of their own
  std::filesystem::create_directory_symlink("/usr/lib/nginx/modules", directory() / "modules", ignored);
}

NginxInstance::~NginxInstance() { stop(); }

bool NginxInstance::start() {
  if (!std::filesystem::exists(config_file())) std::ofstream(config_file()) << config("foreign");
  // A master that dies by SIGKILL leaves its workers behind, so the kernel sends SIGTERM when the test is gone.
  std::vector<std::string> command{"setpriv", "--pdeathsig", "TERM"};
  if (!user_.empty()) {
    ChildProcess chown({"chown", "-R", user_, directory().string()}, "/dev/null");
    if (!chown.wait(kStartLimit) || chown.exit_code() != 0) return false;
    command.insert(command.end(), {"--reuid", user_, "--clear-groups"});
  }
  for (const std::string& argument : arguments()) command.push_back(argument);
  command.insert(command.end(), {"-c", config_file(), "-g", "daemon off;"});
  master_ = std::make_unique<ChildProcess>(command, directory() / "output.log");
  return wait_until([this] { return !running() || !answer().empty(); }, kStartLimit) && running();
}

void NginxInstance::stop() {
  if (!master_) return;
  master_->signal(SIGCONT);
  master_->signal(SIGTERM);
  if (!master_->wait(kStopLimit)) kill();
  master_.reset();
}

std::vector<pid_t> NginxInstance::worker_pids() const { return children_of(master_->pid()); }

void NginxInstance::kill() {
  if (!master_ || !master_->running()) return;
  const std::vector<pid_t> workers = children_of(master_->pid());
  master_->signal(SIGSTOP);  // or it would replace the workers
  for (const pid_t worker : workers) ::kill(worker, SIGKILL);
  master_->kill();
}

std::vector<std::string> NginxInstance::arguments() const {
  return {"nginx", "-p", directory().string(), "-e", error_log()};
}

std::string NginxInstance::command() const {
  std::string text;
  for (const std::string& argument : arguments()) text += (text.empty() ? "" : " ") + argument;
  return text;
}

std::string NginxInstance::config(const std::string& answer, const std::string& main, const std::string& http) const {
  std::string text = "worker_processes 2;\npid " + pid_file() + ";\nerror_log " + error_log() + " notice;\n";
  text += main + "events {}\nhttp {\n  access_log off;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text += std::string("  ") + kind + "_temp_path " + (directory() / kind).string() + ";\n";
  }
  return text + http + "  server {\n    listen 127.0.0.1:" + std::to_string(port_) +
         ";\n    location / { return 200 \"" + answer + "\"; }\n  }\n}\n";
}

std::string NginxInstance::answer() const {
  const std::string reply = ask(port_, "GET / HTTP/1.0\r\n\r\n", std::chrono::seconds(1));
  const std::size_t head = reply.find("\r\n\r\n");
  return head == std::string::npos ? std::string() : reply.substr(head + 4);
}

}  // namespace chorale::testing
