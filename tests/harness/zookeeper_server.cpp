#include "tests/harness/zookeeper_server.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "tests/harness/loopback.h"

namespace chorale::testing {
namespace {

// A server that is just starting may accept a connection and never answer it: ask often, and wait briefly.
constexpr std::chrono::milliseconds kProbeLimit{100};
constexpr std::chrono::seconds kStartLimit{40};
constexpr int kPortAttempts = 5;

std::vector<std::string> java_command(const std::filesystem::path& directory) {
  return {"java",
          "-Xmx128m",
          "-XX:TieredStopAtLevel=1",
          "-XX:+UseSerialGC",
          "-Dzookeeper.admin.enableServer=false",
          "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
          "-cp",
          directory.string() + ":/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar",
          "org.apache.zookeeper.server.quorum.QuorumPeerMain",
          (directory / "zoo.cfg").string()};
}

}  // namespace

ZookeeperServer::ZookeeperServer() : ZookeeperServer(Options{}) {}

ZookeeperServer::ZookeeperServer(Options options) : options_(std::move(options)) {}

bool ZookeeperServer::start() {
  const bool may_choose = port_ == 0;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    launch();
    if (wait_until_serving()) return true;
    process_.reset();
    if (may_choose) port_ = 0;  // perhaps somebody else took it
  }
  return false;
}

void ZookeeperServer::launch() {
  if (port_ == 0) port_ = pick_port();
  write_config();
  process_ = std::make_unique<ChildProcess>(java_command(directory_.path()), directory_.path() / "server.log");
}

bool ZookeeperServer::wait_until_serving() {
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  while (std::chrono::steady_clock::now() < deadline) {
    if (ask(port_, "srvr", kProbeLimit).find("Mode: ") != std::string::npos) return process_->running();
    // Waiting for its end is also what keeps this from probing without a pause.
    if (process_->wait(std::chrono::milliseconds(20))) return false;
  }
  return false;
}

void ZookeeperServer::kill() { process_.reset(); }

void ZookeeperServer::pause() { process_->pause(); }

void ZookeeperServer::resume() { process_->resume(); }

void ZookeeperServer::wipe() { std::filesystem::remove_all(directory_.path() / "data"); }

void ZookeeperServer::back_up() {
  std::filesystem::remove_all(directory_.path() / "backup");
  std::filesystem::copy(directory_.path() / "data", directory_.path() / "backup",
                        std::filesystem::copy_options::recursive);
}

void ZookeeperServer::put_back() {
  wipe();
  std::filesystem::copy(directory_.path() / "backup", directory_.path() / "data",
                        std::filesystem::copy_options::recursive);
}

std::string ZookeeperServer::log() const {
  std::ostringstream text;
  text << std::ifstream(directory_.path() / "server.log").rdbuf();
  return text.str();
}

void ZookeeperServer::write_config() const {
  const auto data = directory_.path() / "data";
  std::filesystem::create_directories(data);
  if (options_.id != 0) std::ofstream(data / "myid") << options_.id << "\n";
  std::ofstream config(directory_.path() / "zoo.cfg");
  config << "tickTime=" << options_.tick.count() << "\n"
         << "initLimit=40\nsyncLimit=20\n"
         << "minSessionTimeout=" << options_.min_session_timeout.count() << "\n"
         << "maxSessionTimeout=60000\nmaxClientCnxns=0\n4lw.commands.whitelist=*\nadmin.enableServer=false\n"
         << "clientPortAddress=127.0.0.1\nclientPort=" << port_ << "\n"
         << "dataDir=" << data.string() << "\n";
  for (const auto& line : options_.extra_config) config << line << "\n";
}

ZookeeperEnsemble::ZookeeperEnsemble(int size) {
  std::vector<std::string> members;
  for (int id = 1; id <= size; ++id) {
    members.push_back("server." + std::to_string(id) + "=127.0.0.1:" + std::to_string(pick_port()) + ":" +
                      std::to_string(pick_port()));
  }
  for (int id = 1; id <= size; ++id) {
    ZookeeperServer::Options options;
    options.extra_config = members;
    options.id = id;
    servers_.push_back(std::make_unique<ZookeeperServer>(std::move(options)));
  }
}

bool ZookeeperEnsemble::start() {
  for (const auto& server : servers_) server->launch();
  for (const auto& server : servers_) {
    if (!server->wait_until_serving()) return false;
  }
  return true;
}

std::string ZookeeperEnsemble::addresses() const {
  std::string joined;
  for (const auto& server : servers_) joined += (joined.empty() ? "" : ",") + server->address();
  return joined;
}

}  // namespace chorale::testing
