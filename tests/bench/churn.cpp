// Changes at a steady rate for as long as one likes, under requests that must not fail. Run by hand:
//
//   churn [--proxies 3] [--apps 20] [--tasks 3] [--rate 200] [--minutes 5] [--quarantined 1]
//         [--config 'collect_interval = "5s"']
//
// Real ZooKeeper, Nginx, agents; the Marathon simulator with backends. Each change creates, scales or destroys an app
// of its own, `rate` times a minute whatever the last one is doing. All the time every proxy is asked for an app that
// does not change, and for one whose change Nginx refuses: it has to be served as it was before. A line a minute says
// what it has come to, with the znodes and bytes that an operator counts below the root; the exit code is 0 only if no
// request failed, and all changes are served at the end.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/process_usage.h"
#include "tests/harness/netns.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/visitor.h"
#include "tests/harness/wait_until.h"
#include "tests/harness/zookeeper_tree.h"

namespace chorale::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::RealCluster;
using testing::Visitor;
using testing::wait_until;

constexpr seconds kPatience{60};
constexpr milliseconds kBetweenRequests{20};

struct Plan {
  int proxies = 3;
  int apps = 20;
  int tasks = 3;
  int rate = 200;  // changes a minute
  int minutes = 5;
  int quarantined = 1;
  std::vector<std::string> config;  // further lines of every agent's chorale.toml

  [[nodiscard]] std::string config_lines() const {
    std::string lines;
    for (const std::string& line : config) lines += line + "\n";
    return lines;
  }
};

// The shipped template, and a label that Nginx takes as a time: a bad one it refuses.
void write_template(const std::string& file) {
  std::ifstream in(CHORALE_TEMPLATE);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string line = "            set $app {{id}};\n";
  const std::size_t at = text.find(line);
  if (at == std::string::npos) throw std::runtime_error("the shipped template has no line " + line);
  text.insert(at, "{{#labels.timeout}}            proxy_read_timeout {{labels.timeout}};\n{{/labels.timeout}}");
  std::ofstream(file) << text;
}

class Churn {
 public:
  explicit Churn(const Plan& plan)
      : plan_(plan),
        cluster_({.proxies = plan.proxies,
                  .session_timeout = "10s",
                  .simulator = {"--apps", std::to_string(plan.apps), "--tasks", std::to_string(plan.tasks),
                                "--idle-apps", "--drain", "3s"},  // as Marathon does unless told otherwise
                  .more_config = plan.config_lines(),
                  .nginx_template = template_file()}) {}

  int run() {
    prepare();
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (const auto& proxy : cluster_.proxies()) {
      visitors.push_back(std::make_unique<Visitor>(*proxy, "/steady/", kBetweenRequests));
      if (plan_.quarantined > 0) visitors.push_back(std::make_unique<Visitor>(*proxy, "/bad-0/", kBetweenRequests));
    }
    report(0, visitors);
    const auto begin = steady_clock::now();
    for (int change = 0; change < plan_.rate * plan_.minutes; ++change) {
      std::this_thread::sleep_until(begin + change * milliseconds(60'000) / plan_.rate);
      make_change(change);
      if ((change + 1) % plan_.rate == 0) report(change + 1, visitors);
    }
    const bool settled = ends_well();
    for (const auto& visitor : visitors) visitor->end();
    int failures = 0;
    for (const auto& visitor : visitors) {
      failures += visitor->failures();
      if (visitor->failures() > 0) std::printf("failed: %s\n", visitor->first_failure().c_str());
    }
    if (!settled) give_up("the last changes are not served everywhere");
    return failures == 0 ? 0 : 1;
  }

 private:
  [[noreturn]] void give_up(const std::string& what) {
    std::cerr << "churn: " << what << "\n" << cluster_.logs();
    std::exit(1);
  }

  std::string template_file() {
    const std::string file = directory_.path() / "nginx.conf.mustache";
    write_template(file);
    return file;
  }

  bool update(const std::string& app, const nlohmann::json& labels) {
    return !cluster_.marathon().control("update", {{"id", app}, {"labels", labels}}).is_null();
  }

  void prepare() {
    if (!cluster_.start()) give_up("the cluster did not come up");
    tree_.emplace(cluster_.zookeeper().address());
    bool done = cluster_.marathon().create("/steady", plan_.tasks);
    for (int bad = 0; bad < plan_.quarantined; ++bad) {
      done = done && cluster_.marathon().create(bad_app(bad), plan_.tasks, {{"labels", {{"timeout", "10s"}}}});
    }
    if (!done || !cluster_.marathon().settled(kPatience)) give_up("an app was refused");
    if (!wait_until([&] { return cluster_.routed_everywhere("/steady") && cluster_.converged(); }, kPatience)) {
      give_up("/steady is not served");
    }
    for (int bad = 0; bad < plan_.quarantined; ++bad) {
      if (!update(bad_app(bad), {{"timeout", "soon"}})) give_up("an update was refused");
    }
    // An update ends with the old tasks, three at a time: Marathon says so when they are gone.
    const auto quiet = [&] { return quarantined() == plan_.quarantined && cluster_.marathon().settled(kPatience); };
    if (!wait_until(quiet, kPatience)) give_up("no quarantine");
    if (!wait_until([&] { return serves_only_living_tasks(); }, kPatience)) give_up("old tasks are still routed");
  }

  // Every proxy has a file without them, and has proven it.
  bool serves_only_living_tasks() {
    return std::all_of(cluster_.proxies().begin(), cluster_.proxies().end(), [this](const auto& proxy) {
      std::ifstream in(proxy->nginx().config_file());
      const std::string config{std::istreambuf_iterator<char>(in), {}};
      int listed = 0;
      for (std::size_t at = 0; (at = config.find("server 127.0.0.1:", at)) != std::string::npos; ++at) ++listed;
      const nlohmann::json health = proxy->health();
      return listed == (plan_.apps + 1 + plan_.quarantined) * plan_.tasks && health.is_object() &&
             health.at("Cluster").at("Applied") == health.at("Cluster").at("Committed");
    });
  }

  static std::string bad_app(int number) { return "/bad-" + std::to_string(number); }

  int quarantined() {
    testing::Proxy* leader = cluster_.leader();
    const nlohmann::json health = leader == nullptr ? nlohmann::json() : leader->health();
    return health.is_object() ? static_cast<int>(health.at("Quarantined").size()) : -1;
  }

  // Three changes are one app's life.
  void make_change(int change) {
    const std::string app = "/churn-" + std::to_string(change / 3);
    const bool done = change % 3 == 0   ? cluster_.marathon().create(app, 1)
                      : change % 3 == 1 ? cluster_.marathon().scale(app, 2)
                                        : cluster_.marathon().destroy(app);
    if (!done) give_up("Marathon refused change " + std::to_string(change));
  }

  void report(int changes, const std::vector<std::unique_ptr<Visitor>>& visitors) {
    int requests = 0;
    int failures = 0;
    for (const auto& visitor : visitors) {
      requests += visitor->requests();
      failures += visitor->failures();
    }
    const nlohmann::json health = cluster_.proxy(0).health();
    std::printf("%6d changes  revision %s  %d requests, %d failed  %d quarantined  RSS", changes,
                health.is_object() ? health.at("Cluster").at("Applied").dump().c_str() : "?", requests, failures,
                quarantined());
    for (const auto& proxy : cluster_.proxies()) {
      std::printf(" %.1f", static_cast<double>(resident_bytes(proxy->agent_pid())) / (1024.0 * 1024.0));
    }
    const testing::ZookeeperTree::Size size = tree_->size("/chorale");
    std::printf(" MiB  %lld znodes, %lld bytes\n", static_cast<long long>(size.znodes),
                static_cast<long long>(size.bytes));
    std::fflush(stdout);
  }

  // The last change is an app's that stays.
  bool ends_well() {
    return cluster_.marathon().create("/last", 1) &&
           wait_until([&] { return cluster_.routed_everywhere("/last") && quarantined() == plan_.quarantined; },
                      kPatience) &&
           wait_until([&] { return cluster_.routed_nowhere("/churn-0"); }, kPatience);
  }

  Plan plan_;
  testing::TempDir directory_{"churn"};
  RealCluster cluster_;
  std::optional<testing::ZookeeperTree> tree_;
};

}  // namespace
}  // namespace chorale::bench

int main(int argc, char** argv) {
  chorale::bench::Plan plan;
  CLI::App options("Changes at a steady rate, under requests that must not fail");
  options.add_option("--proxies", plan.proxies)->check(CLI::Range(1, 16))->capture_default_str();
  options.add_option("--apps", plan.apps)->check(CLI::Range(0, 10'000))->capture_default_str();
  options.add_option("--tasks", plan.tasks)->check(CLI::Range(1, 50))->capture_default_str();
  options.add_option("--rate", plan.rate, "changes a minute")->check(CLI::Range(1, 6'000))->capture_default_str();
  options.add_option("--minutes", plan.minutes)->check(CLI::Range(1, 10'000))->capture_default_str();
  options.add_option("--config", plan.config, "a further line of chorale.toml; may be repeated");
  options.add_option("--quarantined", plan.quarantined, "apps")->check(CLI::Range(0, 50))->capture_default_str();
  CLI11_PARSE(options, argc, argv);
  chorale::testing::enter_private_network();
  return chorale::bench::Churn(plan).run();
}
