// marathon_simulator: a Marathon for tests, benches and the quickstart. See README.md.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tests/marathon_simulator/clock.h"
#include "tests/marathon_simulator/simulator.h"

namespace {

using chorale::marathon_simulator::Options;
using chorale::marathon_simulator::Slave;

struct Texts {
  std::string listen = "127.0.0.1:0";
  std::string version = "1.9.136";
  std::string password_file;
  std::vector<std::string> hosts;
  std::string heartbeat = "10s";
  std::string step_delay = "5ms";
  std::string health_delay = "10ms";
  std::string drain = "500ms";
  std::string public_key_file;
  std::string token_life = "7200m";
};

void declare(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--listen", texts.listen, "address:port; port 0 takes a free one")->capture_default_str();
  app.add_option("--version", texts.version, "the Marathon release to speak as")->capture_default_str();
  app.add_option("--group-bytes", options.group_bytes, "how much deployment events carry twice, up to 1.6");
  app.add_option("--framework-id", options.framework_id, "which Marathon it is, in /v2/info")->capture_default_str();
  app.add_option("--apps", options.apps, "number of apps that run from the start")->check(CLI::NonNegativeNumber);
  app.add_option("--tasks", options.tasks, "tasks of each of them")->check(CLI::NonNegativeNumber);
  app.add_option("--hosts", texts.hosts, "slaves: address, or name=address[@network]; comma-separated")->delimiter(',');
  app.add_flag("--backends", options.backends, "serve HTTP on every task's ports");
  app.add_flag("--idle-apps", options.idle_apps,
               "none behind the tasks of --apps, however many: they cost no descriptor");
  app.add_flag("--task-killing", options.task_killing, "show TASK_KILLING (off in Marathon unless enabled)");
  app.add_option("--user", options.user, "demand basic authentication");
  app.add_option("--password-file", texts.password_file, "file with the password for --user");
  app.add_option("--service-account", options.service_account, "demand a token, which this uid gets by logging in");
  app.add_option("--public-key-file", texts.public_key_file, "its RSA key in PEM, for --service-account");
  app.add_option("--token-life", texts.token_life, "how long such a token is good")->capture_default_str();
  app.add_option("--leader", options.leader, "be a standby of the leader at this URL");
  app.add_option("--heartbeat", texts.heartbeat, "interval of the event stream's keep-alive")->capture_default_str();
  app.add_option("--step-delay", texts.step_delay, "between STAGING, STARTING and RUNNING")->capture_default_str();
  app.add_option("--health-delay", texts.health_delay, "from RUNNING to the first result")->capture_default_str();
  app.add_option("--drain", texts.drain, "how long a killed task goes on serving")->capture_default_str();
}

// Empty when all is well, else what is wrong.
std::string complete(Options& options, const Texts& texts) {
  using chorale::marathon_simulator::parse_duration;
  const auto colon = texts.listen.rfind(':');
  if (colon == std::string::npos) return "--listen needs address:port";
  options.listen_address = texts.listen.substr(0, colon);
  const long port = std::strtol(texts.listen.c_str() + colon + 1, nullptr, 10);
  if (port < 0 || port > 65535) return "--listen: no such port";
  options.listen_port = static_cast<std::uint16_t>(port);
  const auto version = chorale::marathon_simulator::parse_version(texts.version);
  if (!version) return "--version: for example 1.9.136";
  options.version = *version;
  const auto set = [](std::chrono::milliseconds& target, const std::string& text) {
    const auto parsed = parse_duration(text);
    if (parsed) target = *parsed;
    return parsed.has_value();
  };
  if (!set(options.heartbeat, texts.heartbeat) || options.heartbeat.count() == 0) return "--heartbeat: for example 10s";
  if (!set(options.step_delay, texts.step_delay)) return "--step-delay: for example 5ms";
  if (!set(options.health_delay, texts.health_delay)) return "--health-delay: for example 10ms";
  if (!set(options.drain, texts.drain)) return "--drain: for example 500ms";
  if (!texts.hosts.empty()) options.slaves.clear();
  for (const auto& host : texts.hosts) {
    const auto equals = host.find('=');
    const std::string place = equals == std::string::npos ? host : host.substr(equals + 1);
    const auto at = place.find('@');
    const std::string network = at == std::string::npos ? "" : place.substr(at + 1);
    options.slaves.push_back({host.substr(0, std::min(equals, host.find('@'))), place.substr(0, at), network});
  }
  while (!options.leader.empty() && options.leader.back() == '/') options.leader.pop_back();
  if (options.user.empty() != texts.password_file.empty()) return "--user and --password-file go together";
  if (!options.user.empty()) {
    std::ifstream file(texts.password_file);
    if (!std::getline(file, options.password)) return "--password-file: cannot read " + texts.password_file;
  }
  if (!set(options.token_life, texts.token_life)) return "--token-life: for example 10s";
  if (options.service_account.empty() != texts.public_key_file.empty()) {
    return "--service-account and --public-key-file go together";
  }
  if (!options.service_account.empty()) {
    std::ifstream file(texts.public_key_file);
    options.public_key.assign(std::istreambuf_iterator<char>(file), {});
    if (options.public_key.empty()) return "--public-key-file: cannot read " + texts.public_key_file;
  }
  return "";
}

// Thousands of backends need thousands of descriptors.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  Texts texts;
  CLI::App app{"A Marathon for tests: REST, event stream, faults, backends"};
  declare(app, options, texts);
  CLI11_PARSE(app, argc, argv);
  if (const auto problem = complete(options, texts); !problem.empty()) {
    std::cerr << "marathon_simulator: " << problem << "\n";
    return 2;
  }
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);

  boost::asio::io_context io(1);
  chorale::marathon_simulator::Simulator simulator(io, options);
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code error, int) {
    if (error) return;
    simulator.stop();
    io.stop();
  });
  const auto port = simulator.start();
  if (!port) {
    std::cerr << "marathon_simulator: " << port.error() << "\n";
    return 1;
  }
  std::cout << "listening on http://" << options.listen_address << ":" << *port << std::endl;
  io.run();
  return 0;
}
