// A whole cluster of real parts for a test: ZooKeeper, the Marathon simulator with backends, P Nginx, P agents.
//
// Everything is a child process on 127.0.0.1 in directories of the test's own and ends with this object. Where the test
// runs as root it first moves into a network namespace of its own, so that runs may overlap (see netns.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/harness/child_process.h"
#include "tests/harness/http_client.h"
#include "tests/harness/marathon_simulator.h"
#include "tests/harness/nginx_instance.h"
#include "tests/harness/tcp_relay.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/zookeeper_server.h"

namespace chorale::testing {

// One proxy: an Nginx and the agent beside it.
class Proxy {
 public:
  struct Options {
    int number = 1;
    std::string zookeeper;  // "127.0.0.1:2181"; empty: standalone
    std::vector<std::string> marathon;
    std::string session_timeout;           // "2s"
    std::string more_config;               // further lines for chorale.toml, before [local]
    bool delays_tests = false;             // delay_tests() may be called
    std::string nginx_template{};          // its file; empty: the shipped one
    std::string more_local{};              // further lines of [local]
    std::string nginx_cmd{};               // put before Nginx's own command line; empty: nothing
    std::vector<std::string> agent_cmd{};  // put before the agent's command line
    std::uint16_t callback_port = 0;       // where the agent listens for Marathon's events; 0: it follows the stream
    std::string http_port{};               // of the templates; empty: 127.0.0.1 and Nginx's port of before
  };

  explicit Proxy(Options options);

  // Starts Nginx on a file of its own making; false: it did not come up.
  [[nodiscard]] bool start_nginx();
  void start_agent();
  // From now on every `nginx -t` of the agent takes so much longer.
  void delay_tests(std::chrono::milliseconds delay);
  // On a configuration of the test's own.
  void start_agent_with(const std::string& config);
  void kill_agent() { agent_->kill(); }  // -9
  [[nodiscard]] std::filesystem::path directory() const { return directory_.path(); }
  void signal_agent(int number) { agent_->signal(number); }
  // `chorale VERB [ARGUMENT]` on this proxy, to its end: its exit code and all that it said.
  struct Ran {
    int exit_code = -1;
    std::string output;
  };
  [[nodiscard]] Ran run(const std::string& verb, const std::string& argument = "") const;
  [[nodiscard]] Ran run(const std::string& verb, const std::vector<std::string>& arguments) const;
  [[nodiscard]] bool agent_ended(std::chrono::milliseconds limit) { return agent_->wait(limit); }

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] NginxInstance& nginx() { return nginx_; }
  [[nodiscard]] pid_t agent_pid() const { return agent_->pid(); }
  [[nodiscard]] std::string config_file() const;
  [[nodiscard]] std::string agent_log() const;
  [[nodiscard]] std::uint16_t callback_port() const { return options_.callback_port; }
  // The port of the admin API, as the agent's log names it; 0: not known yet.
  [[nodiscard]] std::uint16_t admin_port() const;

  // GET on this proxy's Nginx, over a new connection.
  [[nodiscard]] HttpReply get(const std::string& target) const;
  // True if an app's own backend answers at /<app id>/.
  [[nodiscard]] bool routes(const std::string& app) const;
  // /v1/health; a null value if the agent does not answer.
  [[nodiscard]] nlohmann::json health() const;
  [[nodiscard]] int health_status() const;

 private:
  Options options_;
  [[nodiscard]] std::string nginx_command();

  std::string id_;
  TempDir directory_;
  NginxInstance nginx_;
  std::unique_ptr<ChildProcess> agent_;
  int starts_ = 0;
};

class RealCluster {
 public:
  struct Options {
    int proxies = 3;
    bool routes_by_path = true;  // the template does: an app's id is its path
    std::string session_timeout = "2s";
    std::vector<std::string> simulator{};                 // further arguments of the Marathon simulator
    std::string more_config{};                            // further lines of every agent's chorale.toml
    nlohmann::json first_app = nlohmann::json::object();  // what lets them route the app that starts the cluster
    bool delays_tests = false;                            // Proxy::delay_tests() may be called
    std::string nginx_template{};                         // every agent's; empty: the shipped one
    std::string more_local{};                             // further lines of every agent's [local], beside `number`
    std::string last_nginx_cmd{};                         // of the last proxy alone: see Proxy::Options::nginx_cmd
    std::string last_nginx_user{};                        // the same: see NginxInstance::run_as()
    std::vector<std::string> agent_cmd{};                 // put before every agent's command line
    std::string zookeeper_user{};                         // "user:password"; empty: without credentials
    bool marathon_relays = false;                         // the same with Marathon
    // Agents find Marathon by its election, where two nodes stand: marathon_relay(0), the leader, and (1).
    bool marathon_election = false;
    // What stands before Marathon: given its port, the URL that the agents are told; none: Marathon's own.
    std::function<std::string(std::uint16_t port)> marathon_front{};
    bool callbacks = false;         // Marathon posts its events, to a port of every agent's own
    bool zookeeper_relays = false;  // every agent reaches ZooKeeper through a relay of its own
    std::string http_port{};        // see Proxy::Options; for one proxy
  };

  RealCluster();
  explicit RealCluster(Options options);

  // Starts everything and waits until every agent is healthy and serves no app. False: something did not come up; see
  // logs().
  [[nodiscard]] bool start();
  // One more. nullptr: its Nginx did not come up.
  [[nodiscard]] Proxy* add_proxy() { return add_proxy(options_.more_config); }
  // With other further lines in its chorale.toml than the others have.
  [[nodiscard]] Proxy* add_proxy(const std::string& more_config);

  // Of the proxy's agent to ZooKeeper. REQUIRES: Options::zookeeper_relays.
  [[nodiscard]] TcpRelay& zookeeper_relay(std::size_t index) { return *relays_.at(index); }
  // REQUIRES: Options::marathon_relays, or marathon_election.
  [[nodiscard]] TcpRelay& marathon_relay(std::size_t index) { return *marathon_relays_.at(index); }
  [[nodiscard]] ZookeeperServer& zookeeper() { return zookeeper_; }
  [[nodiscard]] MarathonSimulator& marathon() { return *marathon_; }
  [[nodiscard]] std::vector<std::unique_ptr<Proxy>>& proxies() { return proxies_; }
  [[nodiscard]] Proxy& proxy(std::size_t index) { return *proxies_.at(index); }

  // The proxy whose agent leads, as it says itself; nullptr: none does.
  [[nodiscard]] Proxy* leader();
  [[nodiscard]] bool routed_everywhere(const std::string& app) const;
  [[nodiscard]] bool routed_nowhere(const std::string& app) const;
  // Every agent is "ok", has applied what is committed, and reports the same epoch, revision and digest.
  [[nodiscard]] bool converged() const;
  // A node in Marathon's election, as the node itself writes it, but for good; false: it could not be written.
  bool stand_in_election(const std::string& name, const std::string& address);
  [[nodiscard]] std::string logs() const;  // every agent's, for a failed assertion

 private:
  bool open_election();

  Options options_;
  ZookeeperServer zookeeper_;
  std::vector<std::unique_ptr<TcpRelay>> relays_;
  std::vector<std::unique_ptr<TcpRelay>> marathon_relays_;
  std::unique_ptr<MarathonSimulator> marathon_;
  std::string front_;  // options_.marathon_front's answer
  std::vector<std::unique_ptr<Proxy>> proxies_;
};

}  // namespace chorale::testing
