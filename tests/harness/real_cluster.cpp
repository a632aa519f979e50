#include "tests/harness/real_cluster.h"

#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <utility>

#include "tests/harness/loopback.h"
#include "tests/harness/wait_until.h"
#include "tests/harness/zookeeper_tree.h"

namespace chorale::testing {
namespace {

constexpr std::chrono::seconds kRunLimit{60};
constexpr std::chrono::seconds kStartLimit{30};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string quoted_list(const std::vector<std::string>& items) {
  std::string list = "[";
  for (const std::string& item : items) list += (list.size() > 1 ? ", \"" : "\"") + item + "\"";
  return list + "]";
}

std::string callback_keys(std::uint16_t port) {
  if (port == 0) return {};
  const std::string address = "127.0.0.1:" + std::to_string(port);
  return "event_source = \"callback\"\ncallback_url = \"http://" + address + "\"\ncallback_listen = \"" + address +
         "\"\n";
}

}  // namespace

Proxy::Proxy(Options options)
    : options_(std::move(options)), id_("proxy-" + std::to_string(options_.number)), directory_(id_) {}

std::string Proxy::config_file() const { return directory_.path() / "chorale.toml"; }

bool Proxy::start_nginx() { return nginx_.start(); }

void Proxy::delay_tests(std::chrono::milliseconds delay) {
  const std::filesystem::path file = directory_.path() / "test_delay";
  const std::string written = file.string() + ".new";
  std::ofstream(written) << static_cast<double>(delay.count()) / 1000.0 << "\n";
  std::filesystem::rename(written, file);
}

// With a script in front that sleeps before a test.
std::string Proxy::nginx_command() {
  if (!options_.delays_tests) return nginx_.command();
  delay_tests(std::chrono::milliseconds(0));
  const std::string script = directory_.path() / "delay";
  std::ofstream(script) << "#!/bin/sh\ncase \" $* \" in *' -t '*) sleep \"$(cat " << directory_.path().string()
                        << "/test_delay)\" ;; esac\nexec \"$@\"\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  return script + " " + nginx_.command();
}

void Proxy::start_agent() {
  std::ostringstream config;
  if (!options_.zookeeper.empty()) config << "zookeeper = \"zk://" << options_.zookeeper << "/chorale\"\n";
  config << "marathon = " << quoted_list(options_.marathon) << "\n"
         << "id = \"" << id_ << "\"\nxproxy = \"" << id_ << "\"\n"
         << "listen = \"127.0.0.1:0\"\n"
         << "nginx_config = \"" << nginx_.config_file() << "\"\n"
         << "nginx_template = \"" << (options_.nginx_template.empty() ? CHORALE_TEMPLATE : options_.nginx_template)
         << "\"\n"
         << "nginx_cmd = \"" << options_.nginx_cmd << nginx_command() << "\"\n"
         << "nginx_pid = \"" << nginx_.pid_file() << "\"\n"
         << "state_dir = \"" << (directory_.path() / "state").string() << "\"\n"
         << "session_timeout = \"" << options_.session_timeout << "\"\n"
         << callback_keys(options_.callback_port) << options_.more_config << "\n[local]\nhttp_port = \""
         << (options_.http_port.empty() ? "127.0.0.1:" + std::to_string(nginx_.port()) : options_.http_port)
         << "\"\nnginx_error_log = \"" << nginx_.error_log() << "\"\nnumber = \"" << options_.number << "\"\n"
         << options_.more_local;
  start_agent_with(config.str());
}

void Proxy::start_agent_with(const std::string& config) {
  std::ofstream(config_file()) << config;
  ++starts_;
  std::vector<std::string> command = options_.agent_cmd;
  command.insert(command.end(), {CHORALE_BINARY, "agent", "-f", config_file()});
  agent_ = std::make_unique<ChildProcess>(command, directory_.path() / ("agent-" + std::to_string(starts_) + ".log"));
}

Proxy::Ran Proxy::run(const std::string& verb, const std::string& argument) const {
  return run(verb, argument.empty() ? std::vector<std::string>{} : std::vector<std::string>{argument});
}

Proxy::Ran Proxy::run(const std::string& verb, const std::vector<std::string>& arguments) const {
  const std::filesystem::path output = directory_.path() / (verb + ".log");
  std::filesystem::remove(output);
  std::vector<std::string> command{CHORALE_BINARY, verb, "-f", config_file()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  ChildProcess child(command, output);
  if (!child.wait(kRunLimit)) return {};
  return {child.exit_code().value_or(-1), read_file(output)};
}

std::string Proxy::agent_log() const {
  return read_file(directory_.path() / ("agent-" + std::to_string(starts_) + ".log"));
}

std::uint16_t Proxy::admin_port() const {
  static const std::regex kLine("admin API on port ([0-9]+)");
  const std::string log = agent_log();
  std::smatch found;
  if (!std::regex_search(log, found, kLine)) return 0;
  return static_cast<std::uint16_t>(std::stoi(found[1]));
}

HttpReply Proxy::get(const std::string& target) const { return http_get(nginx_.port(), target); }

bool Proxy::routes(const std::string& app) const {
  const HttpReply reply = get(app + "/");
  return reply.status == 200 && reply.body.find("app=" + app + " ") != std::string::npos;
}

nlohmann::json Proxy::health() const {
  const std::uint16_t port = admin_port();
  if (port == 0) return nullptr;
  return nlohmann::json::parse(http_get(port, "/v1/health").body, nullptr, false);
}

int Proxy::health_status() const { return http_get(admin_port(), "/v1/health").status; }

RealCluster::RealCluster() : RealCluster(Options{}) {}

RealCluster::RealCluster(Options options) : options_(std::move(options)) {}

bool RealCluster::start() {
  if (!zookeeper_.start()) return false;
  MarathonSimulator::Options simulator;
  simulator.arguments = options_.simulator;
  simulator.arguments.emplace_back("--backends");
  marathon_ = std::make_unique<MarathonSimulator>(simulator);
  if (!marathon_->start()) return false;
  if (options_.marathon_front) front_ = options_.marathon_front(marathon_->port());
  if (options_.marathon_election && !open_election()) return false;
  // A first state without apps would be offered only after some session timeouts.
  if (!marathon_->create("/first", 1, options_.first_app)) return false;
  for (int number = 1; number <= options_.proxies; ++number) {
    if (add_proxy() == nullptr) return false;
  }
  const bool by_path = options_.routes_by_path;
  const auto up = [this, by_path] { return converged() && (!by_path || routed_everywhere("/first")); };
  const auto gone = [this, by_path] { return (!by_path || routed_nowhere("/first")) && converged(); };
  return wait_until(up, kStartLimit) && marathon_->destroy("/first") && wait_until(gone, kStartLimit);
}

bool RealCluster::open_election() {
  for (int i = 0; i < 2; ++i) marathon_relays_.push_back(std::make_unique<TcpRelay>(marathon_->port()));
  ZookeeperTree tree(zookeeper_.address());
  return tree.create("/marathon", "") && tree.create("/marathon/leader", "") &&
         stand_in_election("member_0000000001", marathon_relays_[0]->address()) &&
         stand_in_election("member_0000000002", marathon_relays_[1]->address());
}

bool RealCluster::stand_in_election(const std::string& name, const std::string& address) {
  return ZookeeperTree(zookeeper_.address()).create("/marathon/leader/" + name, address);
}

Proxy* RealCluster::add_proxy(const std::string& more_config) {
  const int number = static_cast<int>(proxies_.size()) + 1;
  std::string zookeeper = zookeeper_.address();
  if (options_.zookeeper_relays) {
    relays_.push_back(std::make_unique<TcpRelay>(zookeeper_.port()));
    zookeeper = relays_.back()->address();
  }
  std::string marathon = front_.empty() ? marathon_->url() : front_;
  if (options_.marathon_relays) {
    marathon_relays_.push_back(std::make_unique<TcpRelay>(marathon_->port()));
    marathon = "http://" + marathon_relays_.back()->address();
  }
  if (options_.marathon_election) marathon = "zk://" + zookeeper_.address() + "/marathon";
  if (!options_.zookeeper_user.empty()) zookeeper = options_.zookeeper_user + "@" + zookeeper;
  proxies_.push_back(std::make_unique<Proxy>(Proxy::Options{number,
                                                            std::move(zookeeper),
                                                            {std::move(marathon)},
                                                            options_.session_timeout,
                                                            more_config,
                                                            options_.delays_tests,
                                                            options_.nginx_template,
                                                            options_.more_local,
                                                            number == options_.proxies ? options_.last_nginx_cmd : "",
                                                            options_.agent_cmd,
                                                            options_.callbacks ? pick_port() : std::uint16_t{0},
                                                            options_.http_port}));
  if (number == options_.proxies) proxies_.back()->nginx().run_as(options_.last_nginx_user);
  if (!proxies_.back()->start_nginx()) return nullptr;
  proxies_.back()->start_agent();
  return proxies_.back().get();
}

Proxy* RealCluster::leader() {
  for (const auto& proxy : proxies_) {
    const nlohmann::json health = proxy->health();
    if (!health.is_object()) continue;
    const auto& cluster = health.at("Cluster");
    if (cluster.at("Role") == "leader") return proxy.get();
  }
  return nullptr;
}

bool RealCluster::routed_everywhere(const std::string& app) const {
  for (const auto& proxy : proxies_) {
    if (!proxy->routes(app)) return false;
  }
  return true;
}

bool RealCluster::routed_nowhere(const std::string& app) const {
  for (const auto& proxy : proxies_) {
    if (proxy->get(app + "/").status != 503) return false;
  }
  return true;
}

bool RealCluster::converged() const {
  std::set<std::string> seen;
  for (const auto& proxy : proxies_) {
    const nlohmann::json health = proxy->health();
    if (!health.is_object() || health.value("Status", "") != "ok") return false;
    const auto& cluster = health.at("Cluster");
    if (cluster.at("Applied") != cluster.at("Committed")) return false;
    seen.insert(cluster.at("Epoch").dump() + "." + cluster.at("Applied").dump() + "." + cluster.at("Committed").dump() +
                "." + cluster.at("Digest").dump());
  }
  return seen.size() == 1;
}

std::string RealCluster::logs() const {
  std::ostringstream all;
  for (const auto& proxy : proxies_) all << "--- " << proxy->id() << "\n" << proxy->agent_log();
  return all.str();
}

}  // namespace chorale::testing
