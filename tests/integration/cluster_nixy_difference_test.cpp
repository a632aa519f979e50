// Where this is to differ from Nixy: what harmed the sites that use it. One test for each part of that line in the
// acceptance checklist; two more, with an agent of their own, are in cluster_nixy_contract_test.cpp.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/harness/secret_scan.h"
#include "tests/integration/nixy_contract.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

class NixyDifferenceTest : public NixyContractTest {
 protected:
  void SetUp() override {
    NixyContractTest::SetUp();
    ASSERT_TRUE(marathon().create("/web", 2));
    ASSERT_TRUE(served("/web") && has_tasks("/web", 2)) << cluster().logs();
  }
  // After a full list that was asked for anew.
  void expect_web_stays_through_a_sync() {
    ASSERT_TRUE(marathon().reset_stats());
    ASSERT_EQ(http_get(cluster().proxy(0).admin_port(), "/v1/reload").status, 202);
    ASSERT_TRUE(wait_until([&] { return marathon().requests("apps") > 0; }, seconds(20)));
    ASSERT_TRUE(wait_until(
        [&] {
          const auto health = cluster().leader()->health();
          return health.is_object() && health.value("Status", "") == "degraded";
        },
        seconds(20)))
        << "it is named";
    EXPECT_TRUE(cluster().routed_everywhere("/web"));
    EXPECT_EQ(tasks_of("/web"), 2);
  }
};

TEST_F(NixyDifferenceTest, StatusCodesAreLookedAt) {
  ASSERT_FALSE(
      marathon().control("fault", {{"kind", "apps"}, {"mode", "status"}, {"status", 503}, {"body", "json"}}).is_null());
  expect_web_stays_through_a_sync();
}

TEST_F(NixyDifferenceTest, EmptyAnswersAreGuarded) {
  ASSERT_TRUE(marathon().fault("apps", "no_apps"));
  expect_web_stays_through_a_sync();
}

TEST_F(NixyDifferenceTest, ShrunkenAnswersAreGuarded) {
  for (const char* app : {"/b", "/c", "/d"}) ASSERT_TRUE(marathon().create(app, 2));
  for (const char* app : {"/b", "/c", "/d"}) ASSERT_TRUE(served(app));
  ASSERT_FALSE(marathon().control("fault", {{"kind", "apps"}, {"mode", "partial"}, {"fraction", 0.25}}).is_null());
  expect_web_stays_through_a_sync();
}

TEST_F(NixyDifferenceTest, FailuresAreTriedAgainWithoutANewEvent) {
  for (const char* kind : {"apps", "app"}) ASSERT_TRUE(marathon().fault(kind, "status"));
  ASSERT_TRUE(marathon().create("/missed", 1));
  ASSERT_TRUE(marathon().settled(seconds(10)));
  ASSERT_TRUE(wait_until([&] { return marathon().requests("app") + marathon().requests("apps") > 0; }, seconds(10)));
  EXPECT_FALSE(cluster().routed_everywhere("/missed"));
  ASSERT_TRUE(marathon().clear_faults());
  EXPECT_TRUE(served("/missed")) << cluster().logs();
}

TEST_F(NixyDifferenceTest, OneBadAppAndSecretsInEnvStopNobodyElse) {
  ASSERT_TRUE(marathon().create("/bad", 1, {{"labels", {{"subdomain", "; } server {"}}}}));
  ASSERT_TRUE(marathon().create(
      "/secret", 1,
      {{"env", {{"PW", {{"secret", "db"}}}, {"OPEN", "envoy3secret"}}}, {"secrets", {{"db", {{"source", "/db"}}}}}}));
  ASSERT_TRUE(marathon().create("/later", 1));
  EXPECT_TRUE(served("/secret") && served("/later") && has_tasks("/secret", 1)) << cluster().logs();
  for (const auto& proxy : cluster().proxies()) {
    EXPECT_EQ(page(*proxy, "/v1/config").at("Apps").at("/secret").at("Env"), Json::object());
  }
  EXPECT_EQ(leaked_secrets(cluster(), {{"envoy3secret"}}), "");
}

TEST_F(NixyDifferenceTest, HostOfTwoAppsStaysWithTheSameOneEverywhere) {
  ASSERT_TRUE(marathon().create("/m", 1, {{"labels", {{"subdomain", "shared.example"}}}}));
  ASSERT_TRUE(served("/m"));
  for (const char* late : {"/a", "/z"}) {
    ASSERT_TRUE(marathon().create(late, 1, {{"labels", {{"subdomain", "shared.example"}}}}));
  }
  const auto owner = [](const Proxy& proxy) {
    std::string owners;
    const Json apps = page(proxy, "/v1/config").at("Apps");
    for (const auto& [id, app] : apps.items()) {
      if (app.at("Hosts").is_array() && app.at("Hosts").dump().find("shared.example") != std::string::npos)
        owners += id;
    }
    return owners;
  };
  ASSERT_TRUE(marathon().create("/last", 1));
  ASSERT_TRUE(served("/last") && has_tasks("/last", 1)) << cluster().logs();
  for (const auto& proxy : cluster().proxies()) EXPECT_EQ(owner(*proxy), "/m");
  ASSERT_TRUE(wait_until([&] { return metric(*cluster().leader(), "nixy_duplicate_subdomain_label_warnings") > 0; },
                         seconds(10)));
}

TEST_F(NixyDifferenceTest, TemplateEditsAreTakenAndRefusedOnesLeaveNoFileBehind) {
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& proxy : cluster().proxies()) {
      for (const auto& entry : std::filesystem::directory_iterator(proxy->nginx().directory())) {
        names.insert(proxy->id() + "/" + entry.path().filename().string());
      }
    }
    return names;
  };
  const auto before = files();
  edit_template("absolute_redirect off;", "absolute_redirect off; no_such_directive on;");
  const auto leader_says = [&](const char* text) {
    return wait_until([&] { return cluster().leader()->health().dump().find(text) != std::string::npos; }, seconds(30));
  };
  EXPECT_TRUE(leader_says("no_such_directive")) << cluster().leader()->health().dump(2);
  EXPECT_EQ(files(), before);
  ASSERT_TRUE(marathon().create("/meanwhile", 1));
  EXPECT_TRUE(wait_until([&] { return cluster().routed_everywhere("/meanwhile"); }, seconds(20))) << cluster().logs();
  edit_template("no_such_directive on;", "add_header X-Edited yes always;");
  EXPECT_TRUE(wait_until(
      [&] {
        for (const auto& proxy : cluster().proxies()) {
          if (proxy->get("/web/").headers["x-edited"] != "yes") return false;
        }
        return cluster().converged();
      },
      seconds(30)))
      << cluster().logs();
  EXPECT_EQ(files(), before);
}

}  // namespace
}  // namespace chorale::testing
