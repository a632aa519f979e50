// The page at /, as a person sees it in a real browser: what it says, that it follows, and that nothing breaks it.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/page_test.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(ClusterPageTest, ShowsTheClusterAndFollowsIt) {
  open(follower());
  ASSERT_TRUE(says("#verdict", "ok"));
  EXPECT_TRUE(says("#connection", "Live"));
  EXPECT_EQ(browser_.text("#who"), "on " + follower().id());
  EXPECT_THAT(browser_.run("return document.title").get<std::string>(), HasSubstr("ok · " + follower().id()));
  for (const auto& proxy : cluster_.proxies()) EXPECT_TRUE(says("#agents", proxy->id()));
  EXPECT_TRUE(says("#agents", "up to date"));
  EXPECT_TRUE(says("#cluster", "1 app, 1 server"));
  EXPECT_EQ(browser_.text("#attention"), "");
  fits("ok");

  const std::string before = browser_.text("#cluster strong");
  ASSERT_TRUE(cluster_.marathon().create("/second", 2));
  EXPECT_TRUE(says("#cluster", "2 apps, 3 servers"));
  EXPECT_NE(browser_.text("#cluster strong"), before);
  EXPECT_TRUE(says("#cluster", "/second"));

  const std::string other = follower().directory() / "other.mustache";
  std::ifstream shipped(CHORALE_TEMPLATE);
  std::ofstream(other) << "# another\n" << shipped.rdbuf();
  ASSERT_EQ(leader_->run("template", std::vector<std::string>{"push", other, "--on", follower().id()}).exit_code, 0);
  EXPECT_TRUE(says("#cluster", "in use on " + follower().id() + " alone. For all: chorale template push"));
  EXPECT_TRUE(says("#agents", "on trial here: template "));
  EXPECT_EQ(browser_.text("#cluster").find("own file"), std::string::npos) << "elsewhere the files rule";
  fits("trial");
  ASSERT_EQ(leader_->run("template", std::vector<std::string>{"push"}).exit_code, 0);
  EXPECT_TRUE(says("#cluster", "in use instead of each proxy’s own file"));
  ASSERT_EQ(leader_->run("template", "rollback").exit_code, 0);
  EXPECT_TRUE(wait_until([&] { return browser_.text("#cluster").find("On trial") == std::string::npos; }, seconds(10)));
  EXPECT_THAT(browser_.text("#agents"), AllOf(HasSubstr("up"), Not(HasSubstr("trial"))));
  EXPECT_THAT(browser_.complaints(), IsEmpty());
}

TEST_F(ClusterPageTest, WhatIsWrongComesFirst) {
  open(follower());
  ASSERT_TRUE(says("#verdict", "ok"));
  Proxy& gone = *leader_;
  gone.kill_agent();
  EXPECT_TRUE(says("#attention", gone.id() + ": its agent is not registered"));
  EXPECT_TRUE(says("#attention", "chorale forget " + gone.id()));
  fits("missing");
  gone.start_agent();
  EXPECT_TRUE(wait_until([&] { return browser_.text("#attention").empty(); }, seconds(30))) << browser_.text("body");

  follower().nginx().kill();
  EXPECT_TRUE(says("#attention", "DOWN"));
  EXPECT_TRUE(says("#verdict", "down"));
  EXPECT_THAT(browser_.run("return document.title").get<std::string>(), HasSubstr("down · "));
  fits("nginx-down");
  ASSERT_TRUE(follower().nginx().start());
  EXPECT_TRUE(says("#verdict", "ok"));

  open(cluster_.leader() == &cluster_.proxy(0) ? cluster_.proxy(1) : cluster_.proxy(0));  // who follows, asks itself
  ASSERT_TRUE(says("#verdict", "ok"));
  ASSERT_TRUE(cluster_.marathon().fault("all", "status"));
  EXPECT_TRUE(says("#attention", "MARATHON"));
  ASSERT_TRUE(cluster_.marathon().clear_faults());
  EXPECT_TRUE(wait_until([&] { return browser_.text("#attention").empty(); }, seconds(30))) << browser_.text("body");
}

TEST_F(ClusterPageTest, WithoutZooKeeperItSaysHowOldItsPictureIs) {
  open(follower());
  ASSERT_TRUE(says("#verdict", "ok"));
  ASSERT_TRUE(says("#agents", leader_->id()));
  cluster_.zookeeper().kill();
  EXPECT_TRUE(says("#attention", "cannot be read by this agent"));
  EXPECT_TRUE(says("#attention", "from before (since"));
  EXPECT_TRUE(says("#verdict", "degraded"));
  EXPECT_TRUE(says("#agents", leader_->id())) << "what is known stays";
  fits("zookeeper-down");
  ASSERT_TRUE(cluster_.zookeeper().start());
  EXPECT_TRUE(says("#verdict", "ok"));
  EXPECT_TRUE(wait_until([&] { return browser_.text("#attention").empty(); }, seconds(30))) << browser_.text("body");
}

TEST_F(ClusterPageTest, AppsAreFoundAndExplained) {
  ASSERT_TRUE(cluster_.marathon().create("/shop/cart", 2));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/shop/cart"); }, seconds(20)));
  open(follower());
  ASSERT_TRUE(says("#apps", "/shop/cart"));
  EXPECT_TRUE(says("#found", "2 apps"));
  EXPECT_TRUE(says("#history", "/shop/cart"));
  browser_.type("#search", "CART");
  EXPECT_TRUE(says("#found", "1 of 2 apps"));
  EXPECT_THAT(browser_.text("#apps"), AllOf(HasSubstr("/shop/cart"), HasSubstr("2 servers"), Not(HasSubstr("/first"))));
  browser_.click("#apps button");
  EXPECT_TRUE(says("#explain-text", "is routed"));
  EXPECT_TRUE(says("#explain-text", "serves"));
  fits("explain");
  browser_.click("#explain button");
  EXPECT_EQ(browser_.text("#explain-text"), "");

  // Ten thousand stay usable: not all of them are drawn.
  browser_.run(
      "routes = {apps: Array.from({length: 10000}, (_, i) => ({id: `/app-${i}`, path: `/app-${i}`, hosts: [`h${i}`], "
      "ports: [{servers: [{address: `10.0.0.1:${i}`, health: 'alive'}]}]}))}; $('search').value = ''; showApps();");
  EXPECT_TRUE(says("#found", "10000 apps"));
  EXPECT_EQ(browser_.run("return document.querySelectorAll('#apps li').length"), 200);
  EXPECT_TRUE(says("#more", "9800 more"));
  browser_.type("#search", "h9999");
  EXPECT_TRUE(says("#apps", "/app-9999"));
  EXPECT_THAT(browser_.complaints(), IsEmpty());
}

// What is asked most often is why an app is not routed, and that one is in no list.
TEST_F(ClusterPageTest, AppThatIsNotRoutedIsExplainedBySearch) {
  ASSERT_TRUE(cluster_.marathon().create("/first-idle", 0));
  open(follower());
  ASSERT_TRUE(says("#found", "1 app"));
  EXPECT_EQ(browser_.text("#explain-other"), "") << "nothing is asked yet";
  search("first");  // of what is routed, this finds /first; exactly it is another
  EXPECT_TRUE(says("#found", "1 of 1 app"));
  EXPECT_EQ(browser_.text("#explain-other"), "") << "the slash may be left out";
  search("/first/");
  EXPECT_EQ(browser_.text("#explain-other"), "");
  search("/firs");
  EXPECT_EQ(browser_.text("#explain-other"), "Explain /firs");
  search("/");
  EXPECT_EQ(browser_.text("#explain-other"), "") << "no app has no name";

  search(" first-idle ");
  EXPECT_TRUE(says("#found", "0 of 1 app"));
  EXPECT_EQ(browser_.text("#explain-other"), "Explain /first-idle");
  fits("explain-offered");
  browser_.click("#explain-other");
  EXPECT_TRUE(says("#explain-text", "it is scaled to 0"));
  EXPECT_EQ(browser_.text("#explain-title"), "/first-idle");
  fits("explain-other");
  browser_.press("Escape");
  EXPECT_TRUE(wait_until([&] { return browser_.text("#explain-text").empty(); }, seconds(5)));

  search("/nowhere");
  browser_.press("Enter");
  EXPECT_TRUE(says("#explain-text", "Marathon has no app and no pod of this id"));
  browser_.press("Escape");
  EXPECT_TRUE(wait_until([&] { return browser_.text("#explain-text").empty(); }, seconds(5)));
  EXPECT_EQ(browser_.run("return document.activeElement.id"), "search") << "the focus is where it was";
  browser_.press("Tab");
  EXPECT_EQ(browser_.run("return document.activeElement.id"), "explain-other");

  // Routed, it is a row like any other, and Enter explains it as well.
  search("/first-idle");
  EXPECT_EQ(browser_.text("#explain-other"), "Explain /first-idle");
  ASSERT_TRUE(cluster_.marathon().scale("/first-idle", 1));
  EXPECT_TRUE(says("#apps", "/first-idle"));
  EXPECT_TRUE(wait_until([&] { return browser_.text("#explain-other").empty(); }, seconds(5)));
  browser_.press("Enter");
  EXPECT_TRUE(says("#explain-text", "is routed"));
  EXPECT_THAT(browser_.complaints(), IsEmpty());
}

// For who uses no mouse: the keyboard reaches all, an explanation opens and closes, and the focus is where it was.
TEST_F(ClusterPageTest, KeyboardAloneIsEnough) {
  const nlohmann::json labels{{"labels", {{"subdomain", "shop.example"}}}};
  ASSERT_TRUE(cluster_.marathon().create("/a-winner", 1, labels));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/a-winner"); }, seconds(20)));
  ASSERT_TRUE(cluster_.marathon().create("/a-loser", 1, labels));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/a-loser"); }, seconds(20)));
  open(follower());
  ASSERT_TRUE(says("#found", "3 apps"));
  const auto focused = [&] {
    return browser_.run("const e = document.activeElement; return e.id || e.textContent;").get<std::string>();
  };
  std::vector<std::string> order;
  const auto searched = [&] { return std::find(order.begin(), order.end(), "search") != order.end(); };
  for (int presses = 0; presses < 30 && (!searched() || order.back() != "/a-loser"); ++presses) {
    browser_.press("Tab");
    order.push_back(focused());
  }
  ASSERT_EQ(order.back(), "/a-loser") << ::testing::PrintToString(order);
  EXPECT_EQ(order.front(), "To the content");
  EXPECT_THAT(order, ::testing::IsSupersetOf({leader_->id(), std::string("search")}));
  EXPECT_NE(browser_.run("return getComputedStyle(document.activeElement).outlineStyle"), "none") << "it is seen";

  browser_.press("Enter");
  EXPECT_TRUE(says("#explain-text", "shop.example: /a-winner")) << "who has the host that it wants";
  EXPECT_EQ(browser_.run("return document.querySelector('#explain').contains(document.activeElement)"), true);
  browser_.press("Escape");
  EXPECT_TRUE(wait_until([&] { return browser_.text("#explain-text").empty(); }, seconds(5)));
  EXPECT_EQ(focused(), "/a-loser");
  EXPECT_THAT(browser_.complaints(), IsEmpty());
}

// For who sees little, or hears the page: colours that can be told apart, in the dark too, and a name for everything.
TEST_F(ClusterPageTest, ColoursAndNamesServeEverybody) {
  const auto contrast = [&] {
    return browser_
        .run(R"js(
      const style = getComputedStyle(document.documentElement);
      const light = (name) => {
        const hex = style.getPropertyValue(name).trim().slice(1);
        const digits = hex.length === 3 ? [...hex].map((d) => d + d) : hex.match(/../g);
        const [r, g, b] = digits.map((d) => parseInt(d, 16) / 255)
          .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return Math.min(...['--text', '--dim', '--ok', '--degraded', '--down', '--link'].flatMap((front) =>
        ['--back', '--raised'].map((back) => ratio(light(front), light(back)))));)js")
        .get<double>();
  };
  open(follower());
  ASSERT_TRUE(says("#found", "1 app"));
  constexpr double kReadable = 4.5;  // WCAG 2.1, 1.4.3
  for (const char* scheme : {"light", "dark"}) {
    prefer(scheme);
    EXPECT_GE(contrast(), kReadable) << scheme;
    const std::string back = browser_.run("return getComputedStyle(document.body).backgroundColor");
    EXPECT_EQ(back, std::string(scheme) == "dark" ? "rgb(20, 24, 29)" : "rgb(255, 255, 255)");
  }

  // What a screen reader comes by, each with a name.
  const auto roles = [&] {
    static const std::set<std::string> kNamed{"link", "button", "searchbox", "table", "region", "dialog", "image"};
    std::set<std::string> found;
    const nlohmann::json tree = browser_.devtools("Accessibility.getFullAXTree", nlohmann::json::object());
    for (const nlohmann::json& node : tree.at("nodes")) {
      const std::string role = node.at("ignored") == true ? "" : node.at("role").at("value").get<std::string>();
      if (kNamed.count(role) == 0) continue;
      found.insert(role);
      EXPECT_NE(node.contains("name") ? node.at("name").value("value", "") : "", "") << node.dump();
    }
    return found;
  };
  browser_.devtools("Accessibility.enable", nlohmann::json::object());
  EXPECT_THAT(roles(), ::testing::IsSupersetOf({"searchbox", "table", "link", "button", "region", "image"}));
  browser_.click("#apps button");
  ASSERT_TRUE(says("#explain-text", "is routed"));
  EXPECT_EQ(roles(), (std::set<std::string>{"dialog", "button"})) << "nothing else while it is open";
}

// Somewhere else than on this host apps are shown to who has the token alone.
TEST_F(ClusterPageTest, TokenIsAskedForFromElsewhere) {
  ASSERT_EQ(std::system("ip address add 10.99.0.1/32 dev lo"), 0);
  const std::filesystem::path token = follower().directory() / "token";
  std::ofstream(token) << "s3cret-token-of-this-test\n";
  std::filesystem::permissions(token, std::filesystem::perms::owner_read);
  std::ifstream file(follower().config_file());
  std::string config{std::istreambuf_iterator<char>(file), {}};
  const std::string listen = "listen = \"127.0.0.1:0\"\n";
  config.replace(config.find(listen), listen.size(),
                 "listen = \"10.99.0.1:0\"\nadmin_token_file = \"" + token.string() + "\"\n");
  follower().kill_agent();
  follower().start_agent_with(config);
  ASSERT_TRUE(wait_until([&] { return follower().admin_port() != 0; }, seconds(20)));
  browser_.open("http://10.99.0.1:" + std::to_string(follower().admin_port()) + "/");
  ASSERT_TRUE(says("#verdict", "ok")) << "health and cluster are for everybody";
  EXPECT_TRUE(says("#apps-note", "who has the admin token"));
  EXPECT_EQ(browser_.text("#apps"), "");
  EXPECT_EQ(browser_.text("#apps-tools"), "") << "there is nothing to search";
  EXPECT_EQ(browser_.text("#conflicts-section"), "");
  browser_.type("#token", "another");
  browser_.click("#login button");
  EXPECT_TRUE(says("#apps-note", "That is not the admin token."));
  browser_.type("#token", "s3cret-token-of-this-test");
  browser_.press("Enter");
  EXPECT_TRUE(says("#apps", "/first"));
  EXPECT_TRUE(says("#history", "/first"));
  EXPECT_EQ(browser_.text("#login"), "");
  browser_.click("#apps button");
  EXPECT_TRUE(says("#explain-text", "is routed"));
  EXPECT_EQ(browser_.run("return location.href.includes('s3cret') || document.cookie.length > 0"), false);
}

// What comes from outside is text, whatever it looks like.
TEST_F(ClusterPageTest, HostileTextsStayTexts) {
  open(follower());
  ASSERT_TRUE(says("#verdict", "ok"));
  const std::string attack = "<img src=x onerror=document.title='taken'>";
  ASSERT_TRUE(cluster_.marathon().create("/bad", 1, {{"labels", {{"chorale.timeout", attack}}}}));
  ASSERT_TRUE(says("#cluster", "2 apps"));
  browser_.run(
      "take({...now, cluster: {...cluster, unreadable: [arguments[0]], agents: [{...cluster.agents[0], id: "
      "arguments[0], message: arguments[0], admin: 'javascript:alert(1)', version: arguments[0]}]}})",
      {attack});
  EXPECT_TRUE(says("#agents", attack));
  EXPECT_EQ(browser_.run("return document.images.length"), 0);
  EXPECT_THAT(browser_.run("return document.title").get<std::string>(), Not(HasSubstr("taken")));
  EXPECT_EQ(browser_.run("return document.querySelectorAll('a[href^=\"javascript\"]').length"), 0);
  search(attack);
  EXPECT_TRUE(says("#explain-other", "Explain /" + attack));
  browser_.press("Enter");
  EXPECT_TRUE(says("#explain-text", "Marathon has no app"));
  EXPECT_EQ(browser_.text("#explain-title"), "/" + attack);
  browser_.press("Escape");
  EXPECT_EQ(browser_.run("return document.images.length"), 0);
  EXPECT_THAT(browser_.run("return document.title").get<std::string>(), Not(HasSubstr("taken")));
  // Not even our own script could: the policy refuses it.
  EXPECT_EQ(browser_.run("try { document.body.innerHTML = arguments[0]; return 'done'; } catch (e) { return e.name; }",
                         {attack}),
            "TypeError");
  fits("hostile");
}

}  // namespace
}  // namespace chorale::testing
