// The page at / where things are not as they should be: what is old is never shown as new, and what two apps both want,
// what took long and what is down is seen at a look.
#include <gmock/gmock.h>

#include <string>

#include "tests/integration/page_test.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(ClusterPageTest, TwoAppsThatWantOneHostAreConflicts) {
  const nlohmann::json labels{{"labels", {{"subdomain", "shop.example"}}}};
  ASSERT_TRUE(cluster_.marathon().create("/z-winner", 1, labels));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/z-winner"); }, seconds(20)));
  open(follower());
  EXPECT_TRUE(says("#conflicts-note", "No two apps want the same"));
  EXPECT_EQ(browser_.text("#conflicts"), "");
  ASSERT_TRUE(cluster_.marathon().create("/a-loser", 1, labels));
  ASSERT_TRUE(says("#conflicts", "shop.example"));
  const std::string row = browser_.text("#conflicts tbody tr");
  EXPECT_LT(row.find("shop.example"), row.find("/z-winner")) << row;
  EXPECT_LT(row.find("/z-winner"), row.find("/a-loser")) << row;
  EXPECT_NE(row.find("/a-loser"), std::string::npos);
  EXPECT_TRUE(says("#conflicts-note", "keeps it"));
  fits("conflict");
  browser_.click("#conflicts tbody td:last-child button");
  EXPECT_TRUE(says("#explain-text", "shop.example: /z-winner"));
  EXPECT_EQ(browser_.text("#explain-title"), "/a-loser");
  browser_.press("Escape");
  search("shop.example");  // finds who has it, and who does not get it
  EXPECT_TRUE(says("#found", "2 of 3 apps"));

  ASSERT_TRUE(cluster_.marathon().destroy("/z-winner"));
  EXPECT_TRUE(says("#conflicts-note", "No two apps want the same"));
  EXPECT_EQ(browser_.text("#conflicts"), "");
  EXPECT_THAT(browser_.complaints(), IsEmpty());
}

// However many: a list that can be read, and texts that stay texts.
TEST_F(ClusterPageTest, ThousandsOfConflictsStayReadable) {
  open(follower());
  ASSERT_TRUE(says("#found", "1 app"));
  browser_.run(
      "takeRoutes({routes: {apps: []}, conflicts: Array.from({length: 3000}, (_, i) => ({host: i ? `h${i}.example` : "
      "arguments[0], owner: '/owner', losers: Array.from({length: i ? 1 : 1000}, (_, j) => `/loser-${j}`)})).concat("
      "{service_port: 10001, protocol: 'tcp', owner: '/a', losers: ['/b']})}); showApps(); showConflicts();",
      {"<img src=x>"});
  EXPECT_TRUE(says("#conflicts-more", "2951 more"));
  EXPECT_EQ(browser_.run("return document.querySelectorAll('#conflicts tbody tr').length"), 50);
  EXPECT_TRUE(says("#conflicts", "and 980 more"));
  EXPECT_TRUE(says("#conflicts", "<img src=x>"));
  browser_.run(
      "takeRoutes({routes: {apps: []}, conflicts: [{service_port: 10001, protocol: 'udp', owner: '/a', "
      "losers: ['/b']}]}); showConflicts();");
  EXPECT_TRUE(says("#conflicts", "service port 10001 (udp)"));
  EXPECT_EQ(browser_.text("#conflicts-more"), "");
  fits("conflict-port");
}

TEST_F(ClusterPageTest, FreshPageWithoutZooKeeperShowsWhatTheAgentReadLast) {
  // Nobody asks it for anything: it reads by itself, a few seconds after the last change.
  const auto has_settled = [&] {
    const auto said = nlohmann::json::parse(http_get(leader_->admin_port(), "/v1/routes").body, nullptr, false);
    return said.is_object() && !said.at("routes").at("apps").empty() && said.at("applied").at("age_s") > 5;
  };
  ASSERT_TRUE(wait_until(has_settled, seconds(20)));
  cluster_.zookeeper().kill();
  ASSERT_TRUE(wait_until([&] { return http_get(follower().admin_port(), "/v1/status").status == 503; }, seconds(20)));
  open(follower());
  EXPECT_TRUE(says("#attention", "cannot be read by this agent"));
  EXPECT_TRUE(says("#attention", "from before (since"));
  EXPECT_TRUE(says("#cluster", "1 app, 1 server"));
  EXPECT_TRUE(says("#agents", leader_->id()));
  EXPECT_TRUE(says("#cluster-age", "Read "));
  EXPECT_TRUE(says("#agents-age", " ago; ZooKeeper cannot be read now."));
  EXPECT_TRUE(says("#verdict", "degraded"));
  EXPECT_TRUE(says("#history", "It cannot be read now."));
  EXPECT_EQ(browser_.text("#history-legend"), "") << "there are no bars to explain";
  EXPECT_EQ(browser_.run("return getComputedStyle(document.querySelector('#agents strong.ok')).color === "
                         "getComputedStyle(document.querySelector('#agents-age')).color"),
            true)
      << "what was ok is not green";
  fits("zookeeper-down-fresh");
  EXPECT_EQ(http_get(follower().admin_port(), "/v1/status").status, 503) << "what is old is no status";
  ASSERT_TRUE(cluster_.zookeeper().start());
  EXPECT_TRUE(says("#verdict", "ok"));
  EXPECT_TRUE(wait_until([&] { return browser_.text("#agents-age").empty(); }, seconds(30)));
  EXPECT_EQ(browser_.text("#cluster-age"), "");
  EXPECT_TRUE(says("#history", "tested by 3")) << "what could not be read is read now";
}

// Each page says it, not only that of the proxy itself.
TEST_F(ClusterPageTest, AnotherProxyWhoseNginxIsDownIsNamedWithWhatToDo) {
  open(*leader_);
  ASSERT_TRUE(says("#agents", "up to date"));
  follower().nginx().stop();
  EXPECT_TRUE(says("#attention", follower().id() + ": there is no pid file"));
  EXPECT_TRUE(says("#attention li.down", "DOWN"));
  EXPECT_TRUE(says("#attention", "On that proxy: chorale check."));
  EXPECT_TRUE(says("#agents", "serves nothing: its Nginx is down"));
  EXPECT_TRUE(says("#verdict", "ok")) << "this proxy is";
  fits("other-nginx-down");
}

// What the page was told last says nothing of now.
TEST_F(ClusterPageTest, VerdictOfAnAgentThatIsGoneIsUnknown) {
  open(follower());
  ASSERT_TRUE(says("#verdict", "ok"));
  const std::string told =
      browser_.run("source.close(); watchConnection(); return [$('verdict').textContent, document.title].join(' | ');");
  EXPECT_THAT(told, AllOf(HasSubstr("unknown, was ok"), HasSubstr("unknown · " + follower().id())));
  EXPECT_TRUE(wait_until([&] { return browser_.text("#verdict") == "ok"; }, seconds(20))) << "it comes back by itself";
  EXPECT_THAT(browser_.run("return document.title").get<std::string>(), HasSubstr("ok · "));

  follower().kill_agent();
  EXPECT_TRUE(says("#connection", "No connection to this agent"));
  EXPECT_TRUE(says("#connection", "What you see is that old"));
  EXPECT_TRUE(says("#verdict", "unknown, was ok"));
  EXPECT_THAT(browser_.run("return document.title").get<std::string>(), HasSubstr("unknown · "));
  EXPECT_EQ(browser_.run("return document.querySelector('#verdict .ok')"), nullptr) << "nothing is green there";
  EXPECT_EQ(browser_.run("return getComputedStyle(document.querySelector('#agents strong.ok')).color === "
                         "getComputedStyle(document.querySelector('#verdict strong')).color"),
            true);
  fits("agent-gone");
  follower().start_agent();
  ASSERT_TRUE(wait_until([&] { return follower().health_status() == 200; }, seconds(30)));
}

TEST_F(ClusterPageTest, EveryBeatSetsTheClockByWhichAgesAreCounted) {
  open(follower());
  ASSERT_TRUE(says("#verdict", "ok"));
  const auto beat = [&](const std::string& time) {
    return browser_
        .run("source.dispatchEvent(new MessageEvent('beat', {data: " + time +
             "})); return Math.round(secondsSince(new Date().toISOString()) / 60);")
        .get<int>();
  };
  EXPECT_EQ(beat("new Date(Date.now() + 3600000).toISOString()"), 60);
  EXPECT_EQ(beat("new Date().toISOString()"), 0);
  const std::string not_here = browser_.run(
      "return explanation({routed: true, not_here: 'down', verdict: 'v', next: [], urls: ['u'], withheld: [], pending: "
      "[], quarantined: null, conflicts: [], reduced: [], shown_with: [], tasks: [], notes: []}).map((one) => "
      "one.textContent).join(' | ');");
  EXPECT_THAT(not_here, HasSubstr("Would be reached at | u"));
}

TEST_F(ClusterPageTest, WithoutZooKeeperTheVerdictIsNotGreen) {
  open(follower());
  ASSERT_TRUE(says("#verdict", "ok"));
  cluster_.zookeeper().kill();
  EXPECT_TRUE(says("#attention", "cannot be read by this agent"));
  EXPECT_THAT(browser_.text("#verdict"), HasSubstr("degraded"));
  EXPECT_THAT(browser_.run("return document.title").get<std::string>(), HasSubstr("degraded · "));
}

TEST_F(ClusterPageTest, WhatCouldNotBeReadIsReadWhenZooKeeperComesBack) {
  open(follower());
  ASSERT_TRUE(says("#history", "/first"));
  browser_.run("asked = 0; const real = ask; ask = (path) => { asked += path === '/v1/routes'; return real(path); };");
  const auto asked_after = [&](const std::string& status) {
    const auto rests = [&] { return browser_.run("return !reading && detailsTimer === null") == true; };
    EXPECT_TRUE(wait_until(rests, seconds(10)));
    browser_.run("asked = 0; take(" + status + ");");
    (void)wait_until([&] { return browser_.run("return asked > 0") == true; }, seconds(5));
    EXPECT_TRUE(wait_until(rests, seconds(10)));
    return browser_.run("return asked").get<int>();
  };
  EXPECT_EQ(asked_after("{...now, cluster: null, error: 'away'}"), 1);
  EXPECT_EQ(asked_after("{...now, cluster, error: null}"), 1);
}

TEST_F(ClusterPageTest, QuickAndSlowRevisionsAreBothToBeSeen) {
  open(follower());
  ASSERT_TRUE(says("#history", "1."));
  browser_.run(
      "const entry = (revision, render, stage, commit, all_applied) => ({epoch: 1, revision, at: now.now, cause: 'c', "
      "ms: {render, stage, commit, all_applied}}); revisions = [entry(9, 5, 3, 10, 5), entry(8, 100, 900, 1900, 3000), "
      "entry(7, 40, 100, 160, null), entry(6, 0, 0, 0, null)]; showHistory();");
  const auto width = [&](int row, const std::string& of) {
    return browser_
        .run(
            "const all = document.querySelectorAll('#history li')[arguments[0]].querySelectorAll(arguments[1]); "
            "return [...all].reduce((sum, one) => sum + one.getBoundingClientRect().width, 0);",
            {row, of})
        .get<double>();
  };
  const double slow = width(1, ".bar");
  const double quick = width(0, ".bar");
  EXPECT_GT(quick, slow / 20) << "20 ms beside 5 s";
  EXPECT_LT(quick, slow / 5);
  EXPECT_NEAR(width(2, ".bar") / slow, 0.48, 0.04) << "200 ms: half way between 10 ms and 5 s";
  // The test is a part of the time to commit.
  EXPECT_NEAR(width(1, ".commit") / slow, 1000.0 / 5000, 0.02);
  EXPECT_NEAR(width(1, ".applied") / slow, 3000.0 / 5000, 0.02);
  EXPECT_EQ(browser_.text("#history li:nth-child(1) .took"), "20 ms");
  EXPECT_EQ(browser_.text("#history li:nth-child(2) .took"), "5.0 s");
  EXPECT_EQ(browser_.text("#history li:nth-child(3) .took"), "200 ms, not on all");
  EXPECT_EQ(browser_.text("#history li:nth-child(4) .took"), "") << "nobody knows how long it took";
  EXPECT_TRUE(says("#history-legend", "logarithmic"));
  EXPECT_EQ(browser_.run("return document.querySelector('#history li:nth-child(2) .bars').title"),
            "rendered in 100 ms, tested in 900 ms, committed in 1.0 s, served by all in 3.0 s");
  fits("history");
}

TEST_F(ClusterPageTest, WhoHeldIsSaidOnce) {
  const std::string first = status().at("state").at("committed").at("revision").dump();
  ASSERT_TRUE(cluster_.marathon().create("/second", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second"); }, seconds(20)));
  open(follower());
  ASSERT_EQ(leader_->run("hold", first).exit_code, 0);
  ASSERT_TRUE(says("#history", "held on "));
  const std::string history = browser_.text("#history");
  const std::size_t by = history.find(" by ", history.find("held on "));
  const std::string who = history.substr(by, history.find_first_of(" \n", by + 4) - by);
  EXPECT_EQ(history.find(who + who), std::string::npos) << history;
  // Whose doing another change is, which does not say so itself, stands behind it.
  browser_.run(
      "revisions = [{...revisions[0], cause: 'policy', by: 'jo'}, {...revisions[0], cause: 'as jojo said', "
      "by: 'jo'}, {...revisions[0], cause: 'set by jojo', by: 'jo'}]; showHistory();");
  EXPECT_THAT(browser_.text("#history"),
              AllOf(HasSubstr("policy by jo"), HasSubstr("as jojo said by jo"), HasSubstr("set by jojo by jo")));
}

TEST_F(ClusterPageTest, WhoIsIllAndBehindStandsOut) {
  open(follower());
  ASSERT_TRUE(says("#verdict", "ok"));
  const auto marked = [&](const std::string& agent) {
    browser_.run(
        "const at = cluster.state.committed; const before = {...at, revision: at.revision - 1}; "
        "take({...now, cluster: {...cluster, agents: [{...cluster.agents[0], " +
        agent + "}]}});");
    return browser_.run("return document.querySelectorAll('#agents td[data-name=Behind] .degraded').length").get<int>();
  };
  EXPECT_EQ(marked("status: 'degraded', applied: before"), 1);
  EXPECT_EQ(marked("status: 'down', applied: null"), 1);
  EXPECT_EQ(marked("status: 'degraded', applied: at"), 0);
  EXPECT_EQ(marked("status: 'ok', applied: before"), 0) << "it is under way";
}

// An agent that is down is named by the list for the whole cluster; the page's own word is for where there is none.
TEST_F(ClusterPageTest, DownIsSaidOnceAndWithWhatToDo) {
  open(follower());
  ASSERT_TRUE(says("#verdict", "ok"));
  const auto shown = [&](const std::string& status) {
    browser_.run(
        "const real = now; const own = now.health.Cluster.Id; const down = {...now.health, Status: 'down', Message: "
        "'Nginx is not running', Nginx: {Healthy: false, Message: 'gone'}}; const problem = (id, kind) => ({kind, "
        "text: "
        "`${id}: Nginx is not running`, since: '', next: 'Start it.'});" +
        status);
    return browser_.text("#attention-list");
  };
  const auto count = [](const std::string& text, const std::string& word) {
    int found = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
    return found;
  };
  const std::string both = shown(
      "take({...real, health: down, cluster: {...cluster, problems: [problem(own, 'DOWN'), "
      "problem('other', 'LAGGING')]}})");
  EXPECT_EQ(count(both, "DOWN"), 1) << both;
  EXPECT_THAT(
      both, AllOf(HasSubstr(follower().id() + ": Nginx is not running"), HasSubstr("LAGGING"), HasSubstr("Start it.")));
  EXPECT_EQ(browser_.run("return document.querySelectorAll('#attention-list li.down').length"), 1);
  fits("other-down");
  const std::string others = shown(
      "take({...real, health: down, cluster: {...cluster, problems: "
      "[problem(`${own}0`, 'DOWN')]}})");
  EXPECT_EQ(count(others, "DOWN"), 2) << "that is another: " << others;
  EXPECT_THAT(others, HasSubstr("systemctl start nginx"));
  // The cluster's list is old; this agent's own word is new.
  const std::string old = shown(
      "take({...real, health: down, cluster: null, error: 'away', last_cluster: {...cluster, "
      "problems: [problem(own, 'DOWN'), problem(own, 'LAGGING'), problem('other', 'DOWN')]}, "
      "last_cluster_at: real.now})");
  EXPECT_EQ(count(old, "DOWN"), 2) << old;
  EXPECT_EQ(count(old, "LAGGING"), 0) << old;
  EXPECT_THAT(old, AllOf(HasSubstr("systemctl start nginx"), HasSubstr("other: Nginx is not running")));
  const std::string behind = shown(
      "take({...real, health: {...down, Nginx: {Healthy: true, Message: 'OK'}}, cluster: "
      "{...cluster, problems: []}})");
  EXPECT_THAT(behind, AllOf(HasSubstr("DOWN"), HasSubstr("journalctl -u chorale"), Not(HasSubstr("start nginx"))));
  const std::string drained = shown(
      "take({...real, health: {...down, Drained: {By: 'jo', Reason: '', Since: ''}}, cluster: {...cluster, "
      "problems: [{kind: 'DRAINED', text: `${own} by jo`, since: '', next: 'Undrain.'}]}})");
  EXPECT_EQ(count(drained, "DOWN"), 0) << "an operator's doing: " << drained;
}

}  // namespace
}  // namespace chorale::testing
