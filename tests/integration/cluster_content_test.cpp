// Content that Nginx refuses, on real parts: one app's, or the template's. It stops nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/harness/real_cluster.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using nlohmann::json;
using std::chrono::seconds;

std::string file_text(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// The shipped template, and a label that reaches Nginx as a number: which one it accepts, it alone knows.
std::string template_with_timeout() {
  return replaced(file_text(CHORALE_TEMPLATE), "            set $app {{id}};\n",
                  "            set $app {{id}};\n{{#labels.timeout}}\n            proxy_read_timeout "
                  "{{labels.timeout}};\n{{/labels.timeout}}\n");
}

json labels(const std::string& timeout) { return {{"labels", {{"timeout", timeout}}}}; }

class ClusterContentTest : public ::testing::Test {
 protected:
  ClusterContentTest() { write_template(template_with_timeout()); }

  void start(RealCluster::Options options = {}) {
    options.nginx_template = template_file();
    cluster_ = std::make_unique<RealCluster>(std::move(options));
    ASSERT_TRUE(cluster_->start()) << cluster_->logs();
  }

  [[nodiscard]] std::string template_file() const { return directory_.path() / "nginx.conf.mustache"; }
  // As an editor does: by a rename, never half.
  void write_template(const std::string& text) {
    std::ofstream(directory_.path() / "next") << text;
    std::filesystem::rename(directory_.path() / "next", template_file());
  }

  bool update(const std::string& app, const json& more) {
    json arguments = more;
    arguments["id"] = app;
    return !cluster_->marathon().control("update", arguments).is_null();
  }
  bool routed(const std::string& app) {
    return wait_until([&] { return cluster_->routed_everywhere(app); }, seconds(10));
  }
  json leaders_health() {
    Proxy* leader = cluster_->leader();
    return leader == nullptr ? json() : leader->health();
  }
  bool quarantined(std::size_t apps) {
    return wait_until(
        [&] {
          const json health = leaders_health();
          return health.is_object() && health.at("Quarantined").size() == apps;
        },
        seconds(10));
  }
  // The proxy is to be a minority, so another one has to lead.
  void lead_elsewhere_than(std::size_t index) {
    ASSERT_TRUE(cluster_->marathon().settled(seconds(10)));
    if (cluster_->leader() != &cluster_->proxy(index)) return;
    cluster_->proxy(index).signal_agent(SIGTERM);
    ASSERT_TRUE(cluster_->proxy(index).agent_ended(seconds(10)));
    cluster_->proxy(index).start_agent();
    ASSERT_TRUE(wait_until([&] { return cluster_->converged(); }, seconds(15))) << cluster_->logs();
  }
  // A change that has nothing to do with the bad one reaches every proxy.
  bool others_move(const std::string& app) { return cluster_->marathon().create(app, 1) && routed(app); }

  TempDir directory_{"template"};
  std::unique_ptr<RealCluster> cluster_;
};

TEST_F(ClusterContentTest, RefusedAppIsFrozenAtItsLastGoodDefinition) {
  start();
  MarathonSimulator& marathon = cluster_->marathon();
  ASSERT_TRUE(marathon.create("/good", 1));
  ASSERT_TRUE(marathon.create("/web", 2, labels("10s")));
  ASSERT_TRUE(routed("/web") && routed("/good")) << cluster_->logs();

  ASSERT_TRUE(update("/web", labels("soon")));
  ASSERT_TRUE(quarantined(1)) << cluster_->logs();
  EXPECT_TRUE(others_move("/late")) << cluster_->logs();
  const json health = leaders_health();
  EXPECT_EQ(health.at("Status"), "degraded");
  EXPECT_EQ(health.at("Quarantined").at(0).at("App"), "/web");
  const std::string reason = health.at("Quarantined").at(0).at("Reason");
  EXPECT_NE(reason.find("proxy_read_timeout"), std::string::npos) << reason;
  EXPECT_NE(health.at("Message").get<std::string>().find("/web"), std::string::npos);

  // Its servers follow Mesos: the tasks of the new version are served, with the good timeout.
  ASSERT_TRUE(marathon.settled(seconds(10)));
  ASSERT_TRUE(marathon.scale("/web", 3));
  EXPECT_TRUE(wait_until(
      [&] {
        const std::string config = file_text(cluster_->proxy(0).nginx().config_file());
        const auto tasks = marathon.tasks("/web");
        return tasks.size() == 3 && config.find("proxy_read_timeout \"10s\"") != std::string::npos &&
               std::all_of(tasks.begin(), tasks.end(), [&](const auto& task) {
                 return config.find(":" + std::to_string(task.ports.at(0)) + " ") != std::string::npos;
               });
      },
      seconds(15)))
      << cluster_->logs();
  EXPECT_TRUE(cluster_->routed_everywhere("/web"));

  // Released by itself, and all healthy again, though nothing but the bad app has changed.
  ASSERT_TRUE(update("/web", labels("20s")));
  EXPECT_TRUE(wait_until(
      [&] {
        const std::string config = file_text(cluster_->proxy(2).nginx().config_file());
        return config.find("proxy_read_timeout \"20s\"") != std::string::npos && cluster_->converged();
      },
      seconds(15)))
      << cluster_->logs();
  EXPECT_TRUE(quarantined(0));
}

TEST_F(ClusterContentTest, RevertedAppLeavesEverybodyHealthyAtOnce) {
  start();
  ASSERT_TRUE(cluster_->marathon().create("/web", 1, labels("10s")));
  ASSERT_TRUE(routed("/web"));
  ASSERT_TRUE(cluster_->marathon().settled(seconds(10)));
  ASSERT_TRUE(update("/web", labels("soon")));
  ASSERT_TRUE(quarantined(1)) << cluster_->logs();
  for (const auto& proxy : cluster_->proxies()) {
    EXPECT_TRUE(wait_until([&] { return proxy->health().at("Status") == "degraded"; }, seconds(5))) << proxy->id();
  }
  ASSERT_TRUE(update("/web", labels("10s")));
  EXPECT_TRUE(wait_until([&] { return cluster_->converged(); }, seconds(10))) << cluster_->logs();
}

TEST_F(ClusterContentTest, AppThatWasNeverGoodIsLeftOutAlsoByTheNextLeader) {
  start();
  ASSERT_TRUE(cluster_->marathon().create("/never", 1, labels("soon")));
  ASSERT_TRUE(quarantined(1)) << cluster_->logs();
  EXPECT_TRUE(others_move("/late")) << cluster_->logs();
  EXPECT_TRUE(cluster_->routed_nowhere("/never"));
  Proxy* leader = cluster_->leader();
  ASSERT_NE(leader, nullptr);
  const json before = leader->health().at("Quarantined").at(0);
  leader->kill_agent();
  EXPECT_TRUE(wait_until(
      [&] {
        const json health = leaders_health();
        return health.is_object() && health.at("Quarantined").size() == 1 && health.at("Quarantined").at(0) == before;
      },
      seconds(20)))
      << cluster_->logs();
  leader->start_agent();
  EXPECT_TRUE(others_move("/later")) << cluster_->logs();
}

TEST_F(ClusterContentTest, TemplateThatNginxRefusesLeavesTheLastGoodOneInUse) {
  start();
  ASSERT_TRUE(cluster_->marathon().create("/web", 1));
  ASSERT_TRUE(routed("/web"));
  const std::string good = template_with_timeout();
  const std::string bad = replaced(good, "worker_connections 16384;", "worker_connections 16384");
  write_template(bad);
  const std::string line = std::to_string(
      std::count(bad.begin(), bad.begin() + static_cast<std::ptrdiff_t>(bad.find("multi_accept")), '\n') + 1);
  EXPECT_TRUE(wait_until(
      [&] {
        const json health = leaders_health();
        return health.is_object() && health.at("Template").at("Healthy") == false &&
               health.at("Template").at("Message").get<std::string>().find(template_file() + ":" + line + ": ") == 0;
      },
      seconds(10)))
      << leaders_health().dump(2) << line << cluster_->logs();
  EXPECT_TRUE(others_move("/late")) << cluster_->logs();
  for (const auto& proxy : cluster_->proxies()) EXPECT_EQ(proxy->health().at("Config").at("Healthy"), true);

  write_template(good);
  EXPECT_TRUE(wait_until([&] { return cluster_->converged(); }, seconds(5))) << cluster_->logs();

  write_template(replaced(good, "server_tokens off;", "server_tokens on;"));
  EXPECT_TRUE(wait_until(
      [&] {
        return file_text(cluster_->proxy(1).nginx().config_file()).find("server_tokens on;") != std::string::npos;
      },
      seconds(10)))
      << cluster_->logs();
  EXPECT_TRUE(wait_until([&] { return cluster_->converged(); }, seconds(5))) << cluster_->logs();
}

// The acceptance of the whole: a thousand apps, of which one turns bad, then two at once.
TEST_F(ClusterContentTest, ThousandAppsMoveOnWhateverTwoOfThemSay) {
  start();
  MarathonSimulator& marathon = cluster_->marathon();
  ASSERT_FALSE(marathon.control("create", {{"id", "/app"}, {"tasks", 1}, {"count", 1'000}}).is_null());
  const auto served = [&](const std::string& app) { return cluster_->routed_everywhere(app); };
  ASSERT_TRUE(wait_until([&] { return served("/app-1") && served("/app-1000"); }, seconds(60))) << cluster_->logs();
  ASSERT_TRUE(wait_until([&] { return cluster_->converged(); }, seconds(30)));
  const auto time_for = [&](const std::string& app) {
    const auto before = std::chrono::steady_clock::now();
    EXPECT_TRUE(others_move(app)) << cluster_->logs();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - before);
    std::cout << app << " took " << took.count() << " ms\n";
    return took;
  };
  // 2 s on a machine that has nothing else to do; on another one, by what a change costs there.
  const auto longest = seconds(1) + 3 * time_for("/all-well");
  ASSERT_TRUE(update("/app-500", labels("soon")));
  EXPECT_LT(time_for("/beside-one"), longest);
  EXPECT_TRUE(quarantined(1)) << cluster_->logs();
  ASSERT_TRUE(update("/app-77", labels("later")) && update("/app-900", labels("never")));
  EXPECT_LT(time_for("/beside-three"), longest);
  EXPECT_TRUE(quarantined(3)) << cluster_->logs();
  EXPECT_TRUE(served("/app-77") && served("/app-500") && served("/app-900"));
}

// A proxy whose Nginx is older: it does not know a value that all others accept.
TEST_F(ClusterContentTest, AppThatOneProxyAloneRefusesIsQuarantinedByItsNack) {
  const std::string older = directory_.path() / "older";
  std::ofstream(older) << R"(#!/bin/bash
for file; do :; done
line=$(grep -n 'proxy_read_timeout "33s"' "$file" 2>/dev/null | head -1 | cut -d: -f1)
if [ "$2" != -s ] && [ -n "$line" ]; then
  echo "nginx: [emerg] \"proxy_read_timeout\" directive invalid value in $file:$line" >&2
  exit 1
fi
exec "$@"
)";
  std::filesystem::permissions(older, std::filesystem::perms::owner_all);
  RealCluster::Options options;
  options.last_nginx_cmd = older + " ";
  start(options);
  ASSERT_TRUE(cluster_->marathon().create("/web", 1, labels("10s")));
  ASSERT_TRUE(routed("/web")) << cluster_->logs();
  lead_elsewhere_than(2);
  ASSERT_TRUE(update("/web", labels("33s")));
  ASSERT_TRUE(quarantined(1)) << cluster_->logs();
  EXPECT_TRUE(others_move("/late")) << cluster_->logs();
  EXPECT_TRUE(cluster_->routed_everywhere("/web"));
  ASSERT_TRUE(update("/web", labels("10s")));
  EXPECT_TRUE(wait_until([&] { return cluster_->converged(); }, seconds(15))) << cluster_->logs();
}

// Too many for the quarantine: nothing moves, until they are gone.
TEST_F(ClusterContentTest, RefusedProposalLeavesNobodyDegradedOnceItsOffendersAreGone) {
  start();
  ASSERT_TRUE(cluster_->marathon().create("/good", 1));
  ASSERT_TRUE(routed("/good")) << cluster_->logs();
  for (const char* app : {"/bad-1", "/bad-2", "/bad-3"}) {
    ASSERT_TRUE(cluster_->marathon().create(app, 1, labels("soon")));
  }
  const auto refused = [&] {
    const json health = leaders_health();
    return health.is_object() && health.at("Status") == "degraded" &&
           health.at("Message").get<std::string>().find("Nginx refuses the new ones") != std::string::npos;
  };
  ASSERT_TRUE(wait_until(refused, seconds(20))) << cluster_->logs();
  EXPECT_TRUE(cluster_->routed_everywhere("/good"));
  const auto blocked_everywhere = [&](bool is_blocked) {
    return std::all_of(cluster_->proxies().begin(), cluster_->proxies().end(), [&](const auto& proxy) {
      const std::string page = http_get(proxy->admin_port(), "/metrics").body;
      const bool none = page.find("\nchorale_blocked_seconds 0\n") != std::string::npos;
      return page.find("\nchorale_blocked_seconds ") != std::string::npos && none != is_blocked;
    });
  };
  EXPECT_TRUE(wait_until([&] { return blocked_everywhere(true); }, seconds(20))) << "followers count it too";
  for (const char* app : {"/bad-1", "/bad-2", "/bad-3"}) ASSERT_TRUE(cluster_->marathon().destroy(app));
  EXPECT_TRUE(wait_until([&] { return cluster_->converged(); }, seconds(20))) << cluster_->logs();
  EXPECT_TRUE(wait_until([&] { return blocked_everywhere(false); }, seconds(20)));
}

// No app can be named, so the others move on without it: a balancer is told.
TEST_F(ClusterContentTest, ProxyThatAloneCannotFollowIsTakenOutAfterThirtySeconds) {
  const std::string other = directory_.path() / "other";
  std::ofstream(other) << R"(#!/bin/bash
for file; do :; done
if [ "$2" != -s ] && grep -q 'proxy_read_timeout "33s"' "$file" 2>/dev/null; then
  echo "nginx: [emerg] this Nginx is another" >&2
  exit 1
fi
exec "$@"
)";
  std::filesystem::permissions(other, std::filesystem::perms::owner_all);
  RealCluster::Options options;
  options.last_nginx_cmd = other + " ";
  start(options);
  ASSERT_TRUE(cluster_->marathon().create("/web", 1, labels("10s")));
  ASSERT_TRUE(routed("/web")) << cluster_->logs();
  lead_elsewhere_than(2);
  ASSERT_TRUE(update("/web", labels("33s")));
  EXPECT_TRUE(wait_until([&] { return cluster_->proxy(2).health().at("Status") == "degraded"; }, seconds(15)));
  EXPECT_EQ(cluster_->proxy(2).health_status(), 200);
  EXPECT_TRUE(wait_until([&] { return cluster_->proxy(2).health_status() == 503; }, seconds(45))) << cluster_->logs();
  const std::string message = cluster_->proxy(2).health().at("Message");
  EXPECT_NE(message.find("after another proxy has applied a newer revision"), std::string::npos) << message;
  EXPECT_NE(message.find("this Nginx is another"), std::string::npos) << message;
  EXPECT_EQ(cluster_->proxy(0).health_status(), 200);
  EXPECT_EQ(cluster_->proxy(1).health_status(), 200);
  ASSERT_TRUE(update("/web", labels("10s")));
  EXPECT_TRUE(wait_until([&] { return cluster_->converged(); }, seconds(45))) << cluster_->logs();
}

// Two servers of one name: Nginx accepts it and leaves one of them out.
TEST_F(ClusterContentTest, WarningOfAPassingTestIsShown) {
  write_template(replaced(template_with_timeout(), "    # What no app claims",
                          "{{#apps}}\n{{#labels.vhost}}\n    server {\n        listen @{http_port};\n        "
                          "server_name {{labels.vhost}};\n"
                          "    }\n{{/labels.vhost}}\n{{/apps}}\n    # What no app claims"));
  start({.proxies = 1});
  ASSERT_TRUE(cluster_->marathon().create("/one", 1, {{"labels", {{"vhost", "shop"}}}}));
  ASSERT_TRUE(cluster_->marathon().create("/two", 1, {{"labels", {{"vhost", "shop"}}}}));
  const auto warned = [&] {
    const json health = cluster_->proxy(0).health();
    for (const json& warning : health.at("Warnings")) {
      if (warning.get<std::string>().find("conflicting server name \"shop\"") != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(wait_until(warned, seconds(10))) << cluster_->logs();
  EXPECT_TRUE(others_move("/late"));
  const std::string log = cluster_->proxy(0).agent_log();
  const std::size_t first = log.find("conflicting server name \"shop\"");
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("conflicting server name \"shop\"", first + 1), std::string::npos) << "said once: " << log;
  ASSERT_TRUE(cluster_->marathon().destroy("/two"));
  EXPECT_TRUE(wait_until([&] { return !warned(); }, seconds(10)));
}

}  // namespace
}  // namespace chorale::testing
