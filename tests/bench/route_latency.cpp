// How long from a change in Marathon until the last proxy answers with it, and what that costs. Run by hand:
//
//   route_latency [--proxies 3] [--apps 20] [--tasks 3] [--changes 30] [--pause 700]
//
// Real ZooKeeper, Nginx, agents; the Marathon simulator with backends. A sample is the time from the simulator's reply
// to "create" (or "destroy") until a request to the last proxy is answered by the app's own backend (or no longer is).
// nginx_floor, in the same run and on the same Nginx with the same configuration, is what no agent that reloads can
// beat: `nginx -t` on every proxy, SIGHUP, until every proxy serves it.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/process_usage.h"
#include "tests/bench/samples.h"
#include "tests/harness/netns.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::bench {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::Proxy;
using testing::RealCluster;
using testing::wait_until;

constexpr seconds kPatience{60};
constexpr std::chrono::milliseconds kProbeStep{3};

struct Plan {
  int proxies = 3;
  int apps = 20;
  int tasks = 3;
  int changes = 30;
  int pause_ms = 700;
};

struct Cost {
  double agents_cpu_s = 0;
  std::int64_t requests = 0;
  std::int64_t bytes = 0;
};

[[noreturn]] void give_up(const std::string& what, const RealCluster& cluster) {
  std::cerr << "route_latency: " << what << "\n" << cluster.logs();
  std::exit(1);
}

Cost cost_so_far(RealCluster& cluster) {
  Cost cost;
  for (const auto& proxy : cluster.proxies()) cost.agents_cpu_s += cpu_seconds(proxy->agent_pid());
  cost.requests = cluster.marathon().requests("app") + cluster.marathon().requests("apps");
  const nlohmann::json stats = cluster.marathon().stats();
  cost.bytes = stats.value("bytes_sent", std::int64_t{0});
  return cost;
}

// Until `served` holds of every proxy. Each is asked over new connections from a thread of its own, every few
// milliseconds: a coarse step would be a part of the figure, a fine one takes the processor from what is measured.
template <class Condition>
bool wait_for_every(RealCluster& cluster, Condition served) {
  const auto end = steady_clock::now() + kPatience;
  std::atomic<bool> all{true};
  std::vector<std::thread> threads;
  for (const auto& proxy : cluster.proxies()) {
    threads.emplace_back([&all, &served, end, &one = *proxy] {
      while (!served(one)) {
        if (steady_clock::now() > end) {
          all = false;
          return;
        }
        std::this_thread::sleep_for(kProbeStep);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return all;
}

void print(const char* name, const Samples& samples) {
  std::printf("%-12s n=%zu  p50 %.3f s  p99 %.3f s  max %.3f s\n", name, samples.count(), samples.quantile(0.5),
              samples.quantile(0.99), samples.max());
}

// Until nothing is under way and nothing has been for a while.
void let_rest(RealCluster& cluster, const Plan& plan) {
  if (!cluster.marathon().settled(kPatience)) give_up("no end of the deployment", cluster);
  if (!wait_until([&] { return cluster.converged(); }, kPatience)) give_up("not converged", cluster);
  std::this_thread::sleep_for(std::chrono::milliseconds(plan.pause_ms));
  if (!wait_until([&] { return cluster.converged(); }, kPatience)) give_up("not converged", cluster);
}

void measure_changes(RealCluster& cluster, const Plan& plan) {
  Samples created;
  Samples destroyed;
  let_rest(cluster, plan);  // the offer that began the term keeps the next one waiting for min_reload_interval
  const Cost before = cost_so_far(cluster);
  for (int change = 0; change < plan.changes; ++change) {
    const std::string app = "/bench-" + std::to_string(change);
    if (!cluster.marathon().create(app, plan.tasks)) give_up("create refused", cluster);
    const auto create_at = steady_clock::now();
    if (!wait_for_every(cluster, [&app](const Proxy& proxy) { return proxy.routes(app); })) {
      give_up(app + " not routed", cluster);
    }
    created.add(steady_clock::now() - create_at);
    let_rest(cluster, plan);
    if (!cluster.marathon().destroy(app)) give_up("destroy refused", cluster);
    const auto destroy_at = steady_clock::now();
    if (!wait_for_every(cluster, [&app](const Proxy& proxy) { return proxy.get(app + "/").status == 503; })) {
      give_up(app + " stays", cluster);
    }
    destroyed.add(steady_clock::now() - destroy_at);
    let_rest(cluster, plan);
  }
  const Cost after = cost_so_far(cluster);
  print("create", created);
  print("destroy", destroyed);
  const double changes = 2.0 * plan.changes;
  std::printf("per change   Marathon requests %.2f  bytes %.0f  agents' CPU %.4f s (all %d)\n",
              static_cast<double>(after.requests - before.requests) / changes,
              static_cast<double>(after.bytes - before.bytes) / changes,
              (after.agents_cpu_s - before.agents_cpu_s) / changes, plan.proxies);
  std::printf("RSS          ");
  for (const auto& proxy : cluster.proxies()) {
    std::printf(" %.1f MiB", static_cast<double>(resident_bytes(proxy->agent_pid())) / (1024.0 * 1024.0));
  }
  std::printf("\n");
}

// One round: another answer at /floor-N, tested and reloaded by hand on every proxy at once.
void floor_round(RealCluster& cluster, int round, Samples& samples) {
  static const std::regex kFirstServer("location / \\{");
  const std::string path = "/floor-" + std::to_string(round);
  for (const auto& proxy : cluster.proxies()) {
    const std::string file = proxy->nginx().config_file();
    std::ifstream in(file);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    text = std::regex_replace(text, kFirstServer, "location = " + path + " { return 204; }\n    location / {",
                              std::regex_constants::format_first_only);
    std::ofstream(file) << text;
  }
  const auto begin = steady_clock::now();
  std::vector<std::thread> threads;
  for (const auto& proxy : cluster.proxies()) {
    threads.emplace_back([&proxy] {
      const std::string command = proxy->nginx().command() + " -t -q -c " + proxy->nginx().config_file();
      if (std::system((command + " 2>/dev/null").c_str()) == 0) ::kill(proxy->nginx().master_pid(), SIGHUP);
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (!wait_for_every(cluster, [&path](const Proxy& proxy) { return proxy.get(path).status == 204; })) {
    give_up(path + " not served", cluster);
  }
  samples.add(steady_clock::now() - begin);
}

void measure_floor(RealCluster& cluster, int rounds) {
  for (const auto& proxy : cluster.proxies()) {
    proxy->signal_agent(SIGTERM);
    if (!proxy->agent_ended(seconds(10))) give_up("an agent does not end", cluster);
  }
  Samples samples;
  for (int round = 0; round < rounds; ++round) floor_round(cluster, round, samples);
  print("nginx_floor", samples);
}

int run(const Plan& plan) {
  RealCluster cluster({.proxies = plan.proxies,
                       .session_timeout = "10s",
                       .simulator = {"--apps", std::to_string(plan.apps), "--tasks", std::to_string(plan.tasks),
                                     "--idle-apps", "--step-delay", "0ms", "--drain", "0ms"},
                       .more_config = {}});
  if (!cluster.start()) give_up("the cluster did not come up", cluster);
  std::printf("%d proxies, %d apps x %d tasks\n", plan.proxies, plan.apps, plan.tasks);
  measure_changes(cluster, plan);
  measure_floor(cluster, std::min(plan.changes, 20));
  return 0;
}

}  // namespace
}  // namespace chorale::bench

int main(int argc, char** argv) {
  chorale::bench::Plan plan;
  CLI::App options("Time from a change in Marathon until the last proxy serves it");
  options.add_option("--proxies", plan.proxies)->check(CLI::Range(1, 16))->capture_default_str();
  options.add_option("--apps", plan.apps)->check(CLI::Range(0, 10'000))->capture_default_str();
  options.add_option("--tasks", plan.tasks)->check(CLI::Range(1, 50))->capture_default_str();
  options.add_option("--pause", plan.pause_ms, "milliseconds")->check(CLI::Range(0, 60'000))->capture_default_str();
  options.add_option("--changes", plan.changes)->check(CLI::Range(1, 1'000))->capture_default_str();
  CLI11_PARSE(options, argc, argv);
  chorale::testing::enter_private_network();
  return chorale::bench::run(plan);
}
