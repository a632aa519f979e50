// What an operator waits for where there are many apps: `chorale status`, and the page in a real Chromium. Run by hand:
//
//   many_apps [--proxies 3] [--apps 10000] [--tasks 1] [--rate 60] [--minutes 2]
//
// Real ZooKeeper, Nginx, agents; the Marathon simulator, whose first apps have nothing behind them. It prints how long
// `chorale status` and /v1/routes take, when the page shows the cluster and the apps, counted from the request for it,
// how large the messages of /v1/stream are, and the memory of each agent before and after changes at a steady rate
// with the page open. Figures are no verdicts: the exit code is 0 if all of it could be had.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "tests/bench/process_usage.h"
#include "tests/bench/samples.h"
#include "tests/harness/browser.h"
#include "tests/harness/netns.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::Browser;
using testing::RealCluster;
using testing::wait_until;

constexpr seconds kPatience{180};
constexpr int kSamples = 10;
constexpr double kMib = 1024.0 * 1024.0;

struct Plan {
  int proxies = 3;
  int apps = 10'000;
  int tasks = 1;
  int rate = 60;  // changes a minute
  int minutes = 2;
};

// Runs in the page before its own script: when something was first shown, and what the stream brought.
constexpr const char* kObserver = R"js(
  window.seen = {messages: 0, largest: 0};
  new MutationObserver(() => {
    for (const [name, selector] of [['cluster', '#agents tbody tr'], ['apps', '#apps li']]) {
      if (!window.seen[name] && document.querySelector(selector)) window.seen[name] = performance.now();
    }
  }).observe(document, {subtree: true, childList: true});
  const Stream = window.EventSource;
  window.EventSource = class extends Stream {
    constructor(url) {
      super(url);
      this.addEventListener('status', (event) => {
        ++window.seen.messages;
        window.seen.largest = Math.max(window.seen.largest, event.data.length);
      });
    }
  };)js";

class ManyApps {
 public:
  explicit ManyApps(const Plan& plan)
      : plan_(plan),
        cluster_({.proxies = plan.proxies,
                  .session_timeout = "10s",
                  .simulator = {"--apps", std::to_string(plan.apps), "--tasks", std::to_string(plan.tasks),
                                "--idle-apps"}}) {}

  int run() {
    // start() waits for half a minute: on a busy machine so many apps are tested for longer.
    if (!cluster_.start() && !wait_until([&] { return cluster_.converged(); }, kPatience)) {
      give_up("the cluster did not come up");
    }
    if (!cluster_.marathon().create("/last", 1) ||
        !wait_until([&] { return cluster_.routed_everywhere("/last") && cluster_.converged(); }, kPatience)) {
      give_up("/last is not served");
    }
    const nlohmann::json committed = nlohmann::json::parse(get("/v1/status").body).at("state").at("committed");
    std::printf("%s apps, %s servers, %d proxies\n", committed.at("apps").dump().c_str(),
                committed.at("servers").dump().c_str(), plan_.proxies);
    measure_commands();
    Browser browser;
    browser.devtools("Page.enable", nlohmann::json::object());
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", {{"source", kObserver}});
    measure_page(browser);
    memory("before the changes:");
    change();
    report_stream(browser);
    memory("after them:");
    return 0;
  }

 private:
  [[noreturn]] void give_up(const std::string& what) {
    std::cerr << "many_apps: " << what << "\n" << cluster_.logs();
    std::exit(1);
  }

  testing::HttpReply get(const std::string& page) {
    testing::HttpReply reply = testing::http_get(cluster_.proxy(0).admin_port(), page);
    if (reply.status != 200) give_up(page + " answers " + std::to_string(reply.status));
    return reply;
  }

  template <class Action>
  static void measure(const std::string& what, std::size_t& bytes, Action action) {
    Samples samples;
    for (int i = 0; i < kSamples; ++i) {
      const auto begin = steady_clock::now();
      bytes = action();
      samples.add(steady_clock::now() - begin);
    }
    std::printf("%-28s p50 %6.0f ms, max %6.0f ms, %8.3f MiB\n", what.c_str(), samples.quantile(0.5) * 1'000,
                samples.max() * 1'000, static_cast<double>(bytes) / kMib);
    std::fflush(stdout);
  }

  void measure_commands() {
    std::size_t bytes = 0;
    measure("chorale status", bytes, [&] {
      const testing::Proxy::Ran ran = cluster_.proxy(0).run("status");
      if (ran.exit_code > 1) give_up(ran.output);
      return ran.output.size();
    });
    measure("/v1/status", bytes, [&] { return get("/v1/status").body.size(); });
    measure("/v1/routes", bytes, [&] { return get("/v1/routes").body.size(); });
    measure("/v1/metrics", bytes, [&] { return get("/v1/metrics").body.size(); });
  }

  // Several times: the first one warms the browser up.
  void measure_page(Browser& browser) {
    Samples cluster;
    Samples apps;
    for (int i = 0; i < kSamples; ++i) {
      browser.open("http://127.0.0.1:" + std::to_string(cluster_.proxy(0).admin_port()) + "/");
      nlohmann::json seen;
      const auto shown = [&] {
        seen = browser.run("return window.seen");
        return seen.contains("cluster") && seen.contains("apps");
      };
      if (!wait_until(shown, kPatience)) give_up("the page shows nothing: " + browser.text("body"));
      cluster.add(std::chrono::duration<double, std::milli>(seen.at("cluster").get<double>()));
      apps.add(std::chrono::duration<double, std::milli>(seen.at("apps").get<double>()));
    }
    for (const auto& [what, samples] :
         {std::pair("the page shows the cluster", &cluster), {"the page shows apps", &apps}}) {
      std::printf("%-28s p50 %6.0f ms, max %6.0f ms\n", what, samples->quantile(0.5) * 1'000, samples->max() * 1'000);
    }
  }

  void report_stream(Browser& browser) {
    const nlohmann::json seen = browser.run("return window.seen");
    std::printf("%-28s %s, the largest of %.1f KiB\n", "messages of /v1/stream", seen.at("messages").dump().c_str(),
                seen.at("largest").get<double>() / 1024);
  }

  // The leader is among them.
  void memory(const char* when) {
    std::printf("%-28s", when);
    for (const auto& proxy : cluster_.proxies()) {
      std::printf(" %s %.1f MiB", proxy->id().c_str(), static_cast<double>(resident_bytes(proxy->agent_pid())) / kMib);
    }
    std::printf("\n");
    std::fflush(stdout);
  }

  void change() {
    const auto begin = steady_clock::now();
    for (int number = 0; number < plan_.rate * plan_.minutes; ++number) {
      std::this_thread::sleep_until(begin + number * milliseconds(60'000) / plan_.rate);
      const std::string app = "/changing-" + std::to_string(number / 2);
      const bool done = number % 2 == 0 ? cluster_.marathon().create(app, 1) : cluster_.marathon().destroy(app);
      if (!done) give_up("Marathon refused a change of " + app);
      if ((number + 1) % plan_.rate == 0) memory((std::to_string(number + 1) + " changes:").c_str());
    }
  }

  Plan plan_;
  RealCluster cluster_;
};

}  // namespace
}  // namespace chorale::bench

int main(int argc, char** argv) {
  chorale::bench::Plan plan;
  CLI::App options("What an operator waits for where there are many apps");
  options.add_option("--proxies", plan.proxies)->check(CLI::Range(1, 16))->capture_default_str();
  options.add_option("--apps", plan.apps)->check(CLI::Range(1, 50'000))->capture_default_str();
  options.add_option("--tasks", plan.tasks)->check(CLI::Range(1, 50))->capture_default_str();
  options.add_option("--rate", plan.rate, "changes a minute")->check(CLI::Range(1, 6'000))->capture_default_str();
  options.add_option("--minutes", plan.minutes)->check(CLI::Range(0, 10'000))->capture_default_str();
  CLI11_PARSE(options, argc, argv);
  chorale::testing::enter_private_network();
  return chorale::bench::ManyApps(plan).run();
}
